"""Frames of any size to faces: what every detector does alike, around the one step in which they differ."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stash_sense.adapters.onnx.boxes import without_overlaps
from stash_sense.adapters.onnx.image_model import ImageModel
from stash_sense.adapters.onnx.tensors import shrink, to_tensor
from stash_sense.errors import ModelRejected
from stash_sense.kernel.arrays import Floats, Image
from stash_sense.models.card import DetectorCard
from stash_sense.recognition.faces import Detections

_TRIAL_SIDE = 64
"""Side of the black picture that a model is tried with, pixels: two cells of the coarsest level."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How a frame lies in the model's input, pixels: scaled to height x width, at the top left of the canvas."""

    height: int
    width: int
    canvas_height: int
    canvas_width: int


class FrameDetector(ABC):
    """A `recognition.ports.Detector` on an onnxruntime model.

    Args:
        card: of the detector.
        model: its outputs are checked against the card by running a black picture.
        frames_per_run: frames of one size that are run together where the model allows it.

    Raises:
        ModelRejected: the model's outputs are not those of this kind of detector.
    """

    _multiple: ClassVar[int]
    """The sides of the canvas, pixels, are multiples of this."""

    def __init__(self, card: DetectorCard, model: ImageModel, frames_per_run: int = 1) -> None:
        self._card = card
        self._model = model
        trial = self._fit(_TRIAL_SIDE, _TRIAL_SIDE)
        black = np.zeros((trial.height, trial.width, 3), np.uint8)
        self._check(self._run([black], trial), trial)
        several = frames_per_run > 1 and model.batch is None and self._takes_batches(black, trial)
        self._frames_per_run = frames_per_run if several else 1

    @abstractmethod
    def _check(self, outputs: Sequence[Floats], fit: Fit) -> None:
        """Learn which output is which; raise ModelRejected when they are not what the card says."""

    @abstractmethod
    def _decode(self, outputs: Sequence[Floats], row: int, fit: Fit) -> Detections:
        """Return the faces of one frame above the score, in pixels of the canvas, overlapping and in any order."""

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """Find the faces of each image; answers are in pixels of the image as given, best score first.

        Args:
            images: each (height, width, 3) uint8 RGB, at least 1 x 1; those of one size are run together.

        Raises:
            ModelRejected: the model failed.
        """
        rows_by_size: dict[tuple[int, int], list[int]] = {}
        for row, image in enumerate(images):
            rows_by_size.setdefault((image.shape[0], image.shape[1]), []).append(row)
        found: dict[int, Detections] = {}
        for (height, width), rows in rows_by_size.items():
            fit = self._fit(height, width)
            for start in range(0, len(rows), self._frames_per_run):
                batch = rows[start : start + self._frames_per_run]
                outputs = self._run([shrink(images[row], fit.height, fit.width) for row in batch], fit)
                for place, row in enumerate(batch):
                    found[row] = self._finished(self._decode(outputs, place, fit), height, width, fit)
        return [found[row] for row in range(len(images))]

    def _takes_batches(self, black: Image, fit: Fit) -> bool:
        """Try two pictures: some exports say that they take any number, yet have a one inside or in their answers."""
        try:
            return all(output.ndim == 3 and len(output) == 2 for output in self._run([black, black], fit))
        except ModelRejected:
            return False

    def _run(self, images: Sequence[Image], fit: Fit) -> list[Floats]:
        return self._model.run(to_tensor(images, self._card.input, fit.canvas_height, fit.canvas_width))

    def _fit(self, height: int, width: int) -> Fit:
        room_height, room_width = self._model.height, self._model.width
        scale = min(1.0, self._card.max_side / max(height, width))
        if room_height:
            scale = min(scale, room_height / height)
        if room_width:
            scale = min(scale, room_width / width)
        # A picture a thousand times as long as it is wide keeps one pixel of its width.
        fitted_height, fitted_width = max(1, round(height * scale)), max(1, round(width * scale))
        return Fit(
            height=fitted_height,
            width=fitted_width,
            canvas_height=room_height or -(-fitted_height // self._multiple) * self._multiple,
            canvas_width=room_width or -(-fitted_width // self._multiple) * self._multiple,
        )

    def _finished(self, faces: Detections, height: int, width: int, fit: Fit) -> Detections:
        rows = without_overlaps(faces.boxes, faces.scores, self._card.max_overlap)
        # Each axis by its own scale: rounding to whole pixels makes the two differ a little.
        scale = np.array([width / fit.width, height / fit.height], np.float32)
        return Detections(
            boxes=faces.boxes[rows] * np.tile(scale, 2),
            scores=faces.scores[rows],
            landmarks=faces.landmarks[rows] * scale,
        )
