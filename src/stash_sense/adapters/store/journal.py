"""The journal of writes in stash_sense.db: the tables journal and journal_pictures."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, delete, func, insert, select, text, update

from stash_sense.adapters.store.engine import reading
from stash_sense.adapters.store.job_rows import iso
from stash_sense.adapters.store.tables import JOURNAL, JOURNAL_PICTURES
from stash_sense.library.server import Picture
from stash_sense.recommendations.journal.entry import OPEN, Entry, EntryState, Intent, Operation, Verdict, Why
from stash_sense.recommendations.journal.store import JournalQuery
from stash_sense.recommendations.journal.values import pictures_of

_ROW = JOURNAL.c
# Spelled as the partial index has it.
_IS_OPEN = text("state IN ('intended', 'uncertain')")
_AT_ONCE = 500
_SETTLE = (
    update(JOURNAL)
    .where(_ROW.id == bindparam("entry"), _IS_OPEN)
    .values(
        state=bindparam("said"),
        target_id=func.coalesce(bindparam("target"), _ROW.target_id),
        after=func.coalesce(bindparam("made"), _ROW.after),
        error_code=bindparam("code"),
        error_message=bindparam("message"),
        settled_at=bindparam("now"),
    )
)
_UNDONE = update(JOURNAL).where(_ROW.id == bindparam("entry")).values(undone_by=bindparam("by"))


class SqlJournal:
    """`JournalStore` in a database; its errors are the engine's.

    Args:
        engine: of a database that has the tables; its commits have to survive a power cut.
        clock: what time it is.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._clock = clock
        self._writing = threading.Lock()

    def begin(self, intents: Sequence[Intent], why: Why) -> list[Entry]:
        """See `JournalStore.begin`."""
        if not intents:
            return []
        now = iso(self._clock())
        rows = [
            {
                "group_id": why.group,
                "operation": intent.operation.value,
                "kind": intent.kind,
                "target_id": intent.target_id,
                "state": EntryState.INTENDED.value,
                "before": json.dumps(intent.before, ensure_ascii=False),
                "after": json.dumps(intent.after, ensure_ascii=False),
                "actor": why.actor,
                "reason": why.reason,
                "recommendation_id": why.recommendation_id,
                "undoes": intent.undoes,
                "created_at": now,
            }
            for intent in intents
        ]
        statement = insert(JOURNAL).returning(JOURNAL, sort_by_parameter_order=True)
        with self._write() as connection:
            return [_entry(row) for row in connection.execute(statement, rows)]

    def settle(self, verdicts: Sequence[Verdict]) -> list[Entry]:
        """See `JournalStore.settle`."""
        if not verdicts:
            return []
        now = iso(self._clock())
        rows = [
            {
                "entry": verdict.entry_id,
                "said": verdict.state.value,
                "target": verdict.target_id,
                "made": None if verdict.after is None else json.dumps(verdict.after, ensure_ascii=False),
                "code": verdict.error_code,
                "message": verdict.error_message,
                "now": now,
            }
            for verdict in verdicts
        ]
        ids = [verdict.entry_id for verdict in verdicts]
        with self._write() as connection:
            connection.execute(_SETTLE, rows)
            settled: dict[int, Entry] = {}
            for start in range(0, len(ids), _AT_ONCE):
                wanted = select(JOURNAL).where(_ROW.id.in_(ids[start : start + _AT_ONCE]))
                settled |= {row.id: _entry(row) for row in connection.execute(wanted)}
            undoing = [
                {"entry": entry.undoes, "by": entry.id}
                for entry in settled.values()
                if entry.undoes is not None and entry.state is EntryState.DONE
            ]
            if undoing:
                connection.execute(_UNDONE, undoing)
        return [settled[id_] for id_ in ids]

    def get(self, id_: int) -> Entry | None:
        """See `JournalStore.get`."""
        with reading(self._engine) as connection:
            row = connection.execute(select(JOURNAL).where(_ROW.id == id_)).one_or_none()
            return None if row is None else _entry(row)

    def page(self, query: JournalQuery) -> Sequence[Entry]:
        """See `JournalStore.page`."""
        wanted = select(JOURNAL).order_by(_ROW.id.desc()).limit(query.limit)
        if query.before is not None:
            wanted = wanted.where(_ROW.id < query.before)
        if query.group:
            wanted = wanted.where(_ROW.group_id == query.group)
        with reading(self._engine) as connection:
            return [_entry(row) for row in connection.execute(wanted)]

    def group(self, group: str) -> list[Entry]:
        """See `JournalStore.group`."""
        with reading(self._engine) as connection:
            wanted = select(JOURNAL).where(_ROW.group_id == group).order_by(_ROW.id)
            return [_entry(row) for row in connection.execute(wanted)]

    def unsettled(self) -> list[Entry]:
        """See `JournalStore.unsettled`."""
        with reading(self._engine) as connection:
            return [_entry(row) for row in connection.execute(select(JOURNAL).where(_IS_OPEN).order_by(_ROW.id))]

    def prune(self, before: datetime) -> int:
        """See `JournalStore.prune`."""
        old = (_ROW.created_at < iso(before), _ROW.state.not_in([state.value for state in OPEN]))
        with self._write() as connection:
            number = connection.execute(delete(JOURNAL).where(*old)).rowcount
            pictured = select(_ROW.before).where(_ROW.before.contains('"sha256"', autoescape=True))
            needed = {digest for kept in connection.scalars(pictured) for digest in pictures_of(json.loads(kept))}
            for digest in connection.scalars(select(JOURNAL_PICTURES.c.digest)).all():
                if digest not in needed:
                    connection.execute(delete(JOURNAL_PICTURES).where(JOURNAL_PICTURES.c.digest == digest))
        return number

    def keep_picture(self, picture: Picture) -> str:
        """See `JournalStore.keep_picture`."""
        digest = hashlib.sha256(picture.content).hexdigest()
        row = {"digest": digest, "content_type": picture.content_type, "content": picture.content}
        with self._write() as connection:
            there = connection.scalar(select(JOURNAL_PICTURES.c.digest).where(JOURNAL_PICTURES.c.digest == digest))
            if there is None:
                connection.execute(insert(JOURNAL_PICTURES).values(**row))
        return digest

    def picture(self, digest: str) -> Picture | None:
        """See `JournalStore.picture`."""
        with reading(self._engine) as connection:
            wanted = select(JOURNAL_PICTURES).where(JOURNAL_PICTURES.c.digest == digest)
            row = connection.execute(wanted).one_or_none()
            return None if row is None else Picture(row.content, row.content_type)

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with self._writing, self._engine.begin() as connection:
            yield connection


def _entry(row: Row[Any]) -> Entry:
    kept = dict(row._mapping)
    settled = kept["settled_at"]
    return Entry(
        **{
            **{name: value for name, value in kept.items() if name != "group_id"},
            "group": kept["group_id"],
            "operation": Operation(kept["operation"]),
            "state": EntryState(kept["state"]),
            "before": json.loads(kept["before"]),
            "after": json.loads(kept["after"]),
            "created_at": datetime.fromisoformat(kept["created_at"]),
            "settled_at": None if settled is None else datetime.fromisoformat(settled),
        }
    )
