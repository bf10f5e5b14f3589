import sys
from pathlib import Path

import numpy as np
import pytest

from stash_sense.errors import Cancelled, NotWritable, SearchMatrixUnfit, VectorsNotNumbers
from stash_sense.kernel.arrays import Floats
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress
from stash_sense.performers.search.index import MOST, ArrayVectors
from stash_sense.performers.search.int8_matrix import Int8Matrix, derive
from stash_sense.recognition.space import unit

DIM = 20


def vectors(count: int, dim: int = DIM, seed: int = 0) -> Floats:
    return unit(np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vectors.int8"


linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def memory_of(path: Path) -> int:
    """Bytes of a mapped file that are in the memory of this process."""
    lines = iter(Path("/proc/self/smaps").read_text().splitlines())
    found = [next(line for line in lines if line.startswith("Rss:")) for line in lines if line.endswith(str(path))]
    return sum(int(line.split()[1]) for line in found) * 1024


def derived(path: Path, references: Floats) -> Int8Matrix:
    derive(ArrayVectors(references), path)
    return Int8Matrix.open(path, ArrayVectors(references))


@pytest.mark.parametrize("count", [1, 511, 512, 513])
def test_a_byte_is_at_most_half_a_step_from_its_value(path: Path, count: int) -> None:
    references = vectors(count)
    matrix = derived(path, references)
    kept = (matrix.rows.astype(np.float32) - 128) * matrix.scales
    assert (np.abs(kept - references) <= matrix.scales * 0.5001).all()
    assert np.abs(matrix.rows.astype(int) - 128).max() == 127


def test_a_file_is_one_byte_per_value_and_a_little(path: Path) -> None:
    derived(path, vectors(5000))
    assert path.stat().st_size == 5000 * DIM + 2 * 4096


@linux
def test_rows_are_mapped_not_read(path: Path) -> None:
    matrix = derived(path, vectors(100_000))
    assert not matrix.rows.flags.writeable
    assert memory_of(path) < 64 * 1024
    matrix.rows.sum()
    assert memory_of(path) > 1_900_000


@linux
def test_rows_that_were_let_go_take_no_memory_and_can_be_read_again(path: Path) -> None:
    matrix = derived(path, vectors(100_000))
    before = matrix.rows.copy()
    matrix.let_go(0, 100_000)
    assert memory_of(path) <= 2 * 4096
    np.testing.assert_array_equal(matrix.rows, before)


@linux
def test_only_the_rows_that_were_named_are_let_go(path: Path) -> None:
    matrix = derived(path, vectors(100_000))
    matrix.rows.sum()
    whole = memory_of(path)
    matrix.let_go(25_000, 50_000)
    assert 500_000 - 4096 <= whole - memory_of(path) <= 500_000 + 2 * 4096


def test_nothing_is_let_go_of_no_rows(path: Path) -> None:
    derived(path, vectors(0)).let_go(0, 0)
    derived(path, vectors(3)).let_go(3, 3)


def test_no_rows_are_a_matrix_too(path: Path) -> None:
    matrix = derived(path, vectors(0))
    assert matrix.rows.shape == (0, DIM)
    assert path.stat().st_size == 2 * 4096


def test_the_same_vectors_give_the_same_bytes(path: Path) -> None:
    derive(ArrayVectors(vectors(300)), path)
    once = path.read_bytes()
    derive(ArrayVectors(vectors(300)), path)
    assert path.read_bytes() == once


def test_probes_use_the_whole_range_and_no_more(path: Path) -> None:
    whole, slack = derived(path, vectors(100)).whole(vectors(10, seed=1))
    assert whole.dtype == np.int8
    assert np.abs(whole.astype(int)).max(axis=1).tolist() == [MOST] * 10
    assert (slack > 0).all()


def test_scores_are_wrong_by_less_than_the_slack(path: Path) -> None:
    references, probes = vectors(4000, 256), vectors(50, 256, seed=1)
    matrix = derived(path, references)
    whole, slack = matrix.whole(probes)
    scores = (matrix.rows.astype(np.int64) - 128) @ whole.T.astype(np.int64)
    exact = references.astype(np.float64) @ probes.T.astype(np.float64)
    steps = np.abs(probes * matrix.scales).max(axis=1) / MOST
    wrong = scores - exact / steps
    # The most that two of four thousand rows differ by, and not a slack that anything would fit into.
    assert ((wrong.max(axis=0) - wrong.min(axis=0)) < 1.7 * slack).all()
    assert (5 * np.sqrt(2) * wrong.std(axis=0) > 0.5 * slack).all()


def test_every_block_is_told_in_two_passes(path: Path) -> None:
    told: list[Progress] = []
    derive(ArrayVectors(vectors(1200)), path, told.append)
    assert [(report.done, report.total) for report in told] == [(done, 6) for done in range(1, 7)]
    assert len({report.stage for report in told}) == 1


@pytest.mark.parametrize("after", [1, 3, 5])
def test_stopped_nothing_is_left(path: Path, after: int) -> None:
    cancel = CancelToken()

    def stop(report: Progress) -> None:
        if report.done == after:
            cancel.cancel()

    with pytest.raises(Cancelled):
        derive(ArrayVectors(vectors(20_000)), path, stop, cancel)
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_is_refused(path: Path, value: float) -> None:
    references = vectors(100)
    references[60, 3] = value
    with pytest.raises(VectorsNotNumbers):
        derive(ArrayVectors(references), path)
    assert list(path.parent.iterdir()) == []


def test_values_next_to_nothing_are_nothing(path: Path) -> None:
    references = vectors(100)
    references[:, 4] = 1e-42
    assert (derived(path, references).rows[:, 4] == 128).all()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotWritable):
        derive(ArrayVectors(vectors(3)), tmp_path / "missing" / "vectors.int8")


@pytest.mark.parametrize("other", [vectors(99), vectors(101), vectors(100, DIM + 1), vectors(0)])
def test_a_matrix_of_other_vectors_is_refused(path: Path, other: Floats) -> None:
    derive(ArrayVectors(vectors(100)), path)
    with pytest.raises(SearchMatrixUnfit, match=f"it holds 100 x {DIM} values"):
        Int8Matrix.open(path, ArrayVectors(other))


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4100, 8191, 8192, 8192 + 100 * DIM - 1])
def test_a_matrix_cut_short_is_refused(path: Path, size: int) -> None:
    derive(ArrayVectors(vectors(100)), path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(SearchMatrixUnfit):
        Int8Matrix.open(path, ArrayVectors(vectors(100)))


@pytest.mark.parametrize(
    "header",
    [
        b"\xff" * 4096,
        b"[" * 4096,
        b"[]".ljust(4096),
        b'{"format": "another"}'.ljust(4096),
        b'{"format": "stash-sense int8 1", "shape": [100, 20]}'.ljust(4096),
        b'{"format": "stash-sense int8 1", "shape": [100, 20], "energy": NaN}'.ljust(4096),
        b'{"format": "stash-sense int8 1", "shape": 100, "energy": 1.0}'.ljust(4096),
    ],
)
def test_a_header_that_is_none_is_refused(path: Path, header: bytes) -> None:
    derive(ArrayVectors(vectors(100)), path)
    path.write_bytes(header + path.read_bytes()[4096:])
    with pytest.raises(SearchMatrixUnfit):
        Int8Matrix.open(path, ArrayVectors(vectors(100)))


@pytest.mark.parametrize("scale", [np.nan, np.inf, 0.0, -1.0])
def test_a_scale_that_cannot_be_is_refused(path: Path, scale: float) -> None:
    derive(ArrayVectors(vectors(100)), path)
    content = bytearray(path.read_bytes())
    content[4096:4100] = np.float32(scale).tobytes()
    path.write_bytes(content)
    with pytest.raises(SearchMatrixUnfit, match="damaged"):
        Int8Matrix.open(path, ArrayVectors(vectors(100)))


def test_a_missing_matrix_is_said(path: Path) -> None:
    with pytest.raises(SearchMatrixUnfit):
        Int8Matrix.open(path, ArrayVectors(vectors(100)))
