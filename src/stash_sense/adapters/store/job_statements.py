"""Statements on job_queue that are made once: those by which jobs are claimed, go on and end."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Float, Select, and_, bindparam, func, or_, select, update

from stash_sense.adapters.store.job_rows import FREE, is_in, progress_values
from stash_sense.adapters.store.tables import JOBS
from stash_sense.jobs.job import AT_WORK, ENDED, SECONDS_PER_POINT, JobStatus, Slot
from stash_sense.jobs.store import LONGEST_BACKOFF, Report

IS_WAITING = JOBS.c.status.in_(["pending", "queued"])  # spelled as the partial index has it
"""Condition: a job waits."""
SINCE = JOBS.c.rank - SECONDS_PER_POINT * JOBS.c.priority
"""Since when a job waits, see `rank`."""


def _next_job() -> Any:
    """The first job by rank that is due, whose slot has room, and of whose key no other job has an owner."""
    held, twin = JOBS.alias("held"), JOBS.alias("twin")

    def has_room(slot: Slot) -> ColumnElement[bool]:
        used = select(func.count()).where(held.c.owner.is_not(None), held.c.resource == slot.value).scalar_subquery()
        return and_(JOBS.c.resource == slot.value, used < bindparam(f"most_{slot}"))

    now = bindparam("wall", type_=Float)
    return (
        select(JOBS.c.id)
        .where(
            IS_WAITING,
            JOBS.c.owner.is_(None),
            or_(JOBS.c.not_before.is_(None), JOBS.c.not_before <= now, JOBS.c.not_before > now + LONGEST_BACKOFF),
            JOBS.c.type.in_(bindparam("types", expanding=True)),
            or_(*map(has_room, Slot)),
            ~select(1).where(twin.c.owner.is_not(None), twin.c.dedupe_key == JOBS.c.dedupe_key).exists(),
        )
        .order_by(JOBS.c.rank, JOBS.c.id)
        .limit(1)
        .scalar_subquery()
    )


CLAIM = (
    update(JOBS)
    .where(JOBS.c.id == _next_job(), JOBS.c.owner.is_(None))
    .values(
        status=JobStatus.RUNNING.value,
        attempts=JOBS.c.attempts + 1,
        started_at=func.coalesce(JOBS.c.started_at, bindparam("now")),
        not_before=None,
        updated_at=bindparam("now"),
        owner=bindparam("who"),
        lease_until=bindparam("until"),
        boot=bindparam("start"),
    )
    .returning(JOBS)
)


_OF_RUN = and_(
    JOBS.c.id == bindparam("job_id"), JOBS.c.owner == bindparam("who"), JOBS.c.attempts == bindparam("attempt")
)
CHECKPOINT = (
    update(JOBS)
    .where(_OF_RUN, is_in(AT_WORK))
    .values(
        failures=0,
        updated_at=bindparam("now"),
        **{name: bindparam(f"new_{name}") for name in ("cursor", "counters", *progress_values(Report()))},
        **{name: bindparam(f"new_{name}") for name in ("lease_until", "boot")},
    )
    .returning(JOBS)
)


def _finish(statuses: Collection[JobStatus]) -> Any:
    values = ("status", "result", "error_code", "error_message", "not_before", "completed_at")
    return (
        update(JOBS)
        .where(_OF_RUN, is_in(statuses))
        .values(
            failures=JOBS.c.failures + bindparam("failed"),
            updated_at=bindparam("now"),
            **{name: bindparam(f"new_{name}") for name in values},
            **FREE,
        )
        .returning(JOBS)
    )


PUT_BACK = _finish({JobStatus.RUNNING})
END = _finish(AT_WORK)


def last_cursor(job_type: str) -> Select[tuple[str | None]]:
    """The cursor that the newest ended job of a type left."""
    ended = select(JOBS.c.cursor).where(JOBS.c.type == job_type, is_in(ENDED))
    return ended.order_by(JOBS.c.id.desc()).limit(1)
