"""Performers of the library: found, created as a stash-box knows them, linked to it, given a picture.

Nobody is made twice: who has an id at a stash-box is the performer of that id, and before somebody of a name is made
that another one has, the user is asked.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stash_sense.errors import (
    PerformerLinked,
    PerformerNamed,
    PerformerNotThere,
    PerformerPictured,
    StashError,
    StashIdUnknown,
)
from stash_sense.library.kinds import PERFORMERS
from stash_sense.library.media import StashId
from stash_sense.library.people import Performer
from stash_sense.library.ports import Library, LibraryReader
from stash_sense.library.reading import Scope
from stash_sense.library.server import Picture
from stash_sense.recommendations.journal.values import IMAGE, KINDS, data_address, plain
from stash_sense.recommendations.journal.writes import Writes
from stash_sense.recommendations.recommendation import Target
from stash_sense.recommendations.stashbox_fields import fields_of, missing_fields, portrait_of
from stash_sense.stashbox.entities import Performer as BoxPerformer
from stash_sense.stashbox.kinds import PERFORMERS as BOX_PERFORMERS
from stash_sense.stashbox.merges import successors
from stash_sense.stashbox.ports import StashBox

MOST_FOUND = 10
_MOST_RANKED = 200
BoxOf = Callable[[str], Awaitable[StashBox]]
"""Gives the stash-box of an address, name or domain, as Stash has it set up; raises StashBoxUnknown."""


@dataclass(frozen=True, slots=True)
class AtBox:
    """A performer of a stash-box; one that was merged is the one that is left."""

    endpoint: str
    performer: BoxPerformer

    @property
    def id(self) -> StashId:
        """Who it is."""
        return StashId(self.endpoint, self.performer.id)


@dataclass(frozen=True, slots=True)
class Taken:
    """The performer of Stash that somebody is now; `is_new` where it was made for that; `notes` are sentences."""

    id: str
    name: str
    is_new: bool
    notes: tuple[str, ...] = ()


class Curating:
    """Finds, creates and links performers.

    Args:
        library: whose reader is asked.
        box_of: gives stash-boxes.
    """

    def __init__(self, library: Library, box_of: BoxOf) -> None:
        self._library = library
        self._box_of = box_of

    async def at_box(self, endpoint: str, stash_id: str) -> AtBox:
        """Read a performer of a stash-box.

        Raises:
            PerformerNotThere: there is none, or it was deleted.
            StashBoxError: it is not set up, or cannot be asked.
        """
        box = await self._box_of(endpoint)
        found = await box.by_ids(BOX_PERFORMERS, [stash_id])
        performer = next(iter(found.items.values()), None)
        if performer is None:
            reason = found.refused.get(stash_id, "nobody has that id")
            raise PerformerNotThere(endpoint=box.endpoint, id=stash_id, reason=reason)
        if performer.merged_into:
            performer = (await successors(box, [performer])).get(performer.id)
        if performer is None or performer.deleted:
            raise PerformerNotThere(endpoint=box.endpoint, id=stash_id, reason="it was deleted there")
        if not performer.name.strip():
            raise PerformerNotThere(endpoint=box.endpoint, id=stash_id, reason="it has no name there")
        return AtBox(box.endpoint, performer)

    async def known_as(self, stash_id: StashId) -> Performer | None:
        """Find the performer that has an id at a stash-box; of several the one that was there first."""
        there = {"endpoint": stash_id.endpoint, "stash_id": stash_id.stash_id, "modifier": "EQUALS"}
        async for page in self._library.reader.pages(PERFORMERS, Scope({"stash_id_endpoint": there})):
            for performer in page.items:
                if stash_id in performer.stash_ids:
                    return performer
        return None

    async def create(self, writes: Writes, fields: Mapping[str, Any], *, even_if_named: bool = False) -> str:
        """Create a performer; raises PerformerNamed where Stash has somebody of that name."""
        name = str(fields.get("name", "")).strip()
        if not even_if_named:
            await self._check_name(name)
        return await writes.create_performer(fields)

    async def create_from(self, writes: Writes, at: AtBox, *, even_if_named: bool = False) -> Taken:
        """Create a performer as a stash-box has it, with its picture; one that has its id is taken instead.

        A picture that Stash cannot fetch is left out, and said.

        Raises:
            PerformerNamed: Stash has somebody else of that name.
            StashError: Stash refuses.
        """
        there = await self.known_as(at.id)
        if there is not None:
            return Taken(there.id, there.name, is_new=False)
        fields = await self.fields_of(at)
        id_ = await self.create(writes, fields, even_if_named=even_if_named)
        notes = []
        if picture := portrait_of(at.performer):
            # By itself: where the picture cannot be had, the performer is there all the same.
            try:
                await writes.update_performer(id_, {IMAGE: picture})
            except StashError as error:
                notes.append(f"{fields['name']} has no picture yet. {error}")
        return Taken(id_, fields["name"], is_new=True, notes=tuple(notes))

    async def link(self, writes: Writes, performer_id: str, ids: Sequence[StashId], fill: AtBox | None = None) -> str:
        """Make a performer known under ids at stash-boxes, and give its name.

        Args:
            writes: what writes.
            performer_id: in Stash.
            ids: another one of the same endpoint gives way.
            fill: fills in what is empty in Stash.

        Raises:
            StashIdUnknown: there is no such performer.
            PerformerLinked: another one has such an id.
        """
        performer = await self._library.reader.one(PERFORMERS, performer_id)
        if performer is None:
            raise StashIdUnknown(address=self._library.address, kind=PERFORMERS.name, id=performer_id)
        ids = [await self.resolved(one) for one in ids]
        for one in ids:
            other = await self.known_as(one)
            if other is not None and other.id != performer_id:
                raise PerformerLinked(who=_who(other), **one._asdict(), faults={other.id: other.name})
        endpoints = {one.endpoint for one in ids}
        kept = [one for one in performer.stash_ids if one.endpoint not in endpoints]
        more = {} if fill is None else missing_fields(performer, await self.fields_of(fill))
        await writes.update_performer(performer_id, {"stash_ids": plain((*kept, *ids)), **more})
        return performer.name

    async def set_picture(self, writes: Writes, performer_id: str, jpeg: bytes, *, replace: bool = False) -> None:
        """Give a performer a picture; `replace` says that another one may give way.

        Raises:
            StashIdUnknown: there is no such performer.
            PerformerPictured: it has one, and `replace` is not said.
        """
        if not replace and await writes.has_picture(performer_id):
            raise PerformerPictured(id=performer_id)
        await writes.update_performer(performer_id, {IMAGE: data_address(Picture(jpeg, "image/jpeg"))})

    async def resolved(self, who: StashId) -> StashId:
        """Return an id with the address of its stash-box, where that is named by its domain or name.

        Raises:
            StashBoxUnknown: none of that name is set up.
        """
        if "://" in who.endpoint:
            return who
        return StashId((await self._box_of(who.endpoint)).endpoint, who.stash_id)

    async def check_there(self, targets: Iterable[Target]) -> None:
        """See that something can be added to, before performers are created for it.

        Raises:
            StashIdUnknown: it is not there.
        """
        for target in targets:
            if await self._library.reader.one(KINDS[target.kind], target.id) is None:
                raise StashIdUnknown(address=self._library.address, kind=target.kind, id=target.id)

    async def fields_of(self, at: AtBox) -> dict[str, Any]:
        """Return the fields that a performer of a stash-box has in this Stash, without the picture."""
        features = await self._library.server.features()
        has_years = features.has("PerformerUpdateInput.career_start")
        return fields_of(at.performer, at.endpoint, has_career_years=has_years)

    async def _check_name(self, name: str) -> None:
        namesakes = await self._library.reader.named(PERFORMERS, name)
        if namesakes:
            who = ", ".join(map(_who, namesakes[:3])) + (", …" if len(namesakes) > 3 else "")
            raise PerformerNamed(name=name, who=who, faults={one.id: one.name for one in namesakes[:MOST_FOUND]})


async def search(reader: LibraryReader, words: str, limit: int = MOST_FOUND) -> list[Performer]:
    """Find performers by name or alias: those of just that name first, then those that begin so."""
    async for page in reader.pages(PERFORMERS, Scope(words=words.strip()), size=_MOST_RANKED):
        return sorted(page.items, key=lambda one: _rank(one, words))[:limit]
    return []


def _rank(performer: Performer, words: str) -> tuple[int, int, int]:
    wanted, name = words.strip().casefold(), performer.name.casefold()
    aliases = [alias.casefold() for alias in performer.aliases]
    nearness = (name == wanted, wanted in aliases, name.startswith(wanted), wanted in name)
    return (nearness.index(True) if True in nearness else len(nearness)), -performer.scene_count, int(performer.id)


def _who(performer: Performer) -> str:
    more = f" ({performer.disambiguation})" if performer.disambiguation else ""
    return f"performer {performer.id}, {performer.name}{more}"
