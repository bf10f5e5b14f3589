"""What is costly to find out and is asked for again and again: found out by one, and kept for a moment."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Examined(Generic[T]):
    """The last answer to one question, while it is fresh.

    Args:
        examine: finds the answer; what it raises goes to all who ask, and nothing is kept.
        seconds: for which an answer is fresh.
        clock: seconds that only grow.
    """

    def __init__(self, examine: Callable[[], T], seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._examine = examine
        self._seconds = seconds
        self._clock = clock
        self._alone = threading.Lock()
        self._answer: tuple[float, T] | None = None

    def get(self) -> T:
        """Return the answer; who asks while another one examines waits for that answer."""
        with self._alone:
            now = self._clock()
            if self._answer is None or now - self._answer[0] >= self._seconds:
                self._answer = (self._clock(), self._examine())
            return self._answer[1]
