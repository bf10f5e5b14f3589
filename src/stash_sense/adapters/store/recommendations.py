"""Recommendations in stash_sense.db: the table recommendations, and how many there are in recommendation_counts.

A page is put together of the first ones of each state and type, which lie in order in an index each; so it costs the
same wherever in the list it is, and whatever is filtered.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    and_,
    insert,
    or_,
    select,
    text,
    true,
    union_all,
    update,
)

from stash_sense.adapters.store.engine import reading
from stash_sense.adapters.store.job_rows import iso, json_text
from stash_sense.adapters.store.tables import RECOMMENDATION_COUNTS, RECOMMENDATIONS
from stash_sense.errors import RecommendationSuperseded
from stash_sense.recommendations.recommendation import OUTDATED, NewRecommendation, Recommendation, Status, Target
from stash_sense.recommendations.store import PageQuery, Resolution, Sort
from stash_sense.recommendations.submitting import Became, Submitted, decide

_ROW = RECOMMENDATIONS.c
_KEYS = {Sort.CONFIDENCE: _ROW.confidence, Sort.UPDATED: _ROW.updated_at}
_AT_ONCE = 400
"""Of which those that are there are asked for in one question."""
_COUNT = text(
    "INSERT INTO recommendation_counts (type, status, number) VALUES (:type, :status, :number) "
    "ON CONFLICT (type, status) DO UPDATE SET number = recommendation_counts.number + excluded.number"
)
_Key = tuple[str, Target]
_PENDING_AGAIN: Mapping[str, Any] = {
    "status": Status.PENDING.value,
    "permanent": 0,
    "reason": "",
    "resolution_action": None,
    "resolution_details": None,
    "journal_group": None,
    "resolved_at": None,
}


@dataclass
class _Change:
    """A transaction, and by how much it changes the counts."""

    connection: Connection
    counts: Counter[tuple[str, Status]] = field(default_factory=Counter)

    def moved(self, type_: str, before: Status | None, after: Status, number: int = 1) -> None:
        """Note that some are in another state now; None: they were not there."""
        if before is not None:
            self.counts[type_, before] -= number
        self.counts[type_, after] += number


class SqlRecommendationStore:
    """`RecommendationStore` in a database; its errors are the engine's.

    Args:
        engine: of a database that has the tables.
        clock: what time it is.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._clock = clock
        self._writing = threading.Lock()

    def submit(self, found: Sequence[NewRecommendation]) -> list[Submitted]:
        """See `RecommendationStore.submit`."""
        if not found:
            return []
        with self._write() as change:
            return [one for batch in _batches(found) for one in self._submit(change, batch)]

    def withdraw(self, type_: str, targets: Collection[Target]) -> int:
        """See `RecommendationStore.withdraw`."""
        kinds = {target.kind for target in targets}
        gone = 0
        with self._write() as change:
            for kind in kinds:
                ids = [target.id for target in targets if target.kind == kind]
                for start in range(0, len(ids), _AT_ONCE):
                    here = (_ROW.target_type == kind, _ROW.target_id.in_(ids[start : start + _AT_ONCE]))
                    gone += self._settle(change, type_, Status.RESOLVED, *here, resolution_action=OUTDATED)
        return gone

    def resolve(self, id_: int, resolution: Resolution) -> Recommendation | None:
        """See `RecommendationStore.resolve`."""
        values = {
            "resolution_action": resolution.action,
            "resolution_details": json_text(dict(resolution.details)),
            "journal_group": resolution.group,
        }
        with self._write() as change:
            one = _one(change.connection, id_)
            if one is None or one.status is not Status.PENDING:
                return one
            self._settle(change, one.type, Status.RESOLVED, _ROW.id == id_, **values)
            return _one(change.connection, id_)

    def note_group(self, id_: int, group: str) -> None:
        """See `RecommendationStore.note_group`."""
        pending = (_ROW.id == id_, _ROW.status == Status.PENDING.value)
        with self._write() as change:
            change.connection.execute(update(RECOMMENDATIONS).where(*pending).values(journal_group=group))

    def dismiss(self, id_: int, reason: str = "", *, permanent: bool = False) -> Recommendation | None:
        """See `RecommendationStore.dismiss`."""
        values = {"reason": reason, "permanent": int(permanent)}
        with self._write() as change:
            one = _one(change.connection, id_)
            if one is None or one.status is Status.RESOLVED:
                return one
            if one.status is Status.DISMISSED and permanent and not one.permanent:
                self._put(change, id_, {"reason": reason or one.reason, "permanent": 1})
            about = (
                (_ROW.target_type == one.target.kind, _ROW.target_id == one.target.id)
                if permanent
                else (_ROW.id == id_,)
            )
            self._settle(change, one.type, Status.DISMISSED, *about, **values)
            return _one(change.connection, id_)

    def dismiss_pending(self, type_: str, reason: str = "", *, permanent: bool = False) -> int:
        """See `RecommendationStore.dismiss_pending`."""
        with self._write() as change:
            return self._settle(change, type_, Status.DISMISSED, reason=reason, permanent=int(permanent))

    def reopen(self, id_: int) -> Recommendation | None:
        """See `RecommendationStore.reopen`."""
        with self._write() as change:
            one = _one(change.connection, id_)
            if one is None or one.status is Status.PENDING:
                return one
            same = (_ROW.target_type == one.target.kind, _ROW.target_id == one.target.id, _ROW.type == one.type)
            newer = change.connection.scalar(select(_ROW.id).where(*same, text("status = 'pending'")))
            if newer is not None:
                raise RecommendationSuperseded(id=id_, newer=newer)
            self._put(change, id_, _PENDING_AGAIN)
            change.moved(one.type, one.status, Status.PENDING)
            return _one(change.connection, id_)

    def get(self, id_: int) -> Recommendation | None:
        """See `RecommendationStore.get`."""
        with reading(self._engine) as connection:
            return _one(connection, id_)

    def page(self, query: PageQuery) -> Sequence[Recommendation]:
        """See `RecommendationStore.page`."""
        with reading(self._engine) as connection:
            if query.target is not None:
                return [_of(row) for row in connection.execute(_about(query, query.target))]
            statement = _merged(query, self._parts(connection, query))
            return [] if statement is None else [_of(row) for row in connection.execute(statement)]

    def counts(self) -> Mapping[str, Mapping[Status, int]]:
        """See `RecommendationStore.counts`."""
        with reading(self._engine) as connection:
            numbers = {(type_, Status(status)): number for type_, status, number in _numbers(connection)}
        types = {type_ for (type_, _), number in numbers.items() if number}
        return {type_: {status: numbers.get((type_, status), 0) for status in Status} for type_ in types}

    def _parts(self, connection: Connection, query: PageQuery) -> list[tuple[str, str]]:
        """Say of which states and types there are any that are wanted."""
        return [
            (status, type_)
            for type_, status, number in _numbers(connection)
            if number > 0
            if not query.statuses or Status(status) in query.statuses
            if not query.types or type_ in query.types
        ]

    def _submit(self, change: _Change, batch: Sequence[NewRecommendation]) -> list[Submitted]:
        """Keep some, of which no two are of the same type and target."""
        there = _there(change.connection, batch)
        decisions = [(new, decide(there.get((new.type, new.target), ()), new)) for new in batch]
        added = iter(self._add(change, [new for new, decision in decisions if decision.row is None]))
        became = []
        for new, decision in decisions:
            if decision.outdated is not None:
                old = decision.outdated
                self._settle(change, old.type, Status.RESOLVED, _ROW.id == old.id, resolution_action=OUTDATED)
            if decision.row is None:
                became.append(Submitted(decision.became, next(added)))
                continue
            row = decision.row
            if decision.became in (Became.CHANGED, Became.REFRESHED, Became.BACK):
                self._put(change, row.id, _says(new) | (dict(_PENDING_AGAIN) if row.is_outdated else {}))
            if decision.became is Became.BACK:
                change.moved(row.type, row.status, Status.PENDING)
            became.append(Submitted(decision.became, row.id))
        return became

    def _add(self, change: _Change, found: Sequence[NewRecommendation]) -> Sequence[int]:
        if not found:
            return []
        now = self._now()
        rows = [
            {
                "type": new.type,
                "status": Status.PENDING.value,
                "target_type": new.target.kind,
                "target_id": new.target.id,
                "created_at": now,
                "updated_at": now,
                **_says(new),
            }
            for new in found
        ]
        for new in found:
            change.moved(new.type, None, Status.PENDING)
        # Ordered: each gets the number that is told for it.
        statement = insert(RECOMMENDATIONS).returning(_ROW.id, sort_by_parameter_order=True)
        return change.connection.scalars(statement, rows).all()

    def _settle(self, change: _Change, type_: str, status: Status, *where: ColumnElement[bool], **values: Any) -> int:
        """Settle pending ones of a type, and give how many."""
        pending = (_ROW.status == Status.PENDING.value, _ROW.type == type_)
        now = self._now()
        values = {"status": status.value, "resolved_at": now, "updated_at": now, **values}
        number = change.connection.execute(update(RECOMMENDATIONS).where(*pending, *where).values(**values)).rowcount
        change.moved(type_, Status.PENDING, status, number)
        return number

    def _put(self, change: _Change, id_: int, values: Mapping[str, Any]) -> None:
        change.connection.execute(
            update(RECOMMENDATIONS).where(_ROW.id == id_).values(updated_at=self._now(), **values)
        )

    def _now(self) -> str:
        return iso(self._clock())

    @contextmanager
    def _write(self) -> Iterator[_Change]:
        with self._writing, self._engine.begin() as connection:
            change = _Change(connection)
            yield change
            moved = [
                {"type": type_, "status": status.value, "number": number}
                for (type_, status), number in change.counts.items()
                if number
            ]
            if moved:
                connection.execute(_COUNT, moved)


def _batches(found: Sequence[NewRecommendation]) -> Iterator[list[NewRecommendation]]:
    batch: dict[_Key, NewRecommendation] = {}
    for new in found:
        if len(batch) == _AT_ONCE or (new.type, new.target) in batch:
            yield list(batch.values())
            batch = {}
        batch[new.type, new.target] = new
    yield list(batch.values())


def _there(connection: Connection, batch: Sequence[NewRecommendation]) -> dict[_Key, list[Recommendation]]:
    there: dict[_Key, list[Recommendation]] = {}
    for type_, kind in {(new.type, new.target.kind) for new in batch}:
        ids = [new.target.id for new in batch if (new.type, new.target.kind) == (type_, kind)]
        wanted = select(RECOMMENDATIONS).where(_ROW.target_type == kind, _ROW.target_id.in_(ids), _ROW.type == type_)
        for row in connection.execute(wanted):
            one = _of(row)
            there.setdefault((one.type, one.target), []).append(one)
    return there


def _numbers(connection: Connection) -> Sequence[Any]:
    return connection.execute(select(RECOMMENDATION_COUNTS)).all()


def _one(connection: Connection, id_: int) -> Recommendation | None:
    row = connection.execute(select(RECOMMENDATIONS).where(_ROW.id == id_)).one_or_none()
    return None if row is None else _of(row)


def _about(query: PageQuery, target: Target) -> Select[Any]:
    """Ask for those about one target, which are few."""
    wanted = select(RECOMMENDATIONS).where(_ROW.target_type == target.kind, _ROW.target_id == target.id)
    if query.statuses:
        wanted = wanted.where(_ROW.status.in_(sorted(query.statuses)))
    if query.types:
        wanted = wanted.where(_ROW.type.in_(sorted(query.types)))
    return _in_order(wanted.where(or_(*_after(query))), query)


def _merged(query: PageQuery, parts: Sequence[tuple[str, str]]) -> Select[Any] | None:
    """Ask for the first ones of the first ones of each part."""
    wanted = [
        _in_order(select(_ROW.id).where(_ROW.status == status, _ROW.type == type_, after), query)
        for status, type_ in parts
        for after in _after(query)
    ]
    if not wanted:
        return None
    ids = union_all(*(select(one.subquery()) for one in wanted))
    return _in_order(select(RECOMMENDATIONS).where(_ROW.id.in_(ids)), query)


def _after(query: PageQuery) -> list[ColumnElement[bool]]:
    """Say what comes after the last one: as conditions of which each is one stretch of an index.

    Compared as a pair, all that share a key would be read from their beginning.
    """
    last = query.after
    if last is None:
        return [true()]
    key = _KEYS.get(query.sort)
    if key is None:
        return [_ROW.id > last.id if query.sort is Sort.OLDEST else _ROW.id < last.id]
    return [and_(key == last.key, _ROW.id < last.id), key < last.key]


def _in_order(wanted: Select[Any], query: PageQuery) -> Select[Any]:
    key = _KEYS.get(query.sort)
    if key is not None:
        wanted = wanted.order_by(key.desc())
    return wanted.order_by(_ROW.id if query.sort is Sort.OLDEST else _ROW.id.desc()).limit(query.limit)


def _says(new: NewRecommendation) -> dict[str, Any]:
    return {
        "content": new.content,
        "details": json.dumps(new.details, ensure_ascii=False),
        "confidence": new.confidence,
    }


def _of(row: Row[Any]) -> Recommendation:
    kept = row._mapping
    chosen, resolved = kept["resolution_details"], kept["resolved_at"]
    action = kept["resolution_action"]
    return Recommendation(
        id=kept["id"],
        type=kept["type"],
        target=Target(kept["target_type"], kept["target_id"]),
        status=Status(kept["status"]),
        content=kept["content"],
        details=json.loads(kept["details"]),
        confidence=kept["confidence"],
        permanent=bool(kept["permanent"]),
        reason=kept["reason"],
        action=action,
        action_details=json.loads(chosen or "{}") if action is not None else None,
        group=kept["journal_group"],
        created_at=datetime.fromisoformat(kept["created_at"]),
        updated_at=datetime.fromisoformat(kept["updated_at"]),
        resolved_at=None if resolved is None else datetime.fromisoformat(resolved),
    )
