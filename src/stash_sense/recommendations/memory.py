"""Recommendations in memory: for tests, and for what need not outlive its process."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from stash_sense.errors import RecommendationSuperseded
from stash_sense.recommendations.recommendation import OUTDATED, NewRecommendation, Recommendation, Status, Target
from stash_sense.recommendations.store import PageQuery, Position, Resolution, Sort, position_of
from stash_sense.recommendations.submitting import Became, Submitted, decide

PENDING_AGAIN: Mapping[str, Any] = {
    "status": Status.PENDING,
    "permanent": False,
    "reason": "",
    "action": None,
    "action_details": None,
    "group": None,
    "resolved_at": None,
}
"""Fields of one that is pending, whatever became of it before."""


class MemoryRecommendationStore:
    """`RecommendationStore` over a dictionary and a lock."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rows: dict[int, Recommendation] = {}
        self._last_id = 0

    def submit(self, found: Sequence[NewRecommendation]) -> list[Submitted]:
        """See `RecommendationStore.submit`."""
        with self._lock:
            return [self._submit(new) for new in found]

    def withdraw(self, type_: str, targets: Collection[Target]) -> int:
        """See `RecommendationStore.withdraw`."""
        with self._lock:
            gone = [one for one in self._pending(type_) if one.target in targets]
            for one in gone:
                self._settle(one, Status.RESOLVED, action=OUTDATED, action_details={})
            return len(gone)

    def resolve(self, id_: int, resolution: Resolution) -> Recommendation | None:
        """See `RecommendationStore.resolve`."""
        with self._lock:
            one = self._rows.get(id_)
            if one is None or one.status is not Status.PENDING:
                return one
            said = {"action": resolution.action, "action_details": dict(resolution.details)}
            return self._settle(one, Status.RESOLVED, **said, group=resolution.group)

    def note_group(self, id_: int, group: str) -> None:
        """See `RecommendationStore.note_group`."""
        with self._lock:
            one = self._rows.get(id_)
            if one is not None and one.status is Status.PENDING:
                self._rows[id_] = replace(one, group=group)

    def dismiss(self, id_: int, reason: str = "", *, permanent: bool = False) -> Recommendation | None:
        """See `RecommendationStore.dismiss`."""
        with self._lock:
            one = self._rows.get(id_)
            if one is None or one.status is Status.RESOLVED:
                return one
            if one.status is Status.PENDING:
                one = self._settle(one, Status.DISMISSED, reason=reason, permanent=permanent)
            elif permanent and not one.permanent:
                one = self._put(one, permanent=True, reason=reason or one.reason)
            if permanent:
                for other in self._pending(one.type):
                    if other.target == one.target:
                        self._settle(other, Status.DISMISSED, reason=reason, permanent=True)
            return one

    def dismiss_pending(self, type_: str, reason: str = "", *, permanent: bool = False) -> int:
        """See `RecommendationStore.dismiss_pending`."""
        with self._lock:
            pending = self._pending(type_)
            for one in pending:
                self._settle(one, Status.DISMISSED, reason=reason, permanent=permanent)
            return len(pending)

    def reopen(self, id_: int) -> Recommendation | None:
        """See `RecommendationStore.reopen`."""
        with self._lock:
            one = self._rows.get(id_)
            if one is None or one.status is Status.PENDING:
                return one
            for other in self._pending(one.type):
                if other.target == one.target:
                    raise RecommendationSuperseded(id=id_, newer=other.id)
            return self._put(one, **PENDING_AGAIN)

    def get(self, id_: int) -> Recommendation | None:
        """See `RecommendationStore.get`."""
        with self._lock:
            return self._rows.get(id_)

    def page(self, query: PageQuery) -> Sequence[Recommendation]:
        """See `RecommendationStore.page`."""

        def place(position: Position) -> tuple[Any, int]:
            return position.key, position.id

        with self._lock:
            wanted = [
                one
                for one in self._rows.values()
                if (not query.statuses or one.status in query.statuses)
                and (not query.types or one.type in query.types)
                and query.target in (None, one.target)
            ]
        rising = query.sort is Sort.OLDEST
        wanted.sort(key=lambda one: place(position_of(one, query.sort)), reverse=not rising)
        if query.after is not None:
            end = place(query.after)
            wanted = [
                one
                for one in wanted
                for here in [place(position_of(one, query.sort))]
                if (here > end if rising else here < end)
            ]
        return wanted[: query.limit]

    def counts(self) -> Mapping[str, Mapping[Status, int]]:
        """See `RecommendationStore.counts`."""
        with self._lock:
            numbers = Counter((one.type, one.status) for one in self._rows.values())
        types = {type_ for type_, _ in numbers}
        return {type_: {status: numbers[type_, status] for status in Status} for type_ in types}

    def _submit(self, new: NewRecommendation) -> Submitted:
        there = [one for one in self._rows.values() if (one.type, one.target) == (new.type, new.target)]
        decision = decide(there, new)
        if decision.outdated is not None:
            self._settle(decision.outdated, Status.RESOLVED, action=OUTDATED, action_details={})
        says = {"content": new.content, "details": dict(new.details), "confidence": new.confidence}
        if decision.row is None:
            return Submitted(decision.became, self._add(new).id)
        if decision.became in (Became.CHANGED, Became.REFRESHED):
            self._put(decision.row, **says)
        elif decision.became is Became.BACK:
            self._put(decision.row, **says, **PENDING_AGAIN)
        return Submitted(decision.became, decision.row.id)

    def _add(self, new: NewRecommendation) -> Recommendation:
        now = self._clock()
        self._last_id += 1
        one = Recommendation(
            id=self._last_id,
            type=new.type,
            target=new.target,
            content=new.content,
            details=dict(new.details),
            confidence=new.confidence,
            created_at=now,
            updated_at=now,
            **PENDING_AGAIN,
        )
        self._rows[one.id] = one
        return one

    def _pending(self, type_: str) -> list[Recommendation]:
        return [one for one in self._rows.values() if one.type == type_ and one.status is Status.PENDING]

    def _settle(self, one: Recommendation, status: Status, **fields: Any) -> Recommendation:
        return self._put(one, status=status, resolved_at=self._clock(), **fields)

    def _put(self, one: Recommendation, **fields: Any) -> Recommendation:
        changed = replace(one, updated_at=self._clock(), **fields)
        self._rows[one.id] = changed
        return changed
