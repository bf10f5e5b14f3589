"""Questions asked again, with growing pauses that differ by chance, where that is safe."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

_T = TypeVar("_T")

Sleep = Callable[[float], Awaitable[None]]
Jitter = Callable[[], float]
"""Numbers from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often something is tried, and how long to wait in between."""

    attempts: int = 3
    """The first one included."""
    first_seconds: float = 0.2
    """The pause after the first failure; doubled after each further one."""
    longest_seconds: float = 5.0
    """The longest pause of our own choosing."""


class Retrier:
    """Tries again.

    Args:
        sleep: waits that many seconds.
        jitter: makes pauses differ, from half of one to the whole, so that many clients do not come back together.
    """

    def __init__(self, sleep: Sleep = asyncio.sleep, jitter: Jitter = random.random) -> None:
        self._sleep = sleep
        self._jitter = jitter

    async def call(
        self, work: Callable[[], Awaitable[_T]], again: Callable[[Exception], Patience | float | None]
    ) -> _T:
        """Do work, and do it again as long as it fails in a way that passes.

        Args:
            work: what is tried.
            again: what to make of its failure: None gives up, so that the failure comes out; a `Patience` tries again
                as often as that says; a number waits that many seconds, which the server asked for, and tries again.
        """
        tried = 0
        while True:
            try:
                return await work()
            except Exception as error:
                tried += 1
                said = again(error)
                if said is None or (isinstance(said, Patience) and tried >= said.attempts):
                    raise
                await self._sleep(said if isinstance(said, int | float) else self._pause(said, tried))

    def _pause(self, patience: Patience, tried: int) -> float:
        longest = min(patience.first_seconds * 2.0 ** min(tried - 1, 30), patience.longest_seconds)
        return longest * (0.5 + 0.5 * self._jitter())
