import pytest

from stash_sense.adapters.onnx.providers import GPU_PROVIDERS, GpuProvider, Providers
from stash_sense.errors import SettingInvalid
from stash_sense.kernel.hardware import ProviderStatus

CUDA, DIRECTML, CPU = "CUDAExecutionProvider", "DmlExecutionProvider", "CPUExecutionProvider"


class Prober:
    """Says of every provider why it fails, and remembers which it was asked about."""

    def __init__(self, **reasons: str) -> None:
        self.reasons = reasons
        self.asked: list[str] = []

    def __call__(self, provider: GpuProvider) -> str:
        self.asked.append(provider.name)
        return self.reasons[provider.name]


def providers(device: str, prober: Prober, *available: str) -> Providers:
    return Providers(device, available=lambda: [*available, CPU], probe=prober)


def test_auto_takes_the_first_gpu_that_works() -> None:
    prober = Prober(**{CUDA: "no device", DIRECTML: ""})
    assert providers("auto", prober, DIRECTML, CUDA).chosen()[0] == DIRECTML


def test_auto_falls_back_to_the_cpu() -> None:
    assert providers("auto", Prober(**{CUDA: "no device"}), CUDA).chosen() == (CPU, {})
    assert providers("auto", Prober()).chosen() == (CPU, {})


def test_the_cpu_is_taken_without_trying_anything() -> None:
    prober = Prober(**{CUDA: ""})
    chosen = providers("cpu", prober, CUDA)
    assert chosen.chosen() == (CPU, {})
    assert chosen.statuses[0] == ProviderStatus(CUDA, False, "not tried, because the device is set to cpu")
    assert prober.asked == []


def test_a_gpu_asked_for_that_does_not_work_is_an_error_that_says_why() -> None:
    with pytest.raises(SettingInvalid, match=r"STASH_SENSE_DEVICE cannot be gpu: CUDAExecutionProvider: no device\."):
        providers("gpu", Prober(**{CUDA: "no device"}), CUDA).chosen()


def test_a_gpu_asked_for_without_any_provider_is_an_error_that_says_so() -> None:
    with pytest.raises(
        SettingInvalid, match="STASH_SENSE_DEVICE cannot be gpu: the onnxruntime installed here is built for the"
    ):
        providers("gpu", Prober()).chosen()


def test_a_gpu_asked_for_that_works_is_taken_with_its_options() -> None:
    name, options = providers("gpu", Prober(**{CUDA: ""}), CUDA).chosen()
    assert name == CUDA
    assert options["use_tf32"] == "0"


def test_every_provider_is_tried_once() -> None:
    prober = Prober(**{CUDA: "no device", DIRECTML: "no driver"})
    chosen = providers("auto", prober, CUDA, DIRECTML)
    for _ in range(3):
        chosen.chosen()
    assert [(status.name, status.works, status.reason) for status in chosen.statuses] == [
        (CUDA, False, "no device"),
        (DIRECTML, False, "no driver"),
        (CPU, True, ""),
    ]
    assert prober.asked == [CUDA, DIRECTML]


def test_what_was_found_is_forgotten_with_its_owner() -> None:
    assert providers("auto", Prober(**{CUDA: "no device"}), CUDA).chosen()[0] == CPU
    assert providers("auto", Prober(**{CUDA: ""}), CUDA).chosen()[0] == CUDA


def test_providers_that_do_not_compute_here_are_no_candidates() -> None:
    prober = Prober()
    assert providers("auto", prober, "AzureExecutionProvider", "TensorrtExecutionProvider").chosen()[0] == CPU
    assert "TensorrtExecutionProvider" not in {provider.name for provider in GPU_PROVIDERS}
