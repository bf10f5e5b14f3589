"""Where jobs are kept: the port, and the values that go through it."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from stash_sense.errors import JobCrashed
from stash_sense.jobs.clock import Clock
from stash_sense.jobs.job import ENDED, Claim, Job, JobStatus, NewJob, Slot

LEASE_SECONDS = 15.0
"""How long a claim holds without a sign of life: a killed process's jobs are taken over after that."""
LONGEST_BACKOFF = 24 * 3600.0
"""No retry is put off further; a moment beyond was written before somebody set the clock back."""


AHEAD_SECONDS = 60.0
"""Arrivals further in the future than this are no difference between two processes, but a clock that was set."""


@dataclass(frozen=True, slots=True)
class Report:
    """How far a job is: `done` of `total` units (None: not known) of a phase."""

    phase: str = ""
    done: int = 0
    total: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a job goes on from, should it be stopped or its process be killed now."""

    cursor: Any
    report: Report
    counters: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended; a status of waiting puts the job back into the queue.

    Attributes:
        not_before: seconds since 1970, for a job that is tried again.
        failed: whether this counts as a failure.
    """

    status: JobStatus
    result: Mapping[str, Any] | None = None
    error_code: str | None = None
    error_message: str | None = None
    not_before: float | None = None
    failed: bool = False


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Which jobs are listed, newest first: those with a number below `before`, of these states and types (all)."""

    before: int | None = None
    limit: int = 50
    statuses: Collection[JobStatus] = ()
    types: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """How many jobs there are of each state, and how many hold a slot of each kind."""

    by_status: Mapping[JobStatus, int]
    used: Mapping[Slot, int]


def is_deserted(job: Job, clock: Clock, lease_seconds: float = LEASE_SECONDS) -> bool:
    """Whether who runs a job gives no sign of life any more, or is a process of this machine that has ended."""
    if job.owner is None:
        return False
    until, now = job.lease_until or 0.0, clock.steady()
    # A lease far ahead is of another start of the machine, where starts cannot be told.
    if job.boot != clock.boot_id or not now <= until <= now + 10 * lease_seconds:
        return True
    process = job.owner.partition("-")[0]
    if not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def outcome_of_loss(job: Job) -> Outcome:
    """What becomes of a job at work whose process is gone."""
    if job.stop_requested:
        return Outcome(JobStatus.CANCELLED)
    if job.failures + 1 < job.max_attempts:
        return Outcome(JobStatus.QUEUED, failed=True)
    error = JobCrashed(times=job.failures + 1)
    return Outcome(JobStatus.FAILED, error_code=error.code, error_message=str(error), failed=True)


class JobStore(Protocol):
    """Keeps jobs; every method is one transaction, safe on any thread and in any number of processes.

    Raises:
        StorageError: the disk said no.
        StateError: the store is busy for too long, or damaged.
    """

    def submit(self, new: NewJob) -> tuple[Job, bool]:
        """Put a job into the queue; gives it and True, or the active one of its `dedupe_key` and False."""

    def claim(self, owner: str, limits: Mapping[Slot, int], types: Collection[str]) -> Job | None:
        """Take the first job by rank whose slot has room and of whose `dedupe_key` none has an owner; None: nothing.

        Limits are held over all owners. The claim holds for the length of a lease.
        """

    def checkpoint(self, claim: Claim, checkpoint: Checkpoint) -> Job | None:
        """Keep what to go on from, and renew the lease. None, and nothing kept: the run was ended from outside."""

    def finish(self, claim: Claim, outcome: Outcome) -> Job | None:
        """End a run and free its slot. None: it had been ended from outside; the slot is freed all the same.

        A job that was asked to stop is cancelled rather than put back into the queue.
        """

    def owned(self, owner: str) -> list[Job]:
        """Every job that somebody has claimed and not let go."""

    def heartbeat(self, owner: str, reports: Mapping[Claim, Report]) -> None:
        """Renew all leases of an owner, and write how far its jobs are."""

    def take_over(self, owner: str, *, alone: bool = False) -> list[Job]:
        """Put jobs back whose owner, another one, has given no sign of life for the length of a lease.

        Those that were asked to stop are cancelled, those lost too often in a row are failed; gives all of them.
        Also moves jobs that wait since later than now, because somebody set the clock back, to before now in their
        order; else whatever comes from now on would pass them all.

        Args:
            alone: the caller knows that there is no other owner, so leases need not run out.
        """

    def request_stop(self, job_id: int) -> Job | None:
        """Cancel a waiting job, ask a running one to stop, force a stopping one; None: there is no active one.

        One that nobody runs any more, see `is_deserted`, is cancelled at once.
        """

    def retry(self, job_id: int, *, from_start: bool = False) -> Job | None:
        """Put an ended job back into the queue, with its cursor or without; None: no such ended job.

        Raises:
            JobTypeBusy: an active job has its `dedupe_key`.
        """

    def get(self, job_id: int) -> Job | None:
        """One job."""

    def page(self, query: PageQuery) -> Sequence[Job]:
        """Some jobs, newest first."""

    def counts(self) -> Counts:
        """Count all jobs."""

    def place(self, job_id: int) -> int | None:
        """How many jobs of its slot are before a waiting job; None: it is not waiting."""

    def prune(
        self, before: datetime | None, statuses: Collection[JobStatus] = ENDED, spare: Collection[str] = ()
    ) -> int:
        """Delete ended jobs that nobody runs any more; gives how many.

        Args:
            before: only those that ended earlier; None: all.
            spare: types of which the newest ended job is kept, because the next goes on from its cursor.
        """
