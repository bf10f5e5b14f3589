"""A job as the queue knows it: a row with a state, a place in the queue, a cursor, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any


class JobStatus(StrEnum):
    """What can be said of a job now."""

    PENDING = "pending"
    """Waits for a moment: it failed for a reason that may pass, and is tried again then."""
    QUEUED = "queued"
    """Waits for its turn and a free slot."""
    RUNNING = "running"
    STOPPING = "stopping"
    """Was asked to stop; does so at its next checkpoint."""
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens to it unless somebody retries it."""
        return self in ENDED


WAITING = frozenset({JobStatus.PENDING, JobStatus.QUEUED})
AT_WORK = frozenset({JobStatus.RUNNING, JobStatus.STOPPING})
ACTIVE = WAITING | AT_WORK
ENDED = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})


class Priority(IntEnum):
    """Whose turn comes first: the smaller number; any number between is allowed, too."""

    CRITICAL = 0
    HIGH = 10
    NORMAL = 50
    LOW = 100


class Slot(StrEnum):
    """What a job mainly uses of the machine; of each kind a few jobs run at once."""

    GPU = "gpu"
    CPU_HEAVY = "cpu_heavy"
    NETWORK = "network"
    LIGHT = "light"


SLOTS: Mapping[Slot, int] = {Slot.GPU: 1, Slot.CPU_HEAVY: 1, Slot.NETWORK: 2, Slot.LIGHT: 3}
"""How many jobs of each kind run at once, unless the settings say otherwise."""

SECONDS_PER_POINT = 60.0
"""Ageing: a minute of waiting is worth one point of priority."""


def rank(priority: int, since: float) -> float:
    """Place in the queue of a job that waits since a moment (seconds): the smallest is next.

    The order of `priority - minutes waited` is that of `priority + minute of arrival`, which does not change while
    time goes by, so that an index holds it. A job thus lets a later one of better priority pass only if it comes
    within as many minutes as there are points between them: LOW before NORMAL within 50 minutes, before CRITICAL
    within 100, whatever comes after that is behind it. Of one priority the oldest is first.
    """
    return priority * SECONDS_PER_POINT + since


def in_short(result: Mapping[str, Any]) -> str:
    """What the result of a job says in words and numbers; lists and the like are left out."""
    return ", ".join(f"{name} {value}" for name, value in result.items() if isinstance(value, str | int | bool))


@dataclass(frozen=True, slots=True)
class NewJob:
    """What is put into the queue.

    Attributes:
        payload: JSON object; what the type's payload model made of what was asked.
        goes_on: whether it begins with the cursor that the newest ended job of its type left.
        max_attempts: how often in a row it may fail for passing reasons, or be lost, without any progress.
        dedupe_key: of two active jobs with one key there is only ever one; None for as many as there are.
    """

    type: str
    title: str
    slot: Slot
    priority: int
    payload: Mapping[str, Any] = field(default_factory=dict)
    goes_on: bool = False
    max_attempts: int = 5
    triggered_by: str = "user"
    dedupe_key: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """Who runs a job, and which run of it this is; writes of an earlier run are refused."""

    job_id: int
    owner: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Job:
    """One row of the queue.

    Attributes:
        rank: see `rank`.
        cursor: JSON value of the last checkpoint.
        counters: whatever the job counts, as of the last checkpoint.
        phase, items_done, items_total: how far it is, as last written.
        attempts: how often it was begun.
        failures: how often in a row without a checkpoint in between.
        not_before: seconds since 1970.
        stop_requested: 0, 1 (stop at the next checkpoint), 2 (forced).
        owner: who runs it. One that has ended and has an owner was forced to, and its thread still holds the slot.
        result: JSON object that a completed job gave.
    """

    id: int
    type: str
    title: str
    status: JobStatus
    priority: int
    rank: float
    slot: Slot
    payload: Mapping[str, Any]
    cursor: Any
    counters: Mapping[str, int]
    phase: str
    items_done: int
    items_total: int | None
    error_code: str | None
    error_message: str | None
    attempts: int
    failures: int
    max_attempts: int
    not_before: float | None
    triggered_by: str
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    updated_at: datetime
    stop_requested: int
    owner: str | None
    lease_until: float | None
    boot: str | None
    result: Mapping[str, Any] | None
    dedupe_key: str | None

    @property
    def claim(self) -> Claim:
        """Its present run; only for a job that has an owner."""
        if self.owner is None:
            raise ValueError(f"job {self.id} is not claimed")
        return Claim(self.id, self.owner, self.attempts)
