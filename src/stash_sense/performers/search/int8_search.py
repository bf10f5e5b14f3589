"""Exact search over any number of vectors: bytes find the candidates, the vectors themselves put them in order."""

from stash_sense.kernel.arrays import Floats
from stash_sense.performers.search.candidates import BLOCK, Candidates, blocks, in_batches
from stash_sense.performers.search.index import Int8Kernel, Nearest, Vectors
from stash_sense.performers.search.int8_matrix import Int8Matrix

_PASSING = 16_384
"""Rows that are in memory at once where none are kept: 16 MiB of 1,024 numbers."""


class Int8Search:
    """`VectorIndex` that reads a byte per value of the whole database, and a few rows of its vectors.

    Args:
        matrix: the vectors as bytes.
        vectors: what it was made of.
        kernel: multiplies the bytes.
        keeps: whether the bytes stay in memory from one search to the next. Otherwise each block is given back after
            it was searched, and is mapped anew out of the system's cache: that costs no time that can be measured.
    """

    def __init__(self, matrix: Int8Matrix, vectors: Vectors, kernel: Int8Kernel, keeps: bool = True) -> None:
        self._matrix, self._vectors, self._kernel, self._keeps = matrix, vectors, kernel, keeps

    def over(self, vectors: Vectors) -> "Int8Search":
        """Search the same vectors where they are held elsewhere."""
        return Int8Search(self._matrix, vectors, self._kernel, self._keeps)

    @property
    def count(self) -> int:
        """How many rows there are to be found."""
        return self._vectors.count

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._vectors.dim

    def search(self, probes: Floats, k: int) -> Nearest:
        """Return the `k` nearest rows, or all when there are fewer, of each (n, dim) float32 unit vector."""
        return in_batches(probes, k, self.count, self._batch)

    def _batch(self, probes: Floats, k: int) -> Nearest:
        whole, slack = self._matrix.whole(probes)
        candidates = Candidates(k, slack)
        for start, stop in blocks(self.count, len(probes), BLOCK if self._keeps else _PASSING):
            candidates.add(start, self._kernel.scores(self._matrix.rows[start:stop], whole))
            if not self._keeps:
                self._matrix.let_go(start, stop)
        return candidates.nearest(probes, self._vectors)
