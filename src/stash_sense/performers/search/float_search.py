"""Exact search over vectors in memory, in numpy: for galleries, where rounding to bytes would save nothing."""

import numpy as np

from stash_sense.kernel.arrays import Floats
from stash_sense.performers.search.candidates import Candidates, blocks, in_batches
from stash_sense.performers.search.index import Nearest, Vectors

_ROUNDING = 1e-5
"""Most that two ways to add the products of unit vectors in float32 are apart; of 4,096 values it is 3e-7."""


class FloatSearch:
    """`VectorIndex` by a matrix product.

    Args:
        vectors: all of them are looked at in every search, so they should be in memory.
    """

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

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
        candidates = Candidates(k, np.full(len(probes), 2.0 * _ROUNDING))
        for start, stop in blocks(self.count, len(probes)):
            candidates.add(start, self._vectors.block(start, stop) @ probes.T)
        return candidates.nearest(probes, self._vectors)
