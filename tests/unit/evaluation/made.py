"""Answers and truths in one line each.

In tests: `from tests.unit.evaluation.made import answer, compared, named, truth, unknown`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from stash_sense.evaluation.answers import Answer, Claim
from stash_sense.evaluation.comparison import Compared, compare
from stash_sense.evaluation.truth import Appearance, TrueFile
from stash_sense.identification.result import NO_CROPS, Alternative, Identification, NamedPerson, SeenPerson, Sighting

Box = tuple[float, float, float, float]
LEFT, RIGHT = (100.0, 100.0, 50.0, 60.0), (400.0, 100.0, 50.0, 60.0)
"""Where a face may be: left, top, width, height."""


def seen(box: Box, *times: float | None) -> tuple[Sighting, ...]:
    return tuple(Sighting(t, box) for t in times)


def named(name: str, probability: float = 0.9, at: Sequence[Sighting] = ()) -> Claim:
    return Claim(name, probability, True, tuple(at))


def unknown(name: str | None = None, probability: float = 0.1, at: Sequence[Sighting] = ()) -> Claim:
    return Claim(name, probability if name else 0.0, False, tuple(at))


def answer(*claims: Claim, seconds: float = 1.0) -> Answer:
    return Answer(claims, frames=10, faces=len(claims), seconds=seconds)


def truth(
    *persons: str, strangers: int | None = None, appearances: Sequence[Appearance] = (), **labels: str
) -> TrueFile:
    return TrueFile(path="a.mp4", persons=persons, strangers=strangers, labels=labels, appearances=tuple(appearances))


def appears(subject: str, box: Box, *times: float) -> Appearance:
    """Somebody whose face stays where it is."""
    track = tuple((t, *box) for t in times)
    return Appearance(subject=subject, start=min(times), end=max(times), height=box[3], track=track)


def compared(given: Answer, file: TrueFile, references: Mapping[str, int] | None = None) -> Compared:
    """Compare with a gallery that has everybody of the truth, unless it is given."""
    return compare(given, file, dict.fromkeys(file.persons, 1) if references is None else references)


def named_person(name: str, probability: float = 0.9, **more: Any) -> NamedPerson:
    return NamedPerson(
        sightings=more.pop("sightings", ()),
        crops=NO_CROPS,
        alternatives=more.pop("alternatives", ()),
        person_id=f"folder:{name}",
        name=name,
        probability=probability,
        distance=0.1,
    )


def unknown_person(*alternatives: tuple[str, float]) -> SeenPerson:
    listed = tuple(Alternative(f"folder:{name}", name, probability, 0.5) for name, probability in alternatives)
    return SeenPerson((), NO_CROPS, listed)


def identification(persons: Sequence[NamedPerson] = (), strangers: Sequence[SeenPerson] = ()) -> Identification:
    return Identification(
        "a.mp4",
        "lite",
        "template",
        frames_analyzed=12,
        faces_detected=34,
        persons=tuple(persons),
        unknown=tuple(strangers),
        timing_ms={"total": 2500.0, "matching": 1.0},
    )
