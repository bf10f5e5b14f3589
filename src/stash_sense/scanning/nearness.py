"""How near the people of a database are to the faces of a scene, kept so that another version can be compared.

Grouping knows no database, and a group is first of all weighed by its template: its faces, weighted by quality. So
when the people around every template are where they were, the names stay; to find out takes one search for thousands
of scenes, a hundredth of the time of weighing them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.recognition.faces import Faces
from stash_sense.recognition.matching.grouping import Group, group
from stash_sense.recognition.space import FaceSpace, unit
from stash_sense.recognition.spec import Decision

NEAREST = 22
"""People looked up around a template: the nearest, the 20 whom the evidence compares it with, and one more."""
NOTES = "near"
"""Where it is kept among the `details` of a fingerprint."""

_ROUNDING = 0.002
"""Most that a cosine to the same person differs between two versions: vectors are kept in half precision and less."""
_STILL = 1e-4
"""Likewise for what was measured of the same vectors."""
_QUIET, _STIRRED = 0.3, 0.8
"""By how much a probability, on the logistic's own scale, may move unseen: where none of the people around a template
differ (then only a lookalike of somebody else's may), and where some do. Of 6,000 groups a change that was not
foreseen was above .12 and .4 for one in a hundred; one that led over the threshold was below .08."""
_DRIFT = 1.0
"""From a foreseen change of that size on, on the same scale, the probability is clearly another one."""
_MARGINS = ("margin", "centred_margin", "plain_margin")
_GAPS = ("gap", "plain_gap", "clear_gap", "track_gap", "face_gap", "gap_by_quality")
_LIKENESSES = ("similarity", "plain_similarity", "nearest_face", "apartness")


@dataclass(frozen=True, slots=True)
class Around:
    """The people around a template.

    Attributes:
        first: universal id of the nearest; empty for one who does not exist.
        own: cosine to the nearest.
        lead: cosine to the most probable person; None where that one is not among the nearest.
        second: cosine to the nearest but one.
        mean: of the cosines to the 20 after the first.
        horizon: cosine to the last of these: who is farther away does not count.
    """

    first: str
    own: float
    lead: float | None
    second: float
    mean: float
    horizon: float


@dataclass(frozen=True, slots=True)
class Likely:
    """Somebody a group may be: universal id, probability, cosine distance."""

    id: str
    probability: float
    distance: float


@dataclass(frozen=True, slots=True)
class GroupNotes:
    """What is kept of a group: who it may be, the most probable first, and the people around its template."""

    likely: tuple[Likely, ...]
    around: Around


@dataclass(frozen=True, slots=True)
class Notes:
    """What is kept of a scene or an image.

    Attributes:
        by: digest of all that decided but the database.
        tagged: universal ids of those who were raised for being tagged.
        of: the number of the group of each described face.
        groups: in the order of their first faces.
    """

    by: str
    tagged: tuple[str, ...]
    of: tuple[int, ...]
    groups: tuple[GroupNotes, ...]

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            "by": self.by,
            "tagged": list(self.tagged),
            "of": list(self.of),
            "groups": [
                {
                    "likely": [[one.id, round(one.probability, 6), round(one.distance, 5)] for one in notes.likely],
                    "first": notes.around.first,
                    "near": [None if value is None else round(value, 5) for value in _numbers(notes.around)],
                }
                for notes in self.groups
            ],
        }

    @classmethod
    def read(cls, details: Mapping[str, Any]) -> "Notes | None":
        """Read what was kept; None where nothing was, or not in this form."""
        kept: Any = details.get(NOTES)
        try:
            return cls(
                str(kept["by"]),
                tuple(map(str, kept["tagged"])),
                tuple(map(int, kept["of"])),
                tuple(
                    GroupNotes(
                        tuple(Likely(str(id_), float(p), float(far)) for id_, p, far in one["likely"]),
                        _around(str(one["first"]), *one["near"]),
                    )
                    for one in kept["groups"]
                ),
            )
        except (LookupError, TypeError, ValueError, AttributeError):
            return None


def _numbers(around: Around) -> tuple[float | None, ...]:
    return around.own, around.lead, around.second, around.mean, around.horizon


def _around(first: str, own: float, lead: float | None, second: float, mean: float, horizon: float) -> Around:
    numbers = (float(own), None if lead is None else float(lead), float(second), float(mean), float(horizon))
    return Around(first, *numbers)


@dataclass(frozen=True, slots=True)
class Change:
    """Says from the people around a template, before and now, whether a name may be another one.

    Attributes:
        level: of the probability from which names are given, on the logistic's scale.
        margin, gap, likeness: by how much a logistic rises when somebody is so much nearer than the next, than the 20
            next, and than before.
    """

    level: float
    margin: float
    gap: float
    likeness: float

    @classmethod
    def of(cls, decision: Decision, named_from: float) -> "Change":
        """Read it from a pack's curve."""
        weights = dict(zip(decision.curve.features, map(abs, decision.curve.coefficients), strict=True))
        margin, gap, likeness = (
            sum(weights.get(name, 0.0) for name in names) for names in (_MARGINS, _GAPS, _LIKENESSES)
        )
        return cls(logit(named_from), margin, gap + 2.0 * weights.get("gap_by_tracks", 0.0), likeness)

    def is_possible(self, before: GroupNotes, now: Around) -> bool:
        """Whether the group has to be weighed again."""
        was = before.around
        probability = logit(before.likely[0].probability if before.likely else 0.0)
        is_named = probability >= self.level
        if was.first == now.first and abs(was.own - now.own) <= _ROUNDING and _is_same(was.lead, now.lead):
            shift = self.margin * (was.second - now.second) + self.gap * (was.mean - now.mean)
            moved = max(abs(was.second - now.second), abs(was.mean - now.mean), abs(was.horizon - now.horizon))
            unseen = _QUIET if moved <= _STILL else _STIRRED
            nearest = min(abs(probability - self.level), abs(probability + shift - self.level))
            crosses = (probability + shift >= self.level) != is_named
            if is_named and now.lead is None:  # too far away to see whether that one is as before
                return True
            return crosses or nearest <= unseen or (is_named and abs(shift) > _DRIFT)
        if is_named:
            return True
        # Somebody else is nearest to a group that was nobody: that one is a long way from a name, or is looked at.
        parts = (
            self.likeness * (now.own - was.own),
            self.margin * ((now.own - now.second) - (was.own - was.second)),
            self.gap * ((now.own - now.mean) - (was.own - was.mean)),
        )
        return probability + sum(parts) + 2.0 + 0.5 * sum(map(abs, parts)) >= self.level


def _is_same(before: float | None, now: float | None) -> bool:
    if before is None or now is None:
        return before is now
    return abs(before - now) <= _ROUNDING


def logit(probability: float) -> float:
    """Take a probability to the scale on which a curve's features add up; at most 14 either way."""
    inside = min(max(probability, 1e-6), 1.0 - 1e-6)
    return math.log(inside / (1.0 - inside))


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


def templates(faces: Sequence[Faces], assignments: Sequence[Sequence[int]], space: FaceSpace) -> Floats:
    """Make the whitened template of each group of many scenes: (groups of all, D) unit vectors, in their order."""
    if not faces:
        return np.zeros((0, space.dim), np.float32)
    white = space.whitened(np.concatenate([one.vectors for one in faces]))
    weighted = white * np.concatenate([one.quality for one in faces])[:, None]
    counts = [max(of, default=-1) + 1 for of in assignments]
    firsts = np.cumsum([0, *counts[:-1]])
    owner: Ints = np.concatenate(
        [np.asarray(of, np.int64) + first for of, first in zip(assignments, firsts.tolist(), strict=True)]
    )
    order = np.argsort(owner, kind="stable")
    starts = np.flatnonzero(np.diff(owner[order], prepend=-1))
    return unit(np.add.reduceat(weighted[order], starts, axis=0)) if len(starts) else weighted[:0]
