"""All faces of one video or picture -> those that are kept, so that another database needs no frames."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from stash_sense.fingerprints.kept_faces import KeptFaces
from stash_sense.kernel.arrays import Image, Ints
from stash_sense.recognition.faces import Faces, Sightings

OF_A_PERSON = 12
"""Described faces of a person that are kept: enough to be named again by, see `keep_faces`."""
OF_NOBODY = 24
"""Described faces that are kept of all who were seen too seldom to be taken for a person."""
OF_ALL = 240
"""Described faces of all people together: of more than 20 people, as in a crowd, fewer of each are kept, but two."""
SIGHTINGS = 400
"""Faces seen that are kept, described or not: by them people are counted, and kept apart who are in one frame."""
CROPS_OF_NAMED, CROPS_OF_UNKNOWN = 6, 2
"""Pictures of a person that are kept; 2.3 kB each."""


@dataclass(frozen=True, slots=True)
class KnownRows:
    """The faces of somebody who was told apart.

    Attributes:
        described: rows of the described faces.
        shown: rows of those that are to be shown, best first.
        named: whether it is known who it is.
    """

    described: Sequence[int]
    shown: Sequence[int]
    named: bool


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """What is kept, and where it was.

    Attributes:
        faces: what is kept.
        number_of: number of each face among those that are kept, by its row among all that were seen.
    """

    faces: KeptFaces
    number_of: Mapping[int, int] = field(default_factory=dict)


def keep_faces(
    pack: str,
    faces: Faces,
    frame_count: int,
    people: Sequence[KnownRows],
    encode: Callable[[Image], bytes],
) -> Kept:
    """Choose what is kept of the faces of one video or picture.

    Of 60 acted scenes, looked at with the pack duo, 20 faces were kept on average in 7 kB, and 12 crops in 28 kB; the
    largest took 28 kB and 70 kB. Matched again by what was kept, 119 of 120 people were named as before, and nobody
    else; their probabilities moved by 0.008 at most.

    Args:
        pack: id of the model pack.
        faces: all there are.
        frame_count: frames that were looked at.
        people: who was told apart, the most important first.
        encode: a crop into JPEG.
    """
    most = max(2, min(OF_A_PERSON, OF_ALL // max(1, len(people))))
    chosen = [_of_a_person(faces, person, most) for person in people[: OF_ALL // most]]
    somebodys = {row for person in people for row in person.described}
    nobodys = np.array([row for row in range(len(faces)) if row not in somebodys], np.int64)
    described = np.unique(np.concatenate([*chosen, _best_of_tracks(faces, nobodys, OF_NOBODY)]))
    crops = {
        int(faces.row[row]): encode(faces.crops[row])
        for person, kept in zip(people, chosen, strict=False)
        for row in _cropped(faces, person, kept)
    }
    tracks = _tracks(faces, people, described)
    seen = _sightings(faces, described, tracks)
    number_of = {row: number for number, row in enumerate(seen.tolist())}
    cropped = {number_of[row]: crop for row, crop in crops.items()}
    kept = Faces(
        seen=Sightings(
            frame=faces.seen.frame[seen],
            t=faces.seen.t[seen],
            boxes=faces.seen.boxes[seen],
            scores=faces.seen.scores[seen],
            landmarks=np.zeros((len(seen), 5, 2), np.float32),
            track=tracks[seen],
        ),
        row=np.searchsorted(seen, faces.row[described]),
        quality=faces.quality[described],
        vectors=faces.vectors[described],
        crops=np.zeros((len(described), 0, 0, 3), np.uint8),
    )
    return Kept(KeptFaces(pack, kept, frame_count, cropped, frozenset(cropped)), number_of)


def _of_a_person(faces: Faces, person: KnownRows, most: int) -> Ints:
    """Choose those that are shown, then the best of each track, then the best of each stretch of time."""
    rows = np.sort(np.asarray(person.described, np.int64))
    if len(rows) <= most:
        return rows
    stretches = np.array_split(rows, most)
    in_turn = [
        *person.shown[:CROPS_OF_NAMED],
        *_best_of_tracks(faces, rows, most).tolist(),
        *(int(stretch[faces.quality[stretch].argmax()]) for stretch in stretches),
        *rows[np.argsort(-faces.quality[rows], kind="stable")].tolist(),
    ]
    return np.array(list(dict.fromkeys(in_turn))[:most], np.int64)


def _best_of_tracks(faces: Faces, rows: Ints, most: int) -> Ints:
    """Choose the best of each track, the best of all first; then the second best of each, and so on."""
    ranked = rows[np.argsort(-faces.quality[rows], kind="stable")].tolist()
    place: dict[int, int] = {}
    order = []
    for row in ranked:
        track = int(faces.track[row])
        place[track] = place.get(track, -1) + 1
        order.append((place[track], row))
    order.sort(key=lambda one: one[0])
    return np.array([row for _, row in order[:most]], np.int64)


def _cropped(faces: Faces, person: KnownRows, kept: Ints) -> list[int]:
    """Choose the faces of which a picture is kept: those that are shown first, then the best."""
    rest = kept[np.argsort(-faces.quality[kept], kind="stable")].tolist()
    there = set(rest)
    in_turn = dict.fromkeys([*(row for row in person.shown if row in there), *rest])
    return list(in_turn)[: CROPS_OF_NAMED if person.named else CROPS_OF_UNKNOWN]


def _tracks(faces: Faces, people: Sequence[KnownRows], described: Ints) -> Ints:
    """Put the tracks of which no described face is kept to the nearest other track of their person.

    A track counts by its described faces, and where few moments are looked at each has a track of its own: without
    this, who was seen in forty frames would afterwards have been seen in twelve. On which of a person's tracks a face
    was seen makes no difference to anything else.

    Returns:
        (faces seen,) tracks; -1 where nothing of the person is kept.
    """
    there = np.unique(faces.track[described])
    track = np.where(np.isin(faces.seen.track, there), faces.seen.track, -1)
    for person in people:
        rows = np.asarray(person.described, np.int64)
        own = np.intersect1d(rows, described)
        for lost in np.setdiff1d(faces.track[rows], there).tolist() if len(own) else ():
            sighted = np.flatnonzero(faces.seen.track == lost)
            away = np.abs(faces.seen.frame[sighted][:, None] - faces.frame[own][None, :])
            track[sighted] = faces.track[own][away.argmin(axis=1)]
    return track


def _sightings(faces: Faces, described: Ints, tracks: Ints) -> Ints:
    """Choose rows of all that was seen of whom something is kept; of too many some of all times."""
    own = faces.row[described]
    others = np.setdiff1d(np.flatnonzero(tracks >= 0), own)
    room = max(0, SIGHTINGS - len(own))
    if len(others) > room:
        others = others[np.linspace(0, len(others), room, endpoint=False).astype(np.int64)]
    return np.union1d(own, others)
