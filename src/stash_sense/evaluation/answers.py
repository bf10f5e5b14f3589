"""What identifying a file gave -> the answer that is measured: whom each person seen is likeliest to be."""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stash_sense.identification.result import Identification, SeenPerson, Sighting
from stash_sense.performers.gallery import Gallery

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Claim:
    """One person seen in a file, and who that is likeliest to be.

    Attributes:
        name: of the known person who is likeliest; None where the gallery has nobody to propose.
        probability: that it is this person, 0 to 1; 0 without a name.
        named: whether the name was given, or only came first among the alternatives of an unknown person.
        sightings: where the person is seen, in order of time.
    """

    name: str | None
    probability: float
    named: bool
    sightings: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer for one file that could be processed; nothing of its pictures is kept.

    Attributes:
        claims: one for each person seen.
        frames, faces: counts.
        seconds: wall-clock time it took.
    """

    claims: tuple[Claim, ...]
    frames: int = 0
    faces: int = 0
    seconds: float = 0.0

    @property
    def named(self) -> dict[str, float]:
        """Every name given, with its probability."""
        given: dict[str, float] = {}
        for claim in self.claims:
            if claim.named and claim.name is not None:
                given[claim.name] = max(claim.probability, given.get(claim.name, 0.0))
        return given

    @property
    def unknown(self) -> int:
        """How many people were seen without getting a name."""
        return sum(not claim.named for claim in self.claims)


def answer_of(result: Identification) -> Answer:
    """Keep of a result what is measured; for a fair measure it lists at least one alternative for each person.

    Raises:
        ValueError: the file could not be processed, so there is no answer.
    """
    if result.failure is not None:
        raise ValueError(f"{result.source} was not processed: {result.failure.code}")
    return Answer(
        claims=tuple(_claims(result)),
        frames=result.frames_analyzed,
        faces=result.faces_detected,
        seconds=result.timing_ms.get("total", 0.0) / 1000.0,
    )


def references_of(gallery: Gallery) -> Mapping[str, int]:
    """Return how many references each name of the gallery has; people of the same name count as one."""
    counts = np.bincount(gallery.owner, minlength=len(gallery.persons)).tolist()
    references: dict[str, int] = {}
    for person, count in zip(gallery.persons, counts, strict=True):
        references[spelled(person.name)] = references.get(spelled(person.name), 0) + count
    return references


def spelled(name: str) -> str:
    """Spell a name in the one way in which names are compared: file systems differ in how they write an accent."""
    return unicodedata.normalize("NFC", name)


def _claims(result: Identification) -> Iterator[Claim]:
    for person in result.persons:
        yield Claim(spelled(person.name), float(person.probability), True, person.sightings)
    for stranger in result.unknown:
        yield _likeliest(stranger)


def _likeliest(stranger: SeenPerson) -> Claim:
    if not stranger.alternatives:
        return Claim(None, 0.0, False, stranger.sightings)
    best = stranger.alternatives[0]
    return Claim(spelled(best.name), float(best.probability), False, stranger.sightings)
