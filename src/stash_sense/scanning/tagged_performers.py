"""Who is tagged in the scenes and images at hand -> who that is in the performers database."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from stash_sense.identification.tagged import rows_of
from stash_sense.kernel.cancel import CancelToken
from stash_sense.library.kinds import PERFORMERS
from stash_sense.library.people import Performer
from stash_sense.library.ports import LibraryReader
from stash_sense.performers.roster import Roster
from stash_sense.scanning.ports import Loop

_MOST_KEPT = 5000
"""Performers that are remembered from page to page: 10 MB."""


@dataclass(frozen=True, slots=True)
class Known:
    """A performer of Stash: the rows of the roster that are this person, and the ids of these."""

    performer: Performer
    rows: frozenset[int]
    person_ids: frozenset[str]


class TaggedPerformers:
    """Knows the performers of what is at hand; asks Stash once for all of a page that are not known yet.

    Args:
        reader: of Stash.
        loop: where it is asked.
        roster: of the database in use.
        most: performers that are remembered; those that were asked for last in any case.
    """

    def __init__(self, reader: LibraryReader, loop: Loop, roster: Roster, most: int = _MOST_KEPT) -> None:
        self._reader = reader
        self._loop = loop
        self._roster = roster
        self._most = most
        self._known: dict[str, Known] = {}

    def read(self, performer_ids: Iterable[str], cancel: CancelToken) -> None:
        """Get to know some.

        Raises:
            StashError: Stash cannot be asked.
            Cancelled: the token was set.
        """
        asked = dict.fromkeys(performer_ids)
        new = [one for one in asked if one not in self._known]
        for one in asked:  # to the end: what was not asked for in a long time is forgotten first
            if one in self._known:
                self._known[one] = self._known.pop(one)
        if not new:
            return
        found = self._loop.call(lambda: self._reader.by_ids(PERFORMERS, new), cancel)
        for id_, rows in rows_of(found.values(), self._roster).items():
            self._known[id_] = Known(found[id_], rows, frozenset(self._roster[row].id for row in rows))
        for one in list(islice(self._known, max(0, len(self._known) - max(self._most, len(asked))))):
            del self._known[one]

    def performers(self, performer_ids: Iterable[str]) -> tuple[Performer, ...]:
        """Return those that were read and are there."""
        return tuple(known.performer for known in self._of(performer_ids))

    def rows(self, performer_ids: Iterable[str]) -> frozenset[int]:
        """Return the rows of the roster that are these performers."""
        return frozenset[int]().union(*(known.rows for known in self._of(performer_ids)))

    def person_ids(self, performer_ids: Iterable[str]) -> frozenset[str]:
        """Return their ids in the database."""
        return frozenset[str]().union(*(known.person_ids for known in self._of(performer_ids)))

    def _of(self, performer_ids: Iterable[str]) -> list[Known]:
        return [self._known[one] for one in performer_ids if one in self._known]
