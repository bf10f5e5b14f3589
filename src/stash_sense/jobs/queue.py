"""What can be done with the queue: what routes and commands call."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from stash_sense.errors import (
    JobActive,
    JobCompleted,
    JobEnded,
    JobListingInvalid,
    JobNotStoppable,
    JobPayloadInvalid,
    JobTypeUnknown,
    JobUnknown,
)
from stash_sense.jobs.catalogue import Catalogue, JobType
from stash_sense.jobs.clock import Clock
from stash_sense.jobs.dispatcher import Dispatcher
from stash_sense.jobs.events import EventHub, ProgressEvent
from stash_sense.jobs.job import AT_WORK, SLOTS, Job, JobStatus, Priority, Slot
from stash_sense.jobs.run import event_of
from stash_sense.jobs.scheduler import Scheduler
from stash_sense.jobs.schedules import Schedule
from stash_sense.jobs.store import JobStore, PageQuery, is_deserted

MOST_PER_PAGE = 500
KEPT_DAYS = 30
"""How long ended jobs stay in the history."""


@dataclass(frozen=True, slots=True)
class JobPage:
    """Some jobs, newest first, and the cursor of the next page; None: there is none."""

    jobs: Sequence[Job]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class SlotUse:
    """How many jobs hold a slot of a kind, and how many may."""

    used: int
    most: int


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """How the queue is.

    Attributes:
        is_running: whether this process runs jobs.
        trouble: why no jobs are run at the moment; empty while all is well.
    """

    is_running: bool
    trouble: str
    by_status: Mapping[JobStatus, int]
    slots: Mapping[Slot, SlotUse]


class JobQueue:
    """The operation queue.

    Args:
        store: where jobs are kept.
        catalogue: the kinds of jobs.
        scheduler: starts jobs by the clock.
        events: who hears what happens.
        clock: the machine's clocks.
        dispatcher: runs jobs in this process; None: another process does.
    """

    def __init__(
        self,
        store: JobStore,
        catalogue: Catalogue,
        scheduler: Scheduler,
        events: EventHub,
        clock: Clock,
        dispatcher: Dispatcher | None = None,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._scheduler = scheduler
        self._clock = clock
        self._dispatcher = dispatcher
        self.events = events

    def submit(
        self,
        type_name: str,
        payload: Mapping[str, Any] | None = None,
        *,
        priority: int | None = None,
        triggered_by: str = "user",
        from_start: bool = False,
    ) -> tuple[Job, bool]:
        """Put a job into the queue; gives it and True, or where only one may be active, that one and False.

        Args:
            type_name: its kind.
            payload: what it is given; see the kind's payload model.
            priority: 0 to 100, smaller is sooner; the kind's own without it.
            triggered_by: who asked, in a word.
            from_start: an incremental kind does not go on from where its last job was.

        Raises:
            JobTypeUnknown: there is no such kind.
            JobPayloadInvalid: it cannot be given that, or there is no such priority.
            StashSenseError: it should not be done as it is; see the kind's `check`.
        """
        job_type = self._catalogue.get(type_name)
        if priority is not None and not Priority.CRITICAL <= priority <= Priority.LOW:
            reason = f"it must be {Priority.CRITICAL:d} to {Priority.LOW:d}"
            raise JobPayloadInvalid(type=type_name, field="priority", reason=reason)
        new = job_type.new_job(payload or {}, priority=priority, triggered_by=triggered_by, from_start=from_start)
        if job_type.check is not None:
            job_type.check(job_type.read(new.payload))
        job, is_new = self._store.submit(new)
        if is_new:
            self._changed(job)
        return job, is_new

    def get(self, job_id: int) -> Job:
        """One job, as far as it is now.

        Raises:
            JobUnknown: there is none of this number.
        """
        job = self._store.get(job_id)
        if job is None:
            raise JobUnknown(job=job_id)
        return self._live(job)

    def progress(self, job_id: int) -> ProgressEvent:
        """Where a job is, with its pace; `id` is 0 where no watcher was told that.

        Raises:
            JobUnknown: there is none of this number.
        """
        job = self.get(job_id)
        latest = self.events.latest(job_id)
        return latest if latest is not None and latest.attempt == job.attempts else event_of(job)

    def is_deserted(self, job: Job) -> bool:
        """Whether a job is at work as it is written, but nobody is at it: a killed process left it.

        Who runs jobs next goes on with it.
        """
        return job.status in AT_WORK and is_deserted(job, self._clock)

    def place(self, job_id: int) -> int | None:
        """How many jobs for its kind of slot are before a waiting one; None: it is not waiting."""
        return self._store.place(job_id)

    def page(
        self,
        cursor: str | None = None,
        limit: int = 50,
        statuses: Collection[JobStatus] = (),
        types: Collection[str] = (),
    ) -> JobPage:
        """Some jobs, newest first.

        Args:
            cursor: `next_cursor` of the page before; None: the first page.
            limit: 1 to 500 jobs.
            statuses, types: only those; all without.

        Raises:
            JobListingInvalid: there is no such cursor or limit.
        """
        if not 1 <= limit <= MOST_PER_PAGE:
            raise JobListingInvalid(field="limit", value=limit, reason=f"it must be 1 to {MOST_PER_PAGE}")
        if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
            raise JobListingInvalid(field="cursor", value=repr(cursor), reason="no page ended there")
        before = None if cursor is None else int(cursor)
        jobs = self._store.page(PageQuery(before, limit + 1, statuses, types))
        shown = [self._live(job) for job in jobs[:limit]]
        return JobPage(shown, str(shown[-1].id) if len(jobs) > limit else None)

    def stop(self, job_id: int) -> Job:
        """Stop a job: at once when it waits, at its next checkpoint when it runs, and by force when asked again.

        One that a killed process left is stopped at once.

        A job that is forced has ended for everybody but its thread, which goes on to its next checkpoint and leaves
        there; until then it holds its slot, and nothing it says or keeps counts any more.

        Raises:
            JobUnknown: there is none of this number.
            JobEnded: it has ended already.
            JobNotStoppable: it runs, and its kind cannot be stopped.
        """
        job = self.get(job_id)
        job_type = self._catalogue.of(job)
        if job.status in AT_WORK and not self.is_deserted(job) and job_type is not None and not job_type.cancellable:
            raise JobNotStoppable(title=job.title)
        stopped = self._store.request_stop(job_id)
        if stopped is None:
            raise JobEnded(job=job_id, status=self.get(job_id).status)
        self._changed(stopped)
        return self._live(stopped)

    def cancel(self, job_id: int) -> Job:
        """Take a waiting job out of the queue.

        Raises:
            JobUnknown: there is none of this number.
            JobActive: it runs.
            JobEnded: it has ended already.
        """
        job = self.get(job_id)
        if job.status in AT_WORK:
            raise JobActive(job=job_id, status=job.status)
        return self.stop(job_id)

    def retry(self, job_id: int, *, from_start: bool = False) -> Job:
        """Put a job that failed or was stopped back into the queue; it goes on from its last checkpoint, or anew.

        Raises:
            JobUnknown: there is none of this number.
            JobActive: it has not ended.
            JobCompleted: it is done.
            JobTypeBusy: another of its exclusive kind is active.
            JobTypeUnknown: this program no longer has its kind.
        """
        job = self.get(job_id)
        if job.status is JobStatus.COMPLETED:
            raise JobCompleted(job=job_id, title=job.title, type=job.type)
        if self._catalogue.of(job) is None:
            raise JobTypeUnknown(type=job.type, known=", ".join(self._catalogue.names) or "none")
        retried = self._store.retry(job_id, from_start=from_start)
        if retried is None:
            raise JobActive(job=job_id, status=self.get(job_id).status)
        self._changed(retried)
        return retried

    def clear_history(self) -> int:
        """Delete all ended jobs, but of incremental kinds the last, from which the next goes on; gives how many."""
        return self._store.prune(None, spare=self._incremental())

    def prune(self, days: float = KEPT_DAYS) -> int:
        """Delete what ended more than so many days ago, but for the same ones; gives how many."""
        before = datetime.fromtimestamp(self._clock.wall(), UTC) - timedelta(days=days)
        return self._store.prune(before, spare=self._incremental())

    def types(self) -> list[JobType[Any]]:
        """All kinds of jobs."""
        return list(self._catalogue)

    def schedules(self) -> list[Schedule]:
        """The schedule of every kind of job that can have one."""
        return self._scheduler.schedules()

    def change_schedule(self, type_name: str, **changes: Any) -> Schedule:
        """Change a schedule; gives it with its next run.

        Args:
            type_name: the kind of job.
            **changes: `enabled`, `interval_seconds`, `cron`, `timezone`, `jitter_seconds`, `priority`; an interval
                takes the place of an expression and the other way round.

        Raises:
            JobTypeUnknown: there is no such kind, or it has no schedule.
            ScheduleInvalid: it cannot be followed.
        """
        known = {schedule.type: schedule for schedule in self.schedules()}
        if type_name not in known:
            raise JobTypeUnknown(type=type_name, known=", ".join(known) or "none")
        for one, other in (("cron", "interval_seconds"), ("interval_seconds", "cron")):
            if changes.get(one) is not None:
                changes.setdefault(other, None)
        schedule = self._scheduler.change(replace(known[type_name], **changes))
        self._wake()
        return schedule

    def status(self) -> QueueStatus:
        """How the queue is."""
        counts = self._store.counts()
        dispatcher = self._dispatcher
        most = SLOTS if dispatcher is None else dispatcher.slots
        return QueueStatus(
            is_running=dispatcher is not None and dispatcher.is_running,
            trouble="" if dispatcher is None else dispatcher.trouble,
            by_status=counts.by_status,
            slots={slot: SlotUse(counts.used.get(slot, 0), most.get(slot, 0)) for slot in Slot},
        )

    def _changed(self, job: Job) -> None:
        if self._dispatcher is not None:
            self._dispatcher.notice(job)
        self.events.publish(event_of(self._live(job)))

    def _wake(self) -> None:
        if self._dispatcher is not None:
            self._dispatcher.wake()

    def _live(self, job: Job) -> Job:
        """A running job with what it last said of itself, which is written only now and then."""
        latest = self.events.latest(job.id)
        if job.status not in AT_WORK or latest is None or latest.attempt != job.attempts:
            return job
        return replace(job, phase=latest.phase, items_done=latest.done, items_total=latest.total)

    def _incremental(self) -> list[str]:
        return [job_type.name for job_type in self._catalogue if job_type.incremental]
