"""Jobs that run and are stopped, forced, given back, or lost with their process."""

import threading
from pathlib import Path

import pytest
from tests.integration.jobs.batches import Batches, Context, nothing
from tests.queue_files import PATIENCE, AnyStore, ManualClock, ended, kind, service, sql_store, until

from stash_sense.errors import Cancelled, JobEnded
from stash_sense.jobs.dispatcher import LOOK_SECONDS
from stash_sense.jobs.job import JobStatus, Slot
from stash_sense.jobs.memory import MemoryJobStore
from stash_sense.jobs.store import LEASE_SECONDS, Checkpoint, Report


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
    one = service(store, kind(work, slot=Slot.GPU), kind(nothing, "tidy", slot=Slot.GPU), kind(nothing, "fetch"))
    one.dispatcher.start()
    job, _ = one.queue.submit("look")
    assert work.arrived.wait(PATIENCE)
    with one.events.watch() as watcher:
        one.queue.stop(job.id)
        forced = one.queue.stop(job.id)
        assert forced.status is JobStatus.CANCELLED
        assert [event.status for event in watcher.wait(PATIENCE)] == [JobStatus.CANCELLED]
        following, _ = one.queue.submit("tidy")
        ended(one, one.queue.submit("fetch")[0])  # after this the dispatcher has looked for what it can begin
        assert one.queue.get(following.id).status is JobStatus.QUEUED
        assert one.queue.status().slots[Slot.GPU].used == 1
        work.go_on.set()
        assert ended(one, following).status is JobStatus.COMPLETED
        assert {event.status for event in watcher.take() if event.job_id == job.id} == set()
    assert isinstance(work.left_by, Cancelled)
    assert (one.queue.get(job.id).status, one.queue.get(job.id).cursor) == (JobStatus.CANCELLED, None)
    one.dispatcher.stop()


def test_a_dispatcher_that_ends_gives_its_jobs_back_with_their_cursors(store: AnyStore) -> None:
    work = Batches()
    one = service(store, kind(work))
    one.dispatcher.start()
    job, _ = one.queue.submit("look")
    until(lambda: len(work.done) > 3)
    assert one.dispatcher.stop(PATIENCE) == []
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
    assert work.arrived.wait(PATIENCE)
    assert [left.id for left in one.dispatcher.stop(grace=0.05)] == [job.id]
    assert one.queue.get(job.id).status is JobStatus.RUNNING, "it is: its lease has to run out"
    work.go_on.set()
    until(lambda: one.queue.get(job.id).status is JobStatus.QUEUED, "its thread gave it back when it could")


def test_a_job_whose_owner_is_gone_is_gone_on_with(tmp_path: Path) -> None:
    clock = ManualClock()
    with sql_store(tmp_path, clock) as store:
        one = service(store, kind(Batches(8)), clock=clock)
        job, _ = one.queue.submit("look")
        lost = store.claim("killed", {Slot.LIGHT: 1}, ["look"])
        assert lost is not None
        clock.pass_time(LEASE_SECONDS + 1)
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


def test_fifty_starts_and_stops_leave_no_thread_and_no_file_open(store: AnyStore) -> None:
    work = Batches()
    one = service(store, kind(work))

    def cycle() -> tuple[set[threading.Thread], int]:
        one.dispatcher.start()
        job, _ = one.queue.submit("look")
        until(lambda: one.queue.get(job.id).status is JobStatus.RUNNING)
        with one.events.watch():
            one.dispatcher.stop()
        one.queue.cancel(job.id)
        return set(threading.enumerate()), len(list(Path("/proc/self/fd").iterdir()))

    threads, files = [cycle() for _ in range(5)][-1]
    after = [cycle() for _ in range(50)][-1]
    # What other tests have left may end meanwhile; a pool keeps five connections, of up to three files each.
    assert after[0] <= threads
    assert after[1] <= files + 3 * 5
    assert one.events.watchers == 0
