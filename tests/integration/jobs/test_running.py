"""Jobs that really run: on threads, on SQLite, to their ends, or failed and tried again."""

import threading
from pathlib import Path

import pytest
import time_machine
from tests.integration.jobs.batches import Batches, Context
from tests.queue_files import PATIENCE, AnyStore, ManualClock, ended, kind, service, sql_store, until

from stash_sense.errors import ServerUnreachable, SettingInvalid
from stash_sense.jobs.job import JobStatus, Slot
from stash_sense.jobs.memory import MemoryJobStore
from stash_sense.jobs.retries import RetryPolicy


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
        events = watcher.wait(PATIENCE)
        while not events[-1].status.has_ended:
            events += watcher.wait(PATIENCE)
    assert [event.status for event in events][-1] is JobStatus.COMPLETED
    assert one.dispatcher.stop(PATIENCE) == []
    assert work.done == list(range(5))


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
