"""Outputs of insightface's SCRFD to faces: distances from the points of three levels."""

from collections.abc import Sequence

import numpy as np

from stash_sense.adapters.onnx.frame_detector import Fit, FrameDetector
from stash_sense.adapters.onnx.image_model import ImageModel
from stash_sense.kernel.arrays import Floats
from stash_sense.models.card import DetectorCard
from stash_sense.recognition.faces import Detections

_POINTS_PER_CELL = 2
"""Of det_10g and det_500m, for a card that does not say."""


class ScrfdDetector(FrameDetector):
    """SCRFD with landmarks (det_10g, det_500m); with a fixed input or one of any multiple of 32 pixels."""

    _multiple = 32

    def __init__(self, card: DetectorCard, model: ImageModel, frames_per_run: int = 1) -> None:
        self._points = [sizes[0] if sizes else _POINTS_PER_CELL for sizes in card.anchors or [()] * len(card.strides)]
        if len(self._points) != len(card.strides):
            raise model.rejected(f"its card has anchors for {len(self._points)} of {len(card.strides)} levels")
        super().__init__(card, model, frames_per_run)

    def _check(self, outputs: Sequence[Floats], fit: Fit) -> None:
        levels = len(self._card.strides)
        places: dict[int, list[int]] = {1: [], 4: [], 10: []}
        for place, output in enumerate(outputs):
            places.setdefault(output.shape[-1], []).append(place)
        wanted = [
            (fit.canvas_height // stride) * (fit.canvas_width // stride) * points
            for stride, points in zip(self._card.strides, self._points, strict=True)
        ]
        right = len(outputs) == 3 * levels and all(
            [outputs[place].shape[-2] for place in places[width]] == wanted for width in (1, 4, 10)
        )
        if not right:
            shapes = ", ".join(str(output.shape) for output in outputs)
            raise self._model.rejected(f"it answers {shapes}, not {levels} levels of scores, boxes and landmarks")
        self._places = list(zip(places[1], places[4], places[10], strict=True))

    def _decode(self, outputs: Sequence[Floats], row: int, fit: Fit) -> Detections:
        levels = [
            self._decode_level([self._of_row(outputs[place], row) for place in places], fit, stride, points)
            for places, stride, points in zip(self._places, self._card.strides, self._points, strict=True)
        ]
        return Detections(
            boxes=np.concatenate([level.boxes for level in levels]),
            scores=np.concatenate([level.scores for level in levels]),
            landmarks=np.concatenate([level.landmarks for level in levels]),
        )

    def _of_row(self, output: Floats, row: int) -> Floats:
        return output if output.ndim == 2 else output[row]

    def _decode_level(self, outputs: Sequence[Floats], fit: Fit, stride: int, points: int) -> Detections:
        scores, distances, landmarks = outputs
        likely = np.flatnonzero(scores[:, 0] > self._card.min_score)
        cells = likely // points
        columns = fit.canvas_width // stride
        # The top left corner of the cell: unlike RetinaFace's, these points do not lie in its middle.
        centres = (np.stack([cells % columns, cells // columns], axis=1) * stride).astype(np.float32)
        reach = distances[likely] * np.float32(stride)
        return Detections(
            boxes=np.concatenate([centres - reach[:, :2], centres + reach[:, 2:]], axis=1),
            scores=scores[likely, 0],
            landmarks=centres[:, None] + landmarks[likely].reshape(-1, 5, 2) * np.float32(stride),
        )
