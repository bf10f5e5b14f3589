"""The turn to write: one writer at a time in this process and beside it, who first settles what another left open."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from stash_sense.errors import WritingBusy
from stash_sense.library.ports import Library
from stash_sense.recommendations.journal.entry import Entry
from stash_sense.recommendations.journal.settling import UNKNOWN, settle
from stash_sense.recommendations.journal.store import JournalStore

_LOOK_SECONDS = 0.05
_PATIENCE = 60.0
"""Seconds for which another process is waited for: as long as one write to a Stash that is locked may take."""


class AmongProcesses(Protocol):
    """The right of one process at a time to write; used on any thread, by one at a time."""

    def take(self) -> bool:
        """Take it if it is free; waits for nobody."""

    def give_back(self) -> None:
        """Give it back."""


class Turn:
    """Whoever writes to a library through the journal has it meanwhile; lives on one event loop.

    While somebody has it, what is open in the journal was left by one that ended in the middle: nobody else writes.

    Args:
        library: is only read.
        journal: of what is written.
        among: None where no other process can write.
        patience: seconds for which another process is waited for.
    """

    def __init__(
        self, library: Library, journal: JournalStore, among: AmongProcesses | None, patience: float = _PATIENCE
    ) -> None:
        self._library = library
        self._journal = journal
        self._among = among
        self._patience = patience
        self._mine = asyncio.Lock()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Have the turn until the block ends, for what does not write to Stash.

        Raises:
            WritingBusy: another process has had it for too long.
        """
        async with self._mine:
            await self._take()
            try:
                yield
            finally:
                if self._among is not None:
                    self._among.give_back()

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Likewise, to write.

        Raises:
            StashError: something is open, and Stash cannot be asked what became of it.
        """
        async with self.alone():
            await self._settle(again=False)
            yield

    async def settle(self) -> list[Entry]:
        """Settle what is open, also what was looked at in vain before; raises as `taken`."""
        async with self.alone():
            return await self._settle(again=True)

    async def _settle(self, *, again: bool) -> list[Entry]:
        waiting = await asyncio.to_thread(self._journal.unsettled)
        due = [entry for entry in waiting if again or entry.error_code != UNKNOWN]
        return await settle(self._library, self._journal, due) if due else []

    async def _take(self) -> None:
        among = self._among
        if among is None:
            return
        clock = asyncio.get_running_loop().time
        end = clock() + self._patience
        while True:
            taking = asyncio.ensure_future(asyncio.to_thread(among.take))
            try:
                taken = await asyncio.shield(taking)
            except asyncio.CancelledError:
                taking.add_done_callback(lambda done: among.give_back() if _was_taken(done) else None)
                raise
            if taken:
                return
            if clock() >= end:
                raise WritingBusy(seconds=self._patience)
            await asyncio.sleep(_LOOK_SECONDS)


def _was_taken(taking: "asyncio.Future[bool]") -> bool:
    return not taking.cancelled() and taking.exception() is None and taking.result()
