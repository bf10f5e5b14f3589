"""What happens to jobs, for those who watch: the latest state of each job, under a number that only grows.

A watcher holds a number and takes what is newer. Of each job only the latest is kept, so a slow watcher gets where
the job is by then, not a queue of where it has been, and costs no memory. What comes too fast is held back until its
turn; what replaces it meanwhile takes its place.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import TracebackType

from stash_sense.jobs.job import AT_WORK, JobStatus

PER_SECOND = 4
"""Events of one job in any one second; the one of its end comes at once, beyond that."""
REMEMBERED = 1000
"""Ended jobs whose end can still be asked for."""


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """Where a job is.

    Attributes:
        id: grows with each event, over restarts, too.
        attempt: which run of the job it is from; what an ended run still says is not told.
        rate: units per second of late; None: not known yet.
        eta_seconds: until this phase is done at that rate; None: not known.
        at: seconds since 1970.
    """

    id: int
    job_id: int
    type: str
    status: JobStatus
    attempt: int = 0
    phase: str = ""
    done: int = 0
    total: int | None = None
    rate: float | None = None
    eta_seconds: float | None = None
    message: str = ""
    at: float = 0.0


@dataclass(slots=True)
class _Told:
    """What was told of one job: the last event, the one that is held back, and the moments of the last few."""

    shown: ProgressEvent | None = None
    held: ProgressEvent | None = None
    moments: deque[float] = field(default_factory=lambda: deque(maxlen=PER_SECOND))

    def due(self) -> float:
        """When the one that is held back may be told: progress evenly, another state as soon as may be."""
        if self.held is None or self.shown is None:
            return 0.0
        evenly = self.moments[-1] + 1.0 / PER_SECOND if self.held.status is self.shown.status else 0.0
        return max(evenly, self.moments[0] + 1.0 if len(self.moments) == PER_SECOND else 0.0)


def _is_late(event: ProgressEvent, last: ProgressEvent | None) -> bool:
    """Whether something newer was told already: threads overtake each other, and a run may be ended from outside."""
    if last is None:
        return False
    ended = last.status.has_ended and event.status in AT_WORK
    return event.attempt < last.attempt or (ended and event.attempt == last.attempt)


class EventHub:
    """Takes events from any thread and gives them to any number of watchers.

    Args:
        steady: seconds that only grow.
        wall: seconds since 1970; numbers begin with its milliseconds, so that they grow over restarts.
    """

    def __init__(self, steady: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        self._steady = steady
        self._wall = wall
        self._changed = threading.Condition()
        self._first = self._last = int(wall() * 1000)
        self._told: dict[int, _Told] = {}
        self._ended: OrderedDict[int, None] = OrderedDict()
        self._shown: OrderedDict[int, ProgressEvent] = OrderedDict()
        """What can be taken, by job, oldest event first."""
        self._watchers: set[Watcher] = set()

    @property
    def last_id(self) -> int:
        """Number of the latest event."""
        with self._changed:
            return self._last

    @property
    def watchers(self) -> int:
        """How many watch."""
        with self._changed:
            return len(self._watchers)

    def publish(self, event: ProgressEvent) -> None:
        """Tell where a job is; `id` and `at` are filled in."""
        event = replace(event, at=self._wall())
        with self._changed:
            told = self._told.setdefault(event.job_id, _Told())
            if _is_late(event, told.held or told.shown):
                return
            told.held = event
            if event.status.has_ended:
                self._show(told)
                self._forget_old(event.job_id)
            else:
                self._ended.pop(event.job_id, None)  # tried again
                if told.due() <= self._steady():
                    self._show(told)
            self._changed.notify_all()
            watchers = list(self._watchers)
        for watcher in watchers:
            watcher.notify()

    def latest(self, job_id: int) -> ProgressEvent | None:
        """The newest that is known of a job, held back or not; its `id` is 0 where it was not told yet."""
        with self._changed:
            told = self._told.get(job_id)
            return None if told is None else told.held or told.shown

    def watch(self, after: int | None = None, notify: Callable[[], None] = lambda: None) -> "Watcher":
        """Begin to watch; to be closed, or used in a `with` block.

        Args:
            after: number of the last event the watcher had: the latest of each job comes first that is newer. None:
                only what happens from now on. A number that was never given counts as 0.
            notify: called, on any thread and for a moment only, when there may be something to take: a way to wake
                an event loop.
        """
        with self._changed:
            if after is None:
                after = self._last
            elif after > self._last:
                after = 0
            watcher = Watcher(self, after, notify)
            self._watchers.add(watcher)
            return watcher

    def _take(self, after: int) -> list[ProgressEvent]:
        self._show_due()
        newer: list[ProgressEvent] = []
        for event in reversed(self._shown.values()):
            if event.id <= after:
                break
            newer.append(event)
        newer.reverse()
        return newer

    def _next_due(self) -> float | None:
        """Seconds until something that is held back may be told."""
        dues = [told.due() for told in self._told.values() if told.held is not None]
        return max(0.0, min(dues) - self._steady()) if dues else None

    def _show_due(self) -> None:
        now = self._steady()
        for told in list(self._told.values()):
            if told.held is not None and told.due() <= now:
                self._show(told)

    def _show(self, told: _Told) -> None:
        if told.held is None:
            return
        self._last += 1
        told.shown, told.held = replace(told.held, id=self._last), None
        told.moments.append(self._steady())
        self._shown[told.shown.job_id] = told.shown
        self._shown.move_to_end(told.shown.job_id)

    def _forget_old(self, job_id: int) -> None:
        self._ended[job_id] = None
        self._ended.move_to_end(job_id)
        while len(self._ended) > REMEMBERED:
            gone, _ = self._ended.popitem(last=False)
            self._told.pop(gone, None)
            self._shown.pop(gone, None)


class Watcher:
    """One who watches: takes what is newer than what it has."""

    def __init__(self, hub: EventHub, after: int, notify: Callable[[], None]) -> None:
        self._hub = hub
        self._after = after
        self.notify = notify

    @property
    def last_id(self) -> int:
        """Number of the last event taken."""
        return self._after

    def take(self) -> list[ProgressEvent]:
        """What is new, oldest first; at most one of each job."""
        with self._hub._changed:
            return self._taken()

    def due_in(self) -> float | None:
        """Seconds until something that is held back may be taken; None: wait for `notify`."""
        with self._hub._changed:
            return self._hub._next_due()

    def wait(self, timeout: float | None = None) -> list[ProgressEvent]:
        """What is new, as soon as there is something; nothing after `timeout` seconds, or when closed."""
        hub = self._hub
        end = None if timeout is None else time.monotonic() + timeout
        with hub._changed:
            while True:
                events = self._taken()
                left = None if end is None else end - time.monotonic()
                if events or self not in hub._watchers or (left is not None and left <= 0):
                    return events
                pauses = [pause for pause in (left, hub._next_due()) if pause is not None]
                hub._changed.wait(min(pauses) if pauses else None)

    def close(self) -> None:
        """Watch no more."""
        with self._hub._changed:
            self._hub._watchers.discard(self)
            self._hub._changed.notify_all()

    def __enter__(self) -> "Watcher":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _taken(self) -> list[ProgressEvent]:
        events = self._hub._take(self._after)
        if events:
            self._after = events[-1].id
        return events
