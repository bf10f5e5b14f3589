"""How near people are to something -> by how much one of them is nearer than the others."""

import numpy as np

from stash_sense.kernel.arrays import Floats, Ints

COHORT = 20
"""Others whom a person is compared with."""
NOBODY = np.float32(-1.0)
"""Similarity of who is not there."""


class Ranking:
    """Similarities to the people near something, with the largest 21 at hand.

    Args:
        rows: (n,) their row numbers.
        values: (n,) how similar each is.
    """

    def __init__(self, rows: Ints, values: Floats) -> None:
        self.values = values
        order = np.argsort(-values, kind="stable")[: COHORT + 1]
        self._rows = rows[order].tolist()
        self._top = np.full(COHORT + 1, NOBODY, np.float32)
        self._top[: len(order)] = values[order]
        self.first = self._rows[0]

    def margin(self, person: int, own: float) -> float:
        """How much larger the person's is than the largest other one."""
        return float(own - self._top[1 if person == self.first else 0])

    def gap(self, person: int, own: float) -> float:
        """How much larger the person's is than the mean of the 20 largest others."""
        if person in self._rows:
            return float(own - (self._top.sum() - self._top[self._rows.index(person)]) / COHORT)
        return float(own - self._top[:-1].mean())
