"""What every exact `VectorIndex` promises; another adapter joins by a line in `ADAPTERS`."""

import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stash_sense.adapters.onnx.int8_kernel import OnnxInt8Kernel
from stash_sense.kernel.arrays import Floats
from stash_sense.performers.search.float_search import FloatSearch
from stash_sense.performers.search.index import ArrayVectors, Int8Kernel, VectorIndex
from stash_sense.performers.search.int8_matrix import Int8Matrix, derive
from stash_sense.performers.search.int8_numpy import NumpyInt8Kernel
from stash_sense.performers.search.int8_search import Int8Search
from stash_sense.recognition.space import unit

Adapter = Callable[[Floats], VectorIndex]


def int8_search(kernel: Int8Kernel) -> Adapter:
    def opened(references: Floats) -> VectorIndex:
        vectors = ArrayVectors(references)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "vectors.int8"
            derive(vectors, path)
            return Int8Search(Int8Matrix.open(path, vectors), vectors, kernel)

    return opened


ADAPTERS: dict[str, Adapter] = {
    "float": lambda references: FloatSearch(ArrayVectors(references)),
    "int8-onnx": int8_search(OnnxInt8Kernel(threads=1)),
    "int8-numpy": int8_search(NumpyInt8Kernel()),
}
DIM = 24


@pytest.fixture(params=list(ADAPTERS.values()), ids=list(ADAPTERS), scope="session")
def adapter(request: pytest.FixtureRequest) -> Adapter:
    opened: Adapter = request.param
    return opened


def vectors(seed: int, count: int, dim: int = DIM) -> Floats:
    return unit(np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32))


def check(index: VectorIndex, references: Floats, probes: Floats, k: int) -> None:
    """Compare with every cosine in double precision; what is equal to seven digits may stand in either order."""
    found = index.search(probes, k)
    k = min(k, len(references))
    assert found.rows.shape == found.cosines.shape == (len(probes), k)
    cosines = probes.astype(np.float64) @ references.T.astype(np.float64)
    for rows, told, right in zip(found.rows, found.cosines, cosines, strict=True):
        assert len(set(rows.tolist())) == k
        np.testing.assert_allclose(told, right[rows], atol=1e-6)
        np.testing.assert_allclose(told, np.sort(right)[::-1][:k], atol=1e-6)
        assert (np.diff(told) <= 0).all()
        equal = np.diff(told) == 0
        assert (np.diff(rows)[equal] > 0).all()


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(0, 400),
    dim=st.integers(1, 70),
    probes=st.integers(0, 5),
    k=st.integers(1, 60),
)
def test_the_nearest_are_those_of_every_row_compared(
    adapter: Adapter, seed: int, count: int, dim: int, probes: int, k: int
) -> None:
    references = vectors(seed, count, dim)
    check(adapter(references), references, vectors(seed + 1, probes, dim), k)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    originals=st.integers(1, 6),
    copies=st.integers(1, 80),
    noise=st.sampled_from([0.0, 1e-6, 1e-4, 1e-2]),
    k=st.integers(1, 30),
)
def test_pictures_that_are_nearly_the_same_are_told_apart(
    adapter: Adapter, seed: int, originals: int, copies: int, noise: float, k: int
) -> None:
    random = np.random.default_rng(seed)
    references = np.repeat(vectors(seed, originals), copies, axis=0)
    references = unit(references + noise * random.normal(size=references.shape).astype(np.float32))
    check(adapter(references), references, np.concatenate([references[:2], vectors(seed + 1, 2)]), k)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    spikes=st.lists(st.integers(0, DIM - 1), min_size=1, max_size=30),
    strength=st.sampled_from([1.0, 30.0, 1e4]),
    k=st.integers(1, 20),
)
def test_a_dimension_that_outweighs_all_others_spoils_nothing(
    adapter: Adapter, seed: int, spikes: list[int], strength: float, k: int
) -> None:
    references = vectors(seed, 200)
    references[np.arange(len(spikes)), spikes] *= strength
    references = unit(references)
    check(adapter(references), references, np.concatenate([references[:3], references[-3:]]), k)


def test_unit_vectors_along_the_axes_find_themselves(adapter: Adapter) -> None:
    axes = np.concatenate([np.eye(DIM), -np.eye(DIM)]).astype(np.float32)
    found = adapter(axes).search(axes, 2)
    assert found.rows[:, 0].tolist() == list(range(2 * DIM))
    np.testing.assert_allclose(found.cosines, [[1.0, 0.0]] * 2 * DIM)


def test_a_dimension_that_is_never_used_counts_for_nothing(adapter: Adapter) -> None:
    references = vectors(0, 100)
    references[:, ::2] = 0
    check(adapter(unit(references)), unit(references), vectors(1, 5), 7)


def test_equal_vectors_come_by_row_however_many_there_are(adapter: Adapter) -> None:
    references = np.repeat(vectors(0, 2), 9000, axis=0)[::-1].copy()
    found = adapter(references).search(references[:1], 12)
    assert found.rows.tolist() == [list(range(12))]
    assert len(set(found.cosines[0].tolist())) == 1


def test_a_probe_without_direction_finds_the_first_rows(adapter: Adapter) -> None:
    found = adapter(vectors(0, 500)).search(np.zeros((2, DIM), np.float32), 3)
    assert found.rows.tolist() == [[0, 1, 2]] * 2
    assert not found.cosines.any()


def test_more_rows_than_there_are_are_all_rows(adapter: Adapter) -> None:
    references = vectors(0, 7)
    found = adapter(references).search(references[3:4], 100)
    assert sorted(found.rows[0].tolist()) == list(range(7))
    assert found.rows[0, 0] == 3


def test_of_one_row_that_row_is_found(adapter: Adapter) -> None:
    reference = vectors(0, 1)
    found = adapter(reference).search(-reference, 5)
    assert found.rows.tolist() == [[0]]
    np.testing.assert_allclose(found.cosines, [[-1.0]], atol=1e-6)


def test_among_none_nothing_is_found(adapter: Adapter) -> None:
    index = adapter(vectors(0, 0))
    assert (index.count, index.dim) == (0, DIM)
    assert index.search(vectors(1, 3), 5).rows.shape == (3, 0)


def test_no_probes_have_no_answers(adapter: Adapter) -> None:
    found = adapter(vectors(0, 20)).search(np.zeros((0, DIM), np.float32), 5)
    assert found.rows.shape == found.cosines.shape == (0, 5)


def test_answers_are_plain_arrays_of_the_types_promised(adapter: Adapter) -> None:
    found = adapter(vectors(0, 20)).search(vectors(1, 3), 5)
    assert found.rows.dtype == np.int64
    assert found.cosines.dtype == np.float32


def test_each_probe_is_answered_on_its_own_however_many_there_are(adapter: Adapter) -> None:
    index = adapter(vectors(0, 3000))
    probes = vectors(1, 200)
    together = index.search(probes, 4)
    for row in (0, 63, 64, 65, 127, 128, 199):
        alone = index.search(probes[row : row + 1], 4)
        np.testing.assert_array_equal(alone.rows[0], together.rows[row])
        np.testing.assert_array_equal(alone.cosines[0], together.cosines[row])


@pytest.mark.parametrize("probes", [1, 64])
def test_rows_of_every_block_are_found(adapter: Adapter, probes: int) -> None:
    references = vectors(0, 70_011, 8)
    check(adapter(references), references, np.concatenate([references[-1:], vectors(1, probes - 1, 8)]), 10)


def test_several_threads_can_search_at_once(adapter: Adapter) -> None:
    index = adapter(vectors(0, 20_000))
    probes = vectors(1, 8)
    wanted = index.search(probes, 5)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: index.search(probes, 5), range(8)))
    for answer in answers:
        np.testing.assert_array_equal(answer.rows, wanted.rows)
        np.testing.assert_array_equal(answer.cosines, wanted.cosines)
