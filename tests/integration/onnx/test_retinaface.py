from typing import Any

import numpy as np
import pytest
from tests.integration.onnx import graphs
from tests.integration.onnx.cards import detector_card, picture

from stash_sense.adapters.onnx.image_model import ImageModel
from stash_sense.adapters.onnx.retinaface import RetinaFaceDetector
from stash_sense.adapters.onnx.runtime import OnnxRuntime
from stash_sense.errors import ModelRejected
from stash_sense.kernel.arrays import Image
from stash_sense.models.card import InputCard


def detector(frames_per_run: int = 1, card: Any = None, **graph: Any) -> RetinaFaceDetector:
    card = card or detector_card("retinaface")
    return RetinaFaceDetector(card, ImageModel("tiny.onnx", graphs.retinaface(**graph), card.input), frames_per_run)


def expected_box(row: int, column: int) -> list[float]:
    # The anchor is 16 pixels wide and in the middle of the cell; variances are 0.1 and 0.2.
    x, y = column * 8 + 4 + 1.0 * 0.1 * 16, row * 8 + 4 + 2.0 * 0.1 * 16
    width, height = 16 * np.exp(0.5 * 0.2), 16 * np.exp(-0.5 * 0.2)
    return [x - width / 2, y - height / 2, x + width / 2, y + height / 2]


def test_a_face_is_decoded_from_its_anchor() -> None:
    (found,) = detector().detect([picture(120, 160, (5, 9))])
    np.testing.assert_allclose(found.boxes, [expected_box(5, 9)], rtol=1e-5)
    np.testing.assert_allclose(found.scores, [1 / (1 + np.exp(-10))], rtol=1e-5)
    points = np.array(graphs.POINT_BIAS).reshape(5, 2) * 0.1 * 16 + [9 * 8 + 4, 5 * 8 + 4]
    np.testing.assert_allclose(found.landmarks, [points], rtol=1e-5)
    assert {array.dtype for array in (found.boxes, found.scores, found.landmarks)} == {np.dtype(np.float32)}


def test_faces_come_best_first() -> None:
    image = picture(120, 160, (1, 1), (10, 15))
    image[8:16, 8:16, 0] = 180
    (found,) = detector().detect([image])
    assert found.scores[0] > found.scores[1]
    np.testing.assert_allclose(found.boxes, [expected_box(10, 15), expected_box(1, 1)], rtol=1e-5)


def test_of_faces_that_overlap_one_is_kept() -> None:
    (found,) = detector().detect([picture(120, 160, (5, 9), (5, 10))])
    assert len(found) == 2
    (found,) = detector(card=detector_card("retinaface", max_overlap=0.3)).detect(
        [picture(120, 160, (5, 9), (5, 10))]
    )
    assert len(found) == 1


def test_faces_below_the_score_of_the_card_are_dropped() -> None:
    image = picture(64, 64, (2, 2))
    image[image > 0] = 140  # 20 x 140 / 255 - 10 = 0.98, a score of 0.73
    assert len(detector(card=detector_card("retinaface", min_score=0.7)).detect([image])[0]) == 1
    assert len(detector(card=detector_card("retinaface", min_score=0.75)).detect([image])[0]) == 0


def test_a_large_picture_is_scaled_down_and_its_faces_are_given_in_its_own_pixels() -> None:
    small = picture(120, 160, (5, 9))
    large = small.repeat(3, axis=0).repeat(3, axis=1)
    (found,) = detector(card=detector_card("retinaface", max_side=160)).detect([large])
    np.testing.assert_allclose(found.boxes, [3 * np.array(expected_box(5, 9))], rtol=1e-5)


def test_each_axis_is_scaled_back_by_itself() -> None:
    # 330 x 161 becomes 160 x 78: 330 / 160 is not 161 / 78.
    image = np.zeros((161, 330, 3), np.uint8)
    image[..., 0] = 255
    card = detector_card("retinaface", max_side=160, max_overlap=0.99)
    (found,) = detector(card=card).detect([image])
    lowest = found.landmarks[:, :, 1].max() - 4 * 0.1 * 16 * 161 / 78
    assert lowest == pytest.approx((9 * 8 + 4) * 161 / 78, rel=1e-4)


def test_a_small_picture_is_not_scaled_up() -> None:
    (found,) = detector().detect([picture(32, 40, (1, 2))])
    np.testing.assert_allclose(found.boxes, [expected_box(1, 2)], rtol=1e-5)


@pytest.mark.parametrize("frames_per_run", [1, 2, 8])
def test_pictures_of_several_sizes_keep_their_places(frames_per_run: int) -> None:
    shapes = [(64, 64), (120, 160), (64, 64), (64, 64), (50, 70), (120, 160)]
    cells = [(row % 3 + 1, row % 4 + 1) for row in range(len(shapes))]
    images = [picture(*shape, cell) for shape, cell in zip(shapes, cells, strict=True)]
    found = detector(frames_per_run).detect(images)
    boxes = np.concatenate([faces.boxes for faces in found])
    np.testing.assert_allclose(boxes, [expected_box(*cell) for cell in cells], rtol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (10, 3000), (3000, 10), (7, 9), (1, 5000)])
def test_a_picture_too_small_or_too_narrow_for_a_face_has_none(height: int, width: int) -> None:
    (found,) = detector().detect([np.zeros((height, width, 3), np.uint8)])
    assert (found.boxes.shape, found.scores.shape, found.landmarks.shape) == ((0, 4), (0,), (0, 5, 2))


def test_no_pictures_give_no_answers() -> None:
    assert detector().detect([]) == []


def test_channels_are_ordered_as_the_card_says() -> None:
    image: Image = picture(64, 64, (2, 2))
    bgr = InputCard(channels="bgr", mean=(0, 0, 0), std=255)
    model = detector(card=detector_card("retinaface", input=bgr))
    assert len(model.detect([image])[0]) == 0
    assert len(model.detect([image[:, :, ::-1]])[0]) == 1


def test_a_model_for_one_picture_at_a_time_is_run_so() -> None:
    images = [picture(64, 64, (1, column)) for column in range(1, 5)]
    found = detector(8, batch=1).detect(images)
    np.testing.assert_allclose(np.concatenate([f.boxes for f in found]), [expected_box(1, c) for c in range(1, 5)])


def test_a_model_of_fixed_size_gets_smaller_pictures_on_a_black_canvas() -> None:
    model = detector(side=128)
    (small,) = model.detect([picture(64, 96, (2, 3))])
    np.testing.assert_allclose(small.boxes, [expected_box(2, 3)], rtol=1e-5)
    (large,) = model.detect([picture(64, 128, (2, 3)).repeat(2, axis=0).repeat(2, axis=1)])
    np.testing.assert_allclose(large.boxes, [2 * np.array(expected_box(2, 3))], rtol=1e-5)


def test_anchors_missing_from_the_card_are_a_rejection() -> None:
    with pytest.raises(ModelRejected, match=r"tiny\.onnx cannot be run here .*anchors for 0 of 3 levels"):
        detector(card=detector_card("retinaface", anchors=()))


def test_other_outputs_than_the_anchors_of_the_card_are_a_rejection() -> None:
    with pytest.raises(ModelRejected, match="not boxes, scores and landmarks of 252 anchors"):
        detector(card=detector_card("retinaface", anchors=((16, 20, 32), (64, 90, 128), (256, 360, 512))))


def test_a_model_of_another_kind_is_a_rejection() -> None:
    card = detector_card("retinaface")
    with pytest.raises(ModelRejected, match="not boxes, scores and landmarks"):
        OnnxRuntime(1, "cpu").detector(card, graphs.scrfd())
