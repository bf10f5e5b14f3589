from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stash_sense.kernel.arrays import Floats, Image, Ints
from stash_sense.recognition.tracks import link, shots, thumbnail

Face = tuple[int, float, float]
"""Frame, left edge, side; all at the same height of the picture."""


def linked(*faces: Face, seconds: float = 1.0, shot: dict[int, int] | None = None) -> list[int]:
    """The tracks of faces in frames so many seconds apart; the frames' shots are 0 unless others are given."""
    frame = np.array([face[0] for face in faces], np.int64)
    boxes = np.array([(left, 50.0, left + side, 50.0 + side) for _, left, side in faces], np.float32)
    of_frame = shot or {}
    t = np.asarray(frame * seconds, np.float64)
    tracks = link(frame, t, boxes, np.array([of_frame.get(face[0], 0) for face in faces], np.int64))
    return [int(track) for track in tracks]


def scene(seed: int, height: int = 180, width: int = 320) -> Image:
    """Large patches of random colours."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 16, 3)).astype(np.uint8)
    return np.kron(coarse, np.ones((height // 9, width // 16, 1), np.uint8))


def shots_of(*images: Image) -> list[int]:
    return [int(shot) for shot in shots(np.stack([thumbnail(image) for image in images]))]


def test_a_thumbnail_is_the_mean_of_each_part_of_the_picture() -> None:
    image = np.random.default_rng(0).integers(0, 256, (90, 160, 3)).astype(np.uint8)
    expected = image.reshape(18, 5, 32, 5, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(thumbnail(image), expected, rtol=1e-6)


@given(height=st.integers(1, 800), width=st.integers(1, 800), level=st.integers(0, 255))
def test_a_picture_of_any_size_has_a_thumbnail_of_its_shade(height: int, width: int, level: int) -> None:
    small = thumbnail(np.full((height, width, 3), level, np.uint8))
    assert small.shape == (18, 32, 3)
    assert small.dtype == np.float32
    assert np.all(small == level)


@pytest.mark.parametrize("times", [2, 6, 12])
def test_a_scene_looks_the_same_at_any_resolution(times: int) -> None:
    large = scene(0).repeat(times, axis=0).repeat(times, axis=1)
    # Of a large frame only some rows are looked at, so edges of the parts move by a pixel or two.
    assert np.abs(thumbnail(large) - thumbnail(scene(0))).mean() < 4.0


def test_a_cut_begins_a_shot() -> None:
    first, second, third = scene(1), scene(2), scene(3)
    assert shots_of(first, first, second, third, third) == [0, 0, 1, 2, 2]


def test_a_cut_back_is_a_shot_of_its_own() -> None:
    assert shots_of(scene(1), scene(2), scene(1)) == [0, 1, 2]


def test_a_fade_over_some_frames_is_no_cut() -> None:
    fade = [(scene(1) * share).astype(np.uint8) for share in np.linspace(0.0, 1.0, 12)]
    assert shots_of(*fade) == [0] * 12


def test_a_gesture_and_a_step_aside_are_no_cut() -> None:
    ground = np.full((360, 640, 3), 90, np.uint8)
    hands = []
    for left in (100, 160, 100):
        image = ground.copy()
        image[60:300, left : left + 120] = (220, 170, 140)  # two thirds of the picture's height
        hands.append(image)
    assert shots_of(*hands) == [0, 0, 0]


def test_noise_and_a_flicker_of_light_are_no_cut() -> None:
    rng = np.random.default_rng(0)
    noisy = [np.clip(scene(1) + rng.normal(0.0, 30.0, scene(1).shape), 0, 255).astype(np.uint8) for _ in range(3)]
    brighter = np.minimum(scene(1).astype(int) + 15, 255).astype(np.uint8)
    assert shots_of(*noisy, scene(1), brighter) == [0] * 5


def test_no_frames_have_no_shots_and_one_has_one() -> None:
    assert shots(np.zeros((0, 18, 32, 3), np.float32)).shape == (0,)
    assert shots_of(scene(0)) == [0]


def test_a_face_that_moves_a_little_stays_on_its_track() -> None:
    assert linked((0, 100, 60), (1, 120, 60), (2, 140, 62), (3, 150, 58)) == [0] * 4


def test_a_face_elsewhere_begins_a_track() -> None:
    assert linked((0, 100, 60), (1, 200, 60)) == [0, 1]


@pytest.mark.parametrize(("side", "track"), [(62, 0), (150, 0), (54, 1), (175, 1)])
def test_a_face_of_quite_another_size_begins_a_track(side: float, track: int) -> None:
    assert linked((0, 100, 100), (1, 150 - side / 2, side)) == [0, track]


def test_a_large_face_may_move_further_than_a_small_one() -> None:
    assert linked((0, 0, 200), (1, 100, 200)) == [0, 0]
    assert linked((0, 0, 50), (1, 100, 50)) == [0, 1]


def test_a_track_goes_on_over_one_frame_without_the_face_but_not_over_two() -> None:
    assert linked((0, 100, 60), (2, 110, 60)) == [0, 0]
    assert linked((0, 100, 60), (3, 110, 60)) == [0, 1]


def test_a_track_ends_with_its_shot() -> None:
    assert linked((0, 100, 60), (1, 100, 60), (2, 100, 60), shot={1: 1, 2: 1}) == [0, 1, 1]


def test_a_track_does_not_jump_over_a_shot() -> None:
    assert linked((0, 100, 60), (2, 100, 60), shot={0: 0, 1: 1, 2: 2}) == [0, 1]


@pytest.mark.parametrize(("seconds", "tracks"), [(3.9, [0, 0]), (4.0, [0, 0]), (4.1, [0, 1])])
def test_after_four_seconds_somebody_else_may_sit_there(seconds: float, tracks: list[int]) -> None:
    assert linked((0, 100, 60), (1, 100, 60), seconds=seconds) == tracks


def test_the_nearest_pairs_are_joined_first() -> None:
    # The face at 30 is nearer to the one that was at 50, but that one's own is at 62.
    assert linked((0, 0, 60), (0, 50, 60), (1, 30, 60), (1, 62, 60)) == [0, 1, 0, 1]


def test_a_track_takes_one_face_of_a_frame_the_nearest() -> None:
    assert linked((0, 100, 60), (1, 120, 60), (1, 90, 60)) == [0, 1, 0]


def test_two_who_pass_each_other_far_enough_apart_keep_their_tracks() -> None:
    assert linked((0, 0, 60), (0, 200, 60), (1, 30, 60), (1, 170, 60), (2, 60, 60), (2, 140, 60)) == [0, 1] * 3


def test_still_pictures_have_a_track_for_every_face() -> None:
    boxes = np.tile(np.array([10, 10, 70, 70], np.float32), (4, 1))
    tracks = link(np.array([0, 0, 1, 2]), np.full(4, np.nan), boxes, np.zeros(4, np.int64))
    assert tracks.tolist() == [0, 1, 2, 3]


def test_no_faces_have_no_tracks() -> None:
    nothing = np.zeros(0, np.int64)
    assert link(nothing, np.zeros(0), np.zeros((0, 4), np.float32), nothing).shape == (0,)


def test_a_box_without_height_is_no_trouble() -> None:
    assert linked((0, 100, 0), (1, 100, 0)) == [0, 0]
    assert len(linked((0, 100, -5), (1, 100, -5))) == 2


faces = st.lists(
    st.tuples(st.integers(0, 9), st.floats(0.0, 300.0), st.floats(10.0, 120.0)), max_size=40, unique=True
).map(lambda found: sorted(found, key=lambda face: face[0]))


@given(faces=faces, gaps=st.lists(st.floats(0.1, 5.0), min_size=10, max_size=10), cuts=st.sets(st.integers(0, 9)))
def test_every_face_is_on_one_track_and_every_step_of_a_track_is_one_that_a_face_can_take(
    faces: list[Face], gaps: list[float], cuts: set[int]
) -> None:
    frame = np.array([face[0] for face in faces], np.int64)
    t = np.cumsum(gaps)[frame] if faces else np.zeros(0)
    boxes: Floats = np.array([(x, 0.0, x + side, side) for _, x, side in faces], np.float32).reshape(-1, 4)
    shot: Ints = np.array([sum(cut <= number for cut in cuts) for number in frame.tolist()], np.int64)
    tracks = link(frame, t, boxes, shot)
    assert len(tracks) == len(faces)
    _, first = np.unique(tracks, return_index=True)
    assert tracks[np.sort(first)].tolist() == list(range(len(first)))
    heights, centres = boxes[:, 3] - boxes[:, 1], (boxes[:, :2] + boxes[:, 2:]) / 2
    for number in range(len(first)):
        rows = np.flatnonzero(tracks == number)
        for one, other in pairwise(rows.tolist()):
            assert 1 <= frame[other] - frame[one] <= 2
            assert t[other] - t[one] <= 4.0
            assert shot[other] == shot[one]
            larger = max(heights[one], heights[other])
            assert np.hypot(*(centres[other] - centres[one])) < 0.6 * larger
            assert min(heights[one], heights[other]) > 0.6 * larger
