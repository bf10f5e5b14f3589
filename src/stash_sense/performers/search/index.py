"""The ports of searching vectors: the vectors of a database, what finds the nearest of them, and 8-bit products."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stash_sense.kernel.arrays import Floats, Ints

Bytes: TypeAlias = NDArray[np.uint8]
Scores: TypeAlias = NDArray[np.int32]
WholeProbes: TypeAlias = NDArray[np.int8]
"""(n, dim), each number from -`MOST` to `MOST`."""

MOST = 64
"""Largest whole number in a probe. Processors without 8-bit dot products add two neighbouring products of unsigned
and signed bytes into 16 bits that stop at 32,767: 2 x 255 x 64 = 32,640 still fits, 2 x 255 x 65 would not. The
eighth bit of the probe is given up everywhere, so that every machine takes the same candidates."""


class Vectors(Protocol):
    """The reference vectors, by row.

    Each is of unit length: its embedders' unit vectors times the roots of their weights, side by side, so that the
    cosine of two rows is the weighted mean of the embedders' cosines.
    """

    @property
    def count(self) -> int:
        """How many rows there are."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    def rows(self, rows: Ints) -> Floats:
        """Read some rows, in the order asked for: (k, dim) float32."""

    def block(self, start: int, stop: int) -> Floats:
        """Read the rows from `start` up to `stop`: (stop - start, dim) float32."""


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """The nearest rows of each probe, best first, of equal ones the lower row first.

    Attributes:
        rows: (n, k) int64.
        cosines: (n, k) float32.
    """

    rows: Ints
    cosines: Floats


class VectorIndex(Protocol):
    """Finds the rows nearest to probes."""

    @property
    def count(self) -> int:
        """How many rows there are to be found."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    def search(self, probes: Floats, k: int) -> Nearest:
        """Return the `k` nearest rows, or all when there are fewer, of each (n, dim) float32 unit vector."""


class Int8Kernel(Protocol):
    """Multiplies bytes; the sums are exact. May be called from several threads at once."""

    def scores(self, rows: Bytes, probes: WholeProbes) -> Scores:
        """Return the products (m, n) int32 of rows (m, dim) uint8 with probes (n, dim) int8."""


class ArrayVectors:
    """`Vectors` in memory.

    Args:
        vectors: (count, dim) float32 unit vectors.
    """

    def __init__(self, vectors: Floats) -> None:
        self._vectors = np.ascontiguousarray(vectors, np.float32)

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self._vectors)

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._vectors.shape[1])

    def rows(self, rows: Ints) -> Floats:
        """Read some rows, in the order asked for: (k, dim) float32."""
        return self._vectors[rows]

    def block(self, start: int, stop: int) -> Floats:
        """Read the rows from `start` up to `stop`, without copying them: (stop - start, dim) float32."""
        return self._vectors[start:stop]
