import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stash_sense.kernel.arrays import Bools, Floats, Ints
from stash_sense.recognition.clustering import cluster
from stash_sense.recognition.space import unit

seeds = st.integers(0, 2**32 - 1)


def faces_of(seed: int, count: int, people: int, spread: float, frames: int) -> tuple[Floats, Ints]:
    """Random faces about random people, in random frames."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(people, 8))
    vectors = centres[rng.integers(people, size=count)] + spread * rng.normal(size=(count, 8))
    return unit(vectors.astype(np.float32)), rng.integers(frames, size=count)


def meeting(frame: Ints) -> Bools:
    return np.asarray((frame[:, None] == frame[None, :]) & ~np.eye(len(frame), dtype=np.bool_))


def clustered(vectors: Floats, frame: Ints, min_similarity: float) -> list[Ints]:
    """Groups of faces that are each a track of their own; those of one frame are different people."""
    return cluster(vectors, np.ones(len(vectors), np.float32), meeting(frame), min_similarity)


def plain_linkage(
    vectors: Floats, tracks: list[list[int]], apart: Bools, min_similarity: float
) -> set[frozenset[int]]:
    """By the definition: again and again join the two groups of the highest mean cosine of their faces, if allowed.

    Returns:
        Sets of tracks.
    """
    cosines = vectors.astype(np.float64) @ vectors.astype(np.float64).T
    groups = [[track] for track in range(len(tracks))]

    def faces(group: list[int]) -> list[int]:
        return [row for track in group for row in tracks[track]]

    while True:
        pairs = [
            (float(cosines[np.ix_(faces(one), faces(other))].mean()), first, second)
            for second, other in enumerate(groups)
            for first, one in enumerate(groups[:second])
            if not apart[np.ix_(one, other)].any()
        ]
        best = max(pairs, default=None)
        if best is None or best[0] < min_similarity:
            return {frozenset(group) for group in groups}
        groups[best[1]] += groups.pop(best[2])


def as_sets(groups: list[Ints]) -> set[frozenset[int]]:
    return {frozenset(group.tolist()) for group in groups}


@settings(max_examples=150)
@given(
    seed=seeds,
    lengths=st.lists(st.integers(1, 5), max_size=16),
    people=st.integers(1, 5),
    spread=st.sampled_from([0.1, 0.4, 1.0]),
    share_apart=st.sampled_from([0.0, 0.1, 0.5]),
    min_similarity=st.floats(-0.9, 0.95),
)
def test_groups_of_tracks_are_those_of_always_joining_the_best_pair_by_all_their_faces(
    seed: int, lengths: list[int], people: int, spread: float, share_apart: float, min_similarity: float
) -> None:
    vectors, _ = faces_of(seed, sum(lengths), people, spread, 1)
    ends = np.cumsum(lengths).tolist()
    tracks = [list(range(end - length, end)) for end, length in zip(ends, lengths, strict=True)]
    apart = np.random.default_rng(seed).random((len(tracks), len(tracks))) < share_apart
    apart = np.triu(apart, 1) | np.triu(apart, 1).T
    means = np.array([vectors[rows].mean(axis=0) for rows in tracks], np.float32).reshape(-1, 8)
    found = cluster(means, np.array(lengths, np.float32), apart, min_similarity)
    assert as_sets(found) == plain_linkage(vectors, tracks, apart, min_similarity)


@pytest.mark.parametrize(("faces", "groups"), [(8, 1), (1, 2)])
def test_a_long_track_counts_by_its_faces_and_not_as_one(faces: int, groups: int) -> None:
    # The third is at 0.8 to the first and at 0.46 to the second, which join each other before.
    means = np.array([(1.0, 0.0), (0.9, 0.19**0.5), (0.8, -0.6)], np.float32)
    assert len(cluster(means, np.array([faces, 1, 1], np.float32), np.zeros((3, 3), np.bool_), 0.7)) == groups


def test_tracks_that_are_apart_stay_apart_through_a_third_that_is_like_both() -> None:
    means = np.repeat(np.eye(1, 8, dtype=np.float32), 3, axis=0)
    apart = np.zeros((3, 3), np.bool_)
    apart[0, 1] = apart[1, 0] = True
    groups = cluster(means, np.ones(3, np.float32), apart, 0.5)
    assert sorted(len(rows) for rows in groups) == [1, 2]
    assert not any({0, 1} <= set(rows.tolist()) for rows in groups)


@given(seed=seeds, count=st.integers(1, 60), frames=st.integers(1, 12), min_similarity=st.floats(-1.0, 0.99))
def test_every_face_is_in_one_group_and_no_two_of_a_frame_are_together(
    seed: int, count: int, frames: int, min_similarity: float
) -> None:
    vectors, frame = faces_of(seed, count, 3, 0.3, frames)
    groups = clustered(vectors, frame, min_similarity)
    assert sorted(np.concatenate(groups).tolist()) == list(range(count))
    assert all(len(set(frame[rows].tolist())) == len(rows) for rows in groups)


@given(seed=seeds, count=st.integers(1, 40), min_similarity=st.floats(-0.5, 0.9))
def test_groups_do_not_depend_on_the_order_of_the_faces(seed: int, count: int, min_similarity: float) -> None:
    vectors, frame = faces_of(seed, count, 4, 0.4, 10)
    order = np.random.default_rng(seed).permutation(count)
    shuffled = clustered(vectors[order], frame[order], min_similarity)
    assert as_sets([order[rows] for rows in shuffled]) == as_sets(clustered(vectors, frame, min_similarity))


def test_groups_stand_in_the_order_of_their_first_face_and_faces_in_that_of_their_rows() -> None:
    vectors = np.eye(3, dtype=np.float32)[[2, 0, 2, 1, 0]]
    groups = clustered(vectors, np.arange(5), 0.5)
    assert [rows.tolist() for rows in groups] == [[0, 2], [1, 4], [3]]
    assert all(rows.dtype == np.int64 for rows in groups)


def test_no_faces_make_no_groups_and_one_face_makes_one() -> None:
    assert clustered(np.zeros((0, 8), np.float32), np.zeros(0, np.int64), 0.5) == []
    (only,) = clustered(np.eye(1, 8, dtype=np.float32), np.array([7]), 0.5)
    assert only.tolist() == [0]


def test_the_same_face_again_and_again_is_one_person() -> None:
    vectors = np.repeat(unit(np.ones((1, 8), np.float32)), 50, axis=0)
    (everybody,) = clustered(vectors, np.arange(50), 0.99)
    assert everybody.tolist() == list(range(50))


def test_the_same_face_twice_in_every_frame_is_two_people() -> None:
    vectors = np.repeat(unit(np.ones((1, 8), np.float32)), 50, axis=0)
    frame = np.arange(50) // 2
    groups = clustered(vectors, frame, 0.99)
    assert [len(rows) for rows in groups] == [25, 25]
    assert all(len(set(frame[rows].tolist())) == 25 for rows in groups)


def test_faces_joined_at_exactly_the_threshold() -> None:
    vectors = np.array([[1.0, 0.0], [0.5, 0.75**0.5]], np.float32)
    assert len(clustered(vectors, np.arange(2), 0.5)) == 1
    assert len(clustered(vectors, np.arange(2), np.nextafter(np.float32(0.5), np.float32(1)).item())) == 2


def test_a_chain_of_lookalikes_does_not_make_opposites_one_person() -> None:
    angles = np.linspace(0.0, np.pi, 40)
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    groups = clustered(vectors, np.arange(40), 0.8)
    assert len(groups) > 1
    assert all(float((vectors[rows] @ vectors[rows].T).min()) > 0.0 for rows in groups)


def test_a_vector_that_is_no_number_is_a_person_of_its_own() -> None:
    vectors = np.array([[1, 0], [np.nan, np.nan], [1, 0]], np.float32)
    assert as_sets(clustered(vectors, np.arange(3), 0.5)) == {frozenset({0, 2}), frozenset({1})}


@pytest.mark.parametrize("people", [1, 60])
def test_five_thousand_faces_take_no_more_memory_than_their_largest_component(people: int) -> None:
    vectors, _ = faces_of(1, 5000, people, 0.25, 1)
    weights, apart = np.ones(5000, np.float32), np.zeros((5000, 5000), np.bool_)
    tracemalloc.start()
    try:
        groups = cluster(vectors, weights, apart, 0.55)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(np.unique(np.concatenate(groups))) == 5000
    assert len(groups) < 500
    # One matrix of similarities has 100 MB, the marks of forbidden pairs 25.
    assert peak < 160e6
