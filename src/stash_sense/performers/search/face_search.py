"""`PersonSearch` over reference faces: the nearest faces -> the nearest people."""

import numpy as np

from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.performers.search.float_search import FloatSearch
from stash_sense.performers.search.index import ArrayVectors, VectorIndex, Vectors
from stash_sense.recognition.ports import PersonHits

_FACES_PER_PERSON = 8
"""Faces asked for at first for each person wanted; more only where a few people have so many of the nearest."""


class FaceSearch:
    """Finds people by their nearest reference: exact, in the order of its cosine.

    Args:
        index: finds faces.
        vectors: the faces themselves.
        starts: (people,) ascending, the row at which each person's faces begin; everybody has one.
    """

    def __init__(self, index: VectorIndex, vectors: Vectors, starts: Ints) -> None:
        self._index = index
        self._vectors = vectors
        self._starts = starts
        self._ends = np.append(starts[1:], vectors.count).astype(np.int64)

    @classmethod
    def of(cls, vectors: Floats, owner: Ints) -> "FaceSearch":
        """Search (n, D) vectors in memory; `owner` is (n,) ascending, which person each is of."""
        faces = ArrayVectors(vectors)
        return cls(FloatSearch(faces), faces, np.flatnonzero(np.diff(owner, prepend=-1)))

    @property
    def person_count(self) -> int:
        """How many persons can be found."""
        return len(self._starts)

    def search(self, probes: Floats, top_k: int) -> PersonHits:
        """Return the nearest persons of each (n, D) unit vector."""
        k = min(top_k, self.person_count)
        persons, best = np.zeros((len(probes), k), np.int64), np.zeros((len(probes), k), np.float32)
        waiting = np.arange(len(probes))
        faces = _FACES_PER_PERSON * k
        while k and len(waiting):
            found = self._index.search(probes[waiting], faces)
            owners = np.searchsorted(self._starts, found.rows, side="right") - 1
            missing = []
            for place, probe in enumerate(waiting.tolist()):
                seen, first = np.unique(owners[place], return_index=True)
                if len(seen) < k:
                    missing.append(probe)
                    continue
                first = np.sort(first)[:k]
                persons[probe], best[probe] = owners[place, first], found.cosines[place, first]
            waiting = np.array(missing, np.int64)
            faces *= 4
        return PersonHits(persons, best)

    def references(self, probe: Floats, person: int, most: int) -> tuple[Ints, Floats]:
        """Return the rows of a person's references nearest to a (D,) unit vector, and their cosines."""
        start, end = int(self._starts[person]), int(self._ends[person])
        cosines = self._vectors.block(start, end) @ probe
        order = np.argsort(-cosines, kind="stable")[:most]
        return start + order, np.asarray(cosines[order], np.float32)

    def nearest(self, probe: Floats, persons: Ints) -> Floats:
        """Return the cosine, (k,) float32, of one (D,) unit vector to the nearest reference of each person."""
        return np.array(
            [
                (self._vectors.block(int(self._starts[person]), int(self._ends[person])) @ probe).max()
                for person in persons.tolist()
            ],
            np.float32,
        )
