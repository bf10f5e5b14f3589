from typing import Any

import numpy as np
import pytest
from tests.integration.onnx import graphs
from tests.integration.onnx.cards import detector_card, picture

from stash_sense.adapters.onnx.image_model import ImageModel
from stash_sense.adapters.onnx.runtime import OnnxRuntime
from stash_sense.adapters.onnx.scrfd import ScrfdDetector
from stash_sense.errors import ModelRejected


def detector(frames_per_run: int = 1, card: Any = None, **graph: Any) -> ScrfdDetector:
    card = card or detector_card("scrfd")
    return ScrfdDetector(card, ImageModel("tiny.onnx", graphs.scrfd(**graph), card.input), frames_per_run)


def expected_box(row: int, column: int) -> list[float]:
    left, top, right, bottom = graphs.BOX_BIAS
    return [column * 8 - left * 8, row * 8 - top * 8, column * 8 + right * 8, row * 8 + bottom * 8]


def test_a_face_is_decoded_from_the_corner_of_its_cell() -> None:
    (found,) = detector().detect([picture(128, 160, (5, 9))])
    np.testing.assert_allclose(found.boxes, [expected_box(5, 9)], rtol=1e-5)
    np.testing.assert_allclose(found.scores, [1 / (1 + np.exp(-10))], rtol=1e-5)
    points = np.array(graphs.POINT_BIAS).reshape(5, 2) * 8 + [9 * 8, 5 * 8]
    np.testing.assert_allclose(found.landmarks, [points], rtol=1e-5)


def test_a_picture_of_any_size_lies_at_the_top_left_of_a_canvas_of_multiples_of_32() -> None:
    (found,) = detector().detect([picture(50, 70, (3, 7))])
    np.testing.assert_allclose(found.boxes, [expected_box(3, 7)], rtol=1e-5)


def test_a_fixed_input_keeps_the_shape_of_the_picture() -> None:
    model = detector(side=640)
    large = picture(360, 640, (5, 9)).repeat(2, axis=0).repeat(2, axis=1)
    (found,) = model.detect([large])
    np.testing.assert_allclose(found.boxes, [2 * np.array(expected_box(5, 9))], rtol=1e-5)


@pytest.mark.parametrize(
    "graph",
    [
        {"batch": 1, "batched": False},
        {"batch": 1, "batched": True},
        {"batch": "N", "batched": True},
        {"batch": "N", "batched": False},
        {"batch": "N", "batched": True, "side": 640},
    ],
    ids=[
        "as insightface ships it",
        "fixed batch",
        "open batch",
        "open batch, flat answers",
        "open batch, fixed size",
    ],
)
def test_every_export_answers_each_picture_for_itself(graph: dict[str, Any]) -> None:
    cells = [(1, 2), (3, 4), (5, 6)]
    found = detector(4, **graph).detect([picture(64, 64, cell) for cell in cells])
    np.testing.assert_allclose(np.concatenate([faces.boxes for faces in found]), [expected_box(*c) for c in cells])


@pytest.mark.parametrize(("height", "width"), [(1, 1), (10, 3000)])
@pytest.mark.parametrize("side", [None, 640])
def test_a_tiny_picture_has_no_face(height: int, width: int, side: int | None) -> None:
    (found,) = detector(side=side).detect([np.zeros((height, width, 3), np.uint8)])
    assert (found.boxes.shape, found.scores.shape, found.landmarks.shape) == ((0, 4), (0,), (0, 5, 2))


def test_a_card_without_anchors_means_two_points_a_cell() -> None:
    (found,) = detector(card=detector_card("scrfd", anchors=())).detect([picture(64, 64, (2, 2))])
    np.testing.assert_allclose(found.boxes, [expected_box(2, 2)], rtol=1e-5)


@pytest.mark.parametrize("changes", [{"anchors": ((1,), (1,), (1,))}, {"strides": (8, 16), "anchors": ()}])
def test_a_card_that_does_not_fit_the_outputs_is_a_rejection(changes: dict[str, Any]) -> None:
    with pytest.raises(ModelRejected, match="levels of scores, boxes and landmarks"):
        detector(card=detector_card("scrfd", **changes))


def test_a_card_with_anchors_for_some_levels_only_is_a_rejection() -> None:
    with pytest.raises(ModelRejected, match="anchors for 1 of 3 levels"):
        detector(card=detector_card("scrfd", anchors=((2,),)))


def test_a_model_of_another_kind_is_a_rejection() -> None:
    with pytest.raises(ModelRejected, match="not 3 levels of scores"):
        OnnxRuntime(1, "cpu").detector(detector_card("scrfd"), graphs.retinaface())
