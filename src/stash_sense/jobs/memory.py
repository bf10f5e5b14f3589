"""A store in memory: for tests, and for a queue that need not outlive its process."""

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from stash_sense.errors import JobTypeBusy
from stash_sense.jobs.clock import Clock
from stash_sense.jobs.job import ACTIVE, AT_WORK, ENDED, WAITING, Claim, Job, JobStatus, NewJob, Slot, rank
from stash_sense.jobs.schedules import Schedule
from stash_sense.jobs.store import (
    AHEAD_SECONDS,
    LEASE_SECONDS,
    LONGEST_BACKOFF,
    Checkpoint,
    Counts,
    Outcome,
    PageQuery,
    Report,
    is_deserted,
    outcome_of_loss,
)


class MemoryJobStore:
    """`JobStore` and `ScheduleStore` over a dictionary and a lock."""

    def __init__(self, clock: Clock | None = None, lease_seconds: float = LEASE_SECONDS) -> None:
        self._clock = clock or Clock()
        self._lease_seconds = lease_seconds
        self._lock = threading.Lock()
        self._jobs: dict[int, Job] = {}
        self._last_id = 0
        self._schedules: dict[str, Schedule] = {}

    def submit(self, new: NewJob) -> tuple[Job, bool]:
        """See `JobStore.submit`."""
        with self._lock:
            return self._submit(new)

    def claim(self, owner: str, limits: Mapping[Slot, int], types: Collection[str]) -> Job | None:
        """See `JobStore.claim`."""
        with self._lock:
            now, held = self._clock.wall(), [job for job in self._jobs.values() if job.owner is not None]
            keys = {job.dedupe_key for job in held if job.dedupe_key is not None}
            free = {slot for slot, limit in limits.items() if sum(job.slot is slot for job in held) < limit}
            ready = [
                job
                for job in self._jobs.values()
                if job.status in WAITING and job.owner is None and job.type in types and job.slot in free
                if job.dedupe_key not in keys and _is_due(job, now)
            ]
            if not ready:
                return None
            job = min(ready, key=lambda job: (job.rank, job.id))
            return self._put(
                job,
                status=JobStatus.RUNNING,
                attempts=job.attempts + 1,
                started_at=job.started_at or self._now(),
                not_before=None,
                **self._lease(owner),
            )

    def checkpoint(self, claim: Claim, checkpoint: Checkpoint) -> Job | None:
        """See `JobStore.checkpoint`."""
        with self._lock:
            job = self._run_of(claim)
            if job is None or job.status not in AT_WORK:
                return None
            return self._put(
                job,
                cursor=checkpoint.cursor,
                counters=dict(checkpoint.counters),
                failures=0,
                **_fields(checkpoint.report),
                **self._lease(claim.owner),
            )

    def finish(self, claim: Claim, outcome: Outcome) -> Job | None:
        """See `JobStore.finish`."""
        with self._lock:
            job = self._run_of(claim)
            if job is None:
                return None
            if job.status not in AT_WORK:
                self._put(job, **_FREE)
                return None
            if outcome.status in WAITING and job.stop_requested:
                outcome = Outcome(JobStatus.CANCELLED)
            return self._end(job, outcome)

    def owned(self, owner: str) -> list[Job]:
        """See `JobStore.owned`."""
        with self._lock:
            return [job for job in self._jobs.values() if job.owner == owner]

    def heartbeat(self, owner: str, reports: Mapping[Claim, Report]) -> None:
        """See `JobStore.heartbeat`."""
        with self._lock:
            for job in [job for job in self._jobs.values() if job.owner == owner]:
                report = reports.get(job.claim) if job.status in AT_WORK else None
                self._put(job, **self._lease(owner), **(_fields(report) if report else {}))

    def take_over(self, owner: str, *, alone: bool = False) -> list[Job]:
        """See `JobStore.take_over`."""
        with self._lock:
            self._bring_forward()
            others = [job for job in self._jobs.values() if job.owner not in (None, owner)]
            return [
                self._end(job, outcome_of_loss(job)) if job.status in AT_WORK else self._put(job, **_FREE)
                for job in others
                if alone or self._is_silent(job)
            ]

    def request_stop(self, job_id: int) -> Job | None:
        """See `JobStore.request_stop`."""
        with self._lock:
            job = self._jobs.get(job_id)
            if job is None or job.status not in ACTIVE:
                return None
            if job.status in AT_WORK and is_deserted(job, self._clock, self._lease_seconds):
                return self._put(job, status=JobStatus.CANCELLED, completed_at=self._now(), **_FREE)
            if job.status is JobStatus.RUNNING:
                return self._put(job, status=JobStatus.STOPPING, stop_requested=1)
            return self._put(
                job,
                status=JobStatus.CANCELLED,
                stop_requested=2 if job.status is JobStatus.STOPPING else 0,
                not_before=None,
                completed_at=self._now(),
            )

    def retry(self, job_id: int, *, from_start: bool = False) -> Job | None:
        """See `JobStore.retry`."""
        with self._lock:
            job = self._jobs.get(job_id)
            if job is None or job.status not in ENDED:
                return None
            active = self._active(job.dedupe_key)
            if active is not None:
                raise JobTypeBusy(title=job.title, job=active.id)
            anew: dict[str, Any] = {"cursor": None, "counters": {}, **_fields(Report())} if from_start else {}
            return self._put(
                job,
                status=JobStatus.QUEUED,
                rank=rank(job.priority, self._clock.queue_time()),
                failures=0,
                stop_requested=0,
                error_code=None,
                error_message=None,
                result=None,
                started_at=None,
                completed_at=None,
                **anew,
            )

    def get(self, job_id: int) -> Job | None:
        """See `JobStore.get`."""
        with self._lock:
            return self._jobs.get(job_id)

    def page(self, query: PageQuery) -> Sequence[Job]:
        """See `JobStore.page`."""
        with self._lock:
            found = (
                job
                for number, job in sorted(self._jobs.items(), reverse=True)
                if query.before is None or number < query.before
                if not query.statuses or job.status in query.statuses
                if not query.types or job.type in query.types
            )
            return [job for job, _ in zip(found, range(query.limit), strict=False)]

    def counts(self) -> Counts:
        """See `JobStore.counts`."""
        with self._lock:
            jobs = list(self._jobs.values())
        by_status = {status: sum(job.status is status for job in jobs) for status in JobStatus}
        return Counts(by_status, {slot: sum(job.slot is slot for job in jobs if job.owner) for slot in Slot})

    def place(self, job_id: int) -> int | None:
        """See `JobStore.place`."""
        with self._lock:
            job = self._jobs.get(job_id)
            if job is None or job.status not in WAITING:
                return None
            waiting = (other for other in self._jobs.values() if other.status in WAITING and other.slot is job.slot)
            return sum((other.rank, other.id) < (job.rank, job.id) for other in waiting)

    def prune(
        self, before: datetime | None, statuses: Collection[JobStatus] = ENDED, spare: Collection[str] = ()
    ) -> int:
        """See `JobStore.prune`."""
        with self._lock:
            ended = [job for job in self._jobs.values() if job.status in ENDED and job.owner is None]
            newest = {job.type: job.id for job in sorted(ended, key=lambda job: job.id)}
            gone = [
                job.id
                for job in ended
                if job.status in statuses and not (job.type in spare and newest[job.type] == job.id)
                if before is None or (job.completed_at is not None and job.completed_at < before)
            ]
            for number in gone:
                del self._jobs[number]
            return len(gone)

    def schedules(self) -> Sequence[Schedule]:
        """See `ScheduleStore.schedules`."""
        with self._lock:
            return [schedule for _, schedule in sorted(self._schedules.items())]

    def add_schedule(self, schedule: Schedule) -> None:
        """See `ScheduleStore.add_schedule`."""
        with self._lock:
            self._schedules.setdefault(schedule.type, schedule)

    def save_schedule(self, schedule: Schedule) -> None:
        """See `ScheduleStore.save_schedule`."""
        with self._lock:
            self._schedules[schedule.type] = schedule

    def run_scheduled(self, seen: Schedule, moved: Schedule, new: NewJob) -> tuple[Job, bool] | None:
        """See `ScheduleStore.run_scheduled`."""
        with self._lock:
            present = self._schedules.get(seen.type)
            if present is None or not present.enabled or present.next_run_at != seen.next_run_at:
                return None
            self._schedules[seen.type] = replace(
                present, last_run_at=moved.last_run_at, next_run_at=moved.next_run_at
            )
            return self._submit(new)

    def _submit(self, new: NewJob) -> tuple[Job, bool]:
        active = self._active(new.dedupe_key)
        if active is not None:
            return active, False
        self._last_id += 1
        now = self._now()
        job = Job(
            id=self._last_id,
            type=new.type,
            title=new.title,
            status=JobStatus.QUEUED,
            priority=new.priority,
            rank=rank(new.priority, self._clock.queue_time()),
            slot=new.slot,
            payload=new.payload,
            cursor=self._last_cursor(new.type) if new.goes_on else None,
            counters={},
            phase="",
            items_done=0,
            items_total=None,
            error_code=None,
            error_message=None,
            attempts=0,
            failures=0,
            max_attempts=new.max_attempts,
            not_before=None,
            triggered_by=new.triggered_by,
            created_at=now,
            started_at=None,
            completed_at=None,
            updated_at=now,
            stop_requested=0,
            owner=None,
            lease_until=None,
            boot=None,
            result=None,
            dedupe_key=new.dedupe_key,
        )
        self._jobs[job.id] = job
        return job, True

    def _end(self, job: Job, outcome: Outcome) -> Job:
        return self._put(
            job,
            status=outcome.status,
            result=outcome.result,
            error_code=outcome.error_code,
            error_message=outcome.error_message,
            not_before=outcome.not_before,
            failures=job.failures + outcome.failed,
            completed_at=self._now() if outcome.status in ENDED else None,
            **_FREE,
        )

    def _last_cursor(self, job_type: str) -> Any:
        ended = [job for job in self._jobs.values() if job.type == job_type and job.status in ENDED]
        return max(ended, key=lambda job: job.id).cursor if ended else None

    def _bring_forward(self) -> None:
        waiting = [job for job in self._jobs.values() if job.status in WAITING]
        latest = max((job.rank - rank(job.priority, 0.0) for job in waiting), default=0.0)
        ahead = latest - self._clock.queue_time()
        if ahead > AHEAD_SECONDS:
            for job in waiting:
                self._put(job, rank=job.rank - ahead)

    def _active(self, key: str | None) -> Job | None:
        if key is None:
            return None
        return next((job for job in self._jobs.values() if job.dedupe_key == key and job.status in ACTIVE), None)

    def _run_of(self, claim: Claim) -> Job | None:
        job = self._jobs.get(claim.job_id)
        return job if job is not None and (job.owner, job.attempts) == (claim.owner, claim.attempt) else None

    def _is_silent(self, job: Job) -> bool:
        until, now = job.lease_until or 0.0, self._clock.steady()
        return job.boot != self._clock.boot_id or not now <= until <= now + 10 * self._lease_seconds

    def _lease(self, owner: str) -> dict[str, Any]:
        until = self._clock.steady() + self._lease_seconds
        return {"owner": owner, "lease_until": until, "boot": self._clock.boot_id}

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.wall(), UTC)

    def _put(self, job: Job, **changes: Any) -> Job:
        changed = self._jobs[job.id] = replace(job, updated_at=self._now(), **changes)
        return changed


_FREE: Mapping[str, Any] = {"owner": None, "lease_until": None, "boot": None}


def _fields(report: Report) -> dict[str, Any]:
    return {"phase": report.phase, "items_done": report.done, "items_total": report.total}


def _is_due(job: Job, now: float) -> bool:
    return job.not_before is None or not now < job.not_before <= now + LONGEST_BACKOFF
