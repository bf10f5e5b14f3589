"""Scores that are nearly right, block by block, to the rows that may be among the nearest; of those, the nearest.

A row can be among the k nearest only when its score is at most `slack` below the k-th best score, where slack is the
most that two scores can be wrong by. So nothing has to be guessed about how many rows to look at again: where the
references lie apart it is a few more than k (13 for k = 10 of 250,000), where they crowd it is as many as need be.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

from stash_sense.kernel.arrays import AnyArray, Doubles, Floats, Ints
from stash_sense.performers.search.index import Nearest, Vectors

Found: TypeAlias = tuple[Ints, Ints, Doubles]
"""The probe, the row and the score of each candidate."""

_SCORES = 1 << 20
BLOCK = 65_536
"""Most scores, and most rows, that are worked out at once: 4 MiB of them, which stay near the processor with 64
probes. Single probes took 4 to 6 % less in blocks of 65,536 rows than in those of 16,384."""
_PROBES = 64
_FOLD = 32
"""Rows of which only the best is compared at first."""
_MOST = 4096
"""Candidates kept of a probe; 4 k, when that is more. Only what rounding cannot tell apart reaches it: thousands of
pictures that are the same but for the noise in them. Of those the best by score are kept."""
_READ_VALUES = 1 << 17
"""Values of vectors that are read at once: half a MiB, which stays near the processor. With 2 MiB naming took 7 %
longer, with 8 MiB 30 %."""


class Candidates:
    """Collects the rows that may be among the k nearest of each probe.

    Args:
        k: rows wanted of each probe; there are at least as many.
        slack: (n,) how far below the k-th best score a row of each probe may lie.
    """

    def __init__(self, k: int, slack: Doubles) -> None:
        self._k, self._slack = k, slack
        self._most = max(_MOST, 4 * k)
        self._best: Doubles = np.full((len(slack), k), -np.inf)
        self._found: list[Found] = []
        self._held = 0

    def add(self, first: int, scores: AnyArray) -> None:
        """Look through a block.

        Args:
            first: the row of its first score; blocks come in the order of the rows.
            scores: (m, n) of any kind of number.
        """
        fold = max(1, min(_FOLD, len(scores) // (4 * self._k)))
        groups = len(scores) // fold
        # A group is every `groups`-th row: so the maxima are those of whole runs of memory, three times faster than
        # of rows that lie together, and the pictures of one person fall into different groups. Selecting by these
        # maxima costs a tenth of the product; TopK in onnxruntime's graph costs two products, argpartition five.
        folded = scores[: groups * fold].reshape(fold, groups, -1)
        rest = scores[groups * fold :]
        maxima = folded.max(axis=0)
        self._raise_floor(np.concatenate([maxima, rest]))
        floor = self._floor()
        group, probe = np.nonzero(maxima >= floor)
        values = folded[:, group, probe]
        place, column = np.nonzero(values >= floor[probe])
        self._hold(probe[column], first + place * groups + group[column], values[place, column])
        if len(rest):
            place, probe = np.nonzero(rest >= floor)
            self._hold(probe, first + groups * fold + place, rest[place, probe])
        if self._held > 2 * self._most * len(self._slack):
            self._found = [self._kept()]
            self._held = len(self._found[0][0])

    def _raise_floor(self, scores: AnyArray) -> None:
        """Take (m, n) scores of different rows into the k best of each probe."""
        together = np.concatenate([self._best, scores.T], axis=1)
        self._best = np.partition(together, together.shape[1] - self._k, axis=1)[:, -self._k :]

    def _floor(self) -> Doubles:
        lowest: Doubles = self._best.min(axis=1) - self._slack
        return lowest

    def _hold(self, probe: Ints, row: Ints, score: AnyArray) -> None:
        self._found.append((probe, row, score.astype(np.float64)))
        self._held += len(probe)

    def _kept(self) -> Found:
        """What is still a candidate, by probe and row."""
        probe, row, score = (np.concatenate(column) for column in zip(*self._found, strict=True))
        still = score >= self._floor()[probe]
        probe, row, score = probe[still], row[still], score[still]
        if np.bincount(probe, minlength=1).max() > self._most:
            order = np.lexsort((row, -score, probe))
            order = order[_rank_within(probe[order]) < self._most]
            probe, row, score = probe[order], row[order], score[order]
        order = np.lexsort((row, probe))
        return probe[order], row[order], score[order]

    def nearest(self, probes: Floats, vectors: Vectors) -> Nearest:
        """Compare the candidates themselves with the (n, dim) probes, and return the k nearest of each."""
        probe, row, _ = self._kept()
        cosine = np.empty(len(row), np.float32)
        step = max(1, _READ_VALUES // vectors.dim)
        by_row = np.argsort(row, kind="stable")  # a vector that is near to many probes is read once
        for start in range(0, len(row), step):
            some = by_row[start : start + step]
            different, place = np.unique(row[some], return_inverse=True)
            # One product after another: a matrix product rounds equal rows differently, by where they stand.
            cosine[some] = np.vecdot(vectors.rows(different)[place], probes[probe[some]])
        order = np.lexsort((row, -cosine, probe))
        order = order[_rank_within(probe) < self._k].reshape(-1, self._k)
        return Nearest(rows=row[order], cosines=cosine[order])


def _rank_within(groups: Ints) -> Ints:
    """Number the members of each group from 0; groups are ascending numbers."""
    return np.arange(len(groups)) - np.searchsorted(groups, groups)


def blocks(rows: int, probes: int, most: int = BLOCK) -> Iterator[tuple[int, int]]:
    """Cut rows into blocks, (start, stop), of `most` rows or fewer, to be compared with so many probes."""
    step = min(most, _SCORES // probes)
    for start in range(0, rows, step):
        yield start, min(start + step, rows)


def in_batches(probes: Floats, k: int, count: int, batch: Callable[[Floats, int], Nearest]) -> Nearest:
    """Search for any number of probes, a batch at a time, `k` rows of `count` or all when there are fewer."""
    k = min(k, count)
    if k == 0 or not len(probes):
        return Nearest(np.zeros((len(probes), k), np.int64), np.zeros((len(probes), k), np.float32))
    found = [batch(probes[start : start + _PROBES], k) for start in range(0, len(probes), _PROBES)]
    return Nearest(np.concatenate([some.rows for some in found]), np.concatenate([some.cosines for some in found]))
