"""How many people there are among groups that names alone do not join."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.recognition.made_faces import DIM, Seen, faces_of, group_of, like, person

from stash_sense.recognition.curve import ProbabilityCurve
from stash_sense.recognition.faces import Faces
from stash_sense.recognition.matching.counting import PAIR_FEATURES, Piece, Pieces
from stash_sense.recognition.space import Block, FaceSpace, unit

SPACE = FaceSpace.plain([Block(DIM, 1.0)])
CURVE = ProbabilityCurve(("template_similarity",), (20.0,), -10.0, "test")
"""Even odds at a cosine of 0.5 between templates."""


def pieces_of(faces: Faces, *names: int | None, candidates: tuple[int | None, ...] = ()) -> list[Piece]:
    """A piece for each track, with the names given."""
    nearest = candidates or names
    return [Piece(group_of(faces, track), name, nearest[track]) for track, name in enumerate(names)]


def counted(faces: Faces, *names: int | None) -> list[tuple[int, ...]]:
    return Pieces(faces, pieces_of(faces, *names), SPACE).join(CURVE, 0.5, 0.5)


def shot(track: int, vector: np.typing.NDArray[np.float32], first: int, length: int = 2) -> list[Seen]:
    return [Seen(frame, track, vector) for frame in range(first, first + length)]


def test_pieces_of_one_person_are_joined_and_those_of_another_are_not() -> None:
    faces = faces_of(*shot(0, like(1, 0.9), 0), *shot(1, person(2), 5), *shot(2, like(1, 0.9), 9))
    assert sorted(map(sorted, counted(faces, None, None, None))) == [[0, 2], [1]]


def test_two_who_meet_are_never_one() -> None:
    faces = faces_of(*shot(0, person(1), 0), *shot(1, person(1), 1))
    assert sorted(counted(faces, None, None)) == [(0,), (1,)]


def test_two_who_meet_are_not_joined_by_a_third_either() -> None:
    faces = faces_of(*shot(0, like(1, 0.9, 10), 0), *shot(1, like(1, 0.9, 11), 1), *shot(2, like(1, 0.97, 10), 8))
    assert sorted(map(sorted, counted(faces, None, None, None))) == [[0, 2], [1]]


def test_a_piece_of_somebody_with_a_name_joins_the_name_which_comes_first() -> None:
    faces = faces_of(*shot(0, person(1), 0), *shot(1, person(1), 5), *shot(2, person(1), 9))
    (joined,) = counted(faces, None, 7, None)
    assert joined[0] == 1
    assert sorted(joined) == [0, 1, 2]


def test_two_names_are_never_one_though_a_piece_is_like_both() -> None:
    faces = faces_of(*shot(0, person(1), 0), *shot(1, person(1), 5), *shot(2, person(1), 9))
    people = counted(faces, 7, 8, None)
    assert sorted(len(places) for places in people) == [1, 2]
    assert all(len({0, 1} & set(places)) == 1 for places in people)


def test_the_likeliest_pair_is_joined_first() -> None:
    # The second looks like both of the others, who meet: it is the one it looks like most.
    faces = faces_of(*shot(0, like(1, 0.8, 10), 0), *shot(1, person(1), 5), *shot(2, like(1, 0.9, 11), 0))
    assert sorted(map(sorted, counted(faces, None, None, None))) == [[0], [1, 2]]


def test_a_joined_piece_is_compared_as_a_whole() -> None:
    """The first and the last have nothing in common but the one between them, which both are joined to or not."""
    left, right = like(1, 0.8, 10), like(1, 0.8, 11)
    faces = faces_of(*shot(0, left, 0, 6), *shot(1, like(1, 0.95, 10), 10, 1), *shot(2, right, 20, 1))
    template = unit(6 * left + like(1, 0.95, 10))
    between = float(template @ right)
    assert float(like(1, 0.95, 10) @ right) > between
    for even_odds, people in ((between - 0.01, 1), (between + 0.01, 2)):
        curve = ProbabilityCurve(("template_similarity",), (100.0,), -100.0 * even_odds, "test")
        pieces = pieces_of(faces, None, None, None)
        assert len(Pieces(faces, pieces, SPACE).join(curve, 0.5, 0.5)) == people


def test_nobody_is_nobody_and_one_is_one() -> None:
    assert Pieces(faces_of(), [], SPACE).join(CURVE, 0.5, 0.5) == []
    assert counted(faces_of(*shot(0, person(1), 0)), None) == [(0,)]


def test_what_two_pieces_have_in_common() -> None:
    whitened = FaceSpace(
        SPACE.blocks,
        (np.diag(np.linspace(1, 3, DIM)).astype(np.float32),),
        SPACE.mean,
        SPACE.mean,
        SPACE.crowd_covariance,
    )
    one = [Seen(0, 0, like(1, 0.9, 10), 0.25), Seen(1, 0, like(1, 0.6, 11), 1.0)]
    other = [Seen(5, 1, like(1, 0.7, 12), 0.64)]
    faces = faces_of(*one, *other)
    others, common = Pieces(faces, pieces_of(faces, None, None, candidates=(3, 3)), whitened).common(0)
    assert others.tolist() == [1]
    said = dict(zip(PAIR_FEATURES, common[0].tolist(), strict=True))
    first, second, third = faces.vectors
    assert said["mean_similarity"] == pytest.approx(float((first @ third + second @ third) / 2), abs=1e-6)
    assert said["template_similarity"] == pytest.approx(float(unit(0.25 * first + second) @ third), abs=1e-6)
    white = whitened.whitened(faces.vectors)
    assert said["similarity"] == pytest.approx(float(unit(0.25 * white[0] + white[1]) @ white[2]), abs=1e-6)
    assert said["poorest"] == pytest.approx(0.75, abs=1e-6)
    assert said["fewest"] == pytest.approx(math.log(1))
    assert said["same_candidate"] == 1.0


@pytest.mark.parametrize("candidates", [(3, 4), (None, 3), (None, None)])
def test_pieces_nearest_to_different_people_or_nobody_share_no_candidate(candidates: tuple[int | None, ...]) -> None:
    faces = faces_of(*shot(0, person(1), 0), *shot(1, person(1), 5))
    _, common = Pieces(faces, pieces_of(faces, None, None, candidates=candidates), SPACE).common(0)
    assert common[0, PAIR_FEATURES.index("same_candidate")] == 0.0


def test_beyond_a_thousand_pieces_those_seen_most_are_compared_and_the_others_stay_as_they_are() -> None:
    often = [face for track in range(2) for face in shot(track, person(1), 3 * track, 2)]
    once = [Seen(100 + track, track, person(1 + track % 20)) for track in range(2, 1200)]
    faces = faces_of(*often, *once)
    curve = ProbabilityCurve(("template_similarity",), (100.0,), -99.0, "test")
    names: list[int | None] = [None] * 1199 + [7]
    people = Pieces(faces, pieces_of(faces, *names), SPACE).join(curve, 0.5, 0.5)
    assert sorted(place for places in people for place in places) == list(range(1200))
    assert any({0, 1} <= set(places) for places in people)
    assert any(1199 in places and len(places) > 1 for places in people)  # whoever has a name is compared
    assert sum(len(places) == 1 for places in people) == 200


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 12), named=st.integers(0, 4), level=st.floats(0.1, 0.9))
def test_everybody_is_counted_once_with_one_name_and_one_face_in_a_frame(
    seed: int, count: int, named: int, level: float
) -> None:
    rng = np.random.default_rng(seed)
    seen = []
    for track in range(count):
        vector = unit((person(int(rng.integers(3))) + rng.normal(0, 0.15, DIM)).astype(np.float32))
        seen += shot(track, vector, int(rng.integers(12)), int(rng.integers(1, 4)))
    faces = faces_of(*seen)
    names = [track if track < named else None for track in range(count)]
    people = Pieces(faces, pieces_of(faces, *names), SPACE).join(CURVE, level, level)
    assert sorted(place for places in people for place in places) == list(range(count))
    for places in people:
        frames = [frame for place in places for frame in group_of(faces, place).frames]
        assert len(set(frames)) == len(frames)
        assert all(names[place] is None for place in places[1:])
