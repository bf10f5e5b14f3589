import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.recognition.clustering import cluster
from stash_sense.recognition.space import unit

seeds = st.integers(0, 2**32 - 1)


def faces_of(seed: int, count: int, people: int, spread: float, frames: int) -> tuple[Floats, Ints]:
    """Random faces about random people, in random frames."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(people, 8))
    vectors = centres[rng.integers(people, size=count)] + spread * rng.normal(size=(count, 8))
    return unit(vectors.astype(np.float32)), rng.integers(frames, size=count)


def plain_linkage(vectors: Floats, frame: Ints, min_similarity: float) -> set[frozenset[int]]:
    """By the definition: again and again join the two groups of the highest mean cosine that may be joined."""
    cosines = vectors.astype(np.float64) @ vectors.astype(np.float64).T
    groups = [[row] for row in range(len(vectors))]
    while True:
        pairs = [
            (float(cosines[np.ix_(one, other)].mean()), first, second)
            for second, other in enumerate(groups)
            for first, one in enumerate(groups[:second])
            if not set(frame[one]) & set(frame[other])
        ]
        best = max(pairs, default=None)
        if best is None or best[0] < min_similarity:
            return {frozenset(group) for group in groups}
        groups[best[1]] += groups.pop(best[2])


def as_sets(groups: list[Ints]) -> set[frozenset[int]]:
    return {frozenset(group.tolist()) for group in groups}


@settings(max_examples=150, deadline=None)
@given(
    seed=seeds,
    count=st.integers(0, 24),
    people=st.integers(1, 5),
    spread=st.sampled_from([0.1, 0.4, 1.0]),
    frames=st.integers(1, 30),
    min_similarity=st.floats(-0.9, 0.95),
)
def test_groups_are_those_of_always_joining_the_best_pair(
    seed: int, count: int, people: int, spread: float, frames: int, min_similarity: float
) -> None:
    vectors, frame = faces_of(seed, count, people, spread, frames)
    assert as_sets(cluster(vectors, frame, min_similarity)) == plain_linkage(vectors, frame, min_similarity)


@given(seed=seeds, count=st.integers(1, 60), frames=st.integers(1, 12), min_similarity=st.floats(-1.0, 0.99))
def test_every_face_is_in_one_group_and_no_two_of_a_frame_are_together(
    seed: int, count: int, frames: int, min_similarity: float
) -> None:
    vectors, frame = faces_of(seed, count, 3, 0.3, frames)
    groups = cluster(vectors, frame, min_similarity)
    assert sorted(np.concatenate(groups).tolist()) == list(range(count))
    assert all(len(set(frame[rows].tolist())) == len(rows) for rows in groups)


@given(seed=seeds, count=st.integers(1, 40), min_similarity=st.floats(-0.5, 0.9))
def test_groups_do_not_depend_on_the_order_of_the_faces(seed: int, count: int, min_similarity: float) -> None:
    vectors, frame = faces_of(seed, count, 4, 0.4, 10)
    order = np.random.default_rng(seed).permutation(count)
    shuffled = cluster(vectors[order], frame[order], min_similarity)
    assert as_sets([order[rows] for rows in shuffled]) == as_sets(cluster(vectors, frame, min_similarity))


def test_groups_stand_in_the_order_of_their_first_face_and_faces_in_that_of_their_rows() -> None:
    vectors = np.eye(3, dtype=np.float32)[[2, 0, 2, 1, 0]]
    groups = cluster(vectors, np.arange(5), 0.5)
    assert [rows.tolist() for rows in groups] == [[0, 2], [1, 4], [3]]
    assert all(rows.dtype == np.int64 for rows in groups)


def test_no_faces_make_no_groups_and_one_face_makes_one() -> None:
    assert cluster(np.zeros((0, 8), np.float32), np.zeros(0, np.int64), 0.5) == []
    (only,) = cluster(np.eye(1, 8, dtype=np.float32), np.array([7]), 0.5)
    assert only.tolist() == [0]


def test_the_same_face_again_and_again_is_one_person() -> None:
    vectors = np.repeat(unit(np.ones((1, 8), np.float32)), 50, axis=0)
    (everybody,) = cluster(vectors, np.arange(50), 0.99)
    assert everybody.tolist() == list(range(50))


def test_the_same_face_twice_in_every_frame_is_two_people() -> None:
    vectors = np.repeat(unit(np.ones((1, 8), np.float32)), 50, axis=0)
    frame = np.arange(50) // 2
    groups = cluster(vectors, frame, 0.99)
    assert [len(rows) for rows in groups] == [25, 25]
    assert all(len(set(frame[rows].tolist())) == 25 for rows in groups)


def test_faces_joined_at_exactly_the_threshold() -> None:
    vectors = np.array([[1.0, 0.0], [0.5, 0.75**0.5]], np.float32)
    assert len(cluster(vectors, np.arange(2), 0.5)) == 1
    assert len(cluster(vectors, np.arange(2), np.nextafter(np.float32(0.5), np.float32(1)).item())) == 2


def test_a_chain_of_lookalikes_does_not_make_opposites_one_person() -> None:
    angles = np.linspace(0.0, np.pi, 40)
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    groups = cluster(vectors, np.arange(40), 0.8)
    assert len(groups) > 1
    assert all(float((vectors[rows] @ vectors[rows].T).min()) > 0.0 for rows in groups)


def test_a_vector_that_is_no_number_is_a_person_of_its_own() -> None:
    vectors = np.array([[1, 0], [np.nan, np.nan], [1, 0]], np.float32)
    assert as_sets(cluster(vectors, np.arange(3), 0.5)) == {frozenset({0, 2}), frozenset({1})}


@pytest.mark.parametrize("people", [1, 60])
def test_five_thousand_faces_take_no_more_memory_than_their_largest_component(people: int) -> None:
    vectors, _ = faces_of(1, 5000, people, 0.25, 1)
    tracemalloc.start()
    try:
        groups = cluster(vectors, np.arange(5000), 0.55)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(np.unique(np.concatenate(groups))) == 5000
    assert len(groups) < 500
    # One matrix of similarities has 100 MB, the marks of forbidden pairs 25.
    assert peak < 160e6
