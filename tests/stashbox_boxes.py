"""Simulated endpoints and clients of them, for tests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from stash_sense.adapters.graphql.retrying import Patience, Retrier
from stash_sense.adapters.stashbox.client import BATCHES, StashBoxClient
from stash_sense.adapters.stashbox.connection import StashBoxConnection, StashBoxLimits
from stash_sense.adapters.stashbox.limiter import Limiter
from stash_sense.fakes.stashbox.clock import SimulatedClock
from stash_sense.fakes.stashbox.server import StashBoxServer
from stash_sense.library.server import StashBoxEndpoint

T = TypeVar("T")
KEY = "a-secret-key"
QUICK = StashBoxLimits(
    seconds=60.0,
    passing=Patience(attempts=3, first_seconds=0.0, longest_seconds=0.0),
    silent=Patience(attempts=2, first_seconds=0.0, longest_seconds=0.0),
)


class Asked:
    """A client of a simulated endpoint, on a clock on which waiting takes no time."""

    def __init__(
        self,
        endpoint: str,
        key: str = KEY,
        per_minute: int = 240,
        limits: StashBoxLimits = QUICK,
        batches: tuple[int, ...] = BATCHES,
    ) -> None:
        self.clock = SimulatedClock()
        self.limiter = Limiter(per_minute, self.clock)
        self._told = StashBoxEndpoint("box", endpoint, key, per_minute)
        self._limits = limits
        self._batches = batches

    def run(self, work: Callable[[StashBoxClient], Awaitable[T]]) -> T:
        """Do work with a client of its own, and close it."""

        async def worked() -> T:
            retrier = Retrier(self.clock.sleep, lambda: 1.0)
            connection = StashBoxConnection(
                self._told, self.limiter, limits=self._limits, retrier=retrier, proxies={}
            )
            client = StashBoxClient(self._told.endpoint, connection, self._batches)
            try:
                return await work(client)
            finally:
                await client.aclose()

        return asyncio.run(worked())


async def listed(pages: AsyncIterator[T]) -> list[T]:
    return [page async for page in pages]


@contextmanager
def without_flaws(server: StashBoxServer) -> Iterator[StashBoxServer]:
    """Serve, and insist in the end that nothing was asked for which is not simulated."""
    with server:
        yield server
    assert server.flaws == []
