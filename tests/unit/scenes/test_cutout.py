from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.unit.scenes.drawings import FACE, DrawnFaces, Squares

from stash_sense.kernel.arrays import Floats
from stash_sense.scenes.cutout import Wardrobe, cut_out, nearest_the_middle


def boxes(*middles: tuple[float, float], tall: float = 80.0) -> tuple[Floats, Floats]:
    found = [(x - 0.375 * tall, y - tall / 2, x + 0.375 * tall, y + tall / 2) for x, y in middles]
    return np.array(found, np.float32).reshape(-1, 4), np.full(len(found), 0.9, np.float32)


def test_the_face_nearest_the_middle_is_taken() -> None:
    chosen = nearest_the_middle(*boxes((70, 200), (210, 190), (350, 60)), 400, 400)
    assert chosen is not None
    assert chosen == pytest.approx([180, 150, 240, 230])


@pytest.mark.parametrize(
    "found",
    [boxes(), boxes((200, 200), tall=30.0), boxes((200, 10)), boxes((200, 200), (250, 200))],
    ids=["none", "tiny", "cut off", "somebody beside"],
)
def test_a_photograph_without_one_clear_face_is_not_used(found: tuple[Floats, Floats]) -> None:
    assert nearest_the_middle(*found, 400, 400) is None


def test_a_head_is_opaque_in_the_middle_and_nothing_is_left_of_the_photographs_corners() -> None:
    cutout = cut_out(Image.new("RGB", (200, 200), (180, 120, 90)), np.array(FACE))
    mask = np.asarray(cutout.mask)
    left, top, right, bottom = cutout.face.astype(int)
    assert mask[(top + bottom) // 2, (left + right) // 2] == 255
    assert not any(mask[row, column] for row in (0, -1) for column in (0, -1))
    assert cutout.skin == (180, 120, 90)


def test_what_lies_beyond_the_photograph_is_not_shown() -> None:
    cutout = cut_out(Image.new("RGB", (200, 120), (200, 200, 200)), np.array([70.0, 10.0, 130.0, 90.0]))
    shown = np.asarray(cutout.picture)[np.asarray(cutout.mask) > 30]
    assert shown.min() > 150


def test_a_large_photograph_is_scaled_down() -> None:
    cutout = cut_out(Image.new("RGB", (2000, 2000)), np.array(FACE) * 10.0)
    assert cutout.height == pytest.approx(256.0)


def test_the_wardrobe_detects_faces_once_a_photograph() -> None:
    class Counting(DrawnFaces):
        asked = 0

        def detect(self, images):  # type: ignore[no-untyped-def]
            self.asked += len(images)
            return super().detect(images)

    detector = Counting()
    wardrobe = Wardrobe(detector, Squares())
    assert wardrobe.has_face(Path("a.jpg"))
    wardrobe.cut_out(Path("a.jpg"))
    assert detector.asked == 1
