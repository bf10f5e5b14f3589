"""The people around a group of faces, before and now -> whether its name may be another one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from stash_sense.recognition.spec import Decision
from stash_sense.scanning.rematch_notes import Around, GroupNotes

_ROUNDING = 0.002
"""Most that a cosine to the same person differs between two versions: vectors are kept in half precision and less."""
_UNSEEN, _UNSEEN_SHARE = 0.25, 0.35
"""By how much a probability, on the logistic's own scale, may have moved beside what is foreseen, and by which share
of that. Of 3,000 groups an unforeseen change was above 0.23 for one in a hundred; it comes from a lookalike of the
person, or from the votes of single faces."""
_FAR = 2.0
"""Likewise where somebody else is the nearest."""
_DRIFT = 1.0
"""From a foreseen change of that size on, on the same scale, the probability is clearly another one."""
_TRACKS = math.log(4.0)
"""What `gap_by_tracks` multiplies the gap by, for a group of four tracks."""
_LIKENESSES = ("similarity", "plain_similarity", "nearest_face", "apartness")


class Verdict(Enum):
    """Whether a group has to be weighed again."""

    STAYS = auto()
    ASK_TRACKS = auto()
    """Only if the votes of its tracks are other ones."""
    WEIGH = auto()


@dataclass(frozen=True, slots=True)
class Change:
    """Says from the people around a template, before and now, whether a name may be another one.

    Attributes:
        level: of the probability from which names are given, on the logistic's scale.
        margin, gap, likeness, votes: by how much a logistic rises when somebody is so much nearer than the next, than
            the 20 next, and than before, and when all tracks vote.
    """

    level: float
    margin: float
    gap: float
    likeness: float
    votes: float

    @classmethod
    def of(cls, decision: Decision, named_from: float) -> "Change":
        """Read it from a pack's curve."""
        weights = dict(zip(decision.curve.features, decision.curve.coefficients, strict=True))

        def of(*names: str) -> float:
            return sum(weights.get(name, 0.0) for name in names)

        # Taking out what all faces have in common spreads what is left of them.
        spread = 1.0 / max(0.1, 1.0 - float(decision.space.mean @ decision.space.mean))
        return cls(
            level=logit(named_from),
            margin=of("margin", "plain_margin") + spread * of("centred_margin"),
            gap=of("gap", "plain_gap", "clear_gap", "track_gap", "face_gap") + _TRACKS * of("gap_by_tracks"),
            likeness=of(*_LIKENESSES),
            votes=of("track_votes"),
        )

    def verdict(self, before: GroupNotes, now: Around) -> Verdict:
        """Say whether the group has to be weighed again; with `votes` it is one of two answers."""
        was = before.around
        probability = logit(before.likely[0].probability if before.likely else 0.0)
        is_named = probability >= self.level
        if was.first == now.first and abs(was.own - now.own) <= _ROUNDING and _is_same(was.lead, now.lead):
            if is_named and now.lead is None:  # too far away to see whether that one is as before
                return Verdict.WEIGH
            parts = [self.margin * (was.second - now.second), self.gap * (was.mean - now.mean)]
            if was.votes is not None and now.votes is not None:
                parts.append(self.votes * (now.votes - was.votes))
            elif was.votes is not None and not self._stays(probability, parts, abs(self.votes)):
                return Verdict.ASK_TRACKS if self._stays(probability, parts, 0.0) else Verdict.WEIGH
            return Verdict.STAYS if self._stays(probability, parts, 0.0) else Verdict.WEIGH
        if is_named:
            return Verdict.WEIGH
        # Somebody else is nearest to a group that was nobody: that one is a long way from a name, or is looked at.
        parts = [
            self.likeness * (now.own - was.own),
            self.margin * ((now.own - now.second) - (was.own - was.second)),
            self.gap * ((now.own - now.mean) - (was.own - was.mean)),
        ]
        most = probability + sum(parts) + _FAR + 0.5 * sum(map(abs, parts))
        return Verdict.STAYS if most < self.level else Verdict.WEIGH

    def _stays(self, probability: float, parts: Sequence[float], more: float) -> bool:
        """Whether a probability is on its side of the level, and about where it was, whatever may be unseen."""
        shift = sum(parts)
        unseen = _UNSEEN + _UNSEEN_SHARE * sum(map(abs, parts)) + more
        if probability >= self.level:
            return probability + min(shift, 0.0) - unseen >= self.level and abs(shift) <= _DRIFT
        return probability + max(shift, 0.0) + unseen < self.level


def _is_same(before: float | None, now: float | None) -> bool:
    if before is None or now is None:
        return before is now
    return abs(before - now) <= _ROUNDING


def logit(probability: float) -> float:
    """Take a probability to the scale on which a curve's features add up; at most 14 either way."""
    inside = min(max(probability, 1e-6), 1.0 - 1e-6)
    return math.log(inside / (1.0 - inside))
