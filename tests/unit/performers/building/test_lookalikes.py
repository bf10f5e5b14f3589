import numpy as np
import pytest

from stash_sense.errors import Cancelled
from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.building.lookalikes import Lookalike, NearestFaces, lookalikes, nearest_faces
from stash_sense.performers.search.index import ArrayVectors
from stash_sense.recognition.space import unit
from stash_sense.recognition.spec import MatchingConstants

CONSTANTS = MatchingConstants(cluster_distance=0.4, max_distance=0.4, stranger_distance=1.0)


def crowd(count: int, people: int, dim: int = 16) -> tuple[Floats, Ints]:
    draws = np.random.default_rng(5)
    owner = np.sort(draws.integers(0, people, count)).astype(np.int64)
    return unit(draws.normal(size=(count, dim)).astype(np.float32)), owner


def found_for(own: float, other: float) -> list[Lookalike]:
    """What is said of one face at these distances to its own person and to the nearest of others."""
    cosines = np.array([[1.0 - own, 1.0 - other]], np.float32)
    nearest = NearestFaces(cosines[:, 0], cosines[:, 1], np.array([7]))
    return list(lookalikes(np.array([3]), nearest, CONSTANTS))


def test_the_nearest_are_those_of_a_whole_comparison() -> None:
    vectors, owner = crowd(9000, 700)
    probes = np.array([0, 17, 8191, 8192, 8999])
    found, back = nearest_faces(ArrayVectors(vectors), owner, probes, CancelToken())
    for place, row in enumerate(probes.tolist()):
        cosines = vectors @ vectors[row]
        others = np.where(owner == owner[row], -2.0, cosines)
        own = np.where(owner == owner[row], cosines, -2.0)
        own[row] = -2.0
        assert found.rows[place] == others.argmax()
        np.testing.assert_allclose([found.other[place], found.own[place]], [others.max(), own.max()], atol=1e-5)
    asked = np.where(owner[:, None] == owner[probes][None], -2.0, vectors @ vectors[probes].T)
    np.testing.assert_allclose(back.other, asked.max(axis=1), atol=1e-5)
    assert (back.rows == probes[asked.argmax(axis=1)]).mean() > 0.99


@pytest.mark.parametrize("probes", [np.arange(6000), np.arange(1000, 5500), np.arange(0, 6000, 2)])
def test_any_two_are_compared_once_and_nothing_is_missed(probes: Ints) -> None:
    vectors, owner = crowd(6000, 500)
    found, back = nearest_faces(ArrayVectors(vectors), owner, probes, CancelToken())
    asked = np.zeros(len(vectors), bool)
    asked[probes] = True
    for place, row in list(enumerate(probes.tolist()))[::7]:
        cosines = vectors @ vectors[row]
        mine = owner == owner[row]
        cosines[row] = -2.0
        expected = [cosines[~mine].max(), cosines[mine].max(initial=-2.0)]
        np.testing.assert_allclose([found.other[place], found.own[place]], expected, atol=1e-5)
        assert cosines[found.rows[place]] == pytest.approx(expected[0], abs=1e-5)
        assert not mine[found.rows[place]]
    for row in np.flatnonzero(~asked)[::7].tolist():
        others = (vectors[probes] @ vectors[row])[owner[probes] != owner[row]]
        assert back.other[row] == pytest.approx(others.max(), abs=1e-5)


def test_who_has_one_face_has_none_of_their_own_beside_it() -> None:
    vectors, _ = crowd(2, 2)
    found, _ = nearest_faces(ArrayVectors(vectors), np.array([0, 1]), np.array([0, 1]), CancelToken())
    assert found.own.tolist() == [-2.0, -2.0]
    assert found.rows.tolist() == [1, 0]


def test_where_there_is_nobody_else_nobody_is_found() -> None:
    vectors, _ = crowd(2, 2)
    probes = np.array([0, 1])
    found, _ = nearest_faces(ArrayVectors(vectors), np.array([0, 0]), probes, CancelToken())
    assert found.rows.tolist() == [-1, -1]
    assert list(lookalikes(probes, found, CONSTANTS)) == []


def test_comparing_stops_when_asked() -> None:
    vectors, owner = crowd(10, 3)
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        nearest_faces(ArrayVectors(vectors), owner, np.array([0]), cancel)


@pytest.mark.parametrize(
    ("own", "other", "reported"),
    [
        (0.8, 0.2, True),  # clearly nearer to the other
        (0.8, 0.45, False),  # nearer, yet too far for one person
        (0.35, 0.3, False),  # not clearly nearer
        (0.22, 0.2, True),  # very near, and nearer
        (0.15, 0.2, False),  # nearer to its own
        (3.0, 0.2, True),  # the only one of its person, and very near
        (3.0, 0.3, False),
    ],
)
def test_a_face_is_reported_by_how_near_it_is_to_both(own: float, other: float, reported: bool) -> None:
    assert found_for(own, other) == ([Lookalike(3, 7)] if reported else [])


def test_among_very_many_people_strangers_are_near_and_only_nearer_ones_are_reported() -> None:
    away = np.full(200, 0.24)
    away[0] = 0.05
    nearest = NearestFaces(
        np.full(200, -2.0, np.float32), (1.0 - away).astype(np.float32), np.arange(200, dtype=np.int64)
    )
    assert [one.row for one in lookalikes(np.arange(200), nearest, CONSTANTS)] == [0]
