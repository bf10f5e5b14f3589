"""Exact search: every probe against every reference, summed up per person."""

import numpy as np

from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.performers.gallery import Gallery
from stash_sense.recognition.ports import PersonHits

_PROBES = 64
"""Probes compared at once: for 100,000 references the similarities of one block take 26 MB."""


class ExactSearch:
    """`PersonSearch` over a gallery in memory, in numpy. Nothing is approximated; order and distances are exact."""

    def __init__(self, gallery: Gallery) -> None:
        self._vectors = np.ascontiguousarray(gallery.vectors.T)
        counts = np.bincount(gallery.owner, minlength=len(gallery.persons))
        self._shares = np.float32(1.0) / counts.astype(np.float32)
        self._starts: Ints = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)

    @property
    def person_count(self) -> int:
        """How many persons can be found."""
        return len(self._shares)

    def search(self, probes: Floats, top_k: int) -> PersonHits:
        """Return the nearest persons of each (n, dim) unit vector, ordered by (best + mean) / 2."""
        k = min(top_k, self.person_count)
        persons = np.zeros((len(probes), k), np.int64)
        best = np.zeros((len(probes), k), np.float32)
        mean = np.zeros((len(probes), k), np.float32)
        if k == 0:
            return PersonHits(persons, best, mean)
        for start in range(0, len(probes), _PROBES):
            rows = slice(start, start + _PROBES)
            similarity = probes[rows] @ self._vectors
            nearest = np.maximum.reduceat(similarity, self._starts, axis=1)
            average = np.add.reduceat(similarity, self._starts, axis=1) * self._shares
            persons[rows] = order = _top(nearest + average, k)
            best[rows] = np.take_along_axis(nearest, order, axis=1)
            mean[rows] = np.take_along_axis(average, order, axis=1)
        return PersonHits(persons, best, mean)

    def nearest(self, probe: Floats, persons: Ints) -> Floats:
        """Return the cosine, (k,) float32, of one (dim,) unit vector to the nearest reference of each person."""
        ends = np.append(self._starts, self._vectors.shape[1])
        rows = [self._vectors[:, ends[person] : ends[person + 1]] for person in persons.tolist()]
        return np.array([(probe @ references).max() for references in rows], np.float32)


def _top(scores: Floats, k: int) -> Ints:
    """Return the columns of the k largest scores of each row, best first, equal ones in column order."""
    if k < scores.shape[1]:
        candidates = np.sort(np.argpartition(-scores, k - 1, axis=1)[:, :k], axis=1)
        chosen = np.take_along_axis(scores, candidates, axis=1)
        last = chosen.min(axis=1, keepdims=True)
        # Of several who are as near as the last one taken, a partition takes any: those rows are sorted whole.
        for row in np.flatnonzero((scores == last).sum(axis=1) > (chosen == last).sum(axis=1)):
            candidates[row] = np.sort(np.argsort(-scores[row], kind="stable")[:k])
    else:
        candidates = np.broadcast_to(np.arange(k), scores.shape)
    order = np.argsort(-np.take_along_axis(scores, candidates, axis=1), axis=1, kind="stable")
    return np.take_along_axis(candidates, order, axis=1)
