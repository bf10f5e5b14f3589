"""Products of bytes in numpy, where onnxruntime cannot do them."""

import numpy as np

from stash_sense.performers.search.index import Bytes, Scores, WholeProbes

_ROWS = 512
"""Rows widened at once: 2 MiB of floats, which stay in the processor's cache."""
_DIMS = 1024
"""Values added up in float32, which has the only fast matrix product in numpy: 255 x 64 x 1024 is just under 2 to the
24, so every sum is a whole number that a float holds exactly."""


class NumpyInt8Kernel:
    """`Int8Kernel` that widens blocks of bytes to floats."""

    def scores(self, rows: Bytes, probes: WholeProbes) -> Scores:
        """Return the products (m, n) int32 of rows (m, dim) uint8 with probes (n, dim) int8."""
        scores: Scores = np.zeros((len(rows), len(probes)), np.int32)
        for left in range(0, rows.shape[1], _DIMS):
            columns = np.ascontiguousarray(probes[:, left : left + _DIMS].T, np.float32)
            for start in range(0, len(rows), _ROWS):
                block = rows[start : start + _ROWS, left : left + _DIMS].astype(np.float32)
                scores[start : start + _ROWS] += (block @ columns).astype(np.int32)
        return scores
