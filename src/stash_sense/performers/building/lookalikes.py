"""Faces of a written version -> those that are nearer to somebody else's than to any of their own person's.

Every face is compared with all the others once: the next build compares the new ones only.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.performers.index import Vectors
from stash_sense.recognition.spec import MatchingConstants

_CLEARLY = 0.7
"""Share of the distance to their own person at which a face is clearly nearer to another. Of 1,391 right photographs
none is, of those put under a wrong name 99 %; at .9, 8 right ones are too."""
_CLOSE = 0.25
"""Distance, as a share of the pack's `stranger_distance`, at which a face that is no nearer to its own person, or
the only one of them, is another's: of 1,391 photographs 2 are as near to a stranger's, of one person's 73 % are."""
_SHARE_OF_USUAL = 0.5
"""And at most this share of how near a stranger's photograph usually is: of more people the nearest is nearer."""
_USUAL_FROM = 100
"""Photographs from which on one can speak of usual."""
_PROBES, _ROWS = 1024, 8192
"""Faces compared at once: 34 MB of cosines."""


@dataclass(frozen=True, slots=True)
class Lookalike:
    """A face, and the face of somebody else that it is nearest to, by their rows."""

    row: int
    other: int


@dataclass(frozen=True, slots=True, eq=False)
class NearestFaces:
    """Of some faces the nearest of their own person and of all others; -2 and row -1 where there is none.

    Attributes:
        own: (n,) float32 cosines.
        other: (n,) float32 cosines.
        rows: (n,) int64, of those others.
    """

    own: Floats
    other: Floats
    rows: Ints


def nearest_faces(
    faces: Vectors, owner: Ints, probes: Ints, cancel: CancelToken, progress: ProgressListener = silent
) -> NearestFaces:
    """Compare some faces with all.

    Args:
        faces: unit vectors, read block by block; memory stays bounded.
        owner: (faces,) whom each is of.
        probes: (n,) rows to compare.
        cancel: looked at between blocks.
        progress: told how many of the probes are done.
    """
    own = np.full(len(probes), -2.0, np.float32)
    other = np.full(len(probes), -2.0, np.float32)
    rows = np.full(len(probes), -1, np.int64)
    for start in range(0, len(probes), _PROBES):
        progress(Progress("comparing", start, len(probes)))
        part = slice(start, start + _PROBES)
        asked = probes[part]
        vectors = faces.rows(asked)
        for first in range(0, faces.count, _ROWS):
            cancel.raise_if_cancelled()
            last = min(first + _ROWS, faces.count)
            cosines = vectors @ faces.block(first, last).T
            mine = owner[asked][:, None] == owner[None, first:last]
            itself = np.flatnonzero((asked >= first) & (asked < last))
            own_cosines = np.where(mine, cosines, np.float32(-2.0))
            own_cosines[itself, asked[itself] - first] = -2.0
            own[part] = np.maximum(own[part], own_cosines.max(axis=1))
            cosines[mine] = -2.0
            best = cosines.argmax(axis=1)
            value = np.take_along_axis(cosines, best[:, None], axis=1)[:, 0]
            nearer = value > other[part]
            rows[part] = np.where(nearer, best + first, rows[part])
            other[part] = np.where(nearer, value, other[part])
    progress(Progress("comparing", len(probes), len(probes)))
    return NearestFaces(own, other, rows)


def lookalikes(probes: Ints, found: NearestFaces, constants: MatchingConstants) -> Iterator[Lookalike]:
    """Yield the faces that probably are of somebody else, or of the same person under another name.

    Args:
        probes: (n,) rows of the faces.
        found: what they are nearest to.
        constants: of the pack.
    """
    away, own = 1.0 - found.other, 1.0 - found.own
    near = (found.own > -2.0) & (away <= _CLEARLY * own) & (away <= constants.cluster_distance)
    near |= (away <= own) & (away <= _close(away, constants))
    near &= found.rows >= 0
    for place in np.flatnonzero(near).tolist():
        yield Lookalike(int(probes[place]), int(found.rows[place]))


def _close(away: Floats, constants: MatchingConstants) -> float:
    most = _CLOSE * constants.stranger_distance
    if len(away) < _USUAL_FROM:
        return most
    return min(most, _SHARE_OF_USUAL * float(np.median(away)))
