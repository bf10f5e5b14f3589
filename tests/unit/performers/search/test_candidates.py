import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stash_sense.kernel.arrays import Doubles, Floats
from stash_sense.performers.search.candidates import Candidates
from stash_sense.performers.search.index import ArrayVectors
from stash_sense.recognition.space import unit


def vectors(count: int, seed: int = 0, dim: int = 8) -> Floats:
    return unit(np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32))


class Counting(ArrayVectors):
    """Counts the rows that are read."""

    read = 0

    def rows(self, rows: np.typing.NDArray[np.int64]) -> Floats:
        self.read += len(rows)
        return super().rows(rows)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(1, 900), min_size=1, max_size=6),
    probes=st.integers(1, 4),
    k=st.integers(1, 20),
    wrong=st.sampled_from([0.0, 0.01, 0.3]),
)
def test_scores_that_are_wrong_by_no_more_than_said_lose_nothing(
    seed: int, sizes: list[int], probes: int, k: int, wrong: float
) -> None:
    random = np.random.default_rng(seed)
    references, wanted = vectors(sum(sizes), seed), vectors(probes, seed + 1)
    k = min(k, len(references))
    cosines = references.astype(np.float64) @ wanted.T.astype(np.float64)
    candidates = Candidates(k, np.full(probes, 2 * wrong + 1e-6))
    scores = cosines + random.uniform(-wrong, wrong, cosines.shape)
    for first, size in zip(np.cumsum([0, *sizes]).tolist(), sizes, strict=False):
        candidates.add(first, scores[first : first + size])
    found = candidates.nearest(wanted, ArrayVectors(references))
    np.testing.assert_allclose(found.cosines, -np.sort(-cosines, axis=0)[:k].T, atol=1e-6)
    np.testing.assert_allclose(found.cosines, np.take_along_axis(cosines.T, found.rows, axis=1), atol=1e-6)


def test_no_more_rows_are_read_than_may_be_among_the_nearest() -> None:
    references = Counting(vectors(100_000))
    probe = vectors(1, 1)
    scores: Doubles = (references.block(0, references.count) @ probe.T).astype(np.float64)
    candidates = Candidates(10, np.full(1, 0.001))
    for first in range(0, references.count, 10_000):
        candidates.add(first, scores[first : first + 10_000])
    candidates.nearest(probe, references)
    assert references.read == (scores >= np.sort(scores[:, 0])[-10] - 0.001).sum()


def test_a_row_that_is_near_to_many_probes_is_read_once() -> None:
    references = Counting(vectors(500))
    probes = np.repeat(references.block(7, 8), 60, axis=0)
    candidates = Candidates(1, np.full(60, 1e-6))
    candidates.add(0, references.block(0, 500) @ probes.T)
    assert candidates.nearest(probes, references).rows.tolist() == [[7]] * 60
    assert references.read == 1


@pytest.mark.parametrize("blocks", [1, 10, 50])
def test_of_rows_that_scores_cannot_tell_apart_the_first_are_kept(blocks: int) -> None:
    references = Counting(np.repeat(vectors(1), 50_000, axis=0))
    candidates = Candidates(3, np.zeros(2))
    size = references.count // blocks
    for first in range(0, references.count, size):
        candidates.add(first, np.full((size, 2), 5, np.int32))
    assert candidates.nearest(vectors(2, 1), references).rows.tolist() == [[0, 1, 2]] * 2
    assert references.read <= 4096


def test_what_one_probe_has_in_plenty_takes_nothing_from_another() -> None:
    references = ArrayVectors(vectors(40_000))
    probes = vectors(2, 1)
    scores = references.block(0, 40_000) @ probes.T
    scores[:, 0] = 0
    candidates = Candidates(5, np.array([0.5, 1e-6]))
    for first in range(0, 40_000, 8_000):
        candidates.add(first, scores[first : first + 8_000])
    assert candidates.nearest(probes, references).rows[1].tolist() == np.argsort(-scores[:, 1])[:5].tolist()
