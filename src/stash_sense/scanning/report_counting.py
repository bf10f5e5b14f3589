"""Who is tagged and who would have been named, scene by scene -> counts; nothing of a single scene is kept."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stash_sense.fingerprints.fingerprint import FingerprintPerson
from stash_sense.scanning.report_document import (
    MOST_LISTED,
    HarmfulReference,
    ItemCounts,
    KindReport,
    PerformerFigures,
    ReferencesGroup,
    SeenUntagged,
    Share,
)

_GROUPS = ((0, "none"), (1, "1"), (2, "2"), (5, "3-5"), (10, "6-10"))
_MANY = "11 or more"
_EXAMPLES = 3
_Picture = tuple[str, str | None, str | None, str | None]


@dataclass(frozen=True, slots=True)
class TaggedHere:
    """Somebody tagged: id and name in Stash, the universal ids that are this one, and how many reference pictures."""

    id: str
    name: str
    person_ids: frozenset[str]
    references: int


@dataclass(slots=True)
class _Performer:
    name: str
    references: int
    tagged: int = 0
    seen: int = 0
    without_faces: int = 0
    taken_for: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Untagged:
    name: str
    times: int = 0
    probability: float = 0.0
    in_place_of: int = 0
    examples: list[tuple[float, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Reference:
    name: str
    wrong: int = 0
    untagged: int = 0
    right: int = 0


class Counting:
    """Counts one kind.

    Args:
        kind: scene or image.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.items = ItemCounts()
        self._performers: dict[str, _Performer] = {}
        self._untagged: dict[str, _Untagged] = {}
        self._untagged_references: dict[str, int] = {}
        self._references: dict[tuple[str, _Picture], _Reference] = {}
        self._names: dict[str, str] = {}
        self._owner: dict[str, str] = {}

    def add(
        self,
        id_: str,
        tagged: Sequence[TaggedHere],
        named: Sequence[FingerprintPerson],
        references: Mapping[str, int],
        *,
        has_faces: bool,
    ) -> None:
        """Count one scene or image that was compared.

        Args:
            id_: in Stash.
            tagged: who is tagged.
            named: who would have been named.
            references: reference pictures of these, by universal id.
            has_faces: whether any face was found.
        """
        self.items.compared += 1
        self.items.without_faces += not has_faces
        named_ids = {person.person_id for person in named}
        whose = {person_id: one for one in tagged for person_id in one.person_ids}
        missed = []
        self._owner |= {person_id: one.id for person_id, one in whose.items()}
        for one in tagged:
            counts = self._performers.setdefault(one.id, _Performer(one.name, one.references))
            counts.tagged += 1
            counts.without_faces += not has_faces
            if not one.person_ids.isdisjoint(named_ids):
                counts.seen += 1
            else:
                missed.append(one)
        extra = [person for person in named if person.person_id not in whose]
        for person in named:
            self._names[person.person_id] = person.name
            if person.person_id in whose:
                self._reference(person).right += 1
        known_missed = [one for one in missed if one.person_ids]
        for person in extra:
            self._count_extra(id_, person, references.get(person.person_id, 0), in_place=bool(known_missed))
        self._count_taken(known_missed, extra)

    def report(self) -> KindReport:
        """Say what was counted."""
        performers = self._performers.values()
        tagged = sum(one.tagged for one in performers)
        known = sum(one.tagged for one in performers if one.references)
        seen = sum(one.seen for one in performers)
        untagged = sum(one.times for one in self._untagged.values())
        wrongly: Counter[str] = Counter()
        for person_id, there in self._untagged.items():
            if person_id in self._owner:
                wrongly[self._owner[person_id]] += there.times
        by_times = sorted(self._performers.items(), key=lambda one: (-one[1].tagged, int(one[0])))
        by_missed = sorted(self._performers.items(), key=lambda one: (one[1].seen - one[1].tagged, int(one[0])))
        return KindReport(
            kind=self.kind,
            items=self.items,
            right=Share.of_counts(seen, seen + untagged),
            seen=Share.of_counts(seen, known),
            seen_of_all=Share.of_counts(seen, tagged),
            in_the_database=Share.of_counts(known, tagged),
            by_references=self._by_references(),
            performers=[self._figures(*one, wrongly[one[0]]) for one in by_times[:MOST_LISTED]],
            not_seen=[
                self._figures(*one, wrongly[one[0]]) for one in by_missed[:MOST_LISTED] if one[1].seen < one[1].tagged
            ],
            seen_untagged=self._seen_untagged(),
            harmful_references=self._harmful(),
        )

    def _count_extra(self, id_: str, person: FingerprintPerson, references: int, *, in_place: bool) -> None:
        """Count somebody who is not tagged."""
        counts = self._untagged.setdefault(person.person_id, _Untagged(person.name))
        self._untagged_references[person.person_id] = references
        counts.times += 1
        counts.probability += person.confidence
        counts.in_place_of += in_place
        counts.examples = sorted([*counts.examples, (-person.confidence, id_)])[:_EXAMPLES]
        reference = self._reference(person)
        if in_place:
            reference.wrong += 1
        else:
            reference.untagged += 1

    def _count_taken(self, missed: Sequence[TaggedHere], extra: Sequence[FingerprintPerson]) -> None:
        """Count who was named in the place of whom: one who nearly was, or the only ones of both."""
        for one in missed:
            nearly = [
                person
                for person in extra
                if any(rival.person_id in one.person_ids for rival in person.rivals)
                or (len(missed) == 1 and len(extra) == 1)
            ]
            if nearly:
                self._performers[one.id].taken_for[nearly[0].person_id] += 1

    def _reference(self, person: FingerprintPerson) -> _Reference:
        told: Mapping[str, Any] = person.reference or {}
        picture = (str(told.get("source") or ""), told.get("url"), told.get("path"), told.get("sha256"))
        key = (person.person_id, picture)
        return self._references.setdefault(key, _Reference(person.name))

    def _by_references(self) -> list[ReferencesGroup]:
        names = [name for _, name in _GROUPS] + [_MANY]
        sums: dict[str, list[int]] = {name: [0, 0, 0, 0] for name in names}
        for one in self._performers.values():
            group = sums[_group(one.references)]
            for place, number in enumerate((1, one.tagged, one.seen, 0)):
                group[place] += number
        for person_id, references in self._untagged_references.items():
            sums[_group(references)][3] += self._untagged[person_id].times
        return [
            ReferencesGroup(
                references=name,
                performers=performers,
                seen=Share.of_counts(seen, tagged),
                right=Share.of_counts(seen, seen + untagged),
            )
            for name, (performers, tagged, seen, untagged) in sums.items()
        ]

    def _figures(self, id_: str, one: _Performer, wrongly: int) -> PerformerFigures:
        taken = one.taken_for.most_common(1)
        return PerformerFigures(
            performer_id=id_,
            name=one.name,
            references=one.references,
            seen=Share.of_counts(one.seen, one.tagged),
            right=Share.of_counts(one.seen, one.seen + wrongly),
            without_faces=one.without_faces,
            why=_why(one),
            taken_for=self._names[taken[0][0]] if taken else None,
            taken_for_times=taken[0][1] if taken else 0,
        )

    def _seen_untagged(self) -> list[SeenUntagged]:
        most = sorted(self._untagged.items(), key=lambda one: (-one[1].times, one[0]))
        return [
            SeenUntagged(
                person_id=person_id,
                name=one.name,
                times=one.times,
                probability=round(one.probability / one.times, 4),
                most_probable=round(-one.examples[0][0], 4),
                in_place_of=one.in_place_of,
                examples=[id_ for _, id_ in one.examples],
            )
            for person_id, one in most[:MOST_LISTED]
        ]

    def _harmful(self) -> list[HarmfulReference]:
        harm = [one for one in self._references.items() if one[0][1] != _NOT_TOLD and one[1].wrong + one[1].untagged]
        harm.sort(key=lambda one: (-one[1].wrong, -one[1].untagged, one[0][0]))
        return [
            HarmfulReference(
                person_id=person_id,
                name=one.name,
                wrong=one.wrong,
                untagged=one.untagged,
                right=one.right,
                source=source,
                url=url,
                path=path,
                sha256=sha256,
            )
            for (person_id, (source, url, path, sha256)), one in harm[:MOST_LISTED]
        ]


_NOT_TOLD: _Picture = ("", None, None, None)


def _group(references: int) -> str:
    return next((name for most, name in _GROUPS if references <= most), _MANY)


def _why(one: _Performer) -> str | None:
    if one.seen == one.tagged:
        return None
    if not one.references:
        return "not_in_database"
    if one.taken_for:
        return "seen_as_somebody_else"
    return "sometimes_missed" if one.seen else "never_seen"
