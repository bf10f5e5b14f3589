import numpy as np
import onnxruntime
import pytest

from stash_sense.adapters.onnx.int8_kernel import OnnxInt8Kernel, computes_right, int8_kernel
from stash_sense.performers.search.index import MOST, Bytes, Int8Kernel, Scores, WholeProbes
from stash_sense.performers.search.int8_numpy import NumpyInt8Kernel

KERNELS: list[Int8Kernel] = [OnnxInt8Kernel(threads=1), OnnxInt8Kernel(threads=2), NumpyInt8Kernel()]
every_kernel = pytest.mark.parametrize("kernel", KERNELS, ids=["onnx", "onnx-2", "numpy"])


class Saturating:
    """As a processor without 8-bit dot products adds: neighbouring products in 16 bits that stop at their ends."""

    def scores(self, rows: Bytes, probes: WholeProbes) -> Scores:
        products = rows[:, None].astype(np.int64) * probes[None].astype(np.int64)
        even = products.shape[2] // 2 * 2
        pairs = products[..., 0:even:2] + products[..., 1:even:2]
        sums = np.clip(pairs, -(2**15), 2**15 - 1).sum(axis=2) + products[..., even:].sum(axis=2)
        scores: Scores = sums.astype(np.int32)
        return scores


class TooSmall(NumpyInt8Kernel):
    """Stops a little too early."""

    def scores(self, rows: Bytes, probes: WholeProbes) -> Scores:
        scores: Scores = np.minimum(super().scores(rows, probes), 8_000_000)
        return scores


@every_kernel
@pytest.mark.parametrize(
    "shape",
    [
        (1, 1, 1),
        (1, 64, 1024),
        (777, 64, 1024),
        (33, 5, 320),
        (513, 1, 321),
        (40, 3, 3000),
        (2, 1, 320),
        (100, 8, 512),
    ],
)
def test_sums_are_exact(kernel: Int8Kernel, shape: tuple[int, int, int]) -> None:
    count, probes, dim = shape
    random = np.random.default_rng(0)
    rows = random.integers(0, 256, (count, dim), dtype=np.uint8)
    whole = random.integers(-MOST, MOST + 1, (probes, dim), dtype=np.int8)
    scores = kernel.scores(rows, whole)
    assert scores.dtype == np.int32
    np.testing.assert_array_equal(scores, rows.astype(np.int64) @ whole.T.astype(np.int64))


@every_kernel
def test_sums_beyond_what_a_float_holds_exactly_are_exact(kernel: Int8Kernel) -> None:
    random = np.random.default_rng(0)
    rows = random.integers(250, 256, (50, 2100), dtype=np.uint8)
    whole = random.integers(MOST - 3, MOST + 1, (4, 2100), dtype=np.int8)
    wanted = rows.astype(np.int64) @ whole.T.astype(np.int64)
    assert wanted.min() > 2**24
    np.testing.assert_array_equal(kernel.scores(rows, whole), wanted)


@every_kernel
def test_the_largest_sums_of_either_sign_are_exact(kernel: Int8Kernel) -> None:
    rows = np.full((50, 2048), 255, np.uint8)
    whole = np.full((2, 2048), MOST, np.int8)
    whole[1] = -MOST
    assert (kernel.scores(rows, whole) == np.array([255 * MOST * 2048, -255 * MOST * 2048])).all()


@every_kernel
def test_rows_of_a_read_only_part_of_a_larger_matrix_will_do(kernel: Int8Kernel) -> None:
    rows = np.random.default_rng(0).integers(0, 256, (100, 64), dtype=np.uint8)
    rows.setflags(write=False)
    whole = np.asfortranarray(np.random.default_rng(1).integers(-MOST, MOST + 1, (8, 64), dtype=np.int8))
    np.testing.assert_array_equal(kernel.scores(rows[30:70], whole), rows[30:70].astype(int) @ whole.T.astype(int))


@every_kernel
def test_a_kernel_that_adds_right_passes(kernel: Int8Kernel) -> None:
    assert computes_right(kernel)


def test_sums_of_16_bits_are_wide_enough_for_such_probes() -> None:
    assert computes_right(Saturating())
    rows, whole = np.full((1, 2), 255, np.uint8), np.full((1, 2), MOST + 1, np.int8)
    assert Saturating().scores(rows, whole)[0, 0] < 2 * 255 * (MOST + 1)


def test_a_kernel_that_adds_wrong_does_not_pass() -> None:
    assert not computes_right(TooSmall())


def test_onnxruntime_multiplies_where_it_can() -> None:
    assert onnxruntime.get_available_providers()
    assert isinstance(int8_kernel(threads=1), OnnxInt8Kernel)
