"""Aligned faces to unit vectors by an onnxruntime model."""

import numpy as np

from stash_sense.adapters.onnx.image_model import ImageModel
from stash_sense.adapters.onnx.tensors import resize_crop, to_tensor
from stash_sense.errors import ModelRejected
from stash_sense.kernel.arrays import Floats, Image
from stash_sense.models.card import EmbedderCard
from stash_sense.recognition.ports import Alignment, Descriptions

_PICTURES_PER_RUN = 16
"""dlib on one core: 4.9 ms a face alone, 3.7 ms by 4, 3.5 ms by 16, 4.5 ms by 64; the process grows by 1 MB, 1 MB,
6 MB and 85 MB."""

_SHORTEST = np.float32(1e-12)
"""Length below which a vector points nowhere: it becomes zeros, not noise or a division by zero."""


class OnnxEmbedder:
    """A `recognition.ports.Embedder` on an onnxruntime model.

    Args:
        card: of the embedder.
        model: its output is checked against the card by running black pictures.
        pictures_per_run: faces, mirrored ones included, that are run together where the model allows it.

    Raises:
        ModelRejected: the model's input or output is not what the card says.
    """

    def __init__(self, card: EmbedderCard, model: ImageModel, pictures_per_run: int = _PICTURES_PER_RUN) -> None:
        self._card = card
        self._model = model
        size = card.input_size
        if (model.height or size, model.width or size) != (size, size):
            raise model.rejected(f"its input is {model.width} x {model.height} pixels, not {size} x {size}")
        self._answers(np.zeros((1, size, size, 3), np.uint8))
        self._pictures_per_run = pictures_per_run if model.batch is None and self._takes_batches() else 1

    @property
    def id(self) -> str:
        """Name of the embedder within its pack."""
        return self._card.id

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._card.dim

    @property
    def alignment(self) -> Alignment:
        """How the crops must be aligned."""
        return self._card.alignment

    def embed(self, crops: Image) -> Descriptions:
        """Describe (n, size, size, 3) uint8 RGB crops.

        A face to which the model answers nothing but zeros stays all zeros.

        Raises:
            ModelRejected: the model failed, or answered with values that are no numbers.
        """
        own = self._in_runs(crops)
        norms = np.linalg.norm(own, axis=1)
        vectors = _unit(own)
        if self._card.flip_average:
            unclear = np.flatnonzero(norms < (self._card.flip_below or np.inf))
            mirrored = _unit(self._in_runs(crops[unclear][:, :, ::-1]))
            vectors[unclear] = _unit(vectors[unclear] + mirrored)
        return Descriptions(vectors, norms)

    def _in_runs(self, crops: Image) -> Floats:
        answers = np.zeros((len(crops), self._card.dim), np.float32)
        step = self._pictures_per_run
        for at in range(0, len(crops), step):
            run = np.stack([resize_crop(crop, self._card.input_size) for crop in crops[at : at + step]])
            answers[at : at + step] = self._answers(run)
        return answers

    def _answers(self, pictures: Image) -> Floats:
        size = self._card.input_size
        outputs = self._model.run(to_tensor(list(pictures), self._card.input, size, size))
        if len(outputs) != 1 or outputs[0].size != len(pictures) * self._card.dim or len(outputs[0]) != len(pictures):
            shapes = ", ".join(str(output.shape) for output in outputs)
            raise self._model.rejected(f"it answers {shapes}, not {(len(pictures), self._card.dim)}")
        return outputs[0].reshape(len(pictures), self._card.dim)

    def _takes_batches(self) -> bool:
        """Try two pictures: some exports say that they take any number, yet have a one inside."""
        size = self._card.input_size
        try:
            self._answers(np.zeros((2, size, size, 3), np.uint8))
        except ModelRejected:
            return False
        return True


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: Floats = vectors / np.maximum(lengths, _SHORTEST)
    return units
