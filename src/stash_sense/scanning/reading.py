"""A library, part by part: what is read at once, what of it cannot be read, and which ids it stands for."""

from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from stash_sense.errors import StashDocumentRefused, StashError
from stash_sense.identification.result import Failure
from stash_sense.library.kinds import Kind
from stash_sense.library.media import Image, Scene
from stash_sense.library.ports import Library
from stash_sense.library.reading import BEGINNING, USUAL_PAGE, Cursor, Scope

T = TypeVar("T")
_MOST_LOST = 20
"""In a row that cannot be read, after which it is not them: a server that answers nothing as it should."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some of what is scanned.

    Attributes:
        items: what was read, in the order of the scan.
        lost: what cannot be read, and why, by id.
        ids: of both, and of nothing else between `after` and `upto`.
        after, upto: the part is all that is there with ids above the one, up to the other; None: without end.
        next: gives the part after this one; None for the last.
        total: how many there are in the whole scope, where that was told, as it is with the first part.
    """

    items: tuple[Scene | Image, ...]
    lost: dict[str, Failure]
    ids: tuple[str, ...]
    after: int
    upto: int | None
    next: Cursor | None
    total: int | None

    def without(self, galleries: frozenset[str]) -> "Part":
        """Return it without the images of some galleries."""
        left = {
            item.id for item in self.items if isinstance(item, Image) and not galleries.isdisjoint(item.gallery_ids)
        }
        if not left:
            return self
        items = tuple(item for item in self.items if item.id not in left)
        return replace(self, items=items, ids=tuple(one for one in self.ids if one not in left))


@dataclass
class Reading:
    """Reads parts of one kind.

    Attributes:
        library: asked.
        kind: read.
        scope: which of them.
        newest_first: begin with the highest id.
        size: how many at once.
    """

    library: Library
    kind: Kind[Any]
    scope: Scope
    newest_first: bool = False
    size: int = USUAL_PAGE
    _falling: list[str] = field(default_factory=list)

    async def part(self, cursor: Cursor = BEGINNING) -> Part:
        """Read a part; `after` of the cursor is, with the newest first, the last id that was passed.

        What cannot be read as a whole is read in halves, down to what it is that cannot be.

        Raises:
            StashError: Stash cannot be used, or answers nothing of the kind as it should.
        """
        return await (self._falling_part(cursor) if self.newest_first else self._rising_part(cursor))

    async def count(self) -> int:
        """Count all that there are in the scope.

        Raises:
            StashError: Stash cannot be asked.
        """
        return await self.library.reader.count(self.kind, self.scope)

    async def fresh(self, ids: Sequence[str]) -> dict[str, Scene | Image]:
        """Read some anew; what is gone, or cannot be read any more, is left out."""
        items, _ = await self._each(ids)
        return items

    async def _rising_part(self, cursor: Cursor) -> Part:
        pages = self.library.reader.pages(self.kind, self.scope, cursor, self.size)
        try:
            page = await _first(pages)
        except StashError as error:
            await self._insist_that_it_is_there(error)
        else:
            ids = tuple(item.id for item in page.items)
            is_last = len(ids) < self.size
            upto = None if is_last else page.cursor.after
            return Part(page.items, {}, ids, cursor.after, upto, None if is_last else page.cursor, page.total)
        found = await _first(self.library.reader.ids(self.kind, self.scope, cursor))
        ids = found.items[: self.size]
        items, lost = await self._each(ids)
        is_last = len(found.items) <= self.size
        end = int(ids[-1]) if ids else cursor.after
        return Part(
            tuple(items[one] for one in ids if one in items),
            lost,
            ids,
            cursor.after,
            None if is_last else end,
            None if is_last else Cursor(end, cursor.position + len(ids)),
            found.total,
        )

    async def _falling_part(self, cursor: Cursor) -> Part:
        if not self._falling:
            async for page in self.library.reader.ids(self.kind, self.scope):
                self._falling += page.items
            self._falling.sort(key=int, reverse=True)
        before = cursor.after
        passed = cursor.position
        if before:
            passed = bisect_right(self._falling, -before, key=lambda one: -int(one))
        ids = tuple(self._falling[passed : passed + self.size])
        rest = self._falling[passed + len(ids) : passed + len(ids) + 1]
        items, lost = await self._each(ids)
        return Part(
            tuple(items[one] for one in ids if one in items),
            lost,
            ids,
            int(rest[0]) if rest else 0,
            before - 1 if before else None,
            Cursor(int(ids[-1]), passed + len(ids)) if rest else None,
            len(self._falling),
        )

    async def _each(self, ids: Sequence[str]) -> tuple[dict[str, Scene | Image], dict[str, Failure]]:
        """Read what can be read; a part that cannot is halved."""
        items: dict[str, Scene | Image] = {}
        lost: dict[str, Failure] = {}
        waiting = [list(ids)] if ids else []
        while waiting:
            some = waiting.pop()
            try:
                items.update(await self.library.reader.by_ids(self.kind, some))
            except StashError as error:
                await self._insist_that_it_is_there(error)
                if len(some) > 1:
                    middle = len(some) // 2
                    waiting += [some[middle:], some[:middle]]
                    continue
                lost[some[0]] = Failure.of(error)
                if len(lost) >= _MOST_LOST and not items:
                    raise
        return items, lost

    async def _insist_that_it_is_there(self, error: StashError) -> None:
        """Tell a part that cannot be read from a Stash that cannot be asked.

        Raises:
            StashError: it cannot be asked at all, or does not know the question.
        """
        if isinstance(error, StashDocumentRefused):
            raise error
        await self.library.server.ready()


async def _first(pages: AsyncIterator[T]) -> T:
    """Return the first page alone, which is one request."""
    try:
        return await anext(pages)
    finally:
        await pages.aclose()  # type: ignore[attr-defined]
