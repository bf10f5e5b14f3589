"""A group of faces -> the known people it may be, each with a probability."""

from dataclasses import dataclass

import numpy as np

from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.recognition.evidence import GalleryEvidence
from stash_sense.recognition.faces import Faces
from stash_sense.recognition.matching.person import Candidate
from stash_sense.recognition.ports import PersonSearch
from stash_sense.recognition.spec import Decision

_SHORTLIST = 24
"""Persons nearest to a group that are weighed: the right one is among them or cannot be told from strangers."""


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """Weighs groups of faces against one gallery, by one pack's decision.

    Attributes:
        search: finds the gallery's persons by their references.
        decision: the pack's constants, curve and space.
        evidence: the gallery, prepared for weighing.
    """

    search: PersonSearch
    decision: Decision
    evidence: GalleryEvidence

    @classmethod
    def over(cls, vectors: Floats, owner: Ints, search: PersonSearch, decision: Decision) -> "Judge":
        """Prepare a judge over references: (n, D) unit vectors of (n,) ascending persons."""
        starts = np.flatnonzero(np.diff(owner, prepend=-1))
        sums = np.add.reduceat(vectors, starts, axis=0) if len(vectors) else vectors
        templates = decision.space.renormalised(sums)
        constants = decision.constants
        evidence = GalleryEvidence(templates, decision.space, constants.crowd_size, constants.faces_cap)
        return cls(search, decision, evidence)

    def candidates(self, faces: Faces, rows: Ints, tagged: frozenset[int]) -> tuple[Candidate, ...]:
        """Return the known persons that the faces of these rows may be together, most probable first."""
        if not self.search.person_count:
            return ()
        vectors, weights = faces.vectors[rows], faces.quality[rows]
        template = self.decision.space.renormalised((weights @ vectors)[None, :])[0]
        hits = self.search.search(template[None, :], _SHORTLIST)
        persons, best = hits.persons[0], hits.best[0]
        evidence = self.evidence.weigh(template, len(rows), persons, self._boost(persons, tagged))
        probabilities = self.decision.curve.probabilities(evidence)
        order = np.lexsort((-evidence[:, 0], -probabilities))
        return tuple(
            Candidate(int(persons[place]), float(probabilities[place]), float(1.0 - best[place])) for place in order
        )

    def _boost(self, persons: Ints, tagged: frozenset[int]) -> Floats:
        constants = self.decision.constants
        boost = constants.tagged_boost * constants.stranger_distance
        return np.array([boost if person in tagged else 0.0 for person in persons.tolist()], np.float32)
