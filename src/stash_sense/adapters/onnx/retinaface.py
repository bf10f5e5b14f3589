"""Outputs of a RetinaFace to faces: offsets from square anchors on three levels."""

import functools
from collections.abc import Sequence

import numpy as np

from stash_sense.adapters.onnx.frame_detector import Fit, FrameDetector
from stash_sense.adapters.onnx.image_model import ImageModel
from stash_sense.kernel.arrays import Floats
from stash_sense.models.card import DetectorCard
from stash_sense.recognition.faces import Detections

_MOST_GROWTH = np.float32(np.log(1000.0 / 16.0))
"""Largest logarithm of a box's size over its anchor's: 62 times, beyond every picture, yet finite."""

_KEPT_SIZES = 16
"""Picture sizes whose anchors are kept: a library has few, and those of 960x540 take 0.35 MB."""


class RetinaFaceDetector(FrameDetector):
    """RetinaFace as biubug6/Pytorch_Retinaface defines it; takes pictures of every size."""

    _multiple = 1

    def __init__(self, card: DetectorCard, model: ImageModel, frames_per_run: int = 1) -> None:
        if len(card.anchors) != len(card.strides):
            raise model.rejected(f"its card has anchors for {len(card.anchors)} of {len(card.strides)} levels")
        self._anchors = functools.lru_cache(_KEPT_SIZES)(functools.partial(anchors, card.strides, card.anchors))
        super().__init__(card, model, frames_per_run)

    def _check(self, outputs: Sequence[Floats], fit: Fit) -> None:
        count = len(self._anchors(fit.canvas_height, fit.canvas_width))
        by_width = {output.shape[-1]: place for place, output in enumerate(outputs)}
        wanted = {(1, count, width) for width in (4, 2, 10)}
        if len(outputs) != 3 or {output.shape for output in outputs} != wanted:
            shapes = ", ".join(str(output.shape) for output in outputs)
            raise self._model.rejected(f"it answers {shapes}, not boxes, scores and landmarks of {count} anchors")
        self._boxes, self._scores, self._landmarks = by_width[4], by_width[2], by_width[10]

    def _decode(self, outputs: Sequence[Floats], row: int, fit: Fit) -> Detections:
        scores = outputs[self._scores][row, :, 1]
        likely = np.flatnonzero(scores > self._card.min_score)
        squares = self._anchors(fit.canvas_height, fit.canvas_width)[likely]
        offset_scale, size_scale = self._card.variances
        centres, sizes = squares[:, :2], squares[:, 2:]
        boxes = outputs[self._boxes][row, likely]
        middles = centres + boxes[:, :2] * offset_scale * sizes
        halves = sizes * np.exp(np.minimum(boxes[:, 2:] * size_scale, _MOST_GROWTH)) / 2.0
        points = outputs[self._landmarks][row, likely].reshape(-1, 5, 2)
        return Detections(
            boxes=np.concatenate([middles - halves, middles + halves], axis=1),
            scores=scores[likely],
            landmarks=centres[:, None] + points * offset_scale * sizes[:, None],
        )


def anchors(strides: tuple[int, ...], sizes: tuple[tuple[int, ...], ...], height: int, width: int) -> Floats:
    """Lay out the anchors of a picture, level by level, cell by cell in reading order.

    Args:
        strides: pixels per cell of each level.
        sizes: sides of the square anchors of each level, pixels.
        height: of the picture, pixels.
        width: of the picture, pixels.

    Returns:
        (n, 4) float32: centre x, centre y, side, side, in pixels.
    """
    levels = []
    for stride, sides in zip(strides, sizes, strict=True):
        rows, columns = np.mgrid[: -(-height // stride), : -(-width // stride)]
        centres = (np.stack([columns, rows], axis=-1).reshape(-1, 2) + 0.5) * stride
        squares = np.empty((len(centres), len(sides), 4), np.float32)
        squares[..., :2] = centres[:, None]
        squares[..., 2:] = np.array(sides, np.float32)[:, None]
        levels.append(squares.reshape(-1, 4))
    return np.concatenate(levels)
