"""How fast a job goes of late, and when its phase will be done at that."""

from collections import deque
from collections.abc import Callable

from stash_sense.jobs.store import Report

WINDOW = 60.0
"""Seconds that are looked back."""
_STEP = 1.0


class Pace:
    """Hears reports, and reckons from those of the last minute."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._phase: str | None = None
        self._seen: deque[tuple[float, int]] = deque()

    def rate(self, report: Report) -> float | None:
        """Units a second; None in the first moments of a phase."""
        now = self._steady()
        if report.phase != self._phase or (self._seen and report.done < self._seen[-1][1]):
            self._phase = report.phase
            self._seen.clear()
        if not self._seen or now - self._seen[-1][0] >= _STEP:
            self._seen.append((now, report.done))
        while len(self._seen) > 2 and now - self._seen[1][0] > WINDOW:
            self._seen.popleft()
        since, done = self._seen[0]
        return (report.done - done) / (now - since) if now - since >= _STEP else None

    @staticmethod
    def eta(report: Report, rate: float | None) -> float | None:
        """Seconds until the phase is done."""
        if report.total is None or not rate:
            return None
        return max(0, report.total - report.done) / rate
