"""When a question may be sent: an endpoint's requests are spread evenly, whoever sends them.

Own code, because aiolimiter belongs to one event loop and takes its time from it: jobs of several threads cannot
share one, and no clock can be put in its place.
"""

import asyncio
import threading
import time
from typing import Protocol

from stash_sense.kernel.addresses import shown
from stash_sense.library.server import REQUESTS_PER_MINUTE

_MINUTE = 60.0


class Clock(Protocol):
    """Passes time."""

    def now(self) -> float:
        """Seconds since some moment; they only grow."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class SteadyClock:
    """The machine's own."""

    def now(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class Limiter:
    """Hands out turns, one after the other, to any number of event loops and threads.

    A turn comes `60 / per_minute` seconds after the one before, so no minute has more of them. Whoever stops waiting
    for one leaves it unused.

    Args:
        per_minute: turns in a minute.
        clock: for waiting.
    """

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._next = clock.now()
        self._held_until = clock.now()
        self._holds = 0

    async def turn(self) -> None:
        """Wait for a turn. Turns that were promised before a `hold` are given out anew after it."""
        while True:
            with self._lock:
                holds, now = self._holds, self._clock.now()
                at = max(self._next, now)
                self._next = at + _MINUTE / self.per_minute
            if at > now:
                await self._clock.sleep(at - now)
            with self._lock:
                if holds == self._holds:
                    return

    def hold(self, seconds: float) -> None:
        """Give nobody a turn for a while, as the server asked for."""
        with self._lock:
            until = self._clock.now() + seconds
            if until > self._held_until:
                self._held_until = self._next = until
                self._holds += 1

    @property
    def held_seconds(self) -> float:
        """For how long nobody gets a turn; 0 where nothing is held."""
        return max(self._held_until - self._clock.now(), 0.0)


class Limiters:
    """The one limiter of each endpoint, for all jobs of the process.

    Args:
        clock: of all of them.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or SteadyClock()
        self._lock = threading.Lock()
        self._found: dict[str, Limiter] = {}

    def of(self, endpoint: str, per_minute: int) -> Limiter:
        """Return an endpoint's limiter, which from now on has this limit; 0 or less stands for 240."""
        allowed = per_minute if per_minute > 0 else REQUESTS_PER_MINUTE
        name = shown(endpoint).lower().rstrip("/")
        with self._lock:
            limiter = self._found.setdefault(name, Limiter(allowed, self.clock))
            limiter.per_minute = allowed
            return limiter
