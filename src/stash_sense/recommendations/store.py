"""Where recommendations are kept: the port, and the values that go through it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from stash_sense.recommendations.recommendation import NewRecommendation, Recommendation, Status, Target
from stash_sense.recommendations.submitting import Submitted


class Sort(StrEnum):
    """In which order they are listed."""

    NEWEST = "newest"
    OLDEST = "oldest"
    CONFIDENCE = "confidence"
    """The surest first."""
    UPDATED = "updated"
    """The latest change first; what changes while somebody pages comes to the front."""


@dataclass(frozen=True, slots=True)
class Position:
    """The last one that was listed: its number, and by what it was sorted (0 where that is the number)."""

    id: int
    key: float | str = 0


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Which are listed: of these states and types, and about this target; empty for all."""

    statuses: Collection[Status] = ()
    types: Collection[str] = ()
    target: Target | None = None
    sort: Sort = Sort.NEWEST
    after: Position | None = None
    limit: int = 25


@dataclass(frozen=True, slots=True)
class Resolution:
    """What resolved a recommendation: the action, what was chosen, and the group of the journal."""

    action: str
    details: Mapping[str, Any]
    group: str | None = None


class RecommendationStore(Protocol):
    """Keeps recommendations; every method is one transaction, safe on any thread and in any number of processes.

    Of one type there is at most one pending recommendation about a target.

    Raises:
        StorageError: the disk said no.
        StateError: the store is busy for too long, or damaged.
    """

    def submit(self, found: Sequence[NewRecommendation]) -> list[Submitted]:
        """Keep what an analysis has found, by the rules of `submitting.decide`; in the order of the question."""

    def withdraw(self, type_: str, targets: Collection[Target]) -> int:
        """Resolve pending ones that an analysis does not find any more; gives how many there were."""

    def resolve(self, id_: int, resolution: Resolution) -> Recommendation | None:
        """Resolve a pending one; any other stays as it is. Gives it as it is now, None where there is none."""

    def note_group(self, id_: int, group: str) -> None:
        """Keep, before it is written for a pending one, under which group of the journal that will be.

        So what was written can be found where the process ends in the middle, or Stash refuses there.
        """

    def dismiss(self, id_: int, reason: str = "", *, permanent: bool = False) -> Recommendation | None:
        """Dismiss a pending one, or make a dismissal permanent; a resolved one stays as it is. Gives it likewise.

        A permanent dismissal dismisses what is pending of that type about the target, too.
        """

    def dismiss_pending(self, type_: str, reason: str = "", *, permanent: bool = False) -> int:
        """Dismiss all pending ones of a type; gives how many there were."""

    def reopen(self, id_: int) -> Recommendation | None:
        """Make one pending again, whatever became of it; None: there is none.

        Raises:
            RecommendationSuperseded: another one of the type is pending about the target.
        """

    def get(self, id_: int) -> Recommendation | None:
        """One."""

    def page(self, query: PageQuery) -> Sequence[Recommendation]:
        """Some, in order."""

    def counts(self) -> Mapping[str, Mapping[Status, int]]:
        """How many there are of each type, and of these of each state; types without any may be left out."""


def position_of(recommendation: Recommendation, sort: Sort) -> Position:
    """Say where a list goes on after one."""
    if sort is Sort.CONFIDENCE:
        return Position(recommendation.id, recommendation.confidence)
    if sort is Sort.UPDATED:
        return Position(recommendation.id, recommendation.updated_at.isoformat(timespec="microseconds"))
    return Position(recommendation.id)
