"""Asking what changed: ids and moments alone, which costs Stash a tenth of whole rows, the latest change first."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from stash_sense.adapters.stash.connection import StashConnection
from stash_sense.adapters.stash.entities import entity_of
from stash_sense.adapters.stash.mapping import moment
from stash_sense.adapters.stash.reading import StashReading
from stash_sense.library.changes import Changed, changes_of, goes_on_below
from stash_sense.library.kinds import Kind
from stash_sense.library.reading import MOST_ON_A_PAGE, Changes, Watermark

T = TypeVar("T")
_RESTARTS = 5
"""When something is deleted between two pages, what follows moves up and could be missed."""


class StashReader(StashReading):
    """A `library.ports.LibraryReader`.

    Args:
        connection: to Stash.
        clock: our own; only differences of it count.
    """

    def __init__(
        self,
        connection: StashConnection,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(connection)
        self._clock = clock

    async def watermark(self, kind: Kind[T]) -> Watermark:
        """See `LibraryReader`."""
        now = self._clock()
        rows, _ = await self._changed_page(kind, 1)
        return changes_of(rows, None, now).watermark

    async def changed(self, kind: Kind[T], since: Watermark) -> Changes:
        """See `LibraryReader`."""
        for restart in range(1 + _RESTARTS):
            now = self._clock()
            rows, is_whole = await self._changed_rows(kind, since, insist=restart == _RESTARTS)
            if is_whole:
                break
        return changes_of(rows, since, now)

    async def _changed_rows(self, kind: Kind[T], since: Watermark, *, insist: bool) -> tuple[list[Changed], bool]:
        """Read as many pages as it takes; not whole when fewer were there in the end than in the beginning."""
        rows: list[Changed] = []
        number, total = 1, 0
        while True:
            page, there = await self._changed_page(kind, number)
            if there < total and not insist:
                return rows, False
            rows += page
            if len(page) < MOST_ON_A_PAGE or not goes_on_below(rows, since):
                return rows, True
            number, total = number + 1, there

    async def _changed_page(self, kind: Kind[T], number: int) -> tuple[list[Changed], int]:
        entity, name = entity_of(kind), f"changed_{kind.plural}"
        page = {"page": number, "per_page": MOST_ON_A_PAGE, "sort": "updated_at", "direction": "DESC"}
        data = await self.connection.ask(name, {"page": page})

        def make() -> tuple[list[Changed], int]:
            rows = [Changed(row["id"], row["updated_at"], moment(row["updated_at"])) for row in entity.rows(data)]
            if any(row.instant.tzinfo is None for row in rows):
                raise ValueError("a moment without a time zone")
            return rows, int(data[entity.field]["count"])

        return self.read(name, make)
