"""The library in memory: tables of rows, changed in transactions that leave nothing behind when they fail."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from stash_sense.fakes.graphql.engine import ResolverError
from stash_sense.fakes.stash.rows import BLANK, SINGULAR, Row

RECORDED_ZONE = timezone(timedelta(hours=11))
"""Zone of the server whose answers were recorded: an offset that shows whoever compares times as text."""


@dataclass(frozen=True)
class Picture:
    """A picture that was given to a performer, studio, tag or scene."""

    content: bytes
    media_type: str


@dataclass(frozen=True)
class Hook:
    """What a plugin would have been told."""

    type: str
    """As "Scene.Update.Post"."""
    id: int
    input: Mapping[str, Any] | None
    input_fields: tuple[str, ...] = ()


@dataclass
class Configuration:
    """What `configuration` answers and `configureGeneral` changes."""

    general: dict[str, Any] = field(default_factory=dict)
    password: str = ""
    plugins: dict[str, dict[str, Any]] = field(default_factory=dict)
    ui: dict[str, Any] = field(default_factory=dict)


class State:
    """Everything a simulated Stash remembers.

    A resolver that changes something is run inside `transaction`, which its registration does for it: it changes
    rows by `insert`, `change` and `remove` only, and refuses by raising `ResolverError`, which takes everything back.

    Args:
        zone: of the server, in whose offset it writes times.
        clock: what time it is; any zone.

    Attributes:
        tables: rows by id, by table name; rows are read freely and never changed in place.
        hooks: what plugins would have been told, in order. Those of a failed transaction are not among them.
        version: grows with every transaction, for those who keep what they derived.
    """

    def __init__(
        self, zone: timezone = RECORDED_ZONE, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.zone = zone
        self.clock = clock
        self.lock = threading.RLock()
        self.tables: dict[str, dict[int, Row]] = {name: {} for name in BLANK}
        self.configuration = Configuration()
        self.hooks: list[Hook] = []
        self.version = 0
        self._last_ids: dict[str, int] = dict.fromkeys(BLANK, 0)
        self._seeds = 0
        self._undo: list[tuple[str, int, Row | None]] = []
        self._derived: dict[Any, tuple[int, Any]] = {}

    # reading

    def row(self, table: str, row_id: int) -> Row:
        """Return a row.

        Raises:
            ResolverError: "performer with id 7 not found".
        """
        found = self.tables[table].get(row_id)
        if found is None:
            raise ResolverError(f"{SINGULAR[table]} with id {row_id} not found")
        return found

    def rows(self, table: str, ids: Iterator[int] | list[int]) -> list[Row]:
        """Return the rows of some ids that are known to exist."""
        found = self.tables[table]
        return [found[row_id] for row_id in ids]

    def referring(self, table: str, column: str) -> Mapping[int, list[int]]:
        """Return who refers to whom: by the id in a column, the ids of the rows that have it, ascending.

        Args:
            table: that refers, as "scenes".
            column: that holds an id or a list of them, as "performers" or "studio".
        """

        def derive() -> dict[int, list[int]]:
            found: dict[int, list[int]] = {}
            for row_id, row in self.tables[table].items():
                value = row[column]
                for other in value if isinstance(value, list) else () if value is None else (value,):
                    found.setdefault(other, []).append(row_id)
            return {other: sorted(ids) for other, ids in found.items()}

        return self.derived((table, column), derive)  # type: ignore[no-any-return]

    def derived(self, key: Any, derive: Callable[[], Any]) -> Any:
        """Return what is derived from the rows, kept until any of them changes."""
        with self.lock:
            known = self._derived.get(key)
            if known is None or known[0] != self.version:
                if len(self._derived) > 64:
                    self._derived.clear()
                known = self._derived[key] = (self.version, derive())
            return known[1]

    # changing

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Change several rows, or none when it fails."""
        with self.lock:
            hooks = len(self.hooks)
            ids = dict(self._last_ids)
            self._undo = []
            try:
                yield
            except BaseException:
                for table, row_id, row in reversed(self._undo):
                    if row is None:
                        self.tables[table].pop(row_id, None)
                    else:
                        self.tables[table][row_id] = row
                self._last_ids = ids
                del self.hooks[hooks:]
                raise
            finally:
                self._undo = []
                self.version += 1

    def insert(self, table: str, **columns: Any) -> Row:
        """Add a row with the next id and the present time.

        Args:
            table: of the row.
            columns: those that are not as in a new row; id, created_at and updated_at may be given too.

        Returns:
            The row, which this transaction may still change in place.
        """
        unknown = columns.keys() - BLANK[table].keys() - {"id", "created_at", "updated_at"}
        if unknown:
            raise KeyError(f"{table} has no {', '.join(sorted(unknown))}")
        row_id = int(columns.get("id") or self._last_ids[table] + 1)
        self._last_ids[table] = max(self._last_ids[table], row_id)
        row = {**BLANK[table], **{name: kind() for name, kind in _EMPTY[table]}, **columns, "id": row_id}
        for name in ("created_at", "updated_at"):
            if name not in row:
                row[name] = self.now()
        self._undo.append((table, row_id, None))
        self.tables[table][row_id] = row
        return row

    def change(self, table: str, row_id: int, *, touch: bool = True) -> Row:
        """Return a row to change in place, until the transaction ends.

        Args:
            table: of the row.
            row_id: of the row.
            touch: set updated_at to the present time.

        Raises:
            ResolverError: there is none.
        """
        before = self.row(table, row_id)
        row = _copied(before)
        if touch:
            row["updated_at"] = self.now()
        self._undo.append((table, row_id, before))
        self.tables[table][row_id] = row
        return row

    def remove(self, table: str, row_id: int) -> None:
        """Delete a row; what referred to it is the caller's to clear (`referring` finds it).

        Raises:
            ResolverError: there is none.
        """
        self._undo.append((table, row_id, self.row(table, row_id)))
        del self.tables[table][row_id]

    def next_id(self, table: str) -> int:
        """Return the id which the next inserted row gets, for errors that name it."""
        return self._last_ids[table] + 1

    def hook(self, kind: str, row_id: int, given: Mapping[str, Any] | None, fields: tuple[str, ...] = ()) -> None:
        """Tell plugins: kind as "Scene.Update.Post", the mutation's input, and the fields it had (updates only)."""
        self.hooks.append(Hook(kind, row_id, given, fields))

    def another_seed(self) -> int:
        """Return a number that was not returned before; the same ones in every run."""
        with self.lock:
            self._seeds += 1
            return self._seeds

    # time

    def now(self) -> str:
        """Return the present time as Stash stores it in rows: to the second, in its own zone's offset."""
        return self.stored(self.clock())

    def now_exact(self) -> str:
        """Return the present time as Stash stores it in stash_ids: to the nanosecond, in UTC."""
        return self.clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")

    def now_local(self) -> str:
        """Return the present time as Stash gives it for jobs: to the nanosecond, in its own zone's offset."""
        now = self.clock().astimezone(self.zone)
        return now.strftime("%Y-%m-%dT%H:%M:%S.%f000") + _offset(now)

    def stored(self, moment: datetime) -> str:
        """Return a time as Stash stores it in rows."""
        local = moment.astimezone(self.zone)
        return local.strftime("%Y-%m-%dT%H:%M:%S") + _offset(local)


def number(text: str, what: str = "") -> int:
    """Return an id as a number.

    Args:
        text: as the client gave it.
        what: was being done, as "converting id".

    Raises:
        ResolverError: it is none, in the words of Stash.
    """
    if text.isascii() and text.removeprefix("-").removeprefix("+").isdigit():
        return int(text)
    raise ResolverError(f'{what + ": " if what else ""}strconv.Atoi: parsing "{text}": invalid syntax')


def _offset(moment: datetime) -> str:
    text = moment.strftime("%z")
    return "Z" if text == "+0000" else f"{text[:3]}:{text[3:5]}"


_EMPTY = {
    table: [(name, type(value)) for name, value in blank.items() if isinstance(value, list | dict)]
    for table, blank in BLANK.items()
}
"""Columns whose values are a row's own, by table."""


def _copied(row: Row) -> Row:
    return {
        name: list(value) if isinstance(value, list) else dict(value) if isinstance(value, dict) else value
        for name, value in row.items()
    }
