"""Faces put together by hand: who is seen in which frame, on which track, and what is described of them."""

import math
from dataclasses import dataclass

import numpy as np

from stash_sense.kernel.arrays import Floats
from stash_sense.recognition.faces import Faces, Sightings
from stash_sense.recognition.matching.grouping import Group

DIM = 24


@dataclass(frozen=True, eq=False)
class Seen:
    """A face of a frame, a second each; without a vector it is not described."""

    frame: int
    track: int
    vector: Floats | None = None
    quality: float = 0.5


def person(number: int) -> Floats:
    """The vector of a person; different persons are at right angles."""
    return np.asarray(np.eye(1, DIM, number)[0], np.float32)


def like(number: int, cosine: float, sideways: int = DIM - 1) -> Floats:
    """A face at that cosine to a person, the rest of it towards an axis that is nobody's."""
    return np.asarray(cosine * person(number) + math.sqrt(1.0 - cosine**2) * person(sideways), np.float32)


def faces_of(*seen: Seen) -> Faces:
    """The faces of a video, put in the order of time."""
    order = sorted(seen, key=lambda face: face.frame)
    described = [(face, face.vector) for face in order if face.vector is not None]
    count = len(order)
    return Faces(
        seen=Sightings(
            frame=np.array([face.frame for face in order], np.int64),
            t=np.array([face.frame for face in order], np.float64),
            boxes=np.zeros((count, 4), np.float32),
            scores=np.full(count, 0.9, np.float32),
            landmarks=np.zeros((count, 5, 2), np.float32),
            track=np.array([face.track for face in order], np.int64),
        ),
        row=np.array([row for row, face in enumerate(order) if face.vector is not None], np.int64),
        quality=np.array([face.quality for face, _ in described], np.float32),
        vectors=np.array([vector for _, vector in described], np.float32).reshape(-1, DIM),
        crops=np.zeros((len(described), 96, 96, 3), np.uint8),
    )


def group_of(faces: Faces, *tracks: int) -> Group:
    """The group of all faces of some tracks."""
    return Group.of(
        faces, np.flatnonzero(np.isin(faces.track, tracks)), np.flatnonzero(np.isin(faces.seen.track, tracks))
    )
