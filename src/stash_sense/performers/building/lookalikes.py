"""Faces -> those that are nearer to somebody else's than to any of their own person's."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.performers.search.index import Vectors
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

    @classmethod
    def none(cls, count: int) -> "NearestFaces":
        """Nothing found yet for so many faces."""
        low = np.full(count, -2.0, np.float32)
        return cls(low, low.copy(), np.full(count, -1, np.int64))


def nearest_faces(
    faces: Vectors, owner: Ints, probes: Ints, cancel: CancelToken, progress: ProgressListener = silent
) -> tuple[NearestFaces, NearestFaces]:
    """Compare some faces with all.

    Args:
        faces: unit vectors, read block by block; memory stays bounded.
        owner: (faces,) whom each is of.
        probes: (n,) rows to compare.
        cancel: looked at between blocks.
        progress: told how many of the probes are done.

    Returns:
        What each probe is nearest to; and of all faces which of the probes that are somebody else's, its `own` empty.
    """
    found, back = NearestFaces.none(len(probes)), NearestFaces.none(faces.count)
    for start in range(0, len(probes), _PROBES):
        progress(Progress("comparing", start, len(probes)))
        part = slice(start, start + _PROBES)
        asked = probes[part]
        vectors = faces.rows(asked)
        for first in range(0, faces.count, _ROWS):
            cancel.raise_if_cancelled()
            block = slice(first, min(first + _ROWS, faces.count))
            cosines = vectors @ faces.block(block.start, block.stop).T
            mine = owner[asked][:, None] == owner[None, block]
            own = np.where(mine, cosines, np.float32(-2.0))
            itself = np.flatnonzero((asked >= block.start) & (asked < block.stop))
            own[itself, asked[itself] - first] = -2.0
            found.own[part] = np.maximum(found.own[part], own.max(axis=1))
            cosines[mine] = -2.0
            best = cosines.argmax(axis=1)
            _nearer(found, part, np.take_along_axis(cosines, best[:, None], axis=1)[:, 0], best + first)
            best = cosines.argmax(axis=0)
            _nearer(back, block, np.take_along_axis(cosines, best[None], axis=0)[0], asked[best])
    progress(Progress("comparing", len(probes), len(probes)))
    return found, back


def _nearer(found: NearestFaces, part: slice, cosines: Floats, rows: Ints) -> None:
    """Put in what is nearer than what was found so far."""
    nearer = cosines > found.other[part]
    found.rows[part] = np.where(nearer, rows, found.rows[part])
    found.other[part] = np.where(nearer, cosines, found.other[part])


def lookalikes(
    rows: Ints, found: NearestFaces, constants: MatchingConstants, usual: Floats | None = None
) -> Iterator[Lookalike]:
    """Yield the faces that probably are of somebody else, or of the same person under another name.

    Args:
        rows: (n,) of the faces.
        found: what they are nearest to.
        constants: of the pack.
        usual: cosines of faces to the nearest of somebody else, where those of `found` are not just any.
    """
    away, own = 1.0 - found.other, 1.0 - found.own
    near = (found.own > -2.0) & (away <= _CLEARLY * own) & (away <= constants.cluster_distance)
    near |= (away <= own) & (away <= _close(found.other if usual is None else usual, constants))
    near &= found.rows >= 0
    for place in np.flatnonzero(near).tolist():
        yield Lookalike(int(rows[place]), int(found.rows[place]))


def _close(usual: Floats, constants: MatchingConstants) -> float:
    most = _CLOSE * constants.stranger_distance
    if len(usual) < _USUAL_FROM:
        return most
    return min(most, _SHARE_OF_USUAL * float(np.median(1.0 - usual)))
