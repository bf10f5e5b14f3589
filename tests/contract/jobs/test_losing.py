"""What becomes of a job whose process is gone or silent, in memory and in SQLite."""

import os
import subprocess

import pytest
from tests.contract.jobs.asking import DONE, KINDS, claimed, got, put
from tests.queue_files import AnyStore, ManualClock

from stash_sense.jobs.job import SLOTS, JobStatus, Slot
from stash_sense.jobs.store import Checkpoint, Report


def test_a_job_without_a_sign_of_life_for_a_lease_is_gone_on_with(store: AnyStore, clock: ManualClock) -> None:
    put(store)
    lost = claimed(store, "killed")
    store.checkpoint(lost.claim, Checkpoint(8, Report("read", 8)))
    clock.pass_time(14)
    assert store.take_over("me") == []
    clock.pass_time(2)
    assert [job.id for job in store.take_over("me")] == [lost.id]
    again = claimed(store)
    assert (again.id, again.cursor, again.attempts, again.failures) == (lost.id, 8, 2, 1)
    assert store.checkpoint(lost.claim, Checkpoint(9, Report())) is None, "it is somebody else's now"
    assert store.finish(lost.claim, DONE) is None
    assert got(store, lost).status is JobStatus.RUNNING


def test_a_sign_of_life_keeps_all_jobs_of_an_owner_and_writes_how_far_they_are(
    store: AnyStore, clock: ManualClock
) -> None:
    put(store)
    put(store)
    first, second = claimed(store), claimed(store)
    clock.pass_time(14)
    store.heartbeat("me", {first.claim: Report("read", 4, 8)})
    clock.pass_time(14)
    assert store.take_over("you") == []
    assert (got(store, first).phase, got(store, first).items_done) == ("read", 4)
    assert got(store, second).items_done == 0
    clock.pass_time(2)
    assert len(store.take_over("you")) == 2


def test_a_machine_that_was_started_anew_has_no_owners_of_before(store: AnyStore, clock: ManualClock) -> None:
    put(store)
    claimed(store, "before")
    clock.boot, clock.steady_now = "second-boot", 3.0
    assert len(store.take_over("me")) == 1


def test_where_starts_of_the_machine_cannot_be_told_a_lease_from_the_far_future_is_an_old_one(
    store: AnyStore, clock: ManualClock
) -> None:
    clock.boot = ""
    put(store)
    claimed(store, "before")
    clock.steady_now = 3.0
    assert len(store.take_over("me")) == 1


def test_leases_do_not_heed_the_clock_on_the_wall(store: AnyStore, clock: ManualClock) -> None:
    put(store)
    claimed(store, "other")
    for hours in (5, -10):
        clock.set_wall(hours * 3600)
        assert store.take_over("me") == []


def test_nobody_takes_over_from_himself(store: AnyStore, clock: ManualClock) -> None:
    put(store)
    claimed(store)
    clock.pass_time(3600)
    assert store.take_over("me") == []


def test_who_knows_that_he_is_alone_need_not_wait_for_leases(store: AnyStore) -> None:
    put(store)
    claimed(store, "killed")
    assert len(store.take_over("me", alone=True)) == 1


def test_a_lost_job_that_was_asked_to_stop_is_cancelled(store: AnyStore, clock: ManualClock) -> None:
    put(store)
    store.request_stop(claimed(store, "killed").id)
    clock.pass_time(16)
    assert [job.status for job in store.take_over("me")] == [JobStatus.CANCELLED]


def test_a_job_that_is_lost_again_and_again_without_progress_fails(store: AnyStore, clock: ManualClock) -> None:
    job = put(store, max_attempts=3)
    states = []
    for _ in range(3):
        claimed(store, "killed")
        clock.pass_time(16)
        states += [lost.status for lost in store.take_over("me")]
    assert states == [JobStatus.QUEUED, JobStatus.QUEUED, JobStatus.FAILED]
    assert (got(store, job).error_code, got(store, job).attempts) == ("job_crashed", 3)


def test_an_abandoned_thread_of_a_killed_process_holds_no_slot(store: AnyStore, clock: ManualClock) -> None:
    put(store)
    mine = claimed(store, "killed")
    store.request_stop(mine.id)
    store.request_stop(mine.id)
    clock.pass_time(16)
    assert [job.status for job in store.take_over("me")] == [JobStatus.CANCELLED]
    assert store.counts().used[Slot.LIGHT] == 0


@pytest.mark.parametrize("asked_before", [False, True])
def test_a_job_whose_owner_is_silent_is_stopped_at_once_and_frees_its_slot(
    store: AnyStore, clock: ManualClock, asked_before: bool
) -> None:
    job = put(store)
    claimed(store, "killed")
    if asked_before:
        store.request_stop(job.id)
    clock.pass_time(16)
    stopped = store.request_stop(job.id)
    assert stopped is not None
    assert (stopped.status, stopped.owner) == (JobStatus.CANCELLED, None)
    assert stopped.completed_at == got(store, job).updated_at
    assert store.counts().used[Slot.LIGHT] == 0


def test_a_job_whose_process_has_ended_is_stopped_at_once(store: AnyStore) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    job, other = put(store), put(store, "fetch")
    assert store.claim(f"{gone.pid}-0123abcd", SLOTS, KINDS) is not None
    assert store.claim(f"{os.getpid()}-0123abcd", SLOTS, KINDS) is not None
    stopped, asked = store.request_stop(job.id), store.request_stop(other.id)
    assert stopped is not None
    assert asked is not None
    assert (stopped.status, asked.status) == (JobStatus.CANCELLED, JobStatus.STOPPING)
