"""Asks Stash again and again whether it can be used: soon while it cannot, now and then while it can.

It runs on one event loop; what it found last can be read on any thread.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from stash_sense.connection.standing import Standing
from stash_sense.errors import StashSenseError, StashTimedOut
from stash_sense.library.server import ServerState

_LOG = logging.getLogger(__name__)

Ready = Callable[[], Awaitable[ServerState]]
"""Asks once; raises where Stash cannot be used."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often Stash is asked; all in seconds."""

    first: float = 2.0
    """After it first could not be used; twice as long after each further time."""
    longest: float = 60.0
    usable: float = 60.0
    """While it can be used."""
    patience: float = 15.0
    """For one answer."""

    def after(self, failures: int, chance: float) -> float:
        """Return how long to wait after so many failures in a row.

        Args:
            failures: 0 where the last answer was good.
            chance: from 0 to 1; pauses after failures last from half of their length to all of it, so that not
                everybody comes back at once when a server has been restarted.
        """
        if failures == 0:
            return self.usable
        return min(self.first * 2.0 ** min(failures - 1, 30), self.longest) * (0.5 + 0.5 * chance)


class Watcher:
    """Knows whether Stash can be used.

    Args:
        address: of Stash, without what may be secret.
        ready: asks it.
        pace: how often.
        clock: what time it is.
        chance: numbers from 0 to 1.
    """

    def __init__(
        self,
        address: str,
        ready: Ready,
        pace: Pace | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._ready = ready
        self._pace = pace or Pace()
        self._clock = clock
        self._chance = chance
        self._standing = Standing(address)
        self._logged: Standing | None = None
        self._failures = 0
        self._looking: asyncio.Task[Standing] | None = None
        self._looked = asyncio.Event()
        self._usable = asyncio.Event()

    @property
    def standing(self) -> Standing:
        """What was found last; on any thread."""
        return self._standing

    async def look(self) -> Standing:
        """Ask now; who asks while another one does gets that one's answer."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(self._looking)

    async def until_usable(self) -> None:
        """Return when Stash can be used, at once where it can."""
        await self._usable.wait()

    async def run(self) -> None:
        """Ask again and again, and log what is new, until it is cancelled."""
        while True:
            await self.look()
            await self._rest()

    async def _look(self) -> Standing:
        server: ServerState | None = None
        error: StashSenseError | None = None
        try:
            async with asyncio.timeout(self._pace.patience):
                server = await self._ready()
        except TimeoutError:
            error = StashTimedOut(address=self._standing.address, seconds=f"{self._pace.patience:g}")
        except StashSenseError as why:
            error = why
        self._standing = self._standing.followed_by(server, error, self._clock())
        self._failures = 0 if self._standing.is_usable else self._failures + 1
        (self._usable.set if self._standing.is_usable else self._usable.clear)()
        self._looked.set()
        return self._standing

    async def _rest(self) -> None:
        """Wait for as long as is due after the last look, whoever looked."""
        clock = asyncio.get_running_loop().time
        while True:
            self._looked.clear()
            self._log()
            end = clock() + self._pace.after(self._failures, self._chance())
            try:
                async with asyncio.timeout_at(end):
                    await self._looked.wait()
            except TimeoutError:
                return

    def _log(self) -> None:
        standing, before, self._logged = self._standing, self._logged, self._standing
        if before is not None and before.is_like(standing):
            return
        if standing.server is not None:
            told = {"address": standing.address, "version": standing.server.version}
            _LOG.info("Stash can be used", extra=told)
        elif standing.error is not None:
            _LOG.warning("Stash cannot be used", extra={"code": standing.error.code, "reason": str(standing.error)})
