"""Hears from Stash that a scan is over or a job has ended: by a subscription, or by asking where there is none."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from stash_sense.connection.news import JobEnded, ListeningBegan, ScanFinished, StashNews
from stash_sense.connection.watching import Watcher
from stash_sense.errors import StashSenseError
from stash_sense.library.ports import LibraryJobs
from stash_sense.library.server import JobState, ServerJob

_LOG = logging.getLogger(__name__)
_SCAN = "Scanning"
"""How Stash's description of a scan begins."""


class LibraryEvents(Protocol):
    """What a server tells by itself."""

    async def listen(self, hear: Callable[[StashNews], None]) -> None:
        """Tell of finished scans and ended jobs until it is cancelled; `ListeningBegan` first.

        Raises:
            StashError: the server offers nothing of the kind, or the connection is over.
        """


class Manner(StrEnum):
    """How we hear what happens in Stash."""

    NOT = "not"
    SUBSCRIPTION = "subscription"
    POLLING = "polling"


@dataclass(frozen=True, slots=True)
class ListeningPace:
    """How often; all in seconds."""

    poll: float = 10.0
    """Between two looks at the queue, where there is no subscription."""
    resubscribe: float = 60.0
    """For which the queue is looked at before a subscription is tried again; twice as long each time …"""
    longest: float = 3600.0
    """… up to this."""
    breath: float = 1.0
    """Before a subscription that had worked is renewed, half of it at least."""


class Listening:
    """Hears what happens in Stash, for as long as it can be used.

    Args:
        watcher: knows whether it can be used.
        events: what it tells by itself.
        jobs: asked where it tells nothing.
        hear: is told.
        pace: how often it is asked.
        sleep: waits that many seconds.
        chance: numbers from 0 to 1.
    """

    def __init__(
        self,
        watcher: Watcher,
        events: LibraryEvents,
        jobs: LibraryJobs,
        hear: Callable[[StashNews], None],
        pace: ListeningPace | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._watcher = watcher
        self._events = events
        self._jobs = jobs
        self._hear = hear
        self._pace = pace or ListeningPace()
        self._sleep = sleep
        self._chance = chance
        self._manner = Manner.NOT
        self._polled: dict[str, ServerJob] | None = None

    @property
    def manner(self) -> Manner:
        """How we hear at this moment; on any thread."""
        return self._manner

    async def run(self) -> None:
        """Hear until it is cancelled."""
        fruitless = 0
        while True:
            await self._watcher.until_usable()
            fruitless = 0 if await self._subscribed() else fruitless + 1
            if not (await self._watcher.look()).is_usable:
                continue
            if fruitless:
                await self._poll(min(self._pace.resubscribe * 2.0 ** min(fruitless - 1, 30), self._pace.longest))
            else:
                await self._sleep(self._pace.breath * (0.5 + 0.5 * self._chance()))

    async def _subscribed(self) -> bool:
        """Listen to a subscription until it is over; return whether there was one."""

        def hear(news: StashNews) -> None:
            if isinstance(news, ListeningBegan):
                self._manner, self._polled = Manner.SUBSCRIPTION, None
            self._hear(news)

        try:
            await self._events.listen(hear)
        except StashSenseError as error:
            told = {"code": error.code, "reason": str(error)}
            _LOG.debug("the subscription to Stash is over", extra=told)
        return self._stops() is Manner.SUBSCRIPTION

    def _stops(self) -> Manner:
        before, self._manner = self._manner, Manner.NOT
        return before

    async def _poll(self, seconds: float) -> None:
        """Look at Stash's queue for a while, or until Stash cannot be used."""
        clock = asyncio.get_running_loop().time
        end = clock() + seconds
        try:
            while clock() < end:
                found = {job.id: job for job in await self._jobs.jobs()}
                await self._compare(found)
                await self._sleep(self._pace.poll)
        except StashSenseError as error:
            _LOG.debug("the queue of Stash cannot be read", extra={"code": error.code, "reason": str(error)})
            self._stops()
            await self._sleep(self._pace.poll)
        finally:
            self._stops()

    async def _compare(self, found: dict[str, ServerJob]) -> None:
        """Tell which jobs have ended since the last look."""
        before, self._polled = self._polled, found
        self._manner = Manner.POLLING
        if before is None:
            self._hear(ListeningBegan())
            return
        for id_, job in before.items():
            if job.state.has_ended:
                continue  # told of already
            now = found.get(id_) or await self._jobs.job(id_)
            if now is None or now.state.has_ended:
                self._tell_end(job, None if now is None else now.state)
        for id_, job in found.items():
            if id_ not in before and job.state.has_ended:
                self._tell_end(job, job.state)

    def _tell_end(self, job: ServerJob, state: JobState | None) -> None:
        if job.description.startswith(_SCAN) and state in (JobState.FINISHED, None):
            self._hear(ScanFinished())
        self._hear(JobEnded(job.id, job.description, state))
