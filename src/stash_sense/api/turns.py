"""One heavy piece of work at a time: others wait for their turn, in the order of asking, for as long as it takes.

What they bring along waits on the disk, which has room for so much.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

from stash_sense.errors import ServiceStopping, TooManyWaiting
from stash_sense.kernel.cancel import CancelToken

MOST_WAITING = 64
MOST_BYTES = 2 * 1024**3
"""Of all that requests under way bring along: it lies in the temporary folder, which may be in memory."""


class Room:
    """The room for what requests bring along; used by the event loop's thread alone.

    Args:
        most_bytes: that there is.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._taken: list[int] = []

    @contextlib.contextmanager
    def take(self, announced: int) -> Iterator[None]:
        """Hold the room for so many bytes until the block ends; who is alone always gets it.

        Raises:
            TooManyWaiting: others have it.
        """
        if self._taken and sum(self._taken) + announced > self._most_bytes:
            raise TooManyWaiting(waiting=len(self._taken))
        self._taken.append(announced)
        try:
            yield
        finally:
            self._taken.remove(announced)


@dataclass(frozen=True, slots=True)
class TurnStatus:
    """One who works or waits: position 0 works, seconds since it asked."""

    name: str
    position: int
    seconds: float


class Turn:
    """One's place in the line."""

    def __init__(self, name: str, asked: float, cancel: CancelToken) -> None:
        self.name = name
        self.asked = asked
        self.cancel = cancel
        self.called = asyncio.Event()
        """Set when it is this one's turn, or will never be."""


class Turns:
    """The line before one slot; used by the event loop's thread alone.

    Args:
        most_waiting: how many may wait.
        changed: told how many wait, whenever that changes.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        most_waiting: int = MOST_WAITING,
        changed: Callable[[int], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most_waiting = most_waiting
        self._changed = changed
        self._clock = clock
        self._line: list[Turn] = []
        self._stopped = False

    @contextlib.asynccontextmanager
    async def take(self, name: str, cancel: CancelToken) -> AsyncIterator[Turn]:
        """Wait for the slot and hold it until the block ends.

        Args:
            name: of the request, by which its sender finds it in `status`.
            cancel: set by `stop`, for the work to end.

        Raises:
            TooManyWaiting: the line is full.
            ServiceStopping: it will never move again.
        """
        if self._stopped:
            raise ServiceStopping
        waiting = len(self._line) - 1
        if waiting >= self._most_waiting:
            raise TooManyWaiting(waiting=waiting)
        turn = Turn(name, self._clock(), cancel)
        self._line.append(turn)
        self._move_up()
        try:
            await turn.called.wait()
            if self._stopped:
                raise ServiceStopping
            yield turn
        finally:
            self._line.remove(turn)
            self._move_up()

    def status(self) -> list[TurnStatus]:
        """Tell who works and who waits, in their order."""
        now = self._clock()
        return [TurnStatus(turn.name, place, now - turn.asked) for place, turn in enumerate(self._line)]

    def stop(self) -> None:
        """Let nobody in any more, send away who waits, and cancel what is at work."""
        self._stopped = True
        for turn in self._line:
            turn.cancel.cancel()
            turn.called.set()

    def _move_up(self) -> None:
        if self._line:
            self._line[0].called.set()
        self._changed(max(0, len(self._line) - 1))
