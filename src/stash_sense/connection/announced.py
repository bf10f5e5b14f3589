"""A library whose writes are known as ours: what `bootstrap` gives to everybody who writes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from stash_sense.connection.news import How
from stash_sense.connection.own_writes import Expected, OwnWrites, Writing
from stash_sense.errors import StashError, StashWriteUncertain
from stash_sense.library.kinds import PERFORMERS, SCENES, TAGS, Kind, Pictured
from stash_sense.library.media import Scene
from stash_sense.library.people import Performer, Tag
from stash_sense.library.ports import LibraryJobs, LibraryMedia, LibraryReader, LibraryServer, LibraryWriter
from stash_sense.library.writing import Change, Outcome

T = TypeVar("T")
PicturedT = TypeVar("PicturedT", bound=Pictured)
Fields = Mapping[str, Any]


@dataclass(frozen=True)
class AnnouncedLibrary:
    """A `library.ports.Library` whose `writer` announces what it writes."""

    address: str
    server: LibraryServer
    reader: LibraryReader
    writer: LibraryWriter
    jobs: LibraryJobs
    media: LibraryMedia


class AnnouncedWriter:
    """A `library.ports.LibraryWriter` that announces what it writes.

    What a merge moves from one to the other comes back as news: nobody but Stash knows what that is.

    Args:
        writer: which writes.
        own: is told.
    """

    def __init__(self, writer: LibraryWriter, own: OwnWrites) -> None:
        self._writer = writer
        self._own = own

    async def create_performer(self, fields: Fields) -> Performer:
        """See `LibraryWriter`."""
        with self._announced(_created(PERFORMERS, fields)):
            return await self._writer.create_performer(fields)

    async def create_tag(self, fields: Fields) -> Tag:
        """See `LibraryWriter`."""
        with self._announced(_created(TAGS, fields)):
            return await self._writer.create_tag(fields)

    async def update(self, kind: Kind[T], id: str, fields: Fields) -> T:  # noqa: A002  what Stash calls it
        """See `LibraryWriter`."""
        with self._announced(_changes(kind, How.UPDATED, [id])):
            return await self._writer.update(kind, id, fields)

    async def change_many(self, kind: Kind[PicturedT], ids: Sequence[str], change: Change) -> Outcome:
        """See `LibraryWriter`."""
        with self._announced(_changes(kind, How.UPDATED, ids)) as writing:
            outcome = await self._writer.change_many(kind, ids, change)
            refused = [id_ for id_, why in outcome.refused.items() if not isinstance(why, StashWriteUncertain)]
            writing.was_refused(_changes(kind, How.UPDATED, refused))
            return outcome

    async def merge_performers(self, sources: Sequence[str], destination: str, fields: Fields) -> Performer:
        """See `LibraryWriter`."""
        with self._announced(_merged(PERFORMERS, sources, destination)):
            return await self._writer.merge_performers(sources, destination, fields)

    async def merge_scenes(self, sources: Sequence[str], destination: str, fields: Fields) -> Scene:
        """See `LibraryWriter`."""
        with self._announced(_merged(SCENES, sources, destination)):
            return await self._writer.merge_scenes(sources, destination, fields)

    async def merge_tags(self, sources: Sequence[str], destination: str, fields: Fields) -> Tag:
        """See `LibraryWriter`."""
        with self._announced(_merged(TAGS, sources, destination)):
            return await self._writer.merge_tags(sources, destination, fields)

    async def destroy(self, kind: Kind[T], ids: Sequence[str], *, files: bool = False) -> None:
        """See `LibraryWriter`."""
        with self._announced(_changes(kind, How.DESTROYED, ids)):
            await self._writer.destroy(kind, ids, files=files)

    @contextmanager
    def _announced(self, changes: list[Expected]) -> Iterator[Writing]:
        """Expect changes; those of a write that Stash refused are not expected any more."""
        with self._own.writing(changes) as writing:
            try:
                yield writing
            except StashWriteUncertain:
                raise
            except StashError:
                writing.was_refused(changes)
                raise


def name_of(text: object) -> str:
    """Return a name as it is compared: Stash cuts blanks off its ends."""
    return str(text or "").strip()


def _created(kind: Kind[T], fields: Fields) -> list[Expected]:
    return [Expected(kind.name, How.CREATED, name_of(fields.get("name")))]


def _changes(kind: Kind[T], how: How, ids: Iterable[str]) -> list[Expected]:
    return [Expected(kind.name, how, id_) for id_ in ids]


def _merged(kind: Kind[T], sources: Sequence[str], destination: str) -> list[Expected]:
    """Expect the hooks that a version of Stash may call for the ones that are merged."""
    told = [Expected(kind.name, how, destination) for how in (How.UPDATED, How.MERGED)]
    return [*told, *_changes(kind, How.UPDATED, sources), *_changes(kind, How.DESTROYED, sources)]
