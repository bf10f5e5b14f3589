import sys

import numpy as np
import onnxruntime as ort
import pytest
from tests.integration.onnx import graphs
from tests.integration.onnx.cards import TO_ONE, detector_card, embedder_card, picture

from stash_sense.adapters.onnx.image_model import CPU, ImageModel
from stash_sense.adapters.onnx.providers import GpuProvider, Providers, probe_model, probe_provider
from stash_sense.adapters.onnx.runtime import OnnxRuntime
from stash_sense.errors import ModelRejected, SettingInvalid
from stash_sense.kernel.hardware import ProviderStatus
from stash_sense.models.card import InputCard
from stash_sense.models.ports import ModelRuntime


def test_it_opens_both_kinds_of_detector() -> None:
    runtime: ModelRuntime = OnnxRuntime(2, "auto")
    for kind, model in (("retinaface", graphs.retinaface()), ("scrfd", graphs.scrfd())):
        (found,) = runtime.detector(detector_card(kind), model).detect([picture(64, 64, (3, 3))])
        assert len(found) == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"not a model at all", graphs.embedder()[:-100], graphs.embedder()[50:]],
    ids=["nothing", "text", "cut short", "beginning lost"],
)
def test_bytes_that_are_no_model_are_a_rejection(content: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ModelRejected, match=r"The model tiny\.onnx cannot be run here \(.{5,160}\); install"):
        OnnxRuntime(1, "cpu").embedder(embedder_card(), content)
    assert capfd.readouterr() == ("", "")


def test_a_model_that_fails_while_it_runs_is_a_rejection_and_prints_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    model = ImageModel("tiny.onnx", graphs.embedder(), TO_ONE)
    with pytest.raises(ModelRejected, match="Got invalid dimensions"):
        model.run(np.zeros((1, 3, 50, 50), np.float32))
    assert capfd.readouterr() == ("", "")


def test_a_model_with_two_inputs_is_a_rejection() -> None:
    with pytest.raises(ModelRejected, match="it has 2 inputs, not one"):
        ImageModel("tiny.onnx", graphs.two_inputs(), TO_ONE)


def test_a_model_of_another_layout_than_the_card_says_is_a_rejection() -> None:
    with pytest.raises(ModelRejected, match=r"its input is \(N, 112, 112, 3\), not \(N, 3, height, width\)"):
        ImageModel("tiny.onnx", graphs.embedder(channels_last=True), TO_ONE)
    last = InputCard(channels="rgb", mean=(0, 0, 0), std=1, layout="NHWC")
    with pytest.raises(ModelRejected, match=r"its input is \(N, 3, 112, 112\), not \(N, height, width, 3\)"):
        ImageModel("tiny.onnx", graphs.embedder(), last)


def test_a_batch_fixed_at_another_number_than_one_is_a_rejection() -> None:
    with pytest.raises(ModelRejected, match=r"its input is \(4, 3, 112, 112\)"):
        ImageModel("tiny.onnx", graphs.embedder(batch=4), TO_ONE)


def test_open_and_fixed_dimensions_are_told() -> None:
    opened = ImageModel("tiny.onnx", graphs.scrfd(), TO_ONE)
    assert (opened.batch, opened.height, opened.width) == (1, None, None)
    fixed = ImageModel("tiny.onnx", graphs.retinaface(side=640), TO_ONE)
    assert (fixed.batch, fixed.height, fixed.width) == (None, 640, 640)


def test_the_bytes_of_a_model_are_let_go_of_once_it_is_open() -> None:
    content = graphs.embedder()
    before = sys.getrefcount(content)
    model = ImageModel("tiny.onnx", content, TO_ONE)
    assert sys.getrefcount(content) == before
    assert len(model.run(np.zeros((1, 3, 112, 112), np.float32))) == 1


def test_a_provider_that_leaves_the_work_to_the_cpu_does_not_work(capfd: pytest.CaptureFixture[str]) -> None:
    # Azure's runs models in the cloud only: what is run on it here falls back to the CPU.
    if "AzureExecutionProvider" not in ort.get_available_providers():
        pytest.skip("this build of onnxruntime has no provider that is sure to leave the work to the CPU")
    assert "fallback to CPU EP has been explicitly disabled" in probe_provider(GpuProvider("AzureExecutionProvider"))
    assert capfd.readouterr() == ("", "")


def test_the_model_that_gpus_are_tried_with_is_one() -> None:
    session = ort.InferenceSession(probe_model(), providers=[CPU[0]])
    (answer,) = session.run(None, {"x": np.ones((1, 1, 8, 8), np.float32)})
    assert np.all(answer == 9.0)


def test_models_are_opened_on_the_gpu_that_was_found() -> None:
    providers = Providers("gpu", available=lambda: ["CUDAExecutionProvider"], probe=lambda _: "")
    assert OnnxRuntime(1, "gpu", providers).provider() == "CUDAExecutionProvider"


def test_what_models_run_on_is_told() -> None:
    runtime = OnnxRuntime(1, "cpu")
    assert runtime.provider() == "CPUExecutionProvider"
    assert runtime.providers()[-1] == ProviderStatus("CPUExecutionProvider", True)


def test_a_gpu_that_is_not_there_is_an_error_when_the_first_model_is_opened() -> None:
    runtime = OnnxRuntime(1, "gpu", Providers("gpu", available=lambda: [CPU[0]]))
    with pytest.raises(SettingInvalid, match="STASH_SENSE_DEVICE cannot be gpu"):
        runtime.detector(detector_card("retinaface"), graphs.retinaface())
    with pytest.raises(SettingInvalid, match="STASH_SENSE_DEVICE cannot be gpu"):
        runtime.embedder(embedder_card(), graphs.embedder())
