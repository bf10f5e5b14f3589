"""Implements `stashbox.ports.StashBox` over GraphQL."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from math import ceil
from typing import Any, TypeVar

from stash_sense.adapters.graphql.documents import Document
from stash_sense.adapters.graphql.outcomes import Reply
from stash_sense.adapters.stashbox.connection import StashBoxConnection
from stash_sense.adapters.stashbox.documents import documents, for_ids
from stash_sense.adapters.stashbox.mapping import READERS, account, removal, scene
from stash_sense.errors import (
    StashBoxAnswerTooLarge,
    StashBoxDocumentRefused,
    StashBoxRefused,
)
from stash_sense.stashbox.entities import Account, Removal
from stash_sense.stashbox.fingerprints import Fingerprint, evidence
from stash_sense.stashbox.kinds import Kind
from stash_sense.stashbox.reading import Found, Match, Page

T = TypeVar("T")

BATCHES = (50, 20, 1)
"""Ids in one document, and in how many it is tried after a refusal.

A real server took 0.05 s for 2 performers, 0.7 s for 25 and 0.9 s for 60, so 50 need the fewest requests, and little
more time than 25.
"""
FINGERPRINT_GROUPS = 40
"""Videos in one question by fingerprints; a stash-box refuses more."""
PAGE = 100
"""Things on a page of what changed."""
_TOO_MUCH = (StashBoxAnswerTooLarge, StashBoxDocumentRefused, StashBoxRefused)
"""What a server may say to many questions at once that would answer fewer."""


class StashBoxClient:
    """Asks one endpoint.

    Args:
        endpoint: its address, under which Stash keeps ids.
        connection: to it.
        batches: see `BATCHES`; falling, down to 1.
    """

    def __init__(self, endpoint: str, connection: StashBoxConnection, batches: Sequence[int] = BATCHES) -> None:
        self._endpoint = endpoint
        self._connection = connection
        self._batches = batches

    @property
    def endpoint(self) -> str:
        """Its address, under which Stash keeps ids."""
        return self._endpoint

    async def account(self) -> Account:
        """Ask whose key it is."""
        document = documents()["account"]
        return self._read(document, await self._found(document, {}), account)

    async def by_ids(self, kind: Kind[T], ids: Sequence[str]) -> Found[T]:
        """Read several by their ids, many in one request."""
        wanted = list(dict.fromkeys(ids))
        items: dict[str, T] = {}
        unknown: list[str] = []
        refused: dict[str, str] = {}
        most = self._batches[0]
        while wanted:
            some, wanted = wanted[:most], wanted[most:]
            try:
                document = for_ids(f"find_{kind.name}", len(some))
                reply = await self._connection.ask(
                    document, {f"id{number}": one for number, one in enumerate(some)}, partial=True
                )
            except _TOO_MUCH:
                if len(some) == 1:
                    raise
                most = next(size for size in self._batches if size < len(some))
                wanted = some + wanted
                continue
            self._sort(kind, document, reply, some, (items, unknown, refused))
        return Found(items, tuple(unknown), refused)

    async def search(self, kind: Kind[T], term: str, limit: int) -> tuple[T, ...]:
        """Search by words."""
        document = documents()[f"search_{kind.name}"]
        rows = await self._found(document, {"term": term, "limit": limit})
        return self._read(document, rows, _all(READERS[kind.name]))

    async def changed(self, kind: Kind[T], since: datetime | None) -> AsyncIterator[Page[T]]:
        """Read page by page what changed, the latest first."""
        document = documents()[f"changed_{kind.plural}"]
        async for rows, total in self._pages(document, {"sort": "UPDATED_AT"}):
            items: tuple[Any, ...] = self._read(document, rows, _all(READERS[kind.name]))
            recent = tuple(one for one in items if since is None or one.updated is None or one.updated >= since)
            if recent:
                yield Page(recent, total)
            if len(recent) < len(items):
                return

    async def removed(self, kind: Kind[Any], since: datetime | None) -> AsyncIterator[tuple[Removal, ...]]:
        """Read what was deleted, then what was merged, the latest first."""
        document = documents()["removals"]
        for operation in ("DESTROY", "MERGE"):
            asked = {"sort": "CLOSED_AT", "applied": True, "operation": operation, "target_type": kind.name.upper()}
            async for rows, _ in self._pages(document, asked):
                found = self._read(document, rows, _all(removal))
                recent = tuple(one for one in found if since is None or one.closed is None or one.closed >= since)
                if recent:
                    yield recent
                if len(recent) < len(found):
                    break

    async def matches(self, groups: Sequence[Sequence[Fingerprint]]) -> list[tuple[Match, ...]]:
        """Look for scenes by fingerprints; groups without any are not asked for."""
        found: list[tuple[Match, ...]] = [()] * len(groups)
        asked = [number for number, group in enumerate(groups) if group]
        for numbers in _parts(asked, FINGERPRINT_GROUPS):
            answered = await self._matched([groups[number] for number in numbers])
            for number, matches in zip(numbers, answered, strict=True):
                found[number] = matches
        return found

    async def aclose(self) -> None:
        """Close the connections."""
        await self._connection.aclose()

    async def _found(self, document: Document, variables: Mapping[str, Any]) -> Any:
        reply = await self._connection.ask(document, variables)
        assert reply.data is not None  # noqa: S101  or there would be an error
        return reply.data.get("found")

    async def _matched(self, groups: Sequence[Sequence[Fingerprint]]) -> list[tuple[Match, ...]]:
        """Ask for a number of videos, and where that is too much, for one half after the other."""
        document = documents()["scenes_by_fingerprints"]
        try:
            rows = await self._found(document, {"groups": [_spelled(group) for group in groups]})
        except (StashBoxAnswerTooLarge, StashBoxRefused):
            if len(groups) == 1:
                raise
            half = len(groups) // 2
            return await self._matched(groups[:half]) + await self._matched(groups[half:])
        return self._read(document, rows, partial(_matches, groups))

    async def _pages(self, document: Document, asked: Mapping[str, Any]) -> AsyncIterator[tuple[list[Any], int]]:
        """Read a list to its end.

        What is deleted meanwhile moves the rest forward, and some of it would be passed over: where the list has
        become shorter, reading goes back by as many pages. A server that gives fewer on a page than it is asked for
        is taken at its first page.

        Raises:
            StashBoxAnswerOdd: it gives the same page again and again.
        """
        page, before, size = 1, 0, PAGE
        last: list[Any] = []
        while True:
            told = {"page": page, "per_page": PAGE, "direction": "DESC", **asked}
            rows, total = self._read(document, await self._found(document, {"input": told}), _page)
            if rows and rows == last:
                raise self._connection.failures.odd(document.name, ValueError("a page comes twice"))
            yield rows, total
            if page == 1 and 0 < len(rows) < min(PAGE, total):
                size = len(rows)
            if total < before:
                page, last = max(page - ceil((before - total) / size), 1), []
            elif len(rows) < size:
                return
            else:
                page, last = page + 1, rows
            before = total

    def _sort(
        self,
        kind: Kind[T],
        document: Document,
        reply: Reply,
        ids: Sequence[str],
        into: tuple[dict[str, T], list[str], dict[str, str]],
    ) -> None:
        """Put what was answered to a number of ids where it belongs."""
        items, unknown, refused = into
        data = reply.data or {}
        failed = {str(error.path[0]): error.message for error in reply.errors}
        for number, one in enumerate(ids):
            row = data.get(f"found{number}")
            if row is not None:
                items[one] = self._read(document, row, READERS[kind.name])
            elif f"found{number}" in failed:
                refused[one] = self._connection.failures.clean(failed[f"found{number}"])
            else:
                unknown.append(one)

    def _read(self, document: Document, value: Any, reader: Callable[[Any], T]) -> T:
        try:
            return reader(value)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._connection.failures.odd(document.name, error) from error


def _all(reader: Callable[[Any], T]) -> Callable[[Iterable[Any]], tuple[T, ...]]:
    return lambda rows: tuple(reader(row) for row in _list(rows))


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"a list is missing, there is {type(value).__name__}")
    return value


def _page(found: Any) -> tuple[list[Any], int]:
    return _list(found["items"]), int(found["count"])


def _parts(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (values[first : first + size] for first in range(0, len(values), size))


def _spelled(group: Sequence[Fingerprint]) -> list[dict[str, str]]:
    return [
        {"hash": text, "algorithm": one.algorithm.value} for one in dict.fromkeys(group) for text in one.spellings
    ]


def _matches(groups: Sequence[Sequence[Fingerprint]], rows: Sequence[Any]) -> list[tuple[Match, ...]]:
    if len(_list(rows)) != len(groups):
        raise ValueError(f"{len(rows)} answers to {len(groups)} videos")
    found = []
    for row, group in zip(rows, groups, strict=True):
        scenes = [scene(one) for one in _list(row) if one is not None]
        found.append(tuple(Match(one, evidence(group, one.fingerprints)) for one in scenes))
    return found
