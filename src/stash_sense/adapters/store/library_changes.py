"""What changed in the library, in the table `library_changes`: the port `connection.marks.ChangeMarks`."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from stash_sense.adapters.store.store import Store
from stash_sense.adapters.store.tables import LIBRARY_CHANGES
from stash_sense.connection.marks import EVERYTHING, MOST_OF_A_KIND, Mark
from stash_sense.connection.news import EntityChanged

_MANY = "many"
_ROW = LIBRARY_CHANGES.c
_FORGET_ENTITY = delete(LIBRARY_CHANGES).where(
    _ROW.kind == bindparam("of_kind"), _ROW.entity_id == bindparam("of_entity")
)
_FORGET_NUMBER = delete(LIBRARY_CHANGES).where(_ROW.number == bindparam("of_number"))
_COUNTS = select(_ROW.kind, func.count()).group_by(_ROW.kind)
_OVERRUN = select(_ROW.kind).where(_ROW.entity_id == EVERYTHING)


class SqlChangeMarks:
    """Marks in stash_sense.db.

    Args:
        store: the open state.
        most: changes of one kind that are remembered one by one.
        clock: what time it is.
    """

    def __init__(
        self,
        store: Store,
        most: int = MOST_OF_A_KIND,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._most = most
        self._clock = clock

    def mark(self, changes: Sequence[EntityChanged]) -> None:
        """See `ChangeMarks`."""
        latest = {(change.kind, change.id): change for change in changes}
        with self._store.write() as connection:
            overrun = set(connection.scalars(_OVERRUN))
            self._put(connection, [change for change in latest.values() if change.kind not in overrun])
            for kind, count in self._counts(connection).items():
                if count > self._most:
                    self._sum_up(connection, kind)
            for kind in overrun & {change.kind for change in latest.values()}:
                self._sum_up(connection, kind)  # a new number: something has changed since it was read

    def read(self, kind: str = "", limit: int = 1000, after: int = 0) -> list[Mark]:
        """See `ChangeMarks`."""
        wanted = select(_ROW.number, _ROW.kind, _ROW.entity_id, _ROW.change).where(_ROW.number > after)
        if kind:
            wanted = wanted.where(_ROW.kind == kind)
        with self._store.read() as connection:
            return [Mark(*row) for row in connection.execute(wanted.order_by(_ROW.number).limit(limit))]

    def forget(self, marks: Iterable[Mark]) -> None:
        """See `ChangeMarks`."""
        numbers = [{"of_number": mark.number} for mark in marks]
        if numbers:
            with self._store.write() as connection:
                connection.execute(_FORGET_NUMBER, numbers)

    def count(self) -> dict[str, int]:
        """See `ChangeMarks`."""
        with self._store.read() as connection:
            return self._counts(connection)

    def _counts(self, connection: Connection) -> dict[str, int]:
        return {kind: count for kind, count in connection.execute(_COUNTS)}  # noqa: C416  rows are no pairs

    def _put(self, connection: Connection, changes: Sequence[EntityChanged]) -> None:
        if not changes:
            return
        now = self._clock().isoformat(timespec="seconds")
        connection.execute(_FORGET_ENTITY, [{"of_kind": one.kind, "of_entity": one.id} for one in changes])
        rows = [{"kind": one.kind, "entity_id": one.id, "change": one.how.value, "at": now} for one in changes]
        connection.execute(insert(LIBRARY_CHANGES), rows)

    def _sum_up(self, connection: Connection, kind: str) -> None:
        """Put one mark in the place of all of a kind."""
        connection.execute(delete(LIBRARY_CHANGES).where(_ROW.kind == kind))
        now = self._clock().isoformat(timespec="seconds")
        connection.execute(
            insert(LIBRARY_CHANGES), [{"kind": kind, "entity_id": EVERYTHING, "change": _MANY, "at": now}]
        )
