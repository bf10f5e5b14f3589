"""The kept faces of many scenes -> what is looked for in a database at once: templates of groups, means of tracks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.recognition.faces import Faces
from stash_sense.recognition.matching.grouping import Group, group
from stash_sense.recognition.space import FaceSpace, unit
from stash_sense.recognition.spec import Decision


def groups_of(faces: Faces, decision: Decision) -> list[Group]:
    """Group faces as the matching mode `template` does."""
    constants = decision.constants
    return group(faces, 1.0 - constants.cluster_distance, 1.0 - constants.track_distance)


def assignment(groups: Sequence[Group], count: int) -> tuple[int, ...]:
    """Number the group of each of so many described faces."""
    of = np.zeros(count, np.int64)
    for number, one in enumerate(groups):
        of[one.described] = number
    return tuple(of.tolist())


@dataclass(frozen=True, slots=True, eq=False)
class Probes:
    """What stands for the groups of many scenes.

    Attributes:
        templates: (groups, D) whitened unit vectors, their faces weighted by quality; scene by scene.
        tracks: (tracks, D) mean whitened vectors of the tracks in them.
        group: (tracks,) ascending, the group each is of.
    """

    templates: Floats
    tracks: Floats
    group: Ints

    @classmethod
    def of(cls, faces: Sequence[Faces], assignments: Sequence[Sequence[int]], space: FaceSpace) -> "Probes":
        """Make them of the faces of several scenes, by the number of the group of each described face."""
        if not sum(map(len, faces)):
            nothing = np.zeros((0, space.dim), np.float32)
            return cls(nothing, nothing, np.zeros(0, np.int64))
        white = space.whitened(np.concatenate([one.vectors for one in faces]))
        weights = np.concatenate([one.quality for one in faces])[:, None]
        firsts = np.cumsum([0, *(max(of, default=-1) + 1 for of in assignments[:-1])]).tolist()
        owner: Ints = np.concatenate(
            [np.asarray(of, np.int64) + first for of, first in zip(assignments, firsts, strict=True)]
        )
        track = np.concatenate([one.track for one in faces])
        order = np.lexsort((track, owner))
        owner, track, white, weights = owner[order], track[order], white[order], weights[order]
        is_group = np.diff(owner, prepend=-1) != 0
        is_track = is_group | (np.diff(track, prepend=-1) != 0)
        groups, tracks = np.flatnonzero(is_group), np.flatnonzero(is_track)
        lengths = np.diff(np.append(tracks, len(owner)))[:, None].astype(np.float32)
        return cls(
            unit(np.add.reduceat(white * weights, groups, axis=0)),
            np.asarray(np.add.reduceat(white, tracks, axis=0) / lengths, np.float32),
            owner[tracks],
        )
