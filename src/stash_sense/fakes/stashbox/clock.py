"""A clock on which waiting takes no time, for what would take minutes."""

import asyncio
from bisect import insort


class SimulatedClock:
    """Begins at 0 and passes only while everybody who looks at it waits; for one event loop."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._awaited: list[float] = []

    def now(self) -> float:
        """Seconds since it began."""
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        """Wait until it is time; those who wait for an earlier moment go first."""
        until = self._seconds + max(seconds, 0.0)
        insort(self._awaited, until)
        try:
            await asyncio.sleep(0)
            while self._awaited[0] < until:
                await asyncio.sleep(0)
            self._seconds = max(self._seconds, until)
        finally:
            self._awaited.remove(until)
