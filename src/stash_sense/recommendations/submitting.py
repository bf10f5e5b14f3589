"""What becomes of a recommendation that is submitted, given those of its type that there are about its target.

The rules are here once, for every store.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from stash_sense.recommendations.recommendation import NewRecommendation, Recommendation, Status


class Became(StrEnum):
    """What became of what was submitted."""

    NEW = "new"
    SAME = "same"
    """It is pending already."""
    REFRESHED = "refreshed"
    """It is pending already, and has new figures now."""
    CHANGED = "changed"
    """The pending one says this now; it said something else."""
    BACK = "back"
    """It had been resolved by itself, and is pending again."""
    SETTLED = "settled"
    """The user has decided about just this."""
    SKIPPED = "skipped"
    """The user wants to hear nothing of this type about the target."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done.

    Attributes:
        became: see there.
        row: the one that it is about; None for a new one, and where nothing is to be done.
        outdated: a pending one that an analysis does not find any more.
    """

    became: Became
    row: Recommendation | None = None
    outdated: Recommendation | None = None


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of it, and the number of the one that stands for it."""

    became: Became
    id: int


def decide(there: Sequence[Recommendation], new: NewRecommendation) -> Decision:
    """Decide; `there` are all of the same type and target."""
    never = next((one for one in there if one.permanent), None)
    if never is not None:
        return Decision(Became.SKIPPED, never)
    pending = next((one for one in there if one.status is Status.PENDING), None)
    same = next((one for one in there if one.content == new.content), None)
    if same is None:
        return Decision(Became.NEW) if pending is None else Decision(Became.CHANGED, pending)
    if same is pending:
        is_same = (same.details, same.confidence) == (new.details, new.confidence)
        return Decision(Became.SAME if is_same else Became.REFRESHED, same)
    return Decision(Became.BACK if same.is_outdated else Became.SETTLED, same, outdated=pending)
