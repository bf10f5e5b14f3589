"""Reading a library: pages by rising id, single ones, those of a name."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from stash_sense.adapters.stash.connection import StashConnection
from stash_sense.adapters.stash.entities import Entity, entity_of
from stash_sense.adapters.stash.mapping import Row
from stash_sense.errors import StashIdUnknown
from stash_sense.kernel.collector import paused_collector
from stash_sense.library.kinds import Kind
from stash_sense.library.reading import (
    BEGINNING,
    EVERYTHING,
    IDS_ON_A_PAGE,
    MOST_ON_A_PAGE,
    USUAL_PAGE,
    Cursor,
    Page,
    Scope,
)

T = TypeVar("T")
S = TypeVar("S")
_NAMES_ON_A_PAGE = 100
_MOST_PASSED = 1000
"""Pages in a row with nothing new, when reading goes on after an id: a million performers."""
_NOT_RISING = "ids do not rise"


class StashReading:
    """Reads through one connection; `changes.StashReader` is all of it."""

    def __init__(self, connection: StashConnection) -> None:
        self.connection = connection
        self._rebase = connection.address.rebased

    def pages(
        self, kind: Kind[T], scope: Scope = EVERYTHING, cursor: Cursor = BEGINNING, size: int = USUAL_PAGE
    ) -> AsyncIterator[Page[T]]:
        """See `LibraryReader`. Only the first page tells how many there are: to count 50,000 costs Stash 20 ms."""
        entity = entity_of(kind)
        listing = _Listing(entity, f"find_{kind.plural}", scope, min(max(size, 1), MOST_ON_A_PAGE))
        return self._pages(listing, cursor, lambda row: entity.read(row, self._rebase))

    def ids(self, kind: Kind[T], scope: Scope = EVERYTHING, cursor: Cursor = BEGINNING) -> AsyncIterator[Page[str]]:
        """See `LibraryReader`."""
        listing = _Listing(entity_of(kind), f"ids_{kind.plural}", scope, IDS_ON_A_PAGE)
        return self._pages(listing, cursor, lambda row: str(row["id"]))

    async def count(self, kind: Kind[T], scope: Scope = EVERYTHING) -> int:
        """See `LibraryReader`."""
        entity, name = entity_of(kind), f"count_{kind.plural}"
        page = {"per_page": 0, **_words(scope)}
        data = await self.connection.ask(name, {"where": dict(scope.where), "page": page})
        return self.read(name, lambda: int(data[entity.field]["count"]))

    async def one(self, kind: Kind[T], id: str) -> T | None:  # noqa: A002  what Stash calls it
        """See `LibraryReader`."""
        return (await self.by_ids(kind, [id])).get(id)

    async def by_ids(self, kind: Kind[T], ids: Sequence[str]) -> dict[str, T]:
        """See `LibraryReader`: Stash answers nothing when one of them is not there, so that one is left out then."""
        entity = entity_of(kind)
        rows = await self._rows(entity, f"find_{kind.plural}", ids)
        return self.read(kind.plural, lambda: {row["id"]: entity.read(row, self._rebase) for row in rows})

    async def existing(self, kind: Kind[T], ids: Sequence[str]) -> set[str]:
        """Say which of these ids are there."""
        rows = await self._rows(entity_of(kind), f"ids_{kind.plural}", ids)
        return {row["id"] for row in rows}

    async def named(self, kind: Kind[T], name: str) -> tuple[T, ...]:
        """See `LibraryReader`: Stash compares with LIKE, where % and _ stand for anything, so we compare again."""
        bare = name.strip()  # as Stash does when it keeps a name
        scope = Scope({"name": {"value": bare, "modifier": "EQUALS"}})
        wanted = bare.casefold()
        found: list[T] = []
        async for page in self.pages(kind, scope, size=_NAMES_ON_A_PAGE):
            found += [item for item in page.items if getattr(item, "name", "").casefold() == wanted]
        return tuple(found)

    async def duplicates(self, distance: int, most_seconds_apart: float = -1.0) -> tuple[tuple[str, ...], ...]:
        """See `LibraryReader`."""
        asked = {"distance": distance, "seconds": most_seconds_apart}
        slow = self.connection.limits.slow_seconds
        data = await self.connection.ask("duplicate_scenes", asked, seconds=slow)
        return self.read(
            "duplicate_scenes",
            lambda: tuple(tuple(row["id"] for row in group) for group in data["findDuplicateScenes"]),
        )

    def read(self, operation: str, make: Callable[[], S]) -> S:
        """Make values of an answer.

        Raises:
            StashAnswerOdd: it has not the shape that it must have.
        """
        try:
            with paused_collector():
                return make()
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
            raise self.connection.odd(operation, error) from error

    async def _rows(self, entity: Entity[T], document: str, ids: Sequence[str]) -> list[Any]:
        asked = {"counted": False, **({} if entity.filters_by_id else {"checked": False})}
        wanted = list(dict.fromkeys(ids))
        rows: list[Any] = []
        for start in range(0, len(wanted), MOST_ON_A_PAGE):
            part = wanted[start : start + MOST_ON_A_PAGE]
            while part:
                try:
                    data = await self.connection.ask(document, {"ids": part, **asked})
                except StashIdUnknown as error:
                    rest = [id_ for id_ in part if id_ != error.fields["id"]]
                    if len(rest) == len(part):  # it is about something else than what was asked for
                        raise
                    part = rest
                else:
                    rows += self.read(document, lambda data=data: entity.rows(data))  # type: ignore[misc]
                    break
        return rows

    async def _pages(self, listing: "_Listing", cursor: Cursor, make: Callable[[Row], S]) -> AsyncIterator[Page[S]]:
        ask = self._page_above if listing.entity.filters_by_id else self._page_at
        first, passed = True, 0
        while passed < _MOST_PASSED:
            page, is_last = await ask(listing, cursor, make, counted=first)
            if page.items or first:
                yield page
            if is_last:
                return
            passed = 0 if page.items else passed + 1
            cursor, first = page.cursor, False
        raise self.connection.odd(listing.document, ValueError(_NOT_RISING))

    async def _page_above(
        self, listing: "_Listing", cursor: Cursor, make: Callable[[Row], S], *, counted: bool
    ) -> tuple[Page[S], bool]:
        """Read the page above an id: what is deleted or added meanwhile moves nothing."""
        asked = {
            "where": _above(cursor.after, listing.scope.where),
            "page": listing.by_id(1, listing.size),
            "counted": counted and cursor == BEGINNING,
        }
        data = await self.connection.ask(listing.document, asked)

        def made() -> tuple[Page[S], bool]:
            rows = listing.entity.rows(data)
            after = max((int(row["id"]) for row in rows), default=cursor.after)
            if rows and min(int(row["id"]) for row in rows) <= cursor.after:
                raise ValueError(_NOT_RISING)  # or reading would never end
            page = Page(tuple([make(row) for row in rows]), Cursor(after), listing.total(data))
            return page, len(rows) < listing.size

        return self.read(listing.document, made)

    async def _page_at(
        self, listing: "_Listing", cursor: Cursor, make: Callable[[Row], S], *, counted: bool
    ) -> tuple[Page[S], bool]:
        """Read a page by its number; the row before it must have been read, or some before it were deleted."""
        size, name = listing.size, listing.document
        number = cursor.position // size + 1
        while True:
            passed = (number - 1) * size
            asked = {
                "where": dict(listing.scope.where),
                "page": listing.by_id(number, size),
                "counted": counted,
                "before": listing.by_id(max(passed, 1), 1),
                "checked": passed > 0,
            }
            data = await self.connection.ask(name, asked)
            before = self.read(name, lambda data=data: listing.last_before(data))  # type: ignore[misc]
            if passed == 0 or (before is not None and before <= cursor.after):
                break
            number -= 1

        def made() -> tuple[Page[S], bool]:
            rows = listing.entity.rows(data)
            if rows and before is not None and int(rows[0]["id"]) <= before:
                raise ValueError(_NOT_RISING)
            fresh = [row for row in rows if int(row["id"]) > cursor.after]
            after = max((int(row["id"]) for row in fresh), default=cursor.after)
            cursor_after = Cursor(after, passed + len(rows))
            return Page(tuple([make(row) for row in fresh]), cursor_after, listing.total(data)), len(rows) < size

        return self.read(name, made)


@dataclass(frozen=True, slots=True)
class _Listing:
    """What is read page by page: with which document, which ones, how many at once."""

    entity: Entity[Any]
    document: str
    scope: Scope
    size: int

    def by_id(self, number: int, size: int) -> dict[str, Any]:
        """Ask for a page by rising id."""
        return {"page": number, "per_page": size, "sort": "id", "direction": "ASC", **_words(self.scope)}

    def total(self, data: Row) -> int | None:
        """Read how many there are, where that was asked."""
        found: int | None = data[self.entity.field].get("count")
        return found

    def last_before(self, data: Row) -> int | None:
        """Read the id of the row before the page, where that was asked."""
        rows = (data.get("before") or {}).get(self.entity.kind.plural)
        return int(rows[-1]["id"]) if rows else None


def _above(after: int, where: Row) -> dict[str, Any]:
    """Ask for those above an id, too; what is either one or the other must be either above it."""
    above = {"id": {"value": after, "modifier": "GREATER_THAN"}}
    return {**above, "AND": dict(where)} if where.keys() & {"id", "OR"} else {**where, **above}


def _words(scope: Scope) -> dict[str, str]:
    return {"q": scope.words} if scope.words else {}
