"""Cards for the tiny models of `graphs.py`, and pictures to show them."""

from typing import Any

import numpy as np
from tests.integration.onnx import graphs

from stash_sense.kernel.arrays import Image
from stash_sense.models.card import DetectorCard, EmbedderCard, InputCard
from stash_sense.recognition.ports import Alignment

TO_ONE = InputCard(channels="rgb", mean=(0.0, 0.0, 0.0), std=255.0)


def detector_card(kind: Any, **changes: Any) -> DetectorCard:
    anchors = graphs.RETINAFACE_SIZES if kind == "retinaface" else ((2,), (2,), (2,))
    fields: dict[str, Any] = {
        "kind": kind,
        "file": "tiny.onnx",
        "input": TO_ONE,
        "max_side": 960,
        "min_score": 0.5,
        "max_overlap": 0.4,
        "strides": graphs.STRIDES,
        "anchors": anchors,
    }
    return DetectorCard(**fields | changes)


def embedder_card(**changes: Any) -> EmbedderCard:
    fields: dict[str, Any] = {
        "id": "tiles",
        "file": "tiny.onnx",
        "input": TO_ONE,
        "alignment": Alignment(112, ((38.0, 52.0), (74.0, 52.0), (56.0, 72.0), (42.0, 92.0), (71.0, 92.0))),
        "input_size": 112,
        "dim": graphs.EMBEDDER_DIM,
        "weight": 1.0,
        "flip_average": False,
    }
    return EmbedderCard(**fields | changes)


def picture(height: int, width: int, *red_cells: tuple[int, int]) -> Image:
    """Black, with red 8 x 8 squares at the given cells (row, column)."""
    image = np.zeros((height, width, 3), np.uint8)
    for row, column in red_cells:
        image[row * 8 : row * 8 + 8, column * 8 : column * 8 + 8, 0] = 255
    return image
