"""Writing with a journal: what is there is read, the entry kept, then it is written, then what came of it kept, too.

Where the process ends in between, the entry stays open, and `settling` finds out at the next start.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from stash_sense.errors import StashError, StashIdUnknown, StashWriteUncertain
from stash_sense.library.kinds import PERFORMERS, SCENES, TAGS, Kind, Pictured
from stash_sense.library.media import Scene
from stash_sense.library.people import Performer, Tag
from stash_sense.library.ports import Library
from stash_sense.library.writing import Change, Outcome
from stash_sense.recommendations.journal.entry import Entry, EntryState, Intent, Values, Verdict, Why
from stash_sense.recommendations.journal.planning import (
    made,
    plan_change,
    plan_create,
    plan_destroy,
    plan_merge,
    plan_update,
)
from stash_sense.recommendations.journal.store import JournalStore
from stash_sense.recommendations.journal.values import IMAGE, described

T = TypeVar("T")
PicturedT = TypeVar("PicturedT", bound=Pictured)
PersonOrTag = TypeVar("PersonOrTag", Performer, Tag)
Fields = Mapping[str, Any]
_INTERRUPTED = "interrupted"


class Writing:
    """A write that is under way, with its entries; those that nothing is said of are done."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self._verdicts: dict[int, Verdict] = {}

    def done(self, entry: Entry, target_id: str | None = None, after: Values | None = None) -> None:
        """Say what Stash made of it."""
        self._verdicts[entry.id] = Verdict(entry.id, EntryState.DONE, target_id, after)

    def failed(self, entry: Entry, error: BaseException) -> None:
        """Say why it was not done, or why nobody knows; an error that is not Stash's came in the middle."""
        if isinstance(error, StashError):
            state = EntryState.UNCERTAIN if isinstance(error, StashWriteUncertain) else EntryState.REFUSED
            self._verdicts[entry.id] = Verdict(entry.id, state, error_code=error.code, error_message=str(error))
            return
        self._verdicts[entry.id] = Verdict(
            entry.id,
            EntryState.UNCERTAIN,
            error_code=_INTERRUPTED,
            error_message="The work was stopped before the answer came.",
        )

    def verdicts(self) -> list[Verdict]:
        """Return one for each entry."""
        return [self._verdicts.get(entry.id, Verdict(entry.id, EntryState.DONE)) for entry in self.entries]


class Journalling:
    """Keeps entries around writes.

    Args:
        journal: where; it is used on other threads than the event loop's.
        why: for whom and what is written.
    """

    def __init__(self, journal: JournalStore, why: Why) -> None:
        self._journal = journal
        self._why = why

    @property
    def group(self) -> str:
        """Of all that is written."""
        return self._why.group

    @asynccontextmanager
    async def writing(self, intents: Sequence[Intent]) -> AsyncIterator[Writing]:
        """Keep what is intended, let the block write it, and keep what came of it."""
        if not intents:
            yield Writing(())
            return
        writing = Writing(await asyncio.to_thread(self._journal.begin, intents, self._why))
        try:
            yield writing
        except BaseException as error:
            for entry in writing.entries:
                writing.failed(entry, error)
            raise
        finally:
            # A task of its own: what is known is kept even where the caller is being stopped.
            await asyncio.shield(asyncio.ensure_future(asyncio.to_thread(self._journal.settle, writing.verdicts())))


class JournalledWriter:
    """A `library.ports.LibraryWriter` that keeps a journal; what is already as it shall be is not written.

    Args:
        library: whose writer announces what it writes.
        journal: where the entries are kept.
        why: for whom and what is written; all writes of this writer are one group.
    """

    def __init__(self, library: Library, journal: JournalStore, why: Why) -> None:
        self._library = library
        self._store = journal
        self._journal = Journalling(journal, why)

    async def create_performer(self, fields: Fields) -> Performer:
        """See `LibraryWriter`."""
        return await self._created(PERFORMERS, fields, self._library.writer.create_performer)

    async def create_tag(self, fields: Fields) -> Tag:
        """See `LibraryWriter`."""
        return await self._created(TAGS, fields, self._library.writer.create_tag)

    async def update(self, kind: Kind[T], id: str, fields: Fields) -> T:  # noqa: A002  what Stash calls it
        """See `LibraryWriter`.

        Raises:
            StashIdUnknown: there is no such thing.
            JournalFieldUnknown, JournalPictureTooLarge: it could not be undone, so it is not done.
        """
        plan = await plan_update(self._library, kind, id, fields)
        if plan.intent is None:
            return plan.now
        if plan.picture is not None:
            await asyncio.to_thread(self._store.keep_picture, plan.picture)
        return await write_update(self._library, self._journal, kind, plan.intent, fields)

    async def change_many(self, kind: Kind[PicturedT], ids: Sequence[str], change: Change) -> Outcome:
        """See `LibraryWriter`."""
        plan = await plan_change(self._library.reader, kind, ids, change)
        refused: dict[str, StashError] = {
            id_: StashIdUnknown(address=self._library.address, kind=kind.name, id=id_) for id_ in plan.missing
        }
        outcome = await write_change(self._library, self._journal, kind, plan.intents, change)
        done = {*outcome.done, *plan.already}
        return Outcome(tuple(id_ for id_ in dict.fromkeys(ids) if id_ in done), {**refused, **outcome.refused})

    async def merge_performers(self, sources: Sequence[str], destination: str, fields: Fields) -> Performer:
        """See `LibraryWriter`."""
        async with self._journal.writing(await self._merged(PERFORMERS, sources, destination)):
            return await self._library.writer.merge_performers(sources, destination, fields)

    async def merge_scenes(self, sources: Sequence[str], destination: str, fields: Fields) -> Scene:
        """See `LibraryWriter`."""
        async with self._journal.writing(await self._merged(SCENES, sources, destination)):
            return await self._library.writer.merge_scenes(sources, destination, fields)

    async def merge_tags(self, sources: Sequence[str], destination: str, fields: Fields) -> Tag:
        """See `LibraryWriter`."""
        async with self._journal.writing(await self._merged(TAGS, sources, destination)):
            return await self._library.writer.merge_tags(sources, destination, fields)

    async def destroy(self, kind: Kind[T], ids: Sequence[str], *, files: bool = False) -> None:
        """See `LibraryWriter`."""
        async with self._journal.writing(await plan_destroy(self._library.reader, kind, ids)):
            await self._library.writer.destroy(kind, ids, files=files)

    async def _created(
        self, kind: Kind[PersonOrTag], fields: Fields, create: Callable[[Fields], Awaitable[PersonOrTag]]
    ) -> PersonOrTag:
        intent = await plan_create(self._library.reader, kind, fields)
        async with self._journal.writing([intent]) as writing:
            entity = await create(fields)
            writing.done(writing.entries[0], entity.id, made(kind, entity, intent))
            return entity

    async def _merged(self, kind: Kind[Any], sources: Sequence[str], destination: str) -> list[Intent]:
        return await plan_merge(self._library.reader, kind, sources, destination)


async def write_update(library: Library, journal: Journalling, kind: Kind[T], intent: Intent, fields: Fields) -> T:
    """Write fields of one thing."""
    async with journal.writing([intent]) as writing:
        entity = await library.writer.update(kind, intent.target_id, fields)
        after = dict(made(kind, entity, intent))
        if after.get(IMAGE):
            # Stash may have fetched it from somewhere else; what is there now is what undoing looks for.
            with suppress(StashError):
                after[IMAGE] = described(await library.media.picture(getattr(entity, "picture", "")))
        writing.done(writing.entries[0], after=after)
        return entity


async def write_change(
    library: Library, journal: Journalling, kind: Kind[PicturedT], intents: Sequence[Intent], change: Change
) -> Outcome:
    """Write one change for many things."""
    if not intents:
        return Outcome(())
    async with journal.writing(intents) as writing:
        outcome = await library.writer.change_many(kind, [intent.target_id for intent in intents], change)
        for entry in writing.entries:
            if entry.target_id in outcome.refused:
                writing.failed(entry, outcome.refused[entry.target_id])
        return outcome
