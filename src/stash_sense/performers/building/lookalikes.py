"""Faces -> those that are nearer to somebody else's than to any of their own person's."""

from collections.abc import Callable, Iterator
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
_PROBES, _ROWS = 2048, 4096
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

    def note(self, part: slice, cosines: Floats, rows: Ints) -> None:
        """Put in what is nearer than what was found so far.

        Args:
            part: the faces.
            cosines: (faces, k) to others.
            rows: (k,) of those.
        """
        best = cosines.max(axis=1)
        nearer = np.flatnonzero(best > self.other[part])
        self.rows[part][nearer] = rows[cosines[nearer].argmax(axis=1)]
        self.other[part][nearer] = best[nearer]


@dataclass(slots=True, eq=False)
class Comparison:
    """How far a comparison has come: what was found, and after how many of its steps.

    Attributes:
        found: what each probe is nearest to.
        back: of each face that is no probe, which of the probes that are somebody else's; its `own` empty.
    """

    found: NearestFaces
    back: NearestFaces
    done: int = 0


def nearest_faces(
    faces: Vectors,
    owner: Ints,
    probes: Ints,
    cancel: CancelToken,
    progress: ProgressListener = silent,
    begun: Comparison | None = None,
    keep: Callable[[Comparison], None] = lambda _: None,
) -> tuple[NearestFaces, NearestFaces]:
    """Compare some faces with all, any two of them once.

    All of 370,000 faces take 40 minutes of a processor core at 1,024 numbers each, and 14 at 128.

    Args:
        faces: unit vectors, read block by block; memory stays bounded.
        owner: (faces,) ascending, whom each is of.
        probes: (n,) ascending, rows to compare.
        cancel: looked at between blocks.
        progress: told how much is done, in probes.
        begun: a comparison of the very same faces to go on with.
        keep: given the comparison after each block, and may write it down.

    Returns:
        `Comparison.found` and `Comparison.back`.
    """
    so_far = begun or Comparison(NearestFaces.none(len(probes)), NearestFaces.none(faces.count))
    found, back = so_far.found, so_far.back
    steps = list(_steps(owner, probes))
    part, vectors = slice(0, 0), faces.rows(probes[:0])
    for step, (of, block) in enumerate(steps[so_far.done :], start=so_far.done):
        cancel.raise_if_cancelled()
        progress(Progress("comparing", len(probes) * step // len(steps), len(probes)))
        if of != part:
            part, vectors = of, faces.rows(probes[of])
        cosines = vectors @ faces.block(block.start, block.stop).T
        asked = probes[part]
        if _overlap(owner, asked, block):
            mine = owner[asked][:, None] == owner[None, block]
            own = np.where(mine, cosines, np.float32(-2.0))
            itself = np.flatnonzero((asked >= block.start) & (asked < block.stop))
            own[itself, asked[itself] - block.start] = -2.0
            found.own[part] = np.maximum(found.own[part], own.max(axis=1))
            cosines[mine] = -2.0
        found.note(part, cosines, np.arange(block.start, block.stop))
        back.note(block, cosines.T, asked)
        so_far.done = step + 1
        keep(so_far)
    # Of two probes the later one was not asked about the earlier one, which was asked about it.
    nearer = back.other[probes] > found.other
    found.rows[nearer], found.other[nearer] = back.rows[probes][nearer], back.other[probes][nearer]
    progress(Progress("comparing", len(probes), len(probes)))
    return found, back


def _steps(owner: Ints, probes: Ints) -> Iterator[tuple[slice, slice]]:
    """Yield which probes are to be compared with which rows: all but those whose rows were probes before, and are
    of other people.
    """
    done = np.zeros(len(owner), bool)
    for start in range(0, len(probes), _PROBES):
        part = slice(start, min(start + _PROBES, len(probes)))
        asked = probes[part]
        for first in range(0, len(owner), _ROWS):
            block = slice(first, min(first + _ROWS, len(owner)))
            if not done[block].all() or _overlap(owner, asked, block):
                yield part, block
        done[asked] = True


def _overlap(owner: Ints, asked: Ints, block: slice) -> bool:
    """Whether some of the probes may be of a person of whom the block has faces."""
    return bool(owner[asked[0]] <= owner[block.stop - 1] and owner[block.start] <= owner[asked[-1]])


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
