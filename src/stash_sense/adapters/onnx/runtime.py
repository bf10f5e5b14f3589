"""Checked bytes and a card to a detector or embedder that is ready to run: the port `models.ports.ModelRuntime`."""

from collections.abc import Mapping

from stash_sense.adapters.onnx.embedder import OnnxEmbedder
from stash_sense.adapters.onnx.frame_detector import FrameDetector
from stash_sense.adapters.onnx.image_model import CPU, ImageModel
from stash_sense.adapters.onnx.providers import Providers
from stash_sense.adapters.onnx.retinaface import RetinaFaceDetector
from stash_sense.adapters.onnx.scrfd import ScrfdDetector
from stash_sense.kernel.hardware import ProviderStatus
from stash_sense.models.card import DetectorCard, EmbedderCard, InputCard
from stash_sense.recognition.ports import Detector, Embedder

DETECTORS: Mapping[str, type[FrameDetector]] = {"retinaface": RetinaFaceDetector, "scrfd": ScrfdDetector}
"""By the `kind` of a detector's card."""

_CPU_FRAMES_PER_RUN = 1
"""RetinaFace at 960x540, one core: 37 to 50 ms a frame by 1, 2, 4 and 8 alike, while the process grows by 34, 69, 138
and 274 MB; by two cores 22 ms by 1 and 22.5 ms by 4."""

_GPU_FRAMES_PER_RUN = 4
"""As many frames as recognition hands over at once; a GPU is launched once for all. Not measured: none was there."""


class OnnxRuntime:
    """Opens models on the CPU or on a GPU that really works.

    Args:
        threads: that one model computes with on the CPU, 1 to 64.
        device: cpu, gpu or auto, which takes a GPU that works and else the CPU.
        providers: of this machine; by default those that onnxruntime has, each tried once when first needed.
    """

    def __init__(self, threads: int, device: str, providers: Providers | None = None) -> None:
        self.threads = threads
        self._providers = providers or Providers(device)

    def providers(self) -> tuple[ProviderStatus, ...]:
        """Tell on what models can run here, best first; tries the GPUs unless the device is set to cpu."""
        return self._providers.statuses

    def provider(self) -> str:
        """Name the execution provider that models are opened on.

        Raises:
            SettingInvalid: the device is set to gpu and none works.
        """
        return self._providers.chosen()[0]

    def detector(self, card: DetectorCard, model: bytes) -> Detector:
        """Open a face detector.

        Raises:
            ModelRejected: the bytes are not a model, or not one with the inputs and outputs that the card says.
            SettingInvalid: the device is set to gpu and none works.
        """
        frames = _CPU_FRAMES_PER_RUN if self.provider() == CPU[0] else _GPU_FRAMES_PER_RUN
        return DETECTORS[card.kind](card, self._opened(card.file, model, card.input), frames)

    def embedder(self, card: EmbedderCard, model: bytes) -> Embedder:
        """Open a face embedder; raises as `detector` does."""
        return OnnxEmbedder(card, self._opened(card.file, model, card.input))

    def _opened(self, file: str, model: bytes, card: InputCard) -> ImageModel:
        return ImageModel(file, model, card, threads=self.threads, provider=self._providers.chosen())
