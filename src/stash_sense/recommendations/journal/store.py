"""Where the journal is kept: the port."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from stash_sense.library.server import Picture
from stash_sense.recommendations.journal.entry import Entry, Intent, Verdict, Why

KEPT_FOR = timedelta(days=365)
"""Of entries: what was wrong for a year without anybody's noticing is not put right by undoing. A scan of 100,000
scenes that is accepted whole leaves 60 MB."""


@dataclass(frozen=True, slots=True)
class JournalQuery:
    """Which entries are listed, newest first: those with a number below `before`, of a group or of all."""

    before: int | None = None
    group: str = ""
    limit: int = 50


class JournalStore(Protocol):
    """Keeps the journal; every method is one transaction, safe on any thread and in any number of processes.

    What a method has kept survives a power cut.

    Raises:
        StorageError: the disk said no.
        StateError: the store is busy for too long, or damaged.
    """

    def begin(self, intents: Sequence[Intent], why: Why) -> list[Entry]:
        """Keep what is going to be written; in the order of the question."""

    def settle(self, verdicts: Sequence[Verdict]) -> list[Entry]:
        """Keep what became of entries whose state is open; others stay as they are.

        With an entry that is done, the one that it undoes becomes undone.
        """

    def get(self, id_: int) -> Entry | None:
        """One entry."""

    def page(self, query: JournalQuery) -> Sequence[Entry]:
        """Some entries, newest first."""

    def group(self, group: str) -> list[Entry]:
        """All entries of a group, in the order in which they were written."""

    def unsettled(self) -> list[Entry]:
        """All entries whose state is open, oldest first."""

    def prune(self, before: datetime) -> int:
        """Remove entries that were begun before and are settled, and pictures that no entry needs; gives how many.

        For a moment in which nobody writes: a picture is kept before the entry that needs it.
        """

    def keep_picture(self, picture: Picture) -> str:
        """Keep a picture that is going to be replaced, and return the SHA-256 of its content, in hexadecimal."""

    def picture(self, digest: str) -> Picture | None:
        """Return a picture that was kept."""
