"""What is written for a decision: with a journal, or only noted for a dry run; who decides sees no difference."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from stash_sense.errors import StashIdUnknown
from stash_sense.library.kinds import PERFORMERS, Kind
from stash_sense.library.ports import Library
from stash_sense.library.writing import Change, Outcome
from stash_sense.recommendations.journal.entry import Intent, Operation, Why
from stash_sense.recommendations.journal.planning import plan_change, plan_create, plan_update
from stash_sense.recommendations.journal.store import JournalStore
from stash_sense.recommendations.journal.values import IMAGE, plain, sent_picture
from stash_sense.recommendations.journal.writing import JournalledWriter

Fields = Mapping[str, Any]


class Writes(Protocol):
    """Writes; raises as `library.ports.LibraryWriter`."""

    async def create_performer(self, fields: Fields) -> str:
        """Create one, and give the id."""

    async def update_performer(self, id_: str, fields: Fields) -> None:
        """Change fields of one."""

    async def change(self, kind: Kind[Any], ids: Sequence[str], change: Change) -> Outcome:
        """Change many scenes, images or galleries."""

    async def has_picture(self, id_: str) -> bool:
        """Whether a performer has a picture, after what was written."""


class JournalledWrites:
    """`Writes` with a journal; all of them are one group."""

    def __init__(self, library: Library, journal: JournalStore, why: Why) -> None:
        self._library = library
        self._writer = JournalledWriter(library, journal, why)

    async def create_performer(self, fields: Fields) -> str:
        """See `Writes`."""
        return (await self._writer.create_performer(fields)).id

    async def update_performer(self, id_: str, fields: Fields) -> None:
        """See `Writes`."""
        await self._writer.update(PERFORMERS, id_, fields)

    async def change(self, kind: Kind[Any], ids: Sequence[str], change: Change) -> Outcome:
        """See `Writes`."""
        return await self._writer.change_many(kind, ids, change)

    async def has_picture(self, id_: str) -> bool:
        """See `Writes`."""
        return await _has_picture(self._library, id_)


class RehearsedWrites:
    """`Writes` that writes nothing.

    Attributes:
        intents: what would be written; who would be created is named "new: NAME".
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._pictured: set[str] = set()
        self._new: set[str] = set()
        self.intents: list[Intent] = []

    async def create_performer(self, fields: Fields) -> str:
        """See `Writes`."""
        self.intents.append(await plan_create(self._library.reader, PERFORMERS, fields))
        id_ = f"new: {fields.get('name', '')}"
        self._new.add(id_)
        return id_

    async def update_performer(self, id_: str, fields: Fields) -> None:
        """See `Writes`."""
        if IMAGE in fields:
            self._pictured.add(id_)
        if id_ in self._new:
            after = {name: sent_picture(value) if name == IMAGE else plain(value) for name, value in fields.items()}
            before = dict.fromkeys(fields)
            self.intents.append(Intent(Operation.UPDATE, PERFORMERS.name, id_, before, after))
            return
        plan = await plan_update(self._library, PERFORMERS, id_, fields)
        self.intents += [plan.intent] if plan.intent is not None else []

    async def change(self, kind: Kind[Any], ids: Sequence[str], change: Change) -> Outcome:
        """See `Writes`."""
        await self._check_there([id_ for id_ in change.performer_ids if id_ not in self._new])
        plan = await plan_change(self._library.reader, kind, ids, change)
        self.intents += plan.intents
        refused = {id_: StashIdUnknown(address=self._library.address, kind=kind.name, id=id_) for id_ in plan.missing}
        return Outcome(tuple(id_ for id_ in dict.fromkeys(ids) if id_ not in refused), refused)

    async def has_picture(self, id_: str) -> bool:
        """See `Writes`."""
        if id_ in self._new or id_ in self._pictured:
            return id_ in self._pictured
        return await _has_picture(self._library, id_)

    async def _check_there(self, performer_ids: Sequence[str]) -> None:
        there = await self._library.reader.by_ids(PERFORMERS, performer_ids)
        for id_ in performer_ids:
            if id_ not in there:
                raise StashIdUnknown(address=self._library.address, kind=PERFORMERS.name, id=id_)


async def _has_picture(library: Library, id_: str) -> bool:
    performer = await library.reader.one(PERFORMERS, id_)
    if performer is None:
        raise StashIdUnknown(address=library.address, kind=PERFORMERS.name, id=id_)
    return bool(performer.picture)
