"""Fingerprints and faces of made-up people, as they are kept."""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from stash_sense.fingerprints.fingerprint import FaceMark, Fingerprint, FingerprintPerson, Item, Outcome, Rival
from stash_sense.fingerprints.keeping import KnownRows, keep_faces
from stash_sense.fingerprints.kept_faces import KeptFaces
from stash_sense.kernel.arrays import Image
from stash_sense.recognition.faces import Faces, Sightings
from stash_sense.recognition.space import unit

LOOKED_AT = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)


def faces_of(people: int = 2, frames: int = 6, *, every: int = 1, dim: int = 16, seed: int = 0) -> Faces:
    """Faces of people who each are in all frames, on a track of ten frames after the other.

    Of each track every so many are described. Row `frame * people + person` of all seen is that person's.
    """
    random = np.random.default_rng(seed)
    count = people * frames
    frame = np.repeat(np.arange(frames), people)
    person = np.tile(np.arange(people), frames)
    box = np.stack([100.0 * person, 10.0 + frame, 100.0 * person + 60, 90.0 + frame], axis=1).astype(np.float32)
    row = np.flatnonzero(frame % every == 0)
    centres = unit(random.normal(size=(people, dim)).astype(np.float32))
    noise = random.normal(size=(len(row), dim)).astype(np.float32) * np.float32(0.2 / np.sqrt(dim))
    return Faces(
        seen=Sightings(
            frame=frame,
            t=(frame * 1.5).astype(np.float64),
            boxes=box,
            scores=random.uniform(0.5, 1.0, count).astype(np.float32),
            landmarks=random.normal(size=(count, 5, 2)).astype(np.float32),
            track=person * 1000 + frame // 10,
        ),
        row=row,
        quality=random.uniform(0.1, 1.0, len(row)).astype(np.float32),
        vectors=unit(centres[person[row]] + noise),
        crops=random.integers(0, 255, (len(row), 96, 96, 3), np.uint8),
    )


def rows_of(faces: Faces, person: int, *, named: bool = True, shown: int = 6) -> KnownRows:
    """The rows of one of the people of `faces_of`; shown are the best."""
    described = np.flatnonzero(faces.track // 1000 == person)
    best = described[np.argsort(-faces.quality[described], kind="stable")][:shown]
    return KnownRows(described.tolist(), best.tolist(), named)


def as_bytes(image: Image) -> bytes:
    """An encoder that can be seen through: the first bytes."""
    return image.tobytes()[:32]


def kept(seed: int = 0, pack: str = "lite") -> KeptFaces:
    """Kept faces of two people, one of them named."""
    faces = faces_of(seed=seed)
    people = [rows_of(faces, 0), rows_of(faces, 1, named=False)]
    return keep_faces(pack, faces, 6, people, as_bytes).faces


def same_faces(one: KeptFaces, other: KeptFaces) -> bool:
    """Whether these are the same faces, as far as keeping them preserves."""
    first, second = one.faces, other.faces
    return (
        (one.pack, one.frame_count, one.shown) == (other.pack, other.frame_count, other.shown)
        and first.row.tolist() == second.row.tolist()
        and first.seen.track.tolist() == second.seen.track.tolist()
        and first.vectors.shape == second.vectors.shape
        and bool(np.allclose(first.vectors, second.vectors, atol=0.01))
    )


def person(name: str = "Ada", confidence: float = 0.9, **fields: Any) -> FingerprintPerson:
    """Somebody who was named."""
    known: dict[str, Any] = {
        "person_id": f"stashdb.org:{name.lower()}",
        "name": name,
        "face_count": 5,
        "frame_count": 4,
        "proportion": 0.625,
        "confidence": confidence,
        "distance": 0.31,
        "marks": (FaceMark(3, 12.5, (1.0, 2.5, 30.0, 40.0)), FaceMark(0, None, (0.0, 0.0, 10.0, 10.0))),
        "rivals": (Rival("stashdb.org:bob", "Bób", 0.2, 0.5),),
        "reference": {"image": "a.jpg", "sources": ["stashdb"]},
    }
    return FingerprintPerson(**known | fields)


def fingerprint(id_: str = "1", kind: str = "scene", **fields: Any) -> Fingerprint:
    """A fingerprint with all that it can have."""
    known: dict[str, Any] = {
        "content": "oshash:abc",
        "pack": "lite",
        "database": "2026.11.1",
        "outcome": Outcome.FACES,
        "title": "Ein Fílm",
        "frames": 6,
        "faces": 12,
        "persons": (person(), person("Zoé", 0.7, reference=None, marks=(), rivals=())),
        "unknown": 1,
        "conditions": "folders 1",
        "looked_at": LOOKED_AT,
        "matched_at": LOOKED_AT,
        "details": {"from": "file", "attempts": [{"code": "stream_lost"}], "timing": {"total": 1.5}},
    }
    return Fingerprint(Item(kind, id_), **known | fields)
