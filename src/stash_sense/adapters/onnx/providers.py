"""Which GPU onnxruntime really computes on: a provider that is only listed, or falls back silently, is none."""

import contextlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import onnxruntime as ort

from stash_sense.adapters.onnx.image_model import CPU, NATIVE_ERRORS, ProviderChoice, reason_of, session_options
from stash_sense.errors import SettingInvalid
from stash_sense.kernel.hardware import ProviderStatus


@dataclass(frozen=True, slots=True)
class GpuProvider:
    """An execution provider that runs on a GPU, and the options it is opened with."""

    name: str
    options: Mapping[str, str] = field(default_factory=dict)


GPU_PROVIDERS = (
    # Without TF32, whose 10 bits of mantissa would make faces described on a GPU differ from those described on a
    # CPU; without the exhaustive search for the fastest convolution, which would start anew for every picture size.
    GpuProvider("CUDAExecutionProvider", {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}),
    GpuProvider("MIGraphXExecutionProvider"),
    GpuProvider("ROCMExecutionProvider"),
    # Its default device is the CPU, and its default precision on a GPU is half.
    GpuProvider("OpenVINOExecutionProvider", {"device_type": "GPU", "precision": "FP32"}),
    GpuProvider("DmlExecutionProvider"),
    GpuProvider("CoreMLExecutionProvider"),
)
"""Known GPU providers, best first. TensorRT is not among them: it builds an engine for every picture size."""

_PROBE_SIZE = 8
"""Side of the probe's picture, pixels."""

Probe: TypeAlias = Callable[[GpuProvider], str]
"""Tries a provider; returns why it does not work, or an empty string."""


def probe_provider(provider: GpuProvider) -> str:
    """Run a tiny model on a provider alone and check the answer.

    Returns:
        Why it does not work; an empty string when it does.
    """
    options = session_options(threads=1)
    # A node that the provider does not take then is an error, not silently the CPU's.
    options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    # What a provider prints while it looks for its libraries says nothing more than the error does. This silences
    # onnxruntime's own logger for the whole process; it cannot be asked what it was set to before.
    ort.set_default_logger_severity(4)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            if provider.name == "CUDAExecutionProvider":
                ort.preload_dlls()
            chosen = [(provider.name, dict(provider.options))]
            session = ort.InferenceSession(probe_model(), options, chosen, enable_fallback=0)
        if provider.name not in session.get_providers():
            return "it fell back to the CPU"
        answer = session.run(None, {"x": np.ones((1, 1, _PROBE_SIZE, _PROBE_SIZE), np.float32)})[0]
    except NATIVE_ERRORS as error:
        return reason_of(error)
    return "" if np.allclose(answer, 9.0, atol=1e-3) else "it computes wrong values"


def probe_model() -> bytes:
    """Make a model with one 3x3 convolution of ones: unlike an addition it needs the GPU's own libraries."""
    from onnx import TensorProto, helper, numpy_helper  # takes 0.4 s, and most machines have no GPU to try

    inner = _PROBE_SIZE - 2
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "ones"], ["y"])],
        "probe",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, _PROBE_SIZE, _PROBE_SIZE])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, inner, inner])],
        [numpy_helper.from_array(np.ones((1, 1, 3, 3), np.float32), "ones")],
    )
    # Old versions, which every provider's build understands.
    model: Any = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    content: bytes = model.SerializeToString()
    return content


class Providers:
    """The providers of this machine for one setting of `device`; each is tried once, when first needed.

    Args:
        device: cpu, gpu or auto; with cpu nothing is ever tried.
        available: tells the names that onnxruntime was built with.
        probe: tries one of them.
    """

    def __init__(
        self,
        device: str,
        available: Callable[[], Sequence[str]] = ort.get_available_providers,
        probe: Probe = probe_provider,
    ) -> None:
        self._device = device
        self._available = available
        self._probe = probe

    @cached_property
    def statuses(self) -> tuple[ProviderStatus, ...]:
        """The GPU providers that onnxruntime was built with, best first, and at the end the CPU."""
        built_in = self._available()
        gpus = [self._try(provider) for provider in GPU_PROVIDERS if provider.name in built_in]
        return (*gpus, ProviderStatus(CPU[0], works=True))

    def _try(self, provider: GpuProvider) -> ProviderStatus:
        reason = "not tried, because the device is set to cpu" if self._device == "cpu" else self._probe(provider)
        return ProviderStatus(provider.name, works=not reason, reason=reason)

    def chosen(self) -> ProviderChoice:
        """Return what the models run on.

        Raises:
            SettingInvalid: the device is set to gpu and none works.
        """
        if self._device == "cpu":
            return CPU
        gpus = {gpu.name: gpu for gpu in GPU_PROVIDERS}
        for status in self.statuses:
            if status.works and status.name in gpus:
                return status.name, gpus[status.name].options
        if self._device == "auto":
            return CPU
        failures = "; ".join(f"{status.name}: {status.reason}" for status in self.statuses if status.reason)
        reason = failures or "the onnxruntime installed here is built for the CPU only"
        raise SettingInvalid(name="STASH_SENSE_DEVICE", value="gpu", reason=reason)
