import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stash_sense.kernel.arrays import Floats, Image
from stash_sense.recognition.alignment import Patch
from stash_sense.recognition.quality import clarity, estimated_quality, pose, sharpness

FRONTAL = np.array([(-30.0, -20.0), (30.0, -20.0), (0.0, 5.0), (-20.0, 35.0), (20.0, 35.0)])
"""Landmarks about the middle of the face, pixels: a nose right between the eyes."""


IN_PATCH = np.array([(30, 30), (69, 30), (50, 50), (35, 69), (65, 69)], np.float32)
"""Landmarks in a patch of 96 pixels: what counts lies from 30 to 69."""


def patch_of(image: Image, landmarks: Floats = IN_PATCH) -> Patch:
    return Patch(image, landmarks)


def noise(strength: float, seed: int = 0, side: int = 96) -> Image:
    values = np.random.default_rng(seed).normal(128.0, strength, (side, side, 3))
    return np.clip(values, 0, 255).astype(np.uint8)


def turned(degrees: float, points: NDArray[np.float64] = FRONTAL) -> Floats:
    angle = np.radians(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(points @ rotation.T + 100.0, np.float32)[None]


def nose_at(sideways: float) -> NDArray[np.float64]:
    points = FRONTAL.copy()
    points[2, 0] = sideways
    return points


def weight(
    height: float = 100.0, score: float = 0.9, landmarks: Floats | None = None, crop: Image | None = None
) -> float:
    box = np.array([10.0, 10.0, 10.0 + height * 0.8, 10.0 + height], np.float32)
    face = turned(0.0) if landmarks is None else landmarks
    sharp = noise(20.0) if crop is None else crop
    return estimated_quality(box, score, face[0], patch_of(sharp))


def test_a_larger_face_weighs_more_until_there_are_pixels_enough() -> None:
    weights = [weight(height=height) for height in (30.0, 50.0, 80.0, 129.0)]
    assert weights == sorted(set(weights))
    assert weight(height=140.0) == weight(height=1000.0)


def test_a_sharper_face_weighs_more() -> None:
    weights = [weight(crop=noise(strength)) for strength in (2.0, 5.0, 10.0, 40.0)]
    assert weights == sorted(set(weights))


def test_a_surer_face_weighs_more() -> None:
    weights = [weight(score=score) for score in (0.3, 0.6, 0.9, 1.0)]
    assert weights == sorted(set(weights))


def test_a_face_turned_to_a_side_weighs_less_to_either_side_alike() -> None:
    frontal = weight()
    left, right = (weight(landmarks=turned(0.0, nose_at(sideways))) for sideways in (-25.0, 25.0))
    assert left < frontal
    assert abs(left - right) < 1e-6


def test_a_tilted_face_weighs_less_than_an_upright_one() -> None:
    weights = [weight(landmarks=turned(degrees)) for degrees in (0.0, 45.0, -90.0, 135.0)]
    assert weights == sorted(weights, reverse=True)
    assert len(set(weights)) == 4


@given(
    height=st.floats(-10.0, 5000.0),
    score=st.floats(0.0, 1.0),
    degrees=st.floats(-180.0, 180.0),
    sideways=st.floats(-200.0, 200.0),
    strength=st.sampled_from([0.0, 1.0, 50.0, 500.0]),
)
def test_every_face_weighs_something_and_none_more_than_one(
    height: float, score: float, degrees: float, sideways: float, strength: float
) -> None:
    landmarks = turned(degrees, nose_at(sideways))
    assert 0.05 <= weight(height, score, landmarks, noise(strength)) <= 1.0


def test_landmarks_that_coincide_still_give_a_weight() -> None:
    assert 0.05 <= weight(landmarks=np.full((1, 5, 2), 30.0, np.float32)) <= 1.0


def test_a_face_that_was_not_cut_out_still_gives_a_weight() -> None:
    nothing = patch_of(np.zeros((0, 0, 3), np.uint8))
    assert estimated_quality(np.array([0, 0, 80, 100], np.float32), 0.9, turned(0.0)[0], nothing) == 0.05


def test_a_clear_face_has_a_clarity_of_one_and_others_by_the_square_of_their_norms() -> None:
    norms = np.array([20.0, 10.0, 30.0], np.float32)
    found = clarity(norms, 20.0)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, (1.0, 0.25, 2.25), rtol=1e-6)


def test_clarity_is_never_nothing_and_never_without_end() -> None:
    np.testing.assert_allclose(clarity(np.array([0.0, 1e-3, 1e9], np.float32), 20.0), (0.05, 0.05, 4.0), rtol=1e-6)


def test_a_frontal_upright_face_has_no_yaw_and_no_roll() -> None:
    yaw, roll = pose(turned(0.0))
    np.testing.assert_allclose([yaw[0], roll[0]], 0.0, atol=1e-6)


def test_yaw_grows_as_the_nose_moves_to_the_right_of_the_picture() -> None:
    yaws = [float(pose(turned(0.0, nose_at(sideways)))[0][0]) for sideways in (-30.0, -10.0, 0.0, 10.0, 30.0)]
    assert yaws == sorted(set(yaws))
    np.testing.assert_allclose(yaws[-1], np.pi / 4, atol=1e-6)
    np.testing.assert_allclose(yaws[0], -yaws[-1], atol=1e-6)


@given(degrees=st.floats(-170.0, 170.0), sideways=st.floats(-30.0, 30.0))
def test_roll_is_the_tilt_clockwise_and_leaves_yaw_alone(degrees: float, sideways: float) -> None:
    yaw, roll = pose(turned(degrees, nose_at(sideways)))
    upright, _ = pose(turned(0.0, nose_at(sideways)))
    # The nose lies 25 pixels below the eyes, wherever below is: it has no part in the yaw.
    np.testing.assert_allclose(np.degrees(roll[0]), degrees, atol=1e-3)
    np.testing.assert_allclose(yaw, upright, atol=1e-4)


def test_even_faces_have_no_sharpness_whatever_their_shade() -> None:
    for shade in (0, 77, 255):
        assert sharpness(patch_of(np.full((96, 96, 3), shade, np.uint8))) == pytest.approx(0.0, abs=1e-3)


def test_only_what_lies_between_the_landmarks_counts_for_sharpness() -> None:
    image = noise(50.0)
    image[30:70, 30:70] = 128
    assert sharpness(patch_of(image)) == pytest.approx(0.0, abs=1e-3)


def test_sharpness_is_the_variance_of_the_laplacian() -> None:
    image = np.full((96, 96, 3), 100, np.uint8)
    image[48, 48] = 110
    values = np.zeros(38 * 38)
    values[:5] = (-40.0, 10.0, 10.0, 10.0, 10.0)
    assert sharpness(patch_of(image)) == pytest.approx(values.var(), rel=1e-4)


def test_a_large_face_is_as_sharp_as_the_same_face_small() -> None:
    small = noise(30.0)
    large = small.repeat(4, axis=0).repeat(4, axis=1)
    assert sharpness(patch_of(large, IN_PATCH * 4)) == pytest.approx(sharpness(patch_of(small)), rel=0.1)


def test_a_blurred_face_is_less_sharp_at_any_size() -> None:
    for side in (96, 400):
        image = noise(60.0, side=side)
        soft = (image[:-1, :-1].astype(int) + image[1:, :-1] + image[:-1, 1:] + image[1:, 1:]) // 4
        points = np.asarray(IN_PATCH * side / 96, np.float32)
        assert sharpness(patch_of(soft.astype(np.uint8), points)) < 0.5 * sharpness(patch_of(image, points))


@pytest.mark.parametrize("shift", [(-200.0, 0.0), (0.0, -200.0), (-80.0, -80.0), (300.0, 300.0), (0.0, 300.0)])
def test_a_face_beside_its_picture_has_no_sharpness(shift: tuple[float, float]) -> None:
    assert sharpness(patch_of(noise(50.0), IN_PATCH + np.array(shift, np.float32))) == 0.0


@pytest.mark.parametrize("landmarks", [np.full((5, 2), np.nan), np.full((5, 2), np.inf), np.full((5, 2), 40.0)])
def test_landmarks_that_make_no_face_have_no_sharpness(landmarks: Floats) -> None:
    assert sharpness(patch_of(noise(50.0), landmarks.astype(np.float32))) == 0.0
