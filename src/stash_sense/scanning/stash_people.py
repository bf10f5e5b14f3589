"""Somebody of the performers database -> who that is in Stash, where anybody is."""

from collections.abc import Iterable
from dataclasses import dataclass

from stash_sense.identification.tagged import rows_of
from stash_sense.kernel.cancel import CancelToken
from stash_sense.library.kinds import PERFORMERS
from stash_sense.library.people import Performer
from stash_sense.library.ports import Library
from stash_sense.library.server import StashBoxEndpoint
from stash_sense.performers.ids import domain_at, stash_only_id, universal_id
from stash_sense.performers.roster import Roster
from stash_sense.scanning.ports import Loop


@dataclass(frozen=True, slots=True)
class InStash:
    """What Stash has of somebody.

    Attributes:
        performer_id: who it is there; None where nobody is known to be.
        endpoint: of a stash-box that is set up and knows the person, with `stash_id` there.
    """

    performer_id: str | None = None
    endpoint: str | None = None
    stash_id: str | None = None


class StashPeople:
    """Finds people of the database among the performers of Stash: by their ids, else by a name that one has alone.

    Args:
        performers: all of Stash.
        endpoints: that are set up in Stash.
        roster: of the database in use.
    """

    def __init__(
        self, performers: Iterable[Performer], endpoints: Iterable[StashBoxEndpoint], roster: Roster
    ) -> None:
        self._by_id: dict[str, str] = {}
        self._by_name: dict[str, list[Performer]] = {}
        self._endpoints = {domain_at(one.endpoint): one.endpoint for one in endpoints}
        self._roster = roster
        self._found: dict[str, InStash] = {}
        for performer in performers:
            for one in performer.stash_ids:
                self._by_id.setdefault(universal_id(domain_at(one.endpoint), one.stash_id), performer.id)
            self._by_id.setdefault(stash_only_id(performer.id, performer.created_at), performer.id)
            self._by_name.setdefault(performer.name.casefold(), []).append(performer)

    def of(self, person_id: str, name: str) -> InStash:
        """Say who somebody is."""
        if person_id not in self._found:
            domain, _, id_there = person_id.rpartition(":")
            endpoint = self._endpoints.get(domain)
            performer = self._by_id.get(person_id) or self._named(person_id, name)
            self._found[person_id] = InStash(performer, endpoint, None if endpoint is None else id_there)
        return self._found[person_id]

    def _named(self, person_id: str, name: str) -> str | None:
        """Find the one performer of a name, unless an endpoint knows them as somebody else."""
        named = self._by_name.get(name.casefold(), ())
        if len(named) != 1:
            return None
        rows = rows_of(named, self._roster)[named[0].id]
        return named[0].id if any(self._roster[row].id == person_id for row in rows) else None


class ReadPeople:
    """`suggesting.People`: reads who is in Stash when somebody first has to be found there, once in a scan.

    Args:
        library: asked.
        loop: where it is asked.
        roster: of the database in use.
        cancel: stops the reading.
    """

    def __init__(self, library: Library, loop: Loop, roster: Roster, cancel: CancelToken) -> None:
        self._library = library
        self._loop = loop
        self._roster = roster
        self._cancel = cancel
        self._people: StashPeople | None = None

    def of(self, person_id: str, name: str) -> InStash:
        """Say who somebody is.

        Raises:
            StashError: Stash cannot be asked.
            Cancelled: the token was set.
        """
        if self._people is None:
            self._people = self._loop.call(self._read, self._cancel)
        return self._people.of(person_id, name)

    async def _read(self) -> StashPeople:
        configuration = await self._library.server.configuration()
        performers = [one async for page in self._library.reader.pages(PERFORMERS) for one in page.items]
        return StashPeople(performers, configuration.stash_boxes, self._roster)
