"""Those who watch what happens to jobs: each waits on the event loop for what is told on other threads."""

import asyncio
import contextlib
import math
from collections.abc import Iterator

from stash_sense.errors import TooManyWatching
from stash_sense.jobs.events import EventHub, ProgressEvent

MOST_LISTENERS = 100
_LEAST_PAUSE = 0.05
"""Seconds between two looks of one listener: jobs may report thousands of times a second."""


class Audience:
    """Everybody who watches; used by the event loop's thread alone.

    Args:
        most: how many may watch at once.
    """

    def __init__(self, most: int = MOST_LISTENERS) -> None:
        self._most = most
        self._listeners: set[Listener] = set()
        self.is_over = False
        """Whether the service stops: nobody is told anything more."""

    @contextlib.contextmanager
    def join(self, hub: EventHub, after: int | None) -> Iterator["Listener"]:
        """Watch until the block ends.

        Args:
            hub: tells what happens.
            after: number of the last event that is known; None: only what happens from now on.

        Raises:
            TooManyWatching: as it says.
        """
        if len(self._listeners) >= self._most:
            raise TooManyWatching(watching=len(self._listeners))
        listener = Listener(self, hub, after)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            listener.close()

    def dismiss(self) -> None:
        """Send home everybody who watches now; others may come."""
        for listener in self._listeners:
            listener.dismiss()

    def stop(self) -> None:
        """Send everybody home, for good."""
        self.is_over = True
        self.dismiss()


class Listener:
    """One who watches. However slowly it asks, it is given where each job is by then, not where it was."""

    def __init__(self, audience: Audience, hub: EventHub, after: int | None) -> None:
        self._audience = audience
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        self._is_told = False
        self._looked = -math.inf
        self._is_dismissed = False
        self._watcher = hub.watch(after, self.tell)

    @property
    def last_id(self) -> int:
        """Number of the last event that was given."""
        return self._watcher.last_id

    def tell(self) -> None:
        """Say that there may be something; on any thread, and as often as one likes."""
        if self._is_told:
            return
        self._is_told = True
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self.wake)

    def dismiss(self) -> None:
        """Give this one nothing more; on the event loop's thread."""
        self._is_dismissed = True
        self.wake()

    def wake(self) -> None:
        """Look now; on the event loop's thread."""
        self._woken.set()

    async def next(self, patience: float = math.inf) -> list[ProgressEvent]:
        """Wait for what is new, oldest first; nothing after `patience` seconds, and when this one is sent home."""
        end = self._loop.time() + patience
        while not (self._is_dismissed or self._audience.is_over):
            await asyncio.sleep(max(0.0, self._looked + _LEAST_PAUSE - self._loop.time()))
            self._looked = self._loop.time()
            # Before the look: what is told from here on wakes it again.
            self._is_told = False
            self._woken.clear()
            events = self._watcher.take()
            left = end - self._looked
            if events or left <= 0:
                return events
            due = self._watcher.due_in()
            pause = left if due is None else min(left, due)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if pause == math.inf else pause):
                    await self._woken.wait()
        return []

    def close(self) -> None:
        """Watch no more."""
        self._watcher.close()
