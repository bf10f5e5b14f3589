"""Jobs that really run: on threads, on SQLite, stopped, forced, failed, given back."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from pydantic import BaseModel
from tests.queue_files import AnyStore, ManualClock, ended, kind, service, sql_store, until

from stash_sense.errors import (
    Cancelled,
    JobActive,
    JobEnded,
    JobListingInvalid,
    JobNotStoppable,
    JobPayloadInvalid,
    JobTypeBusy,
    JobTypeUnknown,
    JobUnknown,
    ServerUnreachable,
    SettingInvalid,
)
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.dispatcher import LOOK_SECONDS
from stash_sense.jobs.job import ACTIVE, JobStatus, Slot
from stash_sense.jobs.memory import MemoryJobStore
from stash_sense.jobs.retries import RetryPolicy
from stash_sense.jobs.store import Checkpoint, Report
from stash_sense.operations.composing import compose

Context = JobContext[Any]


def test_what_ends_the_program_does_not_stop_a_job_for_good() -> None:
    runs: list[int] = []

    def run(context: Context) -> None:
        runs.append(context.job_id)
        if len(runs) == 1:
            raise Cancelled  # out of something that hears of the program's end alone

    clock = ManualClock()
    one = service(MemoryJobStore(clock), kind(run), clock=clock)
    one.dispatcher.start()
    job, _ = one.queue.submit("look")
    until(lambda: runs and one.queue.get(job.id).status is JobStatus.PENDING)
    clock.pass_time(3.0)
    assert ended(one, job).status is JobStatus.COMPLETED
    one.dispatcher.stop()
    assert len(runs) == 2


class Batches:
    """A job of many small batches, which can be held up in the middle of one."""

    def __init__(self, batches: int = 1000) -> None:
        self.batches = batches
        self.done: list[int] = []
        self.arrived, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        self.left_by: BaseException | None = None

    def __call__(self, context: Context) -> dict[str, int]:
        try:
            batch = context.cursor or 0
            while batch < self.batches:
                context.progress("read", batch, self.batches)
                self.arrived.set()
                assert self.go_on.wait(30)
                time.sleep(0.002)
                self.done.append(batch)
                batch += 1
                context.checkpoint(batch, done=batch, batches=batch)
        except BaseException as error:
            self.left_by = error
            raise
        return {"batches": self.batches}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AnyStore]:
    with sql_store(tmp_path) as store:
        yield store


def test_a_job_runs_to_its_end_and_is_told_of_on_the_way(store: AnyStore) -> None:
    work = Batches(5)
    one = service(store, kind(work))
    with one.events.watch() as watcher:
        one.dispatcher.start()
        job, is_new = one.queue.submit("look")
        assert is_new
        done = ended(one, job)
        assert (done.status, done.result, done.cursor, done.counters) == (
            JobStatus.COMPLETED,
            {"batches": 5},
            5,
            {"batches": 5},
        )
        assert (done.items_done, done.items_total, done.attempts) == (5, 5, 1)
        events = watcher.wait(10)
        while not events[-1].status.has_ended:
            events += watcher.wait(10)
    assert [event.status for event in events][-1] is JobStatus.COMPLETED
    assert one.dispatcher.stop() == []
    assert work.done == list(range(5))


def test_a_stopped_job_ends_at_the_next_batch_and_a_retry_goes_on_there(store: AnyStore) -> None:
    work = Batches()
    one = service(store, kind(work))
    one.dispatcher.start()
    job, _ = one.queue.submit("look")
    until(lambda: len(work.done) > 3)
    assert one.queue.stop(job.id).status is JobStatus.STOPPING
    asked = len(work.done)
    stopped = ended(one, job)
    assert len(work.done) <= asked + 1
    assert (stopped.status, stopped.cursor, stopped.error_code) == (JobStatus.CANCELLED, len(work.done), None)
    work.batches = len(work.done) + 5
    one.queue.retry(job.id)
    assert ended(one, job).status is JobStatus.COMPLETED
    assert work.done == list(range(work.batches)), "nothing was done twice or left out"
    with pytest.raises(JobEnded):
        one.queue.stop(job.id)
    one.dispatcher.stop()


def test_a_stop_that_another_process_asks_for_is_heard_within_two_seconds(store: AnyStore) -> None:
    def listen(context: Context) -> None:
        until(lambda: context.cancel.is_cancelled)
        context.checkpoint(1)

    one = service(store, kind(listen), look_seconds=LOOK_SECONDS)
    one.dispatcher.start()
    job, _ = one.queue.submit("look")
    until(lambda: one.queue.get(job.id).status is JobStatus.RUNNING)
    store.request_stop(job.id)  # written, and nobody here told
    assert ended(one, job).status is JobStatus.CANCELLED
    assert LOOK_SECONDS <= 1
    one.dispatcher.stop()


def test_a_second_stop_forces_and_the_thread_holds_its_slot_until_it_really_ends(store: AnyStore) -> None:
    work = Batches()
    work.go_on.clear()
    one = service(store, kind(work, slot=Slot.GPU), kind(lambda context: {}, "tidy", slot=Slot.GPU))
    one.dispatcher.start()
    job, _ = one.queue.submit("look")
    assert work.arrived.wait(10)
    with one.events.watch() as watcher:
        one.queue.stop(job.id)
        forced = one.queue.stop(job.id)
        assert forced.status is JobStatus.CANCELLED
        assert [event.status for event in watcher.wait(10)] == [JobStatus.CANCELLED]
        following, _ = one.queue.submit("tidy")
        time.sleep(0.2)  # several looks of the dispatcher
        assert one.queue.get(following.id).status is JobStatus.QUEUED
        assert one.queue.status().slots[Slot.GPU].used == 1
        work.go_on.set()
        assert ended(one, following).status is JobStatus.COMPLETED
        assert {event.status for event in watcher.take() if event.job_id == job.id} == set()
    assert isinstance(work.left_by, Cancelled)
    assert (one.queue.get(job.id).status, one.queue.get(job.id).cursor) == (JobStatus.CANCELLED, None)
    one.dispatcher.stop()


def test_a_job_that_fails_says_why(store: AnyStore) -> None:
    def refuse(context: Context) -> None:
        raise SettingInvalid(name="threads", value=0, reason="it must be at least 1")

    def break_down(context: Context) -> None:
        raise ZeroDivisionError("by nobody")

    def answer_nonsense(context: Context) -> dict[str, object]:
        return {"lock": threading.Lock()}

    one = service(store, kind(refuse, "refuse"), kind(break_down, "break_down"), kind(answer_nonsense, "nonsense"))
    one.dispatcher.start()
    jobs = [ended(one, one.queue.submit(name)[0]) for name in ("refuse", "break_down", "nonsense")]
    assert [(job.status, job.error_code) for job in jobs] == [
        (JobStatus.FAILED, "setting_invalid"),
        (JobStatus.FAILED, "job_fault"),
        (JobStatus.FAILED, "job_fault"),
    ]
    assert "threads cannot be 0" in (jobs[0].error_message or "")
    assert "by nobody" in (jobs[1].error_message or "")
    one.dispatcher.stop()


def test_an_error_that_may_pass_is_tried_again_and_given_up_in_the_end(store: AnyStore) -> None:
    tries: list[int] = []

    def fetch(context: Context) -> None:
        tries.append(context.job_id)
        if len(tries) != 3:
            raise ServerUnreachable(address="https://example.org", reason="refused")

    one = service(store, kind(fetch, retries=RetryPolicy(max_attempts=3, first_seconds=0.01, factor=1)))
    one.dispatcher.start()
    first = ended(one, one.queue.submit("look")[0])
    assert (first.status, first.attempts, first.failures) == (JobStatus.COMPLETED, 3, 2)
    second = ended(one, one.queue.submit("look")[0])
    assert (second.status, second.attempts, second.error_code) == (JobStatus.FAILED, 3, "server_unreachable")
    one.dispatcher.stop()


def test_a_dispatcher_that_ends_gives_its_jobs_back_with_their_cursors(store: AnyStore) -> None:
    work = Batches()
    one = service(store, kind(work))
    one.dispatcher.start()
    job, _ = one.queue.submit("look")
    until(lambda: len(work.done) > 3)
    assert one.dispatcher.stop() == []
    back = one.queue.get(job.id)
    assert (back.status, back.owner, back.cursor, back.failures) == (JobStatus.QUEUED, None, len(work.done), 0)
    work.batches = len(work.done) + 3
    other = service(store, kind(work))
    other.dispatcher.start()
    assert ended(other, job).status is JobStatus.COMPLETED
    assert work.done == list(range(work.batches))
    other.dispatcher.stop()


def test_a_dispatcher_does_not_wait_for_ever_for_a_job_that_comes_to_no_checkpoint(store: AnyStore) -> None:
    work = Batches()
    work.go_on.clear()
    one = service(store, kind(work))
    one.dispatcher.start()
    job, _ = one.queue.submit("look")
    assert work.arrived.wait(10)
    assert [left.id for left in one.dispatcher.stop(grace=0.05)] == [job.id]
    assert one.queue.get(job.id).status is JobStatus.RUNNING, "it is: its lease has to run out"
    work.go_on.set()
    until(lambda: one.queue.get(job.id).status is JobStatus.QUEUED, "its thread gave it back when it could")


def test_a_job_whose_owner_is_gone_is_gone_on_with(tmp_path: Path) -> None:
    with sql_store(tmp_path, lease_seconds=0.3) as store:
        work = Batches(8)
        one = service(store, kind(work))
        job, _ = one.queue.submit("look")
        lost = store.claim("killed", {Slot.LIGHT: 1}, ["look"])
        assert lost is not None
        one.dispatcher.start()
        assert ended(one, job).attempts == 2
        one.dispatcher.stop()


def test_who_is_alone_goes_on_with_lost_jobs_at_once(store: AnyStore) -> None:
    one = service(store, kind(Batches(3)))
    job, _ = one.queue.submit("look")
    assert store.claim("killed", {Slot.LIGHT: 1}, ["look"]) is not None
    one.dispatcher.start(alone=True)
    assert ended(one, job).status is JobStatus.COMPLETED
    one.dispatcher.stop()


def test_a_job_that_another_process_took_over_is_left_alone(store: AnyStore) -> None:
    work = Batches()
    one = service(store, kind(work))
    one.dispatcher.start()
    job, _ = one.queue.submit("look")
    until(lambda: len(work.done) > 3)
    assert len(store.take_over("somebody else", alone=True)) == 1
    taken = store.claim("somebody else", {Slot.LIGHT: 1}, ["look"])
    if taken is None:  # the dispatcher was quicker: it is its own again
        assert one.queue.get(job.id).attempts == 2
    else:
        until(lambda: isinstance(work.left_by, Cancelled))
        assert store.checkpoint(taken.claim, Checkpoint(7, Report("read"))) is not None
    one.dispatcher.stop()


def test_more_slots_take_effect_at_once(store: AnyStore) -> None:
    work = Batches()
    work.go_on.clear()
    one = service(store, kind(work, slot=Slot.CPU_HEAVY))
    one.dispatcher.start()
    for _ in range(3):
        one.queue.submit("look")
    until(lambda: one.queue.status().slots[Slot.CPU_HEAVY].used == 1)
    one.dispatcher.set_slots({Slot.CPU_HEAVY: 3})
    until(lambda: one.queue.status().slots[Slot.CPU_HEAVY].used == 3)
    assert one.queue.status().slots[Slot.CPU_HEAVY].most == 3
    for job in one.queue.page().jobs:
        one.queue.stop(job.id)
    work.go_on.set()
    one.dispatcher.stop()


def test_a_low_job_runs_under_a_steady_stream_of_better_ones() -> None:
    clock = ManualClock()
    store = MemoryJobStore(clock)
    order: list[str] = []

    def stream(context: Context) -> None:
        order.append("stream")
        clock.pass_time(60)
        if "low" not in order:
            one.queue.submit("stream", priority=10)

    one = service(
        store,
        kind(stream, "stream", slot=Slot.GPU),
        kind(lambda context: order.append("low"), "low", slot=Slot.GPU),
        clock=clock,
    )
    one.queue.submit("stream", priority=10)
    low, _ = one.queue.submit("low", priority=100)
    one.dispatcher.start()
    assert ended(one, low).status is JobStatus.COMPLETED
    assert order.index("low") <= 92, "90 points are 90 minutes"
    one.dispatcher.stop()


@pytest.mark.parametrize("hours", [5, -5])
def test_somebody_sets_the_clock_while_jobs_run(tmp_path: Path, hours: int) -> None:
    runs: list[int] = []

    def passing(context: Context) -> None:
        runs.append(context.job_id)
        if runs.count(context.job_id) == 1:
            raise ServerUnreachable(address="https://example.org", reason="refused")

    with sql_store(tmp_path) as store, time_machine.travel("2026-11-22T12:00:00Z", tick=True) as traveller:
        work = Batches()
        # Longer than the test takes, and shorter than the clock is set by.
        pending = kind(passing, "passing", retries=RetryPolicy(first_seconds=1800.0))
        one = service(store, kind(work), pending)
        one.dispatcher.start()
        job, _ = one.queue.submit("look")
        waiting, _ = one.queue.submit("passing")
        until(lambda: len(work.done) > 3 and one.queue.get(waiting.id).status is JobStatus.PENDING)
        traveller.shift(hours * 3600)
        before = len(work.done)
        until(lambda: len(work.done) > before + 3)
        assert one.queue.get(job.id).attempts == 1
        one.queue.stop(job.id)
        assert ended(one, job).status is JobStatus.CANCELLED
        if hours > 0:
            assert ended(one, waiting).attempts == 2
        one.dispatcher.stop()


class Folder(BaseModel):
    folder: str
    most: int = 3


def test_what_a_job_is_given_is_checked_before_and_handed_over(store: AnyStore) -> None:
    given: list[Folder] = []
    one = service(store, kind(lambda context: given.append(context.payload), payload=Folder))
    with pytest.raises(JobPayloadInvalid) as refused:
        one.queue.submit("look", {"folder": "a", "most": "many"})
    assert refused.value.fields["field"] == "most"
    for priority in (-1, 101):
        with pytest.raises(JobPayloadInvalid):
            one.queue.submit("look", {"folder": "a"}, priority=priority)
    with pytest.raises(JobTypeUnknown):
        one.queue.submit("dance")
    one.dispatcher.start()
    ended(one, one.queue.submit("look", {"folder": "a"})[0])
    assert given == [Folder(folder="a")]
    one.dispatcher.stop()


def test_what_cannot_be_done_to_a_job_is_refused_with_the_reason(store: AnyStore) -> None:
    work = Batches()
    work.go_on.clear()
    one = service(store, kind(work, exclusive=True, cancellable=False), kind(work, "tidy"))
    job, _ = one.queue.submit("look")
    again, is_new = one.queue.submit("look")
    assert (again.id, is_new) == (job.id, False)
    for refused in (one.queue.stop, one.queue.cancel, one.queue.retry, one.queue.get):
        with pytest.raises(JobUnknown):
            refused(99)
    with pytest.raises(JobActive):
        one.queue.retry(job.id)
    assert one.queue.cancel(job.id).status is JobStatus.CANCELLED
    with pytest.raises(JobEnded):
        one.queue.cancel(job.id)
    second, _ = one.queue.submit("look")
    with pytest.raises(JobTypeBusy):
        one.queue.retry(job.id)
    one.dispatcher.start()
    assert work.arrived.wait(10)
    with pytest.raises(JobNotStoppable):
        one.queue.stop(second.id)
    with pytest.raises(JobActive):
        one.queue.cancel(second.id)
    for limit in (0, 501):
        with pytest.raises(JobListingInvalid):
            one.queue.page(limit=limit)
    for cursor in ("", "x", "-1", "²", "9" * 30):
        with pytest.raises(JobListingInvalid):
            one.queue.page(cursor)
    work.batches = 1
    work.go_on.set()
    assert ended(one, second).status is JobStatus.COMPLETED
    one.dispatcher.stop()


def test_pages_history_and_schedules_of_the_queue(store: AnyStore) -> None:
    look = kind(lambda context: context.checkpoint(9), incremental=True, interval_seconds=3600.0)
    one = service(store, look, kind(lambda context: {}, "tidy"))
    one.dispatcher.start()
    jobs = [ended(one, one.queue.submit(name)[0]) for name in ("look", "tidy", "look", "tidy")]
    first = one.queue.page(limit=3)
    second = one.queue.page(first.next_cursor, limit=3)
    assert [job.id for job in (*first.jobs, *second.jobs)] == [job.id for job in reversed(jobs)]
    assert (second.next_cursor, one.queue.page(limit=4).next_cursor) == (None, None)
    assert [job.cursor for job in jobs] == [9, None, 9, None]
    assert one.queue.prune(days=1) == 0
    assert one.queue.clear_history() == 3
    assert [job.id for job in one.queue.page().jobs] == [jobs[2].id]
    changed = one.queue.change_schedule("look", enabled=True, cron="0 3 * * *", timezone="Europe/Berlin")
    assert (changed.interval_seconds, changed.next_run_at is None) == (None, False)
    assert one.queue.schedules() == [changed]
    with pytest.raises(JobTypeUnknown):
        one.queue.change_schedule("tidy", enabled=True)
    assert one.queue.status().is_running
    one.dispatcher.stop()
    assert not one.queue.status().is_running


def test_a_queue_that_is_at_work_forgets_after_a_month_and_not_before() -> None:
    clock = ManualClock()
    store = MemoryJobStore(clock)
    kinds = kind(lambda context: {}), kind(lambda context: context.checkpoint(9), "count", incremental=True)

    def after(days: float) -> list[int]:
        """Let days pass, and run a job of each kind; what the history holds then, newest first."""
        clock.pass_time(days * 86400.0)
        one = compose(store, kinds, clock)
        one.dispatcher.start()
        one.queue.submit("look")
        one.queue.submit("count")
        until(lambda: not one.queue.page(statuses=ACTIVE).jobs)
        one.dispatcher.stop()
        return [job.id for job in one.queue.page().jobs]

    assert after(0) == [2, 1]
    assert after(2) == [4, 3, 2, 1]
    assert after(29) == [6, 5, 4, 3], "those of 31 days ago are gone"
    assert after(100) == [8, 7, 6], "the next count goes on from the last"


def test_a_running_job_is_shown_as_far_as_it_is_now(store: AnyStore) -> None:
    work = Batches()
    one = service(store, kind(work), beat_seconds=60)
    one.dispatcher.start()
    job, _ = one.queue.submit("look")
    until(lambda: len(work.done) > 2)
    work.go_on.clear()
    until(lambda: one.queue.get(job.id).items_done == len(work.done))
    assert one.queue.progress(job.id).phase == "read"
    assert one.queue.page().jobs[0].phase == "read"
    work.go_on.set()
    one.queue.stop(job.id)
    ended(one, job)
    assert one.queue.progress(job.id).status is JobStatus.CANCELLED
    one.dispatcher.stop()


def test_fifty_starts_and_stops_leave_no_thread_and_no_file_open(store: AnyStore) -> None:
    work = Batches()
    one = service(store, kind(work))

    def cycle() -> tuple[int, int]:
        one.dispatcher.start()
        job, _ = one.queue.submit("look")
        until(lambda: one.queue.get(job.id).status is JobStatus.RUNNING)
        with one.events.watch():
            one.dispatcher.stop()
        one.queue.cancel(job.id)
        return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))

    first = [cycle() for _ in range(5)][-1]
    counts = [cycle() for _ in range(50)]
    assert {threads for threads, _ in counts} == {first[0]}
    assert max(files for _, files in counts) <= first[1] + 1, "a pool may open one more connection"
    assert one.events.watchers == 0
