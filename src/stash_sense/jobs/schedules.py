"""When jobs are started by themselves: every so often, or at the moments of a cron expression in a time zone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from stash_sense.errors import ScheduleInvalid
from stash_sense.jobs.job import Job, NewJob

SHORTEST_INTERVAL, LONGEST_INTERVAL = 60.0, 366 * 86400.0
"""Seconds."""
LONGEST_JITTER = 86400.0
_HORIZON = 100
"""Moments of an expression looked at to find one in the future: while a clock's hour repeats, up to 60 are past."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When jobs of a type are started; `interval_seconds` or `cron`, one of them.

    Attributes:
        cron: five fields, as Debian's cron reads them: a time that a clock change skips comes right after the change,
            one that it repeats comes once.
        timezone: name of a zone of the IANA database; only `cron` needs it.
        jitter_seconds: each run is late by a random time up to this.
        priority: instead of the type's own.
        last_run_at, next_run_at: seconds since 1970.
    """

    type: str
    enabled: bool = False
    interval_seconds: float | None = None
    cron: str | None = None
    timezone: str = "UTC"
    jitter_seconds: float = 0.0
    priority: int | None = None
    last_run_at: float | None = None
    next_run_at: float | None = None

    def check(self) -> None:
        """Make sure that it can be followed.

        Raises:
            ScheduleInvalid: it cannot.
        """
        if (self.interval_seconds is None) == (self.cron is None):
            raise ScheduleInvalid(field="cron", value=self.cron, reason="give either an interval or an expression")
        interval = self.interval_seconds
        if interval is not None and not SHORTEST_INTERVAL <= interval <= LONGEST_INTERVAL:
            reason = f"it must be {SHORTEST_INTERVAL:.0f} to {LONGEST_INTERVAL:.0f} s"
            raise ScheduleInvalid(field="interval_seconds", value=interval, reason=reason)
        if not 0.0 <= self.jitter_seconds <= LONGEST_JITTER:
            reason = f"it must be 0 to {LONGEST_JITTER:.0f} s"
            raise ScheduleInvalid(field="jitter_seconds", value=self.jitter_seconds, reason=reason)
        zone = _zone(self.timezone)
        if self.cron is not None:
            _moments(self.cron, zone, 0.0, 1)

    def moments(self, now: float, count: int) -> list[float]:
        """The next moments after `now`, without jitter; fewer where the expression has no more.

        Raises:
            ScheduleInvalid: it was kept by a machine that knows another set of time zones.
        """
        if self.interval_seconds is not None:
            return [now + self.interval_seconds * step for step in range(1, count + 1)]
        return _moments(self.cron or "", _zone(self.timezone), now, count)

    def planned(self, now: float, spread: Callable[[float], float]) -> "Schedule":
        """The same with its next run after `now`; with none where it is not enabled."""
        coming = self.moments(now, 1) if self.enabled else []
        return replace(self, next_run_at=coming[0] + spread(self.jitter_seconds) if coming else None)

    def is_off(self, now: float) -> bool:
        """Whether the next run is missing, or further away than it ever is put: somebody set the clock back.

        After an interval there is one run; of an expression the run after the next is put up with, because the next
        may have been done before the clock was set back.
        """
        if not self.enabled:
            return False
        if self.next_run_at is None:
            return True
        furthest = self.moments(now, 1 if self.cron is None else 2)
        return bool(furthest) and self.next_run_at > furthest[-1] + self.jitter_seconds


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        reason = "there is no such time zone here; name one like Europe/Berlin"
        raise ScheduleInvalid(field="timezone", value=name, reason=reason) from error


def _moments(expression: str, zone: ZoneInfo, now: float, count: int) -> list[float]:
    if len(expression.split()) != 5:
        reason = "five fields are needed: minute, hour, day of the month, month, day of the week"
        raise ScheduleInvalid(field="cron", value=expression, reason=reason)
    found: list[float] = []
    try:
        times = CronSim(expression, datetime.fromtimestamp(now, UTC).astimezone(zone))
        for _ in range(_HORIZON + count):
            moment = next(times).timestamp()
            if moment > now and moment not in found:
                found.append(moment)
            if len(found) == count:
                break
    except CronSimError as error:
        raise ScheduleInvalid(field="cron", value=expression, reason=str(error)) from error
    except StopIteration:
        pass  # fifty years without one more
    if not found:
        raise ScheduleInvalid(field="cron", value=expression, reason="no day is like that")
    return found


class ScheduleStore(Protocol):
    """Keeps one schedule for each type; safe on any thread and in any number of processes; raises as `JobStore`."""

    def schedules(self) -> Sequence[Schedule]:
        """All of them, by type."""

    def add_schedule(self, schedule: Schedule) -> None:
        """Keep a schedule unless there is one of its type."""

    def save_schedule(self, schedule: Schedule) -> None:
        """Keep a schedule in place of the one of its type."""

    def run_scheduled(self, seen: Schedule, moved: Schedule, new: NewJob) -> tuple[Job, bool] | None:
        """Move a schedule's last and next run, and put its job into the queue as `submit` does: both or neither.

        None: it has another next run than was seen; somebody else was quicker.
        """
