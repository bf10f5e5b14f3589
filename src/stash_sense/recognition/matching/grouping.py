"""Described faces -> groups that are one person each: tracks first, then tracks that look alike and never meet."""

from dataclasses import dataclass

import numpy as np

from stash_sense.kernel.arrays import Bools, Floats, Ints
from stash_sense.recognition.clustering import cluster
from stash_sense.recognition.faces import Faces


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Faces that are one person.

    Attributes:
        described: row numbers among the described faces, ascending.
        seen: row numbers among all faces seen, ascending.
        frames: the frames they are in.
    """

    described: Ints
    seen: Ints
    frames: frozenset[int]

    @classmethod
    def of(cls, faces: Faces, described: Ints, seen: Ints) -> "Group":
        """Make a group of rows in any order."""
        return cls(np.sort(described), np.sort(seen), frozenset(faces.seen.frame[seen].tolist()))

    def with_(self, other: "Group") -> "Group":
        """Return both groups as one."""
        return Group(
            np.union1d(self.described, other.described),
            np.union1d(self.seen, other.seen),
            self.frames | other.frames,
        )


def group(faces: Faces, same_person: float, same_track: float) -> list[Group]:
    """Group the faces of one video or picture.

    Faces of one track are one person, unless they look too different for that: then somebody took somebody else's
    place, and the track is cut. Faces of one frame are different people.

    Args:
        faces: of one video or picture.
        same_person: mean cosine from which two groups are one person.
        same_track: mean cosine below which two parts of a track are different people.

    Returns:
        The groups, in the order of their first faces.
    """
    if not len(faces):
        return []
    tracks = _cut_tracks(faces, same_track)
    own = tracks[faces.row]
    count = int(own.max()) + 1
    weights = np.bincount(own, minlength=count).astype(np.float32)
    sums = np.zeros((count, faces.vectors.shape[1]), np.float32)
    np.add.at(sums, own, faces.vectors)
    groups = cluster(sums / weights[:, None], weights, _meeting(faces, tracks, count), same_person)
    number = np.empty(count, np.int64)
    for place, members in enumerate(groups):
        number[members] = place
    seen = np.flatnonzero(tracks >= 0)
    of_seen, of_described = number[tracks[seen]], number[own]
    return [
        Group.of(faces, np.flatnonzero(of_described == place), seen[of_seen == place]) for place in range(len(groups))
    ]


def _cut_tracks(faces: Faces, same_track: float) -> Ints:
    """Number the tracks anew from 0, cut where they change their face: (faces seen,), -1 where none is described."""
    tracks = np.full(len(faces.seen), -1, np.int64)
    count = 0
    for rows, seen in zip(_by_track(faces.track), _seen_of(faces), strict=True):
        ones, together = np.ones(len(rows), np.float32), np.zeros((len(rows), len(rows)), np.bool_)
        parts = cluster(faces.vectors[rows], ones, together, same_track)
        part = np.empty(len(rows), np.int64)
        for place, members in enumerate(parts):
            part[members] = place
        nearest = np.abs(faces.seen.frame[seen][:, None] - faces.frame[rows][None, :]).argmin(axis=1)
        tracks[seen] = count + part[nearest]
        count += len(parts)
    return tracks


def _by_track(track: Ints) -> list[Ints]:
    """Rows of each track, in the order of the tracks' numbers."""
    order = np.argsort(track, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(track[order])) + 1)


def _seen_of(faces: Faces) -> list[Ints]:
    """Rows of all faces seen of each track that has a described face, in the order of the tracks' numbers."""
    rows = np.flatnonzero(np.isin(faces.seen.track, faces.track))
    return [rows[part] for part in _by_track(faces.seen.track[rows])]


def _meeting(faces: Faces, tracks: Ints, count: int) -> Bools:
    """(count, count) which tracks have faces in one frame."""
    seen = np.flatnonzero(tracks >= 0)
    presence: Floats = np.zeros((count, int(faces.seen.frame.max()) + 1), np.float32)
    presence[tracks[seen], faces.seen.frame[seen]] = 1.0
    meeting: Bools = presence @ presence.T > 0.0
    np.fill_diagonal(meeting, False)
    return meeting
