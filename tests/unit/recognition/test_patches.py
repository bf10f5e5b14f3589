"""A face cut out of its frame is aligned as it would be in the frame."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stash_sense.kernel.arrays import Floats, Image
from stash_sense.recognition.alignment import PORTRAIT, Patch, align, enlarged
from stash_sense.recognition.ports import Alignment

POINTS = np.asarray(PORTRAIT.points)
DLIB = Alignment(150, tuple((float(x), float(y)) for x, y in POINTS * 1.3 + 12.0))
WANTED = (PORTRAIT, enlarged(DLIB, 0.8), enlarged(DLIB, 1.25))
"""Those of a pack with two views: of different sizes, and of different parts of the frame."""


def smooth(seed: int, height: int, width: int, shortest: float = 40.0) -> Image:
    """A picture as soft as a film's: waves of 40 pixels and longer, in three colours."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    image = np.full((height, width, 3), 127.5)
    for _ in range(6):
        angle, phase = rng.uniform(0.0, np.pi), rng.uniform(0.0, 6.0, 3)
        along = (columns * np.cos(angle) + rows * np.sin(angle)) * 2.0 * np.pi / rng.uniform(shortest, 5 * shortest)
        image += 20.0 * np.sin(along[..., None] + phase)
    return np.asarray(np.clip(image, 0, 255), np.uint8)


def face_at(x: float, y: float, scale: float, degrees: float = 0.0) -> Floats:
    """The landmarks of a portrait enlarged, turned, and with their middle at x, y."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.asarray((POINTS - POINTS.mean(axis=0)) * scale @ turn + (x, y), np.float32)


def difference(image: Image, landmarks: Floats, wanted: tuple[Alignment, ...] = WANTED) -> int:
    patch = Patch.cut(image, landmarks, wanted)
    return max(
        int(np.abs(align(patch.image, patch.landmarks, one).astype(int) - align(image, landmarks, one)).max())
        for one in wanted
    )


@settings(max_examples=20)
@given(
    seed=st.integers(0, 99),
    x=st.floats(100.0, 540.0),
    y=st.floats(100.0, 260.0),
    scale=st.floats(0.2, 1.9),
    degrees=st.floats(-180.0, 180.0),
)
def test_a_face_of_any_place_and_turn_is_aligned_as_in_its_frame(
    seed: int, x: float, y: float, scale: float, degrees: float
) -> None:
    assert difference(smooth(seed, 360, 640), face_at(x, y, scale, degrees)) <= 1


@settings(max_examples=20)
@given(
    x=st.sampled_from([-20.0, 0.0, 10.0, 320.0, 630.0, 650.0]),
    y=st.sampled_from([-15.0, 5.0, 180.0, 355.0, 370.0]),
    scale=st.floats(0.3, 1.5),
    degrees=st.floats(-45.0, 45.0),
)
def test_a_face_that_reaches_past_the_edge_is_black_there_as_in_its_frame(
    x: float, y: float, scale: float, degrees: float
) -> None:
    assert difference(smooth(1, 360, 640), face_at(x, y, scale, degrees)) <= 1


@pytest.mark.parametrize("scale", [2.1, 3.3, 5.0, 6.5])
@pytest.mark.parametrize("degrees", [0.0, 12.0])
def test_a_huge_face_is_averaged_down_once_and_looks_the_same(scale: float, degrees: float) -> None:
    image = smooth(2, 1400, 1500)
    landmarks = face_at(760.0, 690.0, scale, degrees)
    assert max(Patch.cut(image, landmarks, WANTED).image.shape[:2]) < 500
    assert difference(image, landmarks) <= 2


@pytest.mark.parametrize("scale", [8.0, 11.0, 14.0])
@pytest.mark.parametrize("degrees", [0.0, 12.0])
def test_a_face_larger_than_its_frame_differs_by_the_last_pixel_at_the_edge_only(
    scale: float, degrees: float
) -> None:
    image, landmarks = smooth(2, 1000, 1100, shortest=160.0), face_at(560.0, 490.0, scale, degrees)
    patch = Patch.cut(image, landmarks, WANTED)
    for one in WANTED:
        away = np.abs(align(patch.image, patch.landmarks, one).astype(int) - align(image, landmarks, one))
        assert (away.max(axis=2) > 2).sum() <= 4 * one.size  # of size x size


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.5, 6.0])
def test_even_noise_is_the_same_where_the_patch_is_for_one_alignment(scale: float) -> None:
    image = np.random.default_rng(0).integers(0, 256, (900, 1000, 3)).astype(np.uint8)
    assert difference(image, face_at(500.0, 450.0, scale, 10.0), (PORTRAIT,)) <= 1


def test_a_patch_is_a_copy_so_that_its_frame_can_go() -> None:
    for scale in (1.0, 4.0):
        image = smooth(3, 600, 600)
        patch = Patch.cut(image, face_at(300.0, 300.0, scale), WANTED)
        before = patch.image.copy()
        image[:] = 0
        assert not np.shares_memory(patch.image, image)
        np.testing.assert_array_equal(patch.image, before)


def test_a_patch_is_no_larger_than_what_is_asked_of_it() -> None:
    image = smooth(4, 1080, 1920)
    patch = Patch.cut(image, face_at(900.0, 500.0, 1.0), (PORTRAIT,))
    assert max(patch.image.shape[:2]) <= PORTRAIT.size + 6


@pytest.mark.parametrize("landmarks", [np.full((5, 2), 40.0), np.full((5, 2), np.nan), np.full((5, 2), np.inf)])
def test_landmarks_that_make_no_face_give_an_empty_patch_and_black_crops(landmarks: Floats) -> None:
    patch = Patch.cut(smooth(5, 100, 100), landmarks.astype(np.float32), WANTED)
    assert patch.image.size == 0
    assert not align(patch.image, patch.landmarks, PORTRAIT).any()


@pytest.mark.parametrize("shift", [(5e3, 0.0), (-5e3, 0.0), (0.0, 1e6), (-1e6, -1e6)])
def test_a_face_beside_its_frame_is_black(shift: tuple[float, float]) -> None:
    landmarks = face_at(50.0, 50.0, 1.0) + np.array(shift, np.float32)
    patch = Patch.cut(smooth(6, 100, 100), landmarks, WANTED)
    assert not align(patch.image, patch.landmarks, PORTRAIT).any()


@pytest.mark.parametrize("times", [1e3, 1e5, 1e7])
def test_a_face_beyond_any_frame_takes_no_memory(times: float) -> None:
    image = smooth(7, 100, 100)
    tracemalloc.start()
    try:
        Patch.cut(image, (POINTS * times).astype(np.float32), WANTED)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20e6
