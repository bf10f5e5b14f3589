"""The kinds of jobs there are: each is one registration."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from stash_sense.errors import JobPayloadInvalid, JobTypeUnknown
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.job import Job, NewJob, Priority, Slot
from stash_sense.jobs.retries import RetryPolicy
from stash_sense.jobs.schedules import Schedule
from stash_sense.kernel.refusals import refusal

P = TypeVar("P", bound=BaseModel)
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class NoPayload(BaseModel):
    """What a job is given that needs nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class JobType(Generic[P]):
    """One kind of job.

    Attributes:
        name: words in small letters joined by underscores; stays the same for ever.
        title: a few words that name it to the user.
        what: what it does, in plain words.
        slot: what it mainly uses.
        payload: model of what it may be given.
        run: does the work and gives a JSON object, or nothing; leaves by an error. It reports through its context,
            and asks there whether to stop, at the edges of batches of at most a second or so.
        check: raises where the job cannot be done as it is asked for, although the payload fits; called before it is
            put into the queue.
        priority: where nobody asks for another one.
        interval_seconds, cron, jitter_seconds, scheduled: its first schedule, and whether it is enabled from the
            start; started by the clock it is given nothing.
        incremental: whether a new job goes on from the cursor that the type's last one left.
        cancellable: whether it can be stopped once it has begun.
        exclusive: whether there is only ever one active job of the type; who asks for another gets that one.
        subject: of an exclusive kind of which there may be one active job for each subject: the subject of a payload.
        retries: what happens after an error that may pass.
    """

    name: str
    title: str
    what: str
    slot: Slot
    payload: type[P]
    run: Callable[[JobContext[P]], Mapping[str, Any] | None]
    check: Callable[[P], None] | None = None
    priority: int = Priority.NORMAL
    interval_seconds: float | None = None
    cron: str | None = None
    jitter_seconds: float = 0.0
    scheduled: bool = False
    incremental: bool = False
    cancellable: bool = True
    exclusive: bool = True
    subject: Callable[[P], str] | None = None
    retries: RetryPolicy = field(default_factory=RetryPolicy)

    @property
    def has_schedule(self) -> bool:
        """Whether it can be started by the clock: it has a first schedule."""
        return self.interval_seconds is not None or self.cron is not None

    def first_schedule(self) -> Schedule:
        """The schedule it has until somebody changes it."""
        return Schedule(
            self.name,
            enabled=self.scheduled,
            interval_seconds=self.interval_seconds,
            cron=self.cron,
            jitter_seconds=self.jitter_seconds,
        )

    def read(self, payload: Mapping[str, Any]) -> P:
        """Check what a job is given.

        Raises:
            JobPayloadInvalid: it does not fit; `fields["field"]` says where.
        """
        try:
            return self.payload.model_validate(payload)
        except ValidationError as error:
            faults = error.errors(include_url=False)
            # A name that was misspelt explains why another one is missing.
            fault = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])
            place = ".".join(map(str, fault["loc"])) or "this"
            reason = refusal(fault, tuple(self.payload.model_fields))
            raise JobPayloadInvalid(type=self.name, field=place, reason=reason) from error

    def new_job(
        self,
        payload: Mapping[str, Any],
        *,
        priority: int | None = None,
        triggered_by: str = "user",
        from_start: bool = False,
    ) -> NewJob:
        """What is put into the queue for it.

        Raises:
            JobPayloadInvalid: the payload does not fit.
        """
        given = self.read(payload)
        key = self.name if self.subject is None else f"{self.name}:{self.subject(given)}"
        return NewJob(
            type=self.name,
            title=self.title,
            slot=self.slot,
            priority=int(self.priority if priority is None else priority),
            payload=given.model_dump(mode="json"),
            goes_on=self.incremental and not from_start,
            max_attempts=self.retries.max_attempts,
            triggered_by=triggered_by,
            dedupe_key=key if self.exclusive else None,
        )


class Catalogue:
    """All kinds of jobs, in the order in which they were registered."""

    def __init__(self, *types: JobType[Any]) -> None:
        self._types: dict[str, JobType[Any]] = {}
        for job_type in types:
            self.register(job_type)

    def register(self, job_type: JobType[Any]) -> None:
        """Make a kind known.

        Raises:
            ValueError: its name is taken or no name.
            ScheduleInvalid: its schedule cannot be followed.
            JobPayloadInvalid: it has a schedule, but has to be given something.
        """
        if not _NAME.fullmatch(job_type.name):
            raise ValueError(f"{job_type.name!r} is no name of a kind of job")
        if job_type.name in self._types:
            raise ValueError(f"{job_type.name} is registered already")
        if job_type.has_schedule:
            job_type.first_schedule().check()
            job_type.read({})
        self._types[job_type.name] = job_type

    def __iter__(self) -> Iterator[JobType[Any]]:
        return iter(self._types.values())

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all kinds."""
        return tuple(self._types)

    def get(self, name: str) -> JobType[Any]:
        """One kind.

        Raises:
            JobTypeUnknown: there is none of this name.
        """
        try:
            return self._types[name]
        except KeyError:
            raise JobTypeUnknown(type=name, known=", ".join(self._types) or "none") from None

    def of(self, job: Job) -> JobType[Any] | None:
        """The kind of a job; None where this version of the program no longer has it."""
        return self._types.get(job.type)
