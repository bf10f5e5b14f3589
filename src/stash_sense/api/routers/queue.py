"""The operation queue: what runs, what waits, what has ended, and what starts by itself."""

from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator

from stash_sense.api.state import ServicesHere
from stash_sense.jobs.catalogue import JobType
from stash_sense.jobs.events import ProgressEvent
from stash_sense.jobs.job import Job, JobStatus, Slot
from stash_sense.jobs.queue import MOST_PER_PAGE, JobQueue
from stash_sense.jobs.schedules import Schedule

router = APIRouter(prefix="/queue", tags=["queue"])

T = TypeVar("T")
JobId = Annotated[int, Path(ge=0, lt=2**53, description="The job.")]
"""As large as a number may be that every reader of JSON reads alike."""


class JobDocument(BaseModel):
    """One job.

    Attributes:
        deserted: it is at work as it is written, but a killed service left it; the next one goes on with it.
        place: jobs for its kind of slot that come before it, while it waits.
        rate: units per second of late; eta_seconds: until this phase is done at that rate.
    """

    id: int
    type: str
    title: str
    status: JobStatus
    deserted: bool = False
    priority: int
    slot: Slot
    payload: dict[str, Any]
    counters: dict[str, int]
    phase: str
    done: int
    total: int | None
    message: str = ""
    rate: float | None = None
    eta_seconds: float | None = None
    place: int | None = None
    attempts: int
    error_code: str | None
    error_message: str | None
    result: dict[str, Any] | None
    triggered_by: str
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None

    @classmethod
    def of(
        cls, job: Job, event: ProgressEvent | None = None, place: int | None = None, *, deserted: bool = False
    ) -> "JobDocument":
        """Present a job, with what it last said of itself."""
        said: dict[str, Any] = {}
        if event is not None:
            said = {"message": event.message, "rate": event.rate, "eta_seconds": event.eta_seconds}
        return cls(
            id=job.id,
            type=job.type,
            title=job.title,
            status=job.status,
            deserted=deserted,
            priority=job.priority,
            slot=job.slot,
            payload=dict(job.payload),
            counters=dict(job.counters),
            phase=job.phase,
            done=job.items_done,
            total=job.items_total,
            place=place,
            attempts=job.attempts,
            error_code=job.error_code,
            error_message=job.error_message,
            result=None if job.result is None else dict(job.result),
            triggered_by=job.triggered_by,
            created_at=job.created_at,
            started_at=job.started_at,
            completed_at=job.completed_at,
            **said,
        )


class JobList(BaseModel):
    """A page of jobs, newest first; `next` is the cursor of the page after it."""

    jobs: list[JobDocument]
    next: str | None


class Submission(BaseModel):
    """A job to be put into the queue."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(max_length=64)
    payload: dict[str, Any] = {}
    priority: int | None = Field(default=None, ge=0, le=100)
    triggered_by: str = Field(default="user", max_length=64)
    from_start: bool = False


class Submitted(BaseModel):
    """What became of a submission; `new` is false where a job of that kind is active already, and this is it."""

    job: JobDocument
    new: bool


class Begun(BaseModel):
    """A job that does what was asked, in short; `new` is false where it was active already."""

    job_id: int
    status: JobStatus
    new: bool


class JobTypeDocument(BaseModel):
    """A kind of job; `payload` is the JSON schema of what it may be given."""

    name: str
    title: str
    what: str
    slot: Slot
    priority: int
    incremental: bool
    cancellable: bool
    exclusive: bool
    has_schedule: bool
    payload: dict[str, Any]

    @classmethod
    def of(cls, kind: JobType[Any]) -> "JobTypeDocument":
        """Present a kind of job."""
        return cls(
            name=kind.name,
            title=kind.title,
            what=kind.what,
            slot=kind.slot,
            priority=int(kind.priority),
            incremental=kind.incremental,
            cancellable=kind.cancellable,
            exclusive=kind.exclusive,
            has_schedule=kind.has_schedule,
            payload=kind.payload.model_json_schema(),
        )


class SlotDocument(BaseModel):
    """How many jobs use a kind of slot, and how many may."""

    used: int
    most: int


class QueueDocument(BaseModel):
    """How the queue is; `trouble` says why nothing is run at the moment."""

    running: bool
    trouble: str
    counts: dict[JobStatus, int]
    slots: dict[Slot, SlotDocument]


class ScheduleDocument(BaseModel):
    """When a kind of job starts by itself: every so many seconds, or by a cron expression in a time zone."""

    type: str
    enabled: bool
    interval_seconds: float | None
    cron: str | None
    timezone: str
    jitter_seconds: float
    priority: int | None
    last_run_at: datetime | None
    next_run_at: datetime | None

    @classmethod
    def of(cls, schedule: Schedule) -> "ScheduleDocument":
        """Present a schedule."""
        last, following = (
            None if moment is None else datetime.fromtimestamp(moment, UTC)
            for moment in (schedule.last_run_at, schedule.next_run_at)
        )
        return cls(
            type=schedule.type,
            enabled=schedule.enabled,
            interval_seconds=schedule.interval_seconds,
            cron=schedule.cron,
            timezone=schedule.timezone,
            jitter_seconds=schedule.jitter_seconds,
            priority=schedule.priority,
            last_run_at=last,
            next_run_at=following,
        )


class ScheduleChange(BaseModel):
    """What of a schedule is to change; what is left out stays. An interval replaces an expression, and vice versa."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool | None = None
    interval_seconds: float | None = None
    cron: str | None = Field(default=None, max_length=200)
    timezone: str | None = Field(default=None, max_length=64)
    jitter_seconds: float | None = None
    priority: int | None = Field(default=None, ge=0, le=100)

    @field_validator("enabled", "timezone", "jitter_seconds")
    @classmethod
    def _is_something(cls, value: T) -> T:
        if value is None:
            raise ValueError("null is none of its values; what is left out stays")
        return value


class Cleared(BaseModel):
    """How many ended jobs were removed from the history."""

    removed: int


def _document(queue: JobQueue, job: Job) -> JobDocument:
    return JobDocument.of(job, queue.progress(job.id), queue.place(job.id), deserted=queue.is_deserted(job))


@router.get("/status")
def queue_status(services: ServicesHere) -> QueueDocument:
    """Tell how many jobs there are in each state, and which slots are in use."""
    status = services.queue.status()
    slots = {slot: SlotDocument(used=use.used, most=use.most) for slot, use in status.slots.items()}
    return QueueDocument(
        running=status.is_running, trouble=status.trouble, counts=dict(status.by_status), slots=slots
    )


@router.get("/types")
def queue_types(services: ServicesHere) -> list[JobTypeDocument]:
    """List the kinds of jobs, and what each may be given."""
    return [JobTypeDocument.of(kind) for kind in services.queue.types()]


@router.get("/schedules")
def queue_schedules(services: ServicesHere) -> list[ScheduleDocument]:
    """List what starts by itself, and when next."""
    return [ScheduleDocument.of(schedule) for schedule in services.queue.schedules()]


@router.put("/schedules/{job_type}")
def change_schedule(services: ServicesHere, job_type: str, change: ScheduleChange) -> ScheduleDocument:
    """Change when a kind of job starts by itself."""
    changes = change.model_dump(exclude_unset=True)
    return ScheduleDocument.of(services.queue.change_schedule(job_type, **changes))


@router.get("")
def list_jobs(
    services: ServicesHere,
    status: Annotated[list[JobStatus] | None, Query(description="Only jobs in these states.")] = None,
    job_type: Annotated[list[str] | None, Query(alias="type", description="Only jobs of these kinds.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_PER_PAGE)] = 50,
    cursor: Annotated[str | None, Query(max_length=20, description="`next` of the page before.")] = None,
) -> JobList:
    """List jobs, newest first."""
    queue = services.queue
    page = queue.page(cursor, limit, status or (), job_type or ())
    shown = [JobDocument.of(job, deserted=queue.is_deserted(job)) for job in page.jobs]
    return JobList(jobs=shown, next=page.next_cursor)


@router.post("", status_code=202)
def submit_job(services: ServicesHere, submission: Submission, response: Response) -> Submitted:
    """Put a job into the queue; answers with the active one (200) where its kind runs only once.

    A build that would replace a database made of something else is refused (409) unless its payload says `replace`.
    """
    queue = services.queue
    job, is_new = queue.submit(
        submission.type,
        submission.payload,
        priority=submission.priority,
        triggered_by=submission.triggered_by,
        from_start=submission.from_start,
    )
    response.status_code = 202 if is_new else 200
    return Submitted(job=_document(queue, job), new=is_new)


@router.delete("/history")
def clear_history(services: ServicesHere) -> Cleared:
    """Remove all ended jobs."""
    return Cleared(removed=services.queue.clear_history())


@router.get("/{job_id}")
def get_job(services: ServicesHere, job_id: JobId) -> JobDocument:
    """Tell how a job is."""
    queue = services.queue
    return _document(queue, queue.get(job_id))


@router.delete("/{job_id}")
def cancel_job(services: ServicesHere, job_id: JobId) -> JobDocument:
    """Take a waiting job out of the queue."""
    queue = services.queue
    return _document(queue, queue.cancel(job_id))


@router.post("/{job_id}/stop")
def stop_job(services: ServicesHere, job_id: JobId) -> JobDocument:
    """Stop a job at its next checkpoint; asked again, by force."""
    queue = services.queue
    return _document(queue, queue.stop(job_id))


@router.post("/{job_id}/retry", status_code=202)
def retry_job(services: ServicesHere, job_id: JobId) -> JobDocument:
    """Put a job that failed or was stopped back into the queue; it goes on from its last checkpoint."""
    queue = services.queue
    return _document(queue, queue.retry(job_id))
