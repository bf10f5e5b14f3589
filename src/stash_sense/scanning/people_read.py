"""Reads who is in Stash when somebody first has to be found there: once in a scan, 500 performers a request."""

from stash_sense.kernel.cancel import CancelToken
from stash_sense.library.kinds import PERFORMERS
from stash_sense.library.ports import Library
from stash_sense.performers.roster import Roster
from stash_sense.scanning.ports import Loop
from stash_sense.scanning.stash_people import InStash, StashPeople


class ReadPeople:
    """`suggesting.People`.

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
