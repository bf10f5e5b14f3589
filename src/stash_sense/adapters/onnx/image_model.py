"""Bytes of a model to one that runs on batches of pictures; onnxruntime's errors to ours."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as native

from stash_sense.errors import ModelRejected
from stash_sense.kernel.arrays import Floats
from stash_sense.models.card import InputCard

ProviderChoice: TypeAlias = tuple[str, Mapping[str, str]]
"""An execution provider's name and its options."""

CPU: ProviderChoice = ("CPUExecutionProvider", {})

NATIVE_ERRORS: tuple[type[Exception], ...] = (
    native.EPFail,
    native.EngineError,
    native.Fail,
    native.InvalidArgument,
    native.InvalidGraph,
    native.InvalidProtobuf,
    native.ModelLoadCanceled,
    native.ModelRequiresCompilation,
    native.NoModel,
    native.NotFound,
    native.NotImplemented,
    native.RuntimeException,
    # Of a provider that cannot be loaded, and of a session that a provider refuses.
    RuntimeError,
    ValueError,
)
"""What onnxruntime raises about a model or a provider: its classes share no parent."""

_REASON_LENGTH = 160


def reason_of(error: Exception) -> str:
    """Shorten an error of onnxruntime to what a user can read on one line."""
    text = " ".join(str(error).split()).removeprefix("[ONNXRuntimeError] : ")
    code, separator, rest = text.partition(" : ")
    text = rest if separator and code.isdigit() else text
    return text if len(text) <= _REASON_LENGTH else f"{text[: _REASON_LENGTH - 1]}…"


def session_options(threads: int) -> Any:
    """Return how every session runs: one graph at a time on `threads` threads, printing nothing."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4
    # Measured with the RetinaFace on 60 picture sizes, growth of the process at one frame a run: 46 MB so; 81 MB
    # with memory patterns, which are kept for every size; 116 MB without the arena, 124 MB with shrinking it
    # after each run (the allocations then scatter over the C library's heap). DirectML asks for this as well.
    options.enable_cpu_mem_arena = True
    options.enable_mem_pattern = False
    # Threads that wait by spinning take the processor from the video decoder. Two busy cores, two threads, median
    # per frame or face: RetinaFace 960x540 27 ms against 54 ms of processor, dlib 6.4 ms against 17 ms; on idle
    # cores the wall clock is the same within the noise (22.5 to 23.8 ms against 22.0 ms).
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


class ImageModel:
    """An opened model with one float32 input, a batch of pictures.

    Attributes:
        file: the model's file, to name it in errors.
        batch: how many pictures every run must have; None when any number will do.
        height: of the input, pixels; None when any will do.
        width: of the input, pixels; None when any will do.
    """

    def __init__(
        self,
        file: str,
        model: bytes,
        card: InputCard,
        *,
        threads: int = 1,
        provider: ProviderChoice = CPU,
    ) -> None:
        self.file = file
        self._session = self._open(model, threads, provider)
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            raise self.rejected(f"it has {len(inputs)} inputs, not one")
        self._input = inputs[0].name
        for slot in (inputs[0], *self._session.get_outputs()):
            if slot.type != "tensor(float)":
                raise self.rejected(f"its {slot.name} is a {slot.type}, not a tensor(float)")
        self.batch, self.height, self.width = self._dimensions(inputs[0].shape, card)

    def _open(self, model: bytes, threads: int, provider: ProviderChoice) -> Any:
        providers = [(name, dict(options)) for name, options in dict([provider, CPU]).items()]
        try:
            session = ort.InferenceSession(model, session_options(threads), providers, enable_fallback=0)
        except NATIVE_ERRORS as error:
            raise self.rejected(reason_of(error)) from error
        if provider[0] not in session.get_providers():
            raise self.rejected(f"{provider[0]} does not take it")
        # onnxruntime keeps the bytes for a fall-back that is switched off here: as much again as the weights.
        session._model_bytes = None
        return session

    def _dimensions(self, shape: Sequence[int | str | None], card: InputCard) -> tuple[int | None, ...]:
        wanted = "(N, 3, height, width)" if card.layout == "NCHW" else "(N, height, width, 3)"
        sizes = [size if isinstance(size, int) else None for size in shape]
        if len(sizes) == 4:
            batch, first, second, third = sizes
            channels, height, width = (first, second, third) if card.layout == "NCHW" else (third, first, second)
            if channels in (3, None) and batch in (1, None):
                return batch, height, width
        found = ", ".join(str(size) for size in shape)
        raise self.rejected(f"its input is ({found}), not {wanted} with N open or 1")

    def rejected(self, reason: str) -> ModelRejected:
        """Make the error that says why this model cannot be run."""
        return ModelRejected(file=self.file, reason=reason)

    def run(self, tensor: Floats) -> list[Floats]:
        """Run one batch and return all outputs in the model's order.

        Raises:
            ModelRejected: the model failed, or answered with values that are no numbers.
        """
        try:
            outputs: list[Floats] = self._session.run(None, {self._input: tensor})
        except NATIVE_ERRORS as error:
            raise self.rejected(reason_of(error)) from error
        if not all(np.isfinite(output).all() for output in outputs):
            raise self.rejected("it answers with values that are no numbers")
        return outputs
