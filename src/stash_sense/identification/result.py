"""What identifying one file gives: who, how sure, where to see it, and what went wrong."""

from dataclasses import dataclass, field

import numpy as np

from stash_sense.errors import StashSenseError
from stash_sense.identification.reasons import Reference, RunnerUp
from stash_sense.identification.subject import FramesFrom
from stash_sense.kernel.arrays import Image


@dataclass(frozen=True, slots=True)
class Sighting:
    """One frame a person is seen in.

    Attributes:
        t: seconds from the first frame shown; None for a still picture.
        box: left, top, width, height of the face, in pixels of the upright frame.
        face: row of the face among all that were seen; None where these are not at hand.
    """

    t: float | None
    box: tuple[float, float, float, float]
    face: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another known person it may be: probability 0 to 1, cosine distance on the pack's scale."""

    person_id: str
    name: str
    probability: float
    distance: float


@dataclass(frozen=True, slots=True, eq=False)
class SeenPerson:
    """Somebody seen in the file, named or not.

    Attributes:
        sightings: in order of time.
        crops: (n, 96, 96, 3) uint8 RGB, the best few aligned faces, best first.
        alternatives: the next likely known persons, best first.
        described: rows of the person's faces among those that were described.
        shown: rows of those that the crops are of.
        pictured: the sightings that the crops are of.
        runner_up: why the first alternative has not got the name; None without one, and where nobody looked.
    """

    sightings: tuple[Sighting, ...]
    crops: Image
    alternatives: tuple[Alternative, ...]
    described: tuple[int, ...] = field(default=(), kw_only=True)
    shown: tuple[int, ...] = field(default=(), kw_only=True)
    pictured: tuple[Sighting, ...] = field(default=(), kw_only=True)
    runner_up: RunnerUp | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True, eq=False)
class NamedPerson(SeenPerson):
    """A known person.

    Attributes:
        person_id: the gallery's id of the person.
        name: as the gallery has it, unchanged.
        probability: that this is the person, 0.5 to 1.
        distance: cosine distance to the person's nearest reference.
        tagged: whether the caller said that this person is tagged already.
        references: the person's pictures that the faces are nearest to, the nearest first, at most 3.
        votes: share of the faces, by their weight, that are nearer to this person than to anybody else.
    """

    person_id: str
    name: str
    probability: float
    distance: float
    tagged: bool = False
    references: tuple[Reference, ...] = ()
    votes: float | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a file could not be identified: a stable code and a sentence with what to do."""

    code: str
    message: str

    @classmethod
    def of(cls, error: StashSenseError) -> "Failure":
        """Keep what the user needs of an error."""
        return cls(error.code, str(error))


@dataclass(frozen=True, slots=True)
class TaggedPerformer:
    """Somebody who is tagged in Stash.

    Attributes:
        performer_id: in Stash.
        name: in Stash.
        person_ids: who it is among the people who can be recognised; none where not known here.
        seen: whether one of these was recognised.
    """

    performer_id: str
    name: str
    person_ids: tuple[str, ...]
    seen: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """A place that gave no frames, and why."""

    frames_from: FramesFrom
    failure: Failure


@dataclass(frozen=True, slots=True)
class LibraryFacts:
    """What belongs to the answer for something in Stash.

    Attributes:
        kind: scene or image.
        id: in Stash.
        frames_from: where the frames were had; None where nowhere.
        with_cover: whether the cover was one of the frames.
        attempts: what was tried before.
        performers: who is tagged in it.
    """

    kind: str
    id: str
    frames_from: FramesFrom | None = None
    with_cover: bool = False
    attempts: tuple[Attempt, ...] = ()
    performers: tuple[TaggedPerformer, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Identification:
    """The answer for one file.

    Attributes:
        source: the file as the user named it, or below the folder the user named.
        pack: id of the model pack.
        mode: name of the matching mode.
        duration: seconds of a video; None for a picture or where it is not known.
        width, height: pixels of the upright frames; 0 where nothing was decoded.
        frames_analyzed, faces_detected: counts.
        persons: named, most probable first.
        unknown: seen but not named, most often seen first.
        failure: set when the file could not be processed; everything else is then empty.
        timing_ms: wall-clock milliseconds per stage, and their `total`.
        library: for something in Stash.
    """

    source: str
    pack: str
    mode: str
    duration: float | None = None
    width: int = 0
    height: int = 0
    frames_analyzed: int = 0
    faces_detected: int = 0
    persons: tuple[NamedPerson, ...] = ()
    unknown: tuple[SeenPerson, ...] = ()
    failure: Failure | None = None
    timing_ms: dict[str, float] = field(default_factory=dict)
    library: LibraryFacts | None = None


NO_CROPS: Image = np.zeros((0, 96, 96, 3), np.uint8)
