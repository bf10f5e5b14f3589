"""Starts jobs when their schedules say so."""

import logging
from collections.abc import Callable
from dataclasses import replace
from random import SystemRandom

from stash_sense.errors import ScheduleInvalid
from stash_sense.jobs.catalogue import Catalogue
from stash_sense.jobs.clock import Clock
from stash_sense.jobs.job import Job
from stash_sense.jobs.schedules import Schedule, ScheduleStore

LOOK_SECONDS = 30.0
"""How often schedules are read again: another process may have changed them."""
_LOG = logging.getLogger(__name__)


def any_time_up_to(seconds: float) -> float:
    """Choose a random time."""
    return SystemRandom().uniform(0.0, seconds)


class Scheduler:
    """Looks which schedules are due and puts their jobs into the queue.

    After the program, or the clock, has missed any number of runs there is one run, at once; the next is planned from
    then on. A clock that is set forward does the same; one that is set back plans anew what it has put out of reach.

    Args:
        store: where schedules and jobs are kept.
        catalogue: kinds of jobs, and their first schedules.
        clock: the machine's clocks.
        spread: chooses how late a run is, up to so many seconds.
    """

    def __init__(
        self,
        store: ScheduleStore,
        catalogue: Catalogue,
        clock: Clock,
        spread: Callable[[float], float] = any_time_up_to,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._clock = clock
        self._spread = spread
        self._known: list[Schedule] = []
        self._read_at: float | None = None
        self._is_begun = False
        self._passed_over: set[str] = set()

    def schedules(self) -> list[Schedule]:
        """The schedule of every kind of job that can have one, in the catalogue's order."""
        kept = {schedule.type: schedule for schedule in self._store.schedules()}
        return [kept.get(kind.name, kind.first_schedule()) for kind in self._catalogue if kind.has_schedule]

    def change(self, schedule: Schedule) -> Schedule:
        """Keep a schedule, with its next run planned: what was missed since the last run is made up for at once.

        Raises:
            ScheduleInvalid: it cannot be followed.
        """
        schedule.check()
        now = self._clock.wall()
        planned = schedule.planned(now, self._spread)
        last, interval = schedule.last_run_at, schedule.interval_seconds
        if planned.next_run_at is not None and interval is not None and last is not None and last <= now:
            planned = replace(planned, next_run_at=max(now, min(planned.next_run_at, last + interval)))
        self._store.save_schedule(planned)
        self.look_again()
        return planned

    def look_again(self) -> None:
        """Schedules were changed: read them before they are used."""
        self._read_at = None

    def run_due(self) -> list[Job]:
        """Put the jobs of all due schedules into the queue; gives the new ones."""
        now, steady = self._clock.wall(), self._clock.steady()
        if not self._is_begun:
            for job_type in self._catalogue:
                if job_type.has_schedule:
                    self._store.add_schedule(job_type.first_schedule().planned(now, self._spread))
            self._is_begun = True
        if self._read_at is None or steady - self._read_at >= LOOK_SECONDS:
            self._known = [schedule for schedule in self._store.schedules() if schedule.enabled]
            self._read_at = steady
        started = []
        for schedule in self._known:
            try:
                job = self._run_if_due(schedule, now)
            except ScheduleInvalid as error:  # the others, and all other jobs, must not wait for it
                if schedule.type not in self._passed_over:
                    self._passed_over.add(schedule.type)
                    _LOG.warning("%s is not started by itself: %s", schedule.type, error)
                continue
            self._passed_over.discard(schedule.type)
            if job is not None:
                started.append(job)
        return started

    def _run_if_due(self, schedule: Schedule, now: float) -> Job | None:
        if schedule.type not in self._catalogue.names:
            return None  # a later or earlier version of the program knows it
        if schedule.next_run_at is not None and schedule.next_run_at <= now:
            job_type = self._catalogue.get(schedule.type)
            moved = replace(schedule.planned(now, self._spread), last_run_at=now)
            new = job_type.new_job({}, priority=schedule.priority, triggered_by="schedule")
            done = self._store.run_scheduled(schedule, moved, new)
            self.look_again()
            if done is None:
                return None
            job, is_new = done
            if not is_new:
                _LOG.info("%s is due, but job %d of it is still at work", schedule.type, job.id)
            return job if is_new else None
        if schedule.is_off(now):
            self._store.save_schedule(schedule.planned(now, self._spread))
            self.look_again()
        return None
