"""Kept faces and the performers database in use -> who is in the scenes and images now; no frames are looked at.

In two steps. One search says for many scenes at once where the people around their faces are not as they were (see
`rematch_notes`). The faces of these are weighed again; all others keep their names, and only the version is noted.
"""

import hashlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from stash_sense.fingerprints.fingerprint import Fingerprint, FingerprintPerson
from stash_sense.fingerprints.kept_faces import KeptFaces
from stash_sense.identification.evidence import Evidence
from stash_sense.identification.identify import Known
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.database import PerformersDatabase
from stash_sense.performers.search.people_index import IndexedPeople
from stash_sense.recognition.evidence import GalleryEvidence
from stash_sense.recognition.faces import Faces
from stash_sense.recognition.matching.grouping import Group
from stash_sense.recognition.matching.judge import Judge
from stash_sense.recognition.matching.naming import Proposal
from stash_sense.recognition.matching.person import Candidate, Matched, MatchedPerson
from stash_sense.recognition.matching.template import TemplateMatcher
from stash_sense.recognition.people import People
from stash_sense.recognition.spec import Decision
from stash_sense.scanning.changed_people import ChangedPeople
from stash_sense.scanning.persons import person_of
from stash_sense.scanning.ports import ToRematch
from stash_sense.scanning.rematch_change import Change, Verdict
from stash_sense.scanning.rematch_notes import NOTES, Around, GroupNotes, Likely, Notes
from stash_sense.scanning.rematch_probes import Probes, assignment, groups_of

_NEAREST = 22
"""People looked up around a template: the nearest, the 20 whom the evidence compares it with, and one more."""
_LIKELY = 4
"""People that are kept of a group: the name and three others, as an answer has them."""
_HELD = 256 * 1024 * 1024
"""Bytes of templates up to which they are held in memory: 200,000 people of the pack duo."""
_UNTOLD = 0.3
"""What is taken for the probability of a group of which nothing was told: it was seen in too few frames."""


@dataclass(slots=True)
class Tally:
    """What was done: items compared, items whose faces were weighed again, and groups of faces that were."""

    compared: int = 0
    matched: int = 0
    groups: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Scene:
    """One item at work: its notes, which fit what decides now, and which of its groups have to be weighed again."""

    asked: ToRematch
    notes: Notes
    again: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Weighed:
    """Faces of one item, their groups, who each of these may be, and the rows of who was raised."""

    faces: Faces
    groups: Sequence[Group]
    likely: Sequence[tuple[Likely, ...]]
    tagged: frozenset[int]


class KeptFacesRematcher:
    """`ports.Rematcher`.

    Args:
        known: who may be recognised, and how.
        database: the same people.
        clock: what time it is.
        changed: who differs from the version before, where that is at hand; without it everybody is searched.
    """

    def __init__(
        self,
        known: Known,
        database: PerformersDatabase,
        clock: Callable[[], datetime],
        changed: ChangedPeople | None = None,
    ) -> None:
        self._known = known
        self._version = database.manifest.version
        self._clock = clock
        self._changed = changed
        self._judge: Judge | None = None
        self.tally = Tally()
        self._ids: dict[int, str] = {}
        self._rows: dict[str, int | None] = {}
        if isinstance(known.matcher, TemplateMatcher):  # another mode reads every face
            judge = known.matcher.judge
            decision = judge.decision
            self._people = _people_of(database, decision)
            self._judge = replace(judge, evidence=GalleryEvidence(self._people, decision.space))
            self._change = Change.of(decision, judge.named_from)
            self._by = _digest(judge)

    def rematch(self, items: Sequence[ToRematch], cancel: CancelToken) -> list[Fingerprint]:
        """Say who is in them now, in the order of the question."""
        self.tally.compared += len(items)
        if self._judge is None:
            return [self._whole(item, cancel) for item in items]
        scenes = [_Scene(item, notes) for item in items if (notes := self._usable(item)) is not None]
        looked = {id(scene.asked): scene for scene in self._look_around(self._judge, scenes)}
        answers: list[Fingerprint] = []
        weighed: dict[int, _Weighed] = {}
        for place, item in enumerate(items):
            cancel.raise_if_cancelled()
            answer, anew = self._answer(self._judge, item, looked.get(id(item)))
            answers.append(answer)
            if anew is not None:
                weighed[place] = anew
        for place, notes in zip(weighed, self._notes(self._judge, list(weighed.values())), strict=True):
            answers[place] = _with_notes(answers[place], notes)
        return answers

    def noted(self, fingerprint: Fingerprint, kept: KeptFaces, tagged: frozenset[int]) -> Fingerprint:
        """Keep with what was just found what the next version of the database is compared with.

        Args:
            fingerprint: of this database.
            kept: its faces.
            tagged: rows of the roster of who was raised for being tagged.
        """
        if self._judge is None or not len(kept.faces):
            return fingerprint
        groups = groups_of(kept.faces, self._judge.decision)
        likely = [_told(fingerprint, kept.faces, one) for one in groups]
        return _with_notes(fingerprint, *self._notes(self._judge, [_Weighed(kept.faces, groups, likely, tagged)]))

    def _usable(self, item: ToRematch) -> Notes | None:
        """Return what was kept of an item, where it says something about what decides now."""
        notes = Notes.read(item.fingerprint.details)
        if notes is None or notes.by != self._by or len(notes.of) != len(item.faces.faces):
            return None
        if max(notes.of, default=-1) + 1 != len(notes.groups):
            return None
        return notes if notes.tagged == self._ids_of(item.tagged) else None

    def _look_around(self, judge: Judge, scenes: Sequence[_Scene]) -> list[_Scene]:
        """Find out which groups of all items have to be weighed again."""
        faces, assignments = [one.asked.faces.faces for one in scenes], [one.notes.of for one in scenes]
        probes = Probes.of(faces, assignments, judge.decision.space)
        before = [notes for one in scenes for notes in one.notes.groups]
        versions = [one.asked.fingerprint.database for one in scenes for _ in one.notes.groups]
        behind = np.array([version != self._version for version in versions], np.bool_)
        wanted = behind.copy()
        if self._changed is not None and wanted.any():
            since = np.array([version == self._changed.since for version in versions], np.bool_)
            wanted &= ~since | self._changed.touches(probes.templates, before)
        places = np.flatnonzero(wanted).tolist()
        # Around the others nobody differs, but somebody may who looks like the one whose name is on the border.
        again = [
            bool(behind[place]) and not wanted[place] and self._change.verdict(one, one.around) is Verdict.WEIGH
            for place, one in enumerate(before)
        ]
        asking: dict[int, Around] = {}
        for place, now in zip(places, self._around(probes, places, list(map(_lead, before))), strict=True):
            verdict = self._change.verdict(before[place], now)
            again[place] = verdict is Verdict.WEIGH
            if verdict is Verdict.ASK_TRACKS:
                asking[place] = now
        votes = self._votes(probes, list(asking), list(map(_lead, before)))
        for (place, now), share in zip(asking.items(), votes, strict=True):
            again[place] = self._change.verdict(before[place], replace(now, votes=share)) is Verdict.WEIGH
        ends = np.cumsum([len(one.notes.groups) for one in scenes]).tolist()
        return [
            replace(one, again=tuple(again[end - len(one.notes.groups) : end]))
            for one, end in zip(scenes, ends, strict=True)
        ]

    def _around(self, probes: Probes, places: Sequence[int], leads: Sequence[str]) -> list[Around]:
        """Look who is around some templates."""
        if not len(places):
            return []
        rows, values = self._people.nearest(probes.templates[list(places)], _NEAREST)
        answers = []
        for place, near, cosines in zip(places, rows.tolist(), values.tolist(), strict=True):
            row = self._row_of(leads[place])
            answers.append(
                Around(
                    self._id_of(near[0]),
                    cosines[0],
                    cosines[near.index(row)] if row in near else None,
                    cosines[1],
                    sum(cosines[1:21]) / len(cosines[1:21]),
                    cosines[min(20, len(cosines) - 1)],
                )
            )
        return answers

    def _votes(self, probes: Probes, places: Sequence[int], leads: Sequence[str]) -> list[float | None]:
        """Say which share of the tracks of some groups is nearest to the most probable person."""
        tracks = np.flatnonzero(np.isin(probes.group, list(places)))
        if not len(tracks):
            return [None] * len(places)
        nearest, group = self._people.nearest(probes.tracks[tracks], 1)[0][:, 0], probes.group[tracks]
        votes = []
        for place in places:
            row = self._row_of(leads[place])
            own = nearest[np.searchsorted(group, place) : np.searchsorted(group, place, side="right")]
            votes.append(None if row is None else float((own == row).mean()))
        return votes

    def _answer(self, judge: Judge, item: ToRematch, scene: _Scene | None) -> tuple[Fingerprint, _Weighed | None]:
        """Decide anew what may be another one, or keep what was."""
        faces = item.faces.faces
        again = [] if scene is None else list(scene.again)
        if scene is not None and not any(again):
            return replace(item.fingerprint, database=self._version, matched_at=self._clock()), None
        groups = groups_of(faces, judge.decision)
        if scene is None or assignment(groups, len(faces)) != scene.notes.of:
            again = [True] * len(groups)
        proposals, likely = [], []
        for number, (one, anew) in enumerate(zip(groups, again, strict=True)):
            kept = () if anew or scene is None else self._candidates(scene.notes.groups[number].likely)
            self.tally.groups += not kept
            proposals.append(Proposal(one, kept or judge.candidates(faces, one, item.tagged)))
            likely.append(self._likely(proposals[-1].candidates))
        self.tally.matched += 1
        matched = judge.decide(faces, proposals, item.faces.frame_count)
        return self._written(item, matched), _Weighed(faces, groups, likely, item.tagged)

    def _whole(self, item: ToRematch, cancel: CancelToken) -> Fingerprint:
        cancel.raise_if_cancelled()
        self.tally.matched += 1
        kept = item.faces
        return self._written(item, self._known.matcher.match(kept.faces, kept.frame_count, item.tagged))

    def _written(self, item: ToRematch, matched: Matched) -> Fingerprint:
        faces, before = item.faces.faces, item.fingerprint
        evidence = Evidence(faces, self._known.roster, item.tagged, self._known.grounds)
        named = [(one, one.name) for one in matched.people if one.name is not None]
        unknown = [one for one in matched.people if one.name is None]
        earlier = {one.person_id: one for one in before.persons}
        persons = tuple(_counted(self._person(evidence, item.faces, one, name), earlier) for one, name in named)
        likely = [
            {"person_id": known.id, "name": known.name, "probability": one.probability, "distance": one.distance}
            for person in unknown
            for one in person.alternatives[:1]
            for known in [self._known.roster[one.person]]
        ]
        details = {name: value for name, value in before.details.items() if name != NOTES}
        return replace(
            before,
            database=self._version,
            persons=persons,
            unknown=len(unknown),
            details={**details, "likely": likely},
            matched_at=self._clock(),
        )

    def _person(
        self, evidence: Evidence, kept: KeptFaces, person: MatchedPerson, name: Candidate
    ) -> FingerprintPerson:
        """Present somebody, with the faces first of which there are pictures."""
        faces = kept.faces
        told = evidence.named(person, name)
        ranked = sorted(
            person.faces.described.tolist(),
            key=lambda row: (int(faces.row[row]) not in kept.shown, -float(faces.quality[row]), row),
        )
        numbers = [int(faces.row[row]) for row in ranked]
        by_face = {sighting.face: sighting for sighting in told.sightings}
        pictured = tuple(by_face[number] for number in numbers if number in by_face)
        count = len(faces.seen)
        return person_of(replace(told, pictured=pictured), {row: row for row in range(count)}, count)

    def _notes(self, judge: Judge, weighed: Sequence[_Weighed]) -> list[Notes]:
        """Look who is around the groups of some items, and say what is kept of it."""
        assignments = [assignment(one.groups, len(one.faces)) for one in weighed]
        probes = Probes.of([one.faces for one in weighed], assignments, judge.decision.space)
        likely = [some for one in weighed for some in one.likely]
        leads = [some[0].id if some else "" for some in likely]
        around = self._around(probes, range(len(leads)), leads)
        votes = self._votes(probes, range(len(leads)), leads)
        groups = iter(
            [
                GroupNotes(some, replace(now, votes=share))
                for some, now, share in zip(likely, around, votes, strict=True)
            ]
        )
        return [
            Notes(self._by, self._ids_of(one.tagged), of, tuple(itertools.islice(groups, len(one.groups))))
            for one, of in zip(weighed, assignments, strict=True)
        ]

    def _likely(self, candidates: Sequence[Candidate]) -> tuple[Likely, ...]:
        return tuple(Likely(self._id_of(one.person), one.probability, one.distance) for one in candidates[:_LIKELY])

    def _candidates(self, likely: Sequence[Likely]) -> tuple[Candidate, ...]:
        found = [(self._row_of(one.id), one) for one in likely]
        return tuple(Candidate(row, one.probability, one.distance) for row, one in found if row is not None)

    def _ids_of(self, rows: frozenset[int]) -> tuple[str, ...]:
        return tuple(sorted(map(self._id_of, rows)))

    def _id_of(self, row: int) -> str:
        if row >= len(self._known.roster):  # somebody who does not exist, see `GalleryEvidence`
            return ""
        if row not in self._ids:
            self._ids[row] = self._known.roster[row].id
        return self._ids[row]

    def _row_of(self, id_: str) -> int | None:
        if not id_:
            return None
        if id_ not in self._rows:
            rows = self._known.roster.with_ids({id_})
            exact = [row for row in sorted(rows) if self._id_of(row) == id_]
            self._rows[id_] = exact[0] if exact else None
        return self._rows[id_]


def _people_of(database: PerformersDatabase, decision: Decision) -> People:
    people = database.people_for(decision.constants.crowd_size, decision.space)
    if isinstance(people, IndexedPeople) and 4 * people.known * decision.space.dim <= _HELD:
        return people.held()
    return people


def _with_notes(fingerprint: Fingerprint, notes: Notes) -> Fingerprint:
    return replace(fingerprint, details={**fingerprint.details, NOTES: notes.to_json()})


def _lead(notes: GroupNotes) -> str:
    return notes.likely[0].id if notes.likely else ""


def _counted(person: FingerprintPerson, earlier: Mapping[str, FingerprintPerson]) -> FingerprintPerson:
    """Take the counts of somebody who was named before: they are of all faces, of which not all are kept."""
    before = earlier.get(person.person_id)
    if before is None:
        return person
    return replace(person, face_count=before.face_count, frame_count=before.frame_count, proportion=before.proportion)


def _told(fingerprint: Fingerprint, faces: Faces, group: Group) -> tuple[Likely, ...]:
    """Say from what was found who a group may be."""
    seen = set(group.seen.tolist())
    for person in fingerprint.persons:
        if any(mark.face in seen for mark in person.marks):
            others = (Likely(one.person_id, one.probability, one.distance) for one in person.rivals)
            return (Likely(person.person_id, person.confidence, person.distance), *others)[:_LIKELY]
    told = fingerprint.details.get("likely") or []
    best = max((float(one["probability"]) for one in told), default=_UNTOLD)
    return (Likely("", best, 2.0),)


def _digest(judge: Judge) -> str:
    """Name all that decides but the people."""
    decision = judge.decision
    told = (decision.constants, decision.curve, decision.same_person, judge.strict, judge.top_k)
    digest = hashlib.sha256(repr(told).encode())
    for array in (*decision.space.whitening, decision.space.mean):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
