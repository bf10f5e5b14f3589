"""Rows of job_queue and job_schedules -> jobs and schedules, and the other way round."""

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row

from stash_sense.adapters.store.tables import JOBS, SCHEDULES
from stash_sense.jobs.job import Claim, Job, JobStatus, Slot
from stash_sense.jobs.schedules import Schedule
from stash_sense.jobs.store import Report

FREE: Mapping[str, Any] = {"owner": None, "lease_until": None, "boot": None}
"""Values of a job that nobody runs."""


def is_in(statuses: Collection[JobStatus]) -> ColumnElement[bool]:
    """Condition: a job has one of these states."""
    return JOBS.c.status.in_(sorted(statuses))


def is_run(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    """Condition: this run of a job is its present one."""
    return JOBS.c.id == claim.job_id, JOBS.c.owner == claim.owner, JOBS.c.attempts == claim.attempt


def progress_values(report: Report) -> dict[str, Any]:
    """How far a job is, as values of its row."""
    return {"phase": report.phase, "items_done": report.done, "items_total": report.total}


def iso(moment: datetime) -> str:
    """A moment as it is kept: always of one length, so that texts compare as moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def json_text(value: Any) -> str | None:
    """A JSON value as it is kept."""
    return None if value is None else json.dumps(value)


def _value(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def schedule_values(schedule: Schedule) -> dict[str, Any]:
    """A schedule as values of its row."""
    return {
        column.name: int(value) if column.name == "enabled" else value
        for column in SCHEDULES.columns
        for value in [getattr(schedule, column.name)]
    }


def jobs_of(rows: Any) -> list[Job]:
    """Jobs of rows."""
    return [job_of(row) for row in rows]


def job_or_none(row: Row[Any] | None) -> Job | None:
    """The job of a row, if there is one."""
    return None if row is None else job_of(row)


def job_of(row: Row[Any]) -> Job:
    """The job of a row."""
    values = dict(row._mapping)
    values["slot"] = Slot(values.pop("resource"))
    values["status"] = JobStatus(values["status"])
    for name in ("payload", "cursor", "counters", "result"):
        values[name] = _value(values[name])
    for name in ("created_at", "started_at", "completed_at", "updated_at"):
        values[name] = _moment(values[name])
    return Job(**values)
