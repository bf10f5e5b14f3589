"""Progress of a transfer: bytes as they come to a few reports a second, with the rate."""

from collections.abc import Callable

from stash_sense.kernel.progress import Progress, ProgressListener

STAGE = "download"
_INTERVAL = 0.2
"""Seconds between two reports."""
_SMOOTHED = 5.0
"""Seconds over which the rate is taken, about."""


class Meter:
    """Tells a listener how many bytes there are, and how fast they come.

    Args:
        listener: told bytes.
        clock: tells seconds that never go back.
    """

    def __init__(self, listener: ProgressListener, clock: Callable[[], float]) -> None:
        self._listener = listener
        self._clock = clock
        self._total: int | None = None
        self._last = 0.0
        self._there = 0
        self._rate: float | None = None

    def start(self, there: int, total: int | None) -> None:
        """Begin to count at `there` of `total` bytes."""
        self._last, self._there, self._total = self._clock(), there, total
        self._listener(Progress(STAGE, there, total))

    def tell(self, there: int) -> None:
        """Take note that `there` bytes have come, and report it if it is time."""
        passed = self._clock() - self._last
        if passed < _INTERVAL:
            return
        rate = (there - self._there) / passed
        share = min(1.0, passed / _SMOOTHED)
        self._rate = rate if self._rate is None else self._rate + share * (rate - self._rate)
        self._last, self._there = self._clock(), there
        self._listener(Progress(STAGE, there, self._total, self._note()))

    def finish(self, there: int) -> None:
        """Report the last byte."""
        self._listener(Progress(STAGE, there, self._total or there, self._note()))

    def _note(self) -> str:
        return "" if self._rate is None else f"{self._rate / 1e6:.1f} MB/s"
