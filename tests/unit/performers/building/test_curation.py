import numpy as np
import pytest

from stash_sense.kernel.arrays import Floats, Image
from stash_sense.performers.building.curation import Finding, examine
from stash_sense.performers.building.portraits import LOOK_SIDE, Face
from stash_sense.recognition.space import unit

DIM = 32


def look(seed: int) -> Image:
    return np.random.default_rng(seed).integers(0, 255, (LOOK_SIDE, LOOK_SIDE), np.uint8)


def direction(seed: int) -> Floats:
    return unit(np.random.default_rng(seed).normal(size=DIM).astype(np.float32))


def face(who: int, seed: int, *, away: float = 0.1, quality: float = 1.0, like: int | None = None) -> Face:
    """A face at a cosine distance of about `away` from the middle of a person; `like` gives it another one's look."""
    middle, own = direction(who), direction(1000 + seed)
    own = unit(own - (own @ middle) * middle)
    vector = (1.0 - away) * middle + np.sqrt(1.0 - (1.0 - away) ** 2) * own
    return Face(unit(vector), quality, look(seed if like is None else like))


def test_faces_of_one_person_are_left_alone() -> None:
    assert examine([face(1, seed) for seed in range(6)], 1.0) == ()
    assert examine([face(1, 0)], 1.0) == ()
    assert examine([], 1.0) == ()


def test_of_copies_of_a_photograph_the_best_is_kept() -> None:
    original = face(1, 0, quality=0.9)
    copies = [Face(original.vector, 0.5, original.look), original, Face(original.vector, 0.7, original.look[:, ::-1])]
    found = examine([*copies, face(1, 1)], 1.0)
    assert found == (
        Finding("near_duplicate", (2,), (1,), left_out=True),
        Finding("near_duplicate", (0,), (1,), left_out=True),
    )


def test_of_copies_the_picture_of_one_person_is_kept_before_one_with_others() -> None:
    original = face(1, 0, quality=0.9)
    found = examine([original, Face(original.vector, 0.5, original.look), face(1, 1)], 1.0, frozenset({0}))
    assert found == (Finding("near_duplicate", (0,), (1,), left_out=True),)


def test_near_faces_that_do_not_look_alike_are_two_photographs() -> None:
    first = face(1, 0)
    assert examine([first, Face(first.vector, 1.0, look(77))], 1.0) == ()


def test_faces_without_contrast_are_nobodys_copies() -> None:
    flat = np.full((LOOK_SIDE, LOOK_SIDE), 90, np.uint8)
    vector = direction(1)
    assert examine([Face(vector, 1.0, flat), Face(vector, 1.0, flat)], 1.0) == ()


def test_one_face_unlike_the_others_is_left_out() -> None:
    found = examine([face(1, 0), face(1, 1), face(9, 2)], 1.0)
    assert found == (Finding("unlike_the_others", (2,), (0, 1), left_out=True),)


def test_of_two_faces_unlike_each_other_nobody_knows_which_is_right() -> None:
    found = examine([face(1, 0), face(9, 1)], 1.0)
    assert [(finding.code, finding.left_out) for finding in found] == [("two_people", False)]


def test_two_people_under_one_name_are_reported_with_both_groups_and_kept() -> None:
    found = examine([face(1, 0), face(9, 1), face(1, 2), face(9, 3)], 1.0)
    assert found == (Finding("two_people", (1, 3), (0, 2), left_out=False),)


def test_the_clearly_smaller_of_two_groups_is_left_out() -> None:
    found = examine([face(9, 0), face(9, 1), *(face(1, seed) for seed in range(2, 8))], 1.0)
    assert found == (Finding("two_people", (0, 1), (2, 3, 4, 5, 6, 7), left_out=True),)


def test_a_face_that_is_only_rather_unlike_the_others_is_kept() -> None:
    faces = [*(face(1, seed, away=0.02) for seed in range(5)), face(1, 9, away=0.5)]
    assert examine(faces, 1.0) == (Finding("unlike_the_others", (5,), (0, 1, 2, 3, 4), left_out=False),)


@pytest.mark.parametrize("scale", [0.2, 1.0])
def test_distances_are_meant_in_the_packs_own_unit(scale: float) -> None:
    """The same person with faces ten times as near to each other, in a space whose strangers are as much nearer."""
    faces = [*(face(1, seed, away=0.02 * scale) for seed in range(5)), face(1, 9, away=0.8 * scale)]
    (found,) = examine(faces, scale)
    assert (found.code, found.rows, found.left_out) == ("unlike_the_others", (5,), True)


def test_a_copy_of_a_strangers_face_does_not_make_two_of_it() -> None:
    stranger = face(9, 2)
    found = examine([face(1, 0), face(1, 1), stranger, Face(stranger.vector, 0.5, stranger.look)], 1.0)
    assert [(finding.code, finding.rows) for finding in found] == [
        ("near_duplicate", (3,)),
        ("unlike_the_others", (2,)),
    ]
