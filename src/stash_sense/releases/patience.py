"""How long a server is waited for, and how often it is asked again."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from stash_sense.errors import ConnectionLost, DeadlinePassed, ServerUnreachable, TooSlow, TransferError
from stash_sense.kernel.cancel import CancelToken

_T = TypeVar("_T")
_NAP = 0.1
"""Seconds between two looks at whether somebody asked to stop, while nothing is done."""


@dataclass(frozen=True, slots=True)
class DownloadLimits:
    """Bounds on what a server may cost us; the defaults let a database of 1.5 GB through a line of 1 Mbit/s."""

    connect_seconds: float = 15.0
    """To find the server and to agree on a connection, each."""
    silence_seconds: float = 30.0
    """Without a byte, after which a connection counts as lost and another one is tried."""
    answer_seconds: float = 120.0
    """From asking to the last header of the answer, with all redirects: headers that never end are not silence."""
    slow_bytes: int = 64 * 1024
    """What must arrive in `slow_seconds`: at 1 kB/s a database would take weeks. Also what an attempt must gain so
    that those before it are forgotten."""
    slow_seconds: float = 60.0
    """The window of time in which `slow_bytes` are counted."""
    deadline_seconds: float = 12 * 3600.0
    """For a whole file, with all attempts and waits."""
    small_deadline_seconds: float = 120.0
    """For a listing, a manifest or a signature, likewise."""
    attempts: int = 5
    """In a row that fail without gaining anything."""
    first_wait_seconds: float = 1.0
    """After the first failed attempt; doubled after each further one."""
    longest_wait_seconds: float = 30.0
    """Between two attempts, as far as we choose it."""
    retry_after_seconds: float = 120.0
    """Between two attempts, where the server asks for a wait; a longer one is left to the user."""
    restarts: int = 2
    """How often a file is begun anew because the server's has changed."""
    largest_bytes: int = 16 * 1024**3
    """Of a file whose size nobody announced: 40 times the public database."""


class Interrupted(Exception):
    """An attempt failed in a way that passes.

    Attributes:
        error: what the user reads if there is no further attempt.
        wait: seconds that the server asks for.
    """

    def __init__(self, error: TransferError, wait: float | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.wait = wait


class Patience:
    """The time and the attempts that one transfer may take.

    Args:
        address: of what is fetched, to be named in errors.
        limits: the bounds.
        deadline_seconds: for all of it.
        cancel: looked at whenever time passes.
        clock: tells seconds that never go back.
        jitter: tells numbers from 0 to 1, so that many clients do not come back at the same moment.
    """

    def __init__(
        self,
        address: str,
        limits: DownloadLimits,
        deadline_seconds: float,
        cancel: CancelToken,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._address = address
        self._limits = limits
        self._deadline_seconds = deadline_seconds
        self._cancel = cancel
        self._clock = clock
        self._jitter = jitter
        self._deadline = clock() + deadline_seconds
        self._answered = False
        self._gained = 0
        self._asked: float | None = None
        self._window: float | None = None
        self._in_window = 0

    def look(self) -> None:
        """See whether it is worth going on.

        Raises:
            Cancelled: somebody asked to stop.
            DeadlinePassed: all the time is spent.
            TooSlow: the answer, or what is being received, comes too slowly.
        """
        self._cancel.raise_if_cancelled()
        now, limits = self._clock(), self._limits
        if now > self._deadline:
            raise DeadlinePassed(address=self._address, seconds=_round(self._deadline_seconds))
        if self._asked is not None and now - self._asked > limits.answer_seconds:
            raise self._too_slow(limits.answer_seconds)
        if self._window is None or now - self._window < limits.slow_seconds:
            return
        if self._in_window < limits.slow_bytes:
            raise self._too_slow(limits.slow_seconds)
        self._window, self._in_window = now, 0

    def _too_slow(self, seconds: float) -> TooSlow:
        return TooSlow(address=self._address, bytes=self._limits.slow_bytes, seconds=_round(seconds))

    def answered(self) -> None:
        """Note that the server has begun to answer: from now on its speed counts."""
        self._answered = True
        self._asked = None
        self._window, self._in_window = self._clock(), 0

    def received(self, count: int, *, gained: int) -> None:
        """Note the bytes that arrived, and how many of the file are there now."""
        self._in_window += count
        self._gained = max(self._gained, gained)

    def begun_anew(self) -> None:
        """Note that what was there is gone for a good reason, and that to get as far again is a gain."""
        self._gained = 0

    def persist(self, attempt: Callable[[], _T]) -> _T:
        """Repeat an attempt while it fails in ways that pass, with growing waits between.

        Raises:
            TransferError: of the last attempt.
            Cancelled: somebody asked to stop.
        """
        failures = 0
        while True:
            self.look()
            before = self._gained
            wait: float | None = None
            error: TransferError
            self._asked = self._clock()
            try:
                return attempt()
            except Interrupted as interrupted:
                error, wait = interrupted.error, interrupted.wait
            except ConnectionLost as lost:
                error = lost
            except ServerUnreachable as unreachable:
                if not self._answered:  # a mistyped name is told at once
                    raise
                error = unreachable
            finally:
                self._asked = self._window = None
            gained = self._gained - before >= self._limits.slow_bytes
            failures = 1 if gained else failures + 1
            if failures >= self._limits.attempts or (wait or 0) > self._limits.retry_after_seconds:
                raise error
            self._wait(max(wait or 0, self._pause(failures)))

    def _pause(self, failures: int) -> float:
        """Choose how long to wait after so many failures in a row: half of it by chance."""
        longest = min(self._limits.longest_wait_seconds, self._limits.first_wait_seconds * 2.0 ** (failures - 1))
        return longest * (0.5 + self._jitter() / 2)

    def _wait(self, seconds: float) -> None:
        end = self._clock() + seconds
        while (left := end - self._clock()) > 0:
            self.look()
            time.sleep(min(left, _NAP))


def _round(seconds: float) -> float:
    return round(seconds) if seconds >= 1 else seconds
