"""What is remembered of a scene or an image: who is in it, by which database, and why it could not be looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple


class Item(NamedTuple):
    """A scene or an image: the name of its `library.kinds.Kind`, and its id in Stash."""

    kind: str
    id: str


def number_of(id_: str) -> int | None:
    """Read an id of Stash as the number that it is; None: it is none of Stash's, and nothing is kept of it."""
    is_number = id_.isascii() and id_.isdigit() and len(id_) < 19 and (id_ == "0" or id_[0] != "0")
    return int(id_) if is_number else None


def require_number(item: Item) -> int:
    """As `number_of`, of an item of which something is to be kept.

    Raises:
        ValueError: its id is none of Stash's.
    """
    number = number_of(item.id)
    if number is None:
        raise ValueError(f"{item.id!r} is no id of Stash")
    return number


class Outcome(StrEnum):
    """What came of looking."""

    FACES = "faces"
    NO_FACE = "no_face"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FaceMark:
    """One face that is shown for somebody.

    Attributes:
        face: its number among the faces that are kept of the item, see `kept_faces`.
        t: seconds from the first frame of a scene; None of an image.
        box: left, top, width, height in pixels of the upright picture.
    """

    face: int
    t: float | None
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Rival:
    """Somebody else it may have been: probability from 0 to 1, cosine distance on the pack's scale."""

    person_id: str
    name: str
    probability: float
    distance: float


@dataclass(frozen=True, slots=True)
class FingerprintPerson:
    """Somebody who was named in the item.

    Attributes:
        person_id: universal id in the performers database.
        name: as the database has it.
        face_count: faces of the person in the frames that were looked at.
        frame_count: frames the person is in.
        proportion: share of all faces that are this person's, 0 to 1.
        confidence: probability that this is the person.
        distance: cosine distance to the nearest reference, on the pack's scale.
        marks: the best faces, best first; at most 12.
        rivals: the next likely ones, best first.
        reference: what the nearest reference picture is known by in the database, see `performers.schema`; as JSON.
    """

    person_id: str
    name: str
    face_count: int
    frame_count: int
    proportion: float
    confidence: float
    distance: float
    marks: tuple[FaceMark, ...] = ()
    rivals: tuple[Rival, ...] = ()
    reference: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A scene or an image as it was looked at, once per content of its file, pack and database.

    Attributes:
        item: which.
        content: what the content of its file is known by, see `content_of`; empty where there is no file.
        pack: id of the model pack that made the vectors.
        database: version of the performers database that the people are of.
        outcome: what came of looking.
        code, message: why it could not be looked at the last time, a stable code and a sentence. With another outcome
            than `FAILED` the rest is what was known before.
        title: of the scene or image, or the name of its file.
        frames: that were looked at; 1 of an image.
        faces: that were found in them.
        persons: who was named, the most probable first.
        unknown: how many more people are seen.
        galleries: ids of the galleries an image is in.
        conditions: digest of what else decided: the folders, the settings. A failure is tried again when it differs.
        looked_at: when frames were last decoded.
        matched_at: when the faces were last compared with a database.
    """

    item: Item
    content: str
    pack: str
    database: str
    outcome: Outcome
    code: str = ""
    message: str = ""
    title: str = ""
    frames: int = 0
    faces: int = 0
    persons: tuple[FingerprintPerson, ...] = ()
    unknown: int = 0
    galleries: tuple[str, ...] = ()
    conditions: str = ""
    looked_at: datetime | None = None
    matched_at: datetime | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    """What only people read of it, as JSON: where the frames came from, what was tried, timings."""
