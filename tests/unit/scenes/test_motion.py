import numpy as np
import pytest

from stash_sense.scenes.covering import hidden_share
from stash_sense.scenes.motion import Motion, Pose, hull, pose_at, transform
from stash_sense.scenes.script import Cover

FACE = np.array([20.0, 30.0, 80.0, 110.0])


def test_a_face_seen_straight_on_keeps_its_shape() -> None:
    matrix = transform(Pose(x=300, y=150, height=160, turn=0, yaw=0, body=300), FACE)
    assert hull(matrix, FACE) == pytest.approx([240, 70, 360, 230])


def test_a_face_turned_upside_down_covers_the_same_box() -> None:
    matrix = transform(Pose(x=300, y=150, height=160, turn=180, yaw=0, body=300), FACE)
    assert hull(matrix, FACE) == pytest.approx([240, 70, 360, 230])


def test_a_face_turned_to_the_side_is_narrower_and_its_far_side_lower() -> None:
    pose = Pose(x=0, y=0, height=100, turn=0, yaw=30, body=0)
    matrix = transform(pose, FACE)
    left, _, right, _ = hull(matrix, FACE)
    near, far = (hull(matrix, np.array([edge, 30.0, edge, 110.0])) for edge in (20.0, 80.0))
    assert right - left < 75.0
    assert near[3] - near[1] > 100.0 > far[3] - far[1]


def test_a_face_goes_from_its_start_to_its_end_where_it_does_not_sway() -> None:
    motion = Motion((10, 50), (20, 30), (80, 100), (0, 8), (-10, 10), sway=0.0, period=3.0, phase=1.0)
    assert pose_at(motion, 0.0, 0.0) == Pose(10, 20, 80, 0, -10, 10)
    assert pose_at(motion, 1.0, 4.0) == Pose(50, 30, 100, 8, 10, 50)


def test_a_bar_hides_its_share_of_a_face_and_only_in_its_time() -> None:
    bar = Cover("bar", (0.0, 0.0), 0.1, since=0.2, until=0.8, colour=(0, 0, 0))
    assert hidden_share(bar, 0.5, aspect=0.8) == pytest.approx(0.25, abs=0.1)
    assert hidden_share(bar, 0.1, aspect=0.8) == 0.0
    assert hidden_share(None, 0.5, aspect=0.8) == 0.0


def test_a_hand_comes_from_below() -> None:
    hand = Cover("hand", (0.0, 0.3), 0.2, since=0.0, until=1.0, colour=(0, 0, 0))
    assert hidden_share(hand, 0.0, aspect=0.75) == 0.0
    assert 0.1 < hidden_share(hand, 0.5, aspect=0.75) < 0.5
