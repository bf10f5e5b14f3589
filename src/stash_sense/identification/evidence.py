"""What recognition decided -> what a user can check: moments, boxes, crops, runners-up."""

import math
from dataclasses import fields

import numpy as np

from stash_sense.identification.grounds import Grounds
from stash_sense.identification.result import Alternative, NamedPerson, SeenPerson, Sighting
from stash_sense.kernel.arrays import Ints
from stash_sense.performers.roster import Roster
from stash_sense.recognition.faces import Faces
from stash_sense.recognition.matching.person import Candidate, MatchedPerson

_CROPS_KEPT = 6
"""Faces of a person that are shown: enough to judge by, 160 kB."""


class Evidence:
    """Puts the answers about one video or picture into the user's terms."""

    def __init__(self, faces: Faces, roster: Roster, tagged: frozenset[int], grounds: Grounds | None = None) -> None:
        self._faces = faces
        self._grounds = grounds
        self._roster = roster
        self._tagged = tagged

    def named(self, person: MatchedPerson, name: Candidate) -> NamedPerson:
        """Present a person who has a name."""
        known = self._roster[name.person]
        seen = self.unknown(person)
        return NamedPerson(
            **{one.name: getattr(seen, one.name) for one in fields(seen)},
            person_id=known.id,
            name=known.name,
            probability=name.probability,
            distance=name.distance,
            tagged=name.person in self._tagged,
            references=self._grounds.references(self._faces, person, name) if self._grounds else (),
            votes=name.votes,
        )

    def unknown(self, person: MatchedPerson) -> SeenPerson:
        """Present a person without a name."""
        shown = self._best(person.faces.described)
        alternatives = self._alternatives(person)
        return SeenPerson(
            self._sightings(person.faces.seen),
            self._faces.crops[shown],
            alternatives,
            described=tuple(person.faces.described.tolist()),
            shown=tuple(shown.tolist()),
            pictured=self._sightings(self._faces.row[shown]),
            runner_up=(self._grounds.runner_up(self._faces, person) if self._grounds and alternatives else None),
        )

    def _sightings(self, rows: Ints) -> tuple[Sighting, ...]:
        seen = self._faces.seen
        boxes, times = seen.boxes[rows].tolist(), seen.t[rows].tolist()
        return tuple(
            Sighting(None if math.isnan(t) else t, (left, top, right - left, bottom - top), row)
            for t, (left, top, right, bottom), row in zip(times, boxes, rows.tolist(), strict=True)
        )

    def _best(self, rows: Ints) -> Ints:
        """Return the best face of each stretch of the sightings, best first: neighbouring frames look alike."""
        stretches = np.array_split(rows, min(len(rows), _CROPS_KEPT))
        best = np.array([stretch[self._faces.quality[stretch].argmax()] for stretch in stretches])
        ranked: Ints = best[(-self._faces.quality[best]).argsort(kind="stable")]
        return ranked

    def _alternatives(self, person: MatchedPerson) -> tuple[Alternative, ...]:
        known = [self._roster[candidate.person] for candidate in person.alternatives]
        return tuple(
            Alternative(one.id, one.name, candidate.probability, candidate.distance)
            for one, candidate in zip(known, person.alternatives, strict=True)
        )
