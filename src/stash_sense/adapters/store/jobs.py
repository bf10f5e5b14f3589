"""Jobs and their schedules in stash_sense.db: the tables job_queue and job_schedules.

A claim is one UPDATE … RETURNING, whose condition holds slot limits and exclusive types over all processes. Writes of
this process go one after another through a lock: SQLite would let them wait for each other by sleeping.
"""

import json
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from stash_sense.adapters.store.engine import reading
from stash_sense.adapters.store.job_rows import (
    FREE,
    is_in,
    is_run,
    iso,
    job_of,
    job_or_none,
    jobs_of,
    json_text,
    progress_values,
    schedule_values,
)
from stash_sense.adapters.store.job_statements import CHECKPOINT, CLAIM, END, IS_WAITING, PUT_BACK, SINCE, last_cursor
from stash_sense.adapters.store.tables import JOBS, SCHEDULES
from stash_sense.errors import JobTypeBusy
from stash_sense.jobs.clock import Clock
from stash_sense.jobs.job import (
    AT_WORK,
    ENDED,
    WAITING,
    Claim,
    Job,
    JobStatus,
    NewJob,
    Slot,
    rank,
)
from stash_sense.jobs.schedules import Schedule
from stash_sense.jobs.store import (
    AHEAD_SECONDS,
    LEASE_SECONDS,
    Checkpoint,
    Counts,
    Outcome,
    PageQuery,
    Report,
    is_deserted,
    outcome_of_loss,
)


class SqlJobStore:
    """`JobStore` and `ScheduleStore` in a database; its errors are the engine's.

    Args:
        engine: of a database that has the tables; commits have to survive what the jobs have to survive.
        clock: the machine's clocks.
        lease_seconds: how long a claim holds without a sign of life.
    """

    def __init__(self, engine: Engine, clock: Clock | None = None, lease_seconds: float = LEASE_SECONDS) -> None:
        self._engine = engine
        self._clock = clock or Clock()
        self._lease_seconds = lease_seconds
        self._writing = threading.Lock()

    def submit(self, new: NewJob) -> tuple[Job, bool]:
        """See `JobStore.submit`."""
        with self._write() as connection:
            return self._submit(connection, new)

    def claim(self, owner: str, limits: Mapping[Slot, int], types: Collection[str]) -> Job | None:
        """See `JobStore.claim`."""
        values = {
            "who": owner,
            "wall": self._clock.wall(),
            "now": self._now(),
            "until": self._clock.steady() + self._lease_seconds,
            "start": self._clock.boot_id,
            "types": list(types),
            **{f"most_{slot}": limits.get(slot, 0) for slot in Slot},
        }
        with self._write() as connection:
            return job_or_none(connection.execute(CLAIM, values).one_or_none())

    def checkpoint(self, claim: Claim, checkpoint: Checkpoint) -> Job | None:
        """See `JobStore.checkpoint`."""
        values = {
            "cursor": json_text(checkpoint.cursor),
            "counters": json.dumps(dict(checkpoint.counters)),
            **progress_values(checkpoint.report),
            **self._lease(),
        }
        with self._write() as connection:
            return job_or_none(connection.execute(CHECKPOINT, self._of(claim, values)).one_or_none())

    def finish(self, claim: Claim, outcome: Outcome) -> Job | None:
        """See `JobStore.finish`."""
        with self._write() as connection:
            if outcome.status in WAITING:
                job = self._end(connection, PUT_BACK, claim, outcome)
                if job is not None:
                    return job
                outcome = Outcome(JobStatus.CANCELLED)
            job = self._end(connection, END, claim, outcome)
            if job is None:
                self._change(connection, FREE, *is_run(claim))
            return job

    def owned(self, owner: str) -> list[Job]:
        """See `JobStore.owned`."""
        with reading(self._engine) as connection:
            return jobs_of(connection.execute(select(JOBS).where(JOBS.c.owner == owner)))

    def heartbeat(self, owner: str, reports: Mapping[Claim, Report]) -> None:
        """See `JobStore.heartbeat`."""
        with self._write() as connection:
            connection.execute(update(JOBS).where(JOBS.c.owner == owner).values(**self._lease()))
            for claim, report in reports.items():
                values = {**progress_values(report), "updated_at": self._now()}
                connection.execute(update(JOBS).where(*is_run(claim), is_in(AT_WORK)).values(**values))

    def take_over(self, owner: str, *, alone: bool = False) -> list[Job]:
        """See `JobStore.take_over`."""
        now = self._clock.steady()
        silent = or_(
            JOBS.c.boot != self._clock.boot_id,
            JOBS.c.lease_until < now,
            JOBS.c.lease_until > now + 10 * self._lease_seconds,  # of another start, where starts cannot be told
        )
        lost = select(JOBS).where(JOBS.c.owner.is_not(None), JOBS.c.owner != owner, *([] if alone else [silent]))
        arrivals = select(func.max(SINCE)).where(IS_WAITING)
        with reading(self._engine) as connection:
            if not connection.execute(lost).first() and self._ahead(connection.scalar(arrivals)) == 0.0:
                return []
        with self._write() as connection:
            if ahead := self._ahead(connection.scalar(arrivals)):
                connection.execute(update(JOBS).where(IS_WAITING).values(rank=JOBS.c.rank - ahead))
            changed = [
                self._end(connection, END, job.claim, outcome_of_loss(job))
                if job.status in AT_WORK
                else self._change(connection, FREE, JOBS.c.id == job.id)
                for job in jobs_of(connection.execute(lost))
            ]
            return [job for job in changed if job is not None]

    def request_stop(self, job_id: int) -> Job | None:
        """See `JobStore.request_stop`."""
        ask = {"status": JobStatus.STOPPING.value, "stop_requested": 1}
        end = {"status": JobStatus.CANCELLED.value, "completed_at": self._now(), "not_before": None}
        with self._write() as connection:
            job = job_or_none(connection.execute(select(JOBS).where(JOBS.c.id == job_id)).one_or_none())
            if job is not None and job.status in AT_WORK and is_deserted(job, self._clock, self._lease_seconds):
                return self._change(connection, {**end, **FREE}, *is_run(job.claim))
            return (
                self._change(
                    connection, {**end, "stop_requested": 2}, JOBS.c.id == job_id, is_in({JobStatus.STOPPING})
                )
                or self._change(connection, ask, JOBS.c.id == job_id, is_in({JobStatus.RUNNING}))
                or self._change(connection, end, JOBS.c.id == job_id, is_in(WAITING))
            )

    def retry(self, job_id: int, *, from_start: bool = False) -> Job | None:
        """See `JobStore.retry`."""
        with self._write() as connection:
            job = job_or_none(connection.execute(select(JOBS).where(JOBS.c.id == job_id)).one_or_none())
            if job is None or job.status not in ENDED:
                return None
            active = self._active(connection, job.dedupe_key)
            if active is not None:
                raise JobTypeBusy(title=job.title, job=active.id)
            values = {
                "status": JobStatus.QUEUED.value,
                "rank": rank(job.priority, self._clock.queue_time()),
                "failures": 0,
                "stop_requested": 0,
                **dict.fromkeys(("error_code", "error_message", "result", "started_at", "completed_at")),
            }
            if from_start:
                values |= {"cursor": None, "counters": "{}", **progress_values(Report())}
            return self._change(connection, values, JOBS.c.id == job_id)

    def get(self, job_id: int) -> Job | None:
        """See `JobStore.get`."""
        with reading(self._engine) as connection:
            return job_or_none(connection.execute(select(JOBS).where(JOBS.c.id == job_id)).one_or_none())

    def page(self, query: PageQuery) -> Sequence[Job]:
        """See `JobStore.page`."""
        wanted = select(JOBS).order_by(JOBS.c.id.desc()).limit(query.limit)
        if query.before is not None:
            wanted = wanted.where(JOBS.c.id < query.before)
        if query.statuses:
            wanted = wanted.where(is_in(query.statuses))
        if query.types:
            wanted = wanted.where(JOBS.c.type.in_(sorted(query.types)))
        with reading(self._engine) as connection:
            return jobs_of(connection.execute(wanted))

    def counts(self) -> Counts:
        """See `JobStore.counts`."""
        # Of a long history most are completed: those are what is left of all, which SQLite counts without reading.
        others = [status for status in JobStatus if status is not JobStatus.COMPLETED]
        every = select(JOBS.c.status, func.count()).where(is_in(others)).group_by(JOBS.c.status)
        held = select(JOBS.c.resource, func.count()).where(JOBS.c.owner.is_not(None)).group_by(JOBS.c.resource)
        with reading(self._engine) as connection:
            by_status = {JobStatus(status): number for status, number in connection.execute(every)}
            total = connection.scalar(select(func.count()).select_from(JOBS)) or 0
            by_status[JobStatus.COMPLETED] = total - sum(by_status.values())
            used = {Slot(slot): number for slot, number in connection.execute(held)}
        return Counts({s: by_status.get(s, 0) for s in JobStatus}, {s: used.get(s, 0) for s in Slot})

    def place(self, job_id: int) -> int | None:
        """See `JobStore.place`."""
        me = JOBS.alias("me")
        earlier = or_(JOBS.c.rank < me.c.rank, and_(JOBS.c.rank == me.c.rank, JOBS.c.id < me.c.id))
        before = select(func.count()).where(IS_WAITING, JOBS.c.resource == me.c.resource, earlier).scalar_subquery()
        with reading(self._engine) as connection:
            return connection.scalar(select(before).where(me.c.id == job_id, me.c.status.in_(["pending", "queued"])))

    def prune(
        self, before: datetime | None, statuses: Collection[JobStatus] = ENDED, spare: Collection[str] = ()
    ) -> int:
        """See `JobStore.prune`."""
        gone = delete(JOBS).where(is_in(ENDED & set(statuses)), JOBS.c.owner.is_(None))
        if before is not None:
            gone = gone.where(JOBS.c.completed_at < iso(before))
        if spare:
            other = JOBS.alias("other")
            newest = select(func.max(other.c.id)).where(
                other.c.type.in_(sorted(spare)),
                other.c.status.in_(sorted(ENDED)),
                other.c.owner.is_(None),
            )
            gone = gone.where(JOBS.c.id.not_in(newest.group_by(other.c.type)))
        with self._write() as connection:
            return connection.execute(gone).rowcount

    def schedules(self) -> Sequence[Schedule]:
        """See `ScheduleStore.schedules`."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(SCHEDULES).order_by(SCHEDULES.c.type)).mappings()
            return [Schedule(**{**row, "enabled": bool(row["enabled"])}) for row in rows]

    def add_schedule(self, schedule: Schedule) -> None:
        """See `ScheduleStore.add_schedule`."""
        with self._write() as connection:
            there = connection.execute(select(SCHEDULES.c.type).where(SCHEDULES.c.type == schedule.type)).first()
            if there is None:
                connection.execute(insert(SCHEDULES).values(**schedule_values(schedule)))

    def save_schedule(self, schedule: Schedule) -> None:
        """See `ScheduleStore.save_schedule`."""
        with self._write() as connection:
            connection.execute(delete(SCHEDULES).where(SCHEDULES.c.type == schedule.type))
            connection.execute(insert(SCHEDULES).values(**schedule_values(schedule)))

    def run_scheduled(self, seen: Schedule, moved: Schedule, new: NewJob) -> tuple[Job, bool] | None:
        """See `ScheduleStore.run_scheduled`."""
        move = (
            update(SCHEDULES)
            .where(SCHEDULES.c.type == seen.type, SCHEDULES.c.enabled == 1)
            .where(SCHEDULES.c.next_run_at.is_not_distinct_from(seen.next_run_at))
            .values(last_run_at=moved.last_run_at, next_run_at=moved.next_run_at)
        )
        with self._write() as connection:
            return self._submit(connection, new) if connection.execute(move).rowcount else None

    def _submit(self, connection: Connection, new: NewJob) -> tuple[Job, bool]:
        active = self._active(connection, new.dedupe_key)
        if active is not None:
            return active, False
        values = {
            "type": new.type,
            "title": new.title,
            "status": JobStatus.QUEUED.value,
            "priority": new.priority,
            "rank": rank(new.priority, self._clock.queue_time()),
            "resource": new.slot.value,
            "payload": json.dumps(dict(new.payload)),
            "cursor": connection.scalar(last_cursor(new.type)) if new.goes_on else None,
            "max_attempts": new.max_attempts,
            "triggered_by": new.triggered_by,
            "dedupe_key": new.dedupe_key,
            "created_at": self._now(),
            "updated_at": self._now(),
        }
        return job_of(connection.execute(insert(JOBS).values(**values).returning(JOBS)).one()), True

    def _active(self, connection: Connection, key: str | None) -> Job | None:
        if key is None:
            return None
        # Spelled as the partial index has it.
        active = JOBS.c.status.in_(["pending", "queued", "running", "stopping"])
        return job_or_none(connection.execute(select(JOBS).where(JOBS.c.dedupe_key == key, active)).one_or_none())

    def _change(self, connection: Connection, values: Mapping[str, Any], *where: ColumnElement[bool]) -> Job | None:
        change = update(JOBS).where(*where).values(updated_at=self._now(), **values).returning(JOBS)
        return job_or_none(connection.execute(change).one_or_none())

    def _end(self, connection: Connection, statement: Any, claim: Claim, outcome: Outcome) -> Job | None:
        values = {
            "status": outcome.status.value,
            "result": json_text(outcome.result),
            "error_code": outcome.error_code,
            "error_message": outcome.error_message,
            "not_before": outcome.not_before,
            "completed_at": self._now() if outcome.status in ENDED else None,
        }
        parameters = {**self._of(claim, values), "failed": int(outcome.failed)}
        return job_or_none(connection.execute(statement, parameters).one_or_none())

    def _of(self, claim: Claim, values: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters of a statement that changes a run."""
        new = {f"new_{name}": value for name, value in values.items()}
        return {"job_id": claim.job_id, "who": claim.owner, "attempt": claim.attempt, "now": self._now(), **new}

    def _lease(self) -> dict[str, Any]:
        return {"lease_until": self._clock.steady() + self._lease_seconds, "boot": self._clock.boot_id}

    def _ahead(self, latest: float | None) -> float:
        """By how many seconds the latest arrival is later than now; 0 for as much as two processes may differ."""
        ahead = (latest or 0.0) - self._clock.queue_time()
        return ahead if ahead > AHEAD_SECONDS else 0.0

    def _now(self) -> str:
        return iso(datetime.fromtimestamp(self._clock.wall(), UTC))

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with self._writing, self._engine.begin() as connection:
            yield connection
