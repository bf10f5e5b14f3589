"""Any order of calls to a `JobStore` beside a small model of the queue, in memory and in SQLite."""

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.queue_files import AnyStore, ManualClock, new_job, sql_store

from stash_sense.errors import JobTypeBusy
from stash_sense.jobs.job import Claim, JobStatus, Slot
from stash_sense.jobs.memory import MemoryJobStore
from stash_sense.jobs.store import Checkpoint, Outcome, PageQuery, Report

LIMITS = {Slot.GPU: 1, Slot.LIGHT: 2}
OWNERS = st.sampled_from(["a", "b"])
WAITING, AT_WORK = ("pending", "queued"), ("running", "stopping")


@dataclass
class Row:
    slot: Slot
    key: str | None
    order: float
    status: str = "queued"
    cursor: int | None = None
    owner: str | None = None
    runs: int = 0
    failures: int = 0
    due: float = 0.0
    silent_at: float = 0.0


class Queue(RuleBasedStateMachine):
    """A model in which a job is a few fields, beside the real store."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.rows: dict[int, Row] = {}
        self.claims: list[Claim] = []
        self.opened = ExitStack()
        self.store: AnyStore = self.open()

    def open(self) -> AnyStore:
        return MemoryJobStore(self.clock)

    def teardown(self) -> None:
        self.opened.close()

    @rule(slot=st.sampled_from(list(LIMITS)), priority=st.sampled_from([0, 50, 100]), exclusive=st.booleans())
    def submit(self, slot: Slot, priority: int, exclusive: bool) -> None:
        key = slot.value if exclusive else None
        job, is_new = self.store.submit(new_job(slot=slot, priority=priority, dedupe_key=key, max_attempts=3))
        active = self.active(key)
        assert is_new == (active is None)
        if active is None:
            self.rows[job.id] = Row(slot, key, priority * 60 + self.clock.steady())
        else:
            assert job.id == active

    @rule(owner=OWNERS)
    def claim(self, owner: str) -> None:
        held = [row for row in self.rows.values() if row.owner]
        ready = [
            (row.order, number)
            for number, row in self.rows.items()
            if row.status in WAITING and not row.owner and row.due <= self.clock.wall()
            if sum(other.slot is row.slot for other in held) < LIMITS[row.slot]
            if row.key is None or all(other.key != row.key for other in held)
        ]
        job = self.store.claim(owner, LIMITS, ["look"])
        assert (job and job.id) == (min(ready)[1] if ready else None)
        if job is not None:
            row = self.rows[job.id]
            row.status, row.owner, row.runs, row.due = "running", owner, row.runs + 1, 0.0
            row.silent_at = self.clock.steady() + 15
            self.claims.append(job.claim)

    @rule(data=st.data(), cursor=st.integers(0, 99))
    def checkpoint(self, data: st.DataObject, cursor: int) -> None:
        if not self.claims:
            return
        claim = data.draw(st.sampled_from(self.claims))
        kept = self.store.checkpoint(claim, Checkpoint(cursor, Report()))
        row = self.run_of(claim)
        assert (kept is not None) == (row is not None and row.status in AT_WORK)
        if row is not None and kept is not None:
            row.cursor, row.failures, row.silent_at = cursor, 0, self.clock.steady() + 15

    @rule(data=st.data(), status=st.sampled_from(["completed", "failed", "cancelled", "queued", "pending"]))
    def finish(self, data: st.DataObject, status: str) -> None:
        if not self.claims:
            return
        claim = data.draw(st.sampled_from(self.claims))
        due = self.clock.wall() + 20 if status == "pending" else None
        failed = status in ("failed", "pending")
        done = self.store.finish(claim, Outcome(JobStatus(status), not_before=due, failed=failed))
        row = self.run_of(claim)
        assert (done is not None) == (row is not None and row.status in AT_WORK)
        if row is None:
            return
        row.owner = None
        if row.status in AT_WORK:
            if row.status == "stopping" and status in WAITING:
                row.status = "cancelled"
            else:
                row.status, row.due = status, due or 0.0
                row.failures += failed

    @rule(data=st.data())
    def stop(self, data: st.DataObject) -> None:
        if self.rows:
            number = data.draw(st.sampled_from(list(self.rows)))
            row = self.rows[number]
            after = {"running": "stopping", "stopping": "cancelled", "queued": "cancelled", "pending": "cancelled"}
            deserted = row.status in AT_WORK and row.silent_at < self.clock.steady()
            if deserted:
                after["running"], row.owner = "cancelled", None
            told = self.store.request_stop(number)
            assert (told and told.status.value) == after.get(row.status)
            row.status = after.get(row.status, row.status)
            row.due = 0.0 if row.status == "cancelled" else row.due

    @rule(data=st.data(), from_start=st.booleans())
    def retry(self, data: st.DataObject, from_start: bool) -> None:
        if not self.rows:
            return
        number = data.draw(st.sampled_from(list(self.rows)))
        row = self.rows[number]
        may = row.status not in WAITING + AT_WORK
        try:
            told = self.store.retry(number, from_start=from_start)
        except JobTypeBusy:
            assert may
            assert self.active(row.key) is not None
            return
        assert (told is not None) == may
        if told is not None:
            assert self.active(row.key) is None
            row.status, row.failures = "queued", 0
            row.order = told.priority * 60 + self.clock.steady()
            row.cursor = None if from_start else row.cursor

    @rule(owner=OWNERS)
    def beat(self, owner: str) -> None:
        self.store.heartbeat(owner, {})
        for row in self.rows.values():
            if row.owner == owner:
                row.silent_at = self.clock.steady() + 15

    @rule(owner=OWNERS, alone=st.booleans())
    def take_over(self, owner: str, alone: bool) -> None:
        lost = {
            number
            for number, row in self.rows.items()
            if row.owner not in (None, owner) and (alone or row.silent_at < self.clock.steady())
        }
        assert {job.id for job in self.store.take_over(owner, alone=alone)} == lost
        for row in (self.rows[number] for number in lost):
            row.owner = None
            if row.status == "stopping":
                row.status = "cancelled"
            elif row.status == "running":
                row.failures += 1
                row.status = "queued" if row.failures < 3 else "failed"

    @rule()
    def prune(self) -> None:
        gone = [n for n, row in self.rows.items() if row.status not in WAITING + AT_WORK and not row.owner]
        assert self.store.prune(None) == len(gone)
        for number in gone:
            del self.rows[number]

    @rule(seconds=st.sampled_from([1.0, 10.0, 16.0, 3000.0]))
    def pass_time(self, seconds: float) -> None:
        self.clock.pass_time(seconds)

    @invariant()
    def all_is_as_the_model_has_it(self) -> None:
        jobs = {job.id: job for job in self.store.page(PageQuery(limit=1000))}
        assert jobs.keys() == self.rows.keys()
        for number, row in self.rows.items():
            job = jobs[number]
            seen = (job.status.value, job.cursor, job.owner, job.attempts, job.failures)
            assert seen == (row.status, row.cursor, row.owner, row.runs, row.failures)
        counts = self.store.counts()
        for status in JobStatus:
            assert counts.by_status[status] == sum(row.status == status for row in self.rows.values())
        for slot, most in LIMITS.items():
            assert counts.used[slot] <= most

    def active(self, key: str | None) -> int | None:
        return next(
            (n for n, row in self.rows.items() if key and row.key == key and row.status in WAITING + AT_WORK), None
        )

    def run_of(self, claim: Claim) -> Row | None:
        row = self.rows.get(claim.job_id)
        return row if row is not None and (row.owner, row.runs) == (claim.owner, claim.attempt) else None


class QueueInSqlite(Queue):
    def open(self) -> AnyStore:
        folder = self.opened.enter_context(tempfile.TemporaryDirectory(prefix="stash-sense-queue-"))
        return self.opened.enter_context(sql_store(Path(folder), self.clock))


TestQueueInMemory = Queue.TestCase
TestQueueInMemory.settings = settings(max_examples=60, stateful_step_count=40)
TestQueueInSqlite = QueueInSqlite.TestCase
TestQueueInSqlite.settings = settings(max_examples=12, stateful_step_count=30)
