"""Exact search over any number of vectors: bytes find the candidates, the vectors themselves put them in order."""

from stash_sense.kernel.arrays import Floats
from stash_sense.performers.search.candidates import Candidates, blocks, in_batches
from stash_sense.performers.search.index import Int8Kernel, Nearest, Vectors
from stash_sense.performers.search.int8_matrix import Int8Matrix


class Int8Search:
    """`VectorIndex` that reads a byte per value of the whole database, and a few rows of its vectors.

    Args:
        matrix: the vectors as bytes.
        vectors: what it was made of.
        kernel: multiplies the bytes.
    """

    def __init__(self, matrix: Int8Matrix, vectors: Vectors, kernel: Int8Kernel) -> None:
        self._matrix, self._vectors, self._kernel = matrix, vectors, kernel

    def over(self, vectors: Vectors) -> "Int8Search":
        """Search the same vectors where they are held elsewhere."""
        return Int8Search(self._matrix, vectors, self._kernel)

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
        for start, stop in blocks(self.count, len(probes)):
            candidates.add(start, self._kernel.scores(self._matrix.rows[start:stop], whole))
        return candidates.nearest(probes, self._vectors)
