import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stash_sense.kernel.arrays import Floats, Image
from stash_sense.recognition.alignment import PORTRAIT, align, enlarged, similarity_transform
from stash_sense.recognition.ports import Alignment

Matrix = NDArray[np.float64]

FACE = np.asarray(PORTRAIT.points, np.float64)
SMALL = Alignment(24, tuple((x / 4, y / 4) for x, y in PORTRAIT.points))
"""The portrait at a quarter of its size, for references that are slow."""

angles = st.floats(-np.pi, np.pi)
shifts = st.floats(-500.0, 500.0)
seeds = st.integers(0, 2**32 - 1)


def similarity(angle: float, scale: float, x: float, y: float) -> Matrix:
    """Crop = matrix @ (image x, image y, 1): a turn, a factor, a shift."""
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[cos, -sin, x], [sin, cos, y]])


def moved(matrix: Matrix, points: Matrix) -> Matrix:
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


def inverse(matrix: Matrix) -> Matrix:
    linear = np.linalg.inv(matrix[:, :2])
    return np.concatenate([linear, -(linear @ matrix[:, 2:])], axis=1)


def landmarks_for(matrix: Matrix, alignment: Alignment) -> Floats:
    """Landmarks in the image that `matrix` brings exactly to where the alignment has them."""
    return moved(inverse(matrix), np.asarray(alignment.points, np.float64)).astype(np.float32)


def centred(angle: float, scale: float, alignment: Alignment, image: Image, off: tuple[float, float]) -> Matrix:
    """The similarity that shows the middle of the image, moved by `off` pixels, in the middle of the crop."""
    matrix = similarity(angle, scale, 0.0, 0.0)
    middle = np.array([image.shape[1] / 2.0 + off[0], image.shape[0] / 2.0 + off[1]])
    matrix[:, 2] = alignment.size / 2.0 - matrix[:, :2] @ middle
    return matrix


def bilinear(image: Image, matrix: Matrix, size: int) -> Matrix:
    """The crop pixel by pixel, by the definition: four neighbours, black where there is none."""
    back = inverse(matrix)
    height, width = image.shape[:2]
    crop = np.zeros((size, size, 3))
    for row in range(size):
        for column in range(size):
            x, y = back @ (column, row, 1.0)
            left, top = int(np.floor(x)), int(np.floor(y))
            for px, py in ((left, top), (left + 1, top), (left, top + 1), (left + 1, top + 1)):
                if 0 <= px < width and 0 <= py < height:
                    crop[row, column] += (1.0 - abs(x - px)) * (1.0 - abs(y - py)) * image[py, px]
    return crop


@given(angle=angles, scale=st.floats(0.02, 50.0), x=shifts, y=shifts)
def test_a_known_turn_scale_and_shift_is_found_again(angle: float, scale: float, x: float, y: float) -> None:
    known = similarity(angle, scale, x, y)
    points = FACE.astype(np.float32)
    found = similarity_transform(points, moved(known, points.astype(np.float64)))
    np.testing.assert_allclose(found, known, rtol=1e-9, atol=1e-9 * scale * 500)


@given(seed=seeds, mirrored=st.booleans())
def test_no_face_is_ever_mirrored(seed: int, mirrored: bool) -> None:
    rng = np.random.default_rng(seed)
    target = FACE * ((-1.0, 1.0) if mirrored else (1.0, 1.0)) + rng.normal(0.0, 20.0, (5, 2))
    linear = similarity_transform(FACE.astype(np.float32), target)[:, :2]
    assert np.linalg.det(linear) >= 0.0
    np.testing.assert_allclose(linear[0, 0], linear[1, 1], atol=1e-9)
    np.testing.assert_allclose(linear[0, 1], -linear[1, 0], atol=1e-9)


@given(seed=seeds)
def test_no_other_similarity_is_nearer_in_the_least_squares_sense(seed: int) -> None:
    rng = np.random.default_rng(seed)
    source = rng.uniform(0.0, 100.0, (5, 2)).astype(np.float32)
    target = rng.uniform(0.0, 100.0, (5, 2))
    found = similarity_transform(source, target)
    best = ((moved(found, source.astype(np.float64)) - target) ** 2).sum()
    for _ in range(20):
        a, b, x, y = rng.normal(0.0, 0.02, 4)
        other = found + np.array([[a, -b, 50 * x], [b, a, 50 * y]])
        assert ((moved(other, source.astype(np.float64)) - target) ** 2).sum() >= best - 1e-6


@given(seed=seeds)
def test_it_is_the_solution_of_the_linear_least_squares_problem(seed: int) -> None:
    rng = np.random.default_rng(seed)
    source = rng.uniform(0.0, 100.0, (5, 2)).astype(np.float32)
    target = rng.uniform(0.0, 100.0, (5, 2))
    x, y = source.astype(np.float64).T
    one, zero = np.ones(5), np.zeros(5)
    equations = np.concatenate([np.stack([x, -y, one, zero], 1), np.stack([y, x, zero, one], 1)])
    (a, b, right, down), *_ = np.linalg.lstsq(equations, target.T.ravel())
    found = similarity_transform(source, target)
    np.testing.assert_allclose(found, [[a, -b, right], [b, a, down]], rtol=1e-7, atol=1e-7)


def test_points_that_coincide_have_no_size() -> None:
    matrix = similarity_transform(np.full((5, 2), 7.0, np.float32), FACE)
    np.testing.assert_allclose(matrix[:, :2], 0.0)
    np.testing.assert_allclose(matrix[:, 2], FACE.mean(axis=0))


@settings(max_examples=25)
@given(angle=angles, scale=st.floats(0.2, 4.0), x=st.floats(-5.0, 5.0), y=st.floats(-5.0, 5.0))
def test_landmarks_come_to_lie_where_the_alignment_says(angle: float, scale: float, x: float, y: float) -> None:
    image = np.zeros((640, 640, 3), np.uint8)
    matrix = centred(angle, scale, PORTRAIT, image, (x, y))
    landmarks = landmarks_for(matrix, PORTRAIT)
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    for px, py in landmarks:
        away = ((columns - px) ** 2 + (rows - py) ** 2) * scale**2
        image[..., 1] = np.maximum(image[..., 1], 255 * np.exp(-away / (2 * 2.0**2)))
    crop = align(image, landmarks, PORTRAIT)[..., 1].astype(np.float64)
    for px, py in FACE:
        window = crop[round(py) - 6 : round(py) + 7, round(px) - 6 : round(px) + 7]
        dy, dx = np.mgrid[-6:7, -6:7]
        centre = (round(px) + (dx * window).sum() / window.sum(), round(py) + (dy * window).sum() / window.sum())
        assert centre == pytest.approx((px, py), abs=0.2)


@settings(max_examples=25)
@given(seed=seeds, angle=angles, scale=st.floats(0.51, 6.0), x=st.floats(-40.0, 40.0), y=st.floats(-40.0, 40.0))
def test_a_crop_equals_plain_bilinear_sampling_within_a_grey_level(
    seed: int, angle: float, scale: float, x: float, y: float
) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (50, 70, 3)).astype(np.uint8)
    matrix = centred(angle, scale, SMALL, image, (x, y))
    crop = align(image, landmarks_for(matrix, SMALL), SMALL)
    assert crop.dtype == np.uint8
    # Landmarks are float32: on noise of 255 grey levels a pixel, 1e-5 pixels are nothing.
    assert np.abs(crop - bilinear(image, matrix, SMALL.size)).max() <= 1.0


@settings(max_examples=25)
@given(angle=angles, scale=st.floats(0.06, 0.5))
def test_a_large_face_averaged_down_stays_in_its_place(angle: float, scale: float) -> None:
    rows, columns = np.mgrid[:1200, :1200]
    image = np.stack([columns / 5, rows / 5, (rows + columns) / 10], axis=2).round().astype(np.uint8)
    matrix = centred(angle, scale, SMALL, image, (3.0, -2.0))
    crop = align(image, landmarks_for(matrix, SMALL), SMALL)
    # A slope is the same however it is averaged, so plain sampling must agree.
    assert np.abs(crop - bilinear(image, matrix, SMALL.size)).max() <= 1.5


@pytest.mark.parametrize("factor", [2.05, 2.7, 3.0, 4.4, 6.0, 9.0])
@pytest.mark.parametrize("angle", [0.0, 0.3])
def test_the_fine_pattern_of_a_large_face_becomes_even_grey(factor: float, angle: float) -> None:
    rows, columns = np.mgrid[:1200, :1200]
    board = ((rows + columns) % 2 * 255).astype(np.uint8)
    image = np.repeat(board[..., None], 3, axis=2)
    matrix = centred(angle, 1.0 / factor, PORTRAIT, image, (0.4, 0.3))
    crop = align(image, landmarks_for(matrix, PORTRAIT), PORTRAIT).astype(np.float64)
    # A block of 3 x 3 has five pixels of one colour and four of the other: 14 grey levels from the middle.
    assert np.abs(crop - 127.5).max() <= 16.0


@settings(max_examples=25)
@given(angle=angles, scale=st.sampled_from([0.15, 0.3, 0.8, 1.0, 3.0]), x=st.floats(-80, 80), y=st.floats(-80, 80))
def test_what_lies_outside_the_image_is_black_and_inside_is_not(
    angle: float, scale: float, x: float, y: float
) -> None:
    image = np.full((90, 120, 3), 255, np.uint8)
    matrix = centred(angle, scale, PORTRAIT, image, (x, y))
    crop = align(image, landmarks_for(matrix, PORTRAIT), PORTRAIT)
    rows, columns = np.mgrid[: PORTRAIT.size, : PORTRAIT.size]
    px, py = (
        axis.reshape(rows.shape) for axis in moved(inverse(matrix), np.stack([columns.ravel(), rows.ravel()], 1)).T
    )
    rim = 1.0 + 2.0 / min(scale, 1.0)
    outside = (px < -rim) | (px > 119 + rim) | (py < -rim) | (py > 89 + rim)
    inside = (px > rim) & (px < 119 - rim) & (py > rim) & (py < 89 - rim)
    assert np.all(crop[outside] == 0)
    assert np.all(crop[inside] == 255)


def test_a_face_far_outside_the_image_is_black() -> None:
    image = np.full((100, 120, 3), 200, np.uint8)
    for shift in (500.0, -500.0, 1e5, -1e6, 1e9):
        crop = align(image, (FACE + shift).astype(np.float32), PORTRAIT)
        assert crop.shape == (96, 96, 3)
        assert not crop.any()


def test_a_face_of_less_than_a_pixel_shows_that_pixel() -> None:
    image = np.zeros((50, 50, 3), np.uint8)
    image[19:23, 29:33] = (10, 200, 30)
    crop = align(image, (FACE * 1e-4 + (30.5, 20.5)).astype(np.float32), PORTRAIT)
    assert np.all(crop == (10, 200, 30))


@pytest.mark.parametrize("times", [1e3, 2e4, 1e5, 1e7, 1e20])
def test_a_face_beyond_any_image_takes_no_memory(times: float) -> None:
    image = np.full((100, 120, 3), 200, np.uint8)
    tracemalloc.start()
    try:
        crop = align(image, (FACE * times).astype(np.float32), PORTRAIT)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert crop.shape == (96, 96, 3)
    assert peak < 20e6


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_landmarks_that_are_no_numbers_give_a_black_crop(value: float) -> None:
    image = np.full((100, 120, 3), 200, np.uint8)
    landmarks = FACE.astype(np.float32)
    landmarks[2, 0] = value
    assert not align(image, landmarks, PORTRAIT).any()
    assert not align(image, np.full((5, 2), value, np.float32), PORTRAIT).any()


def test_coinciding_landmarks_give_a_black_crop() -> None:
    image = np.full((100, 120, 3), 200, np.uint8)
    assert not align(image, np.full((5, 2), 50.0, np.float32), PORTRAIT).any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1)])
def test_an_image_of_one_row_or_column_is_no_trouble(shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 200, np.uint8)
    for scale in (0.2, 1.0, 5.0):
        matrix = centred(0.2, scale, PORTRAIT, image, (0.0, 0.0))
        assert align(image, landmarks_for(matrix, PORTRAIT), PORTRAIT).shape == (96, 96, 3)


@given(factor=st.floats(0.5, 2.0))
def test_enlarging_keeps_the_middle_and_the_size_and_spreads_the_landmarks(factor: float) -> None:
    larger = enlarged(PORTRAIT, factor)
    points = np.asarray(larger.points)
    assert larger.size == PORTRAIT.size
    np.testing.assert_allclose(points.mean(axis=0), FACE.mean(axis=0))
    np.testing.assert_allclose(points - points.mean(axis=0), (FACE - FACE.mean(axis=0)) * factor)


def test_an_enlarged_alignment_shows_less_of_the_image() -> None:
    rows, columns = np.mgrid[:200, :200]
    image = np.stack([columns, rows, columns], axis=2).astype(np.uint8)
    landmarks = (FACE + 50.0).astype(np.float32)
    plain, near = (align(image, landmarks, enlarged(PORTRAIT, factor))[..., 0] for factor in (1.0, 2.0))
    assert int(plain.max()) - int(plain.min()) == pytest.approx(95, abs=1)
    assert int(near.max()) - int(near.min()) == pytest.approx(95 / 2, abs=1)
