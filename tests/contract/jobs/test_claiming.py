"""Which job is whose turn, in memory and in SQLite."""

from datetime import UTC, datetime

import pytest
from tests.contract.jobs.asking import DONE, claim, claimed, got, put
from tests.queue_files import START, AnyStore, ManualClock, new_job

from stash_sense.jobs.job import JobStatus, Slot
from stash_sense.jobs.store import Outcome


def test_a_job_that_is_put_in_is_queued_with_all_that_was_said(store: AnyStore) -> None:
    job = put(store, "fetch", slot=Slot.NETWORK, priority=10, payload={"what": ["é", 1]}, triggered_by="schedule")
    assert got(store, job) == job
    assert (job.status, job.slot, job.priority, job.triggered_by) == (JobStatus.QUEUED, Slot.NETWORK, 10, "schedule")
    assert job.payload == {"what": ["é", 1]}
    assert job.created_at == datetime.fromtimestamp(START, UTC)
    assert (job.attempts, job.owner, job.cursor, job.result) == (0, None, None, None)


def test_a_claimed_job_runs_and_is_invisible_to_other_workers(store: AnyStore, clock: ManualClock) -> None:
    job = put(store)
    clock.pass_time(5)
    mine = claimed(store)
    assert (mine.id, mine.status, mine.owner, mine.attempts) == (job.id, JobStatus.RUNNING, "me", 1)
    assert mine.started_at == datetime.fromtimestamp(START + 5, UTC)
    assert claim(store, "you") is None


def test_the_smaller_priority_is_first_and_of_one_priority_the_oldest(store: AnyStore) -> None:
    jobs = [put(store, priority=priority) for priority in (100, 50, 0, 50, 10)]
    order = []
    while (job := claim(store, light=9)) is not None:
        order.append(job.id)
    assert order == [jobs[index].id for index in (2, 4, 1, 3, 0)]


def test_a_job_that_has_waited_passes_better_ones_that_come_a_minute_a_point_later(
    store: AnyStore, clock: ManualClock
) -> None:
    low = put(store, priority=100)
    clock.pass_time(49 * 60)
    normal = put(store, priority=50)
    clock.pass_time(2 * 60)
    put(store, priority=50)
    assert [claimed(store).id, claimed(store).id] == [normal.id, low.id]


def test_jobs_of_a_kind_of_slot_run_only_as_many_at_once_as_it_has(store: AnyStore) -> None:
    for _ in range(4):
        put(store, "detect", slot=Slot.GPU)
    light = put(store)
    first, second = claimed(store, "me"), claimed(store, "you")
    assert (first.slot, second.id) == (Slot.GPU, light.id)
    assert claim(store, "you") is None
    assert claim(store, "you", gpu=2) is not None
    assert store.counts().used == {Slot.GPU: 2, Slot.CPU_HEAVY: 0, Slot.NETWORK: 0, Slot.LIGHT: 1}
    store.finish(first.claim, DONE)
    assert claim(store) is None, "one still runs, and one is the limit"


def test_only_kinds_that_the_worker_knows_are_claimed(store: AnyStore) -> None:
    put(store, "from_a_later_version")
    assert claim(store) is None


def test_of_an_exclusive_kind_a_second_submit_gives_the_active_job(store: AnyStore) -> None:
    first = put(store, dedupe_key="look")
    put(store, "tidy", dedupe_key="tidy")
    for _ in range(2):
        again, is_new = store.submit(new_job(dedupe_key="look"))
        assert (again.id, is_new) == (first.id, False)
        claim(store)
    store.finish(got(store, first).claim, DONE)
    assert put(store, dedupe_key="look").id != first.id


def test_a_moment_that_a_clock_set_back_put_out_of_reach_has_come(store: AnyStore, clock: ManualClock) -> None:
    put(store)
    store.finish(claimed(store).claim, Outcome(JobStatus.PENDING, not_before=clock.wall() + 60))
    clock.set_wall(-3 * 86400)
    assert claim(store) is not None


def test_a_job_that_cannot_run_yet_does_not_hold_up_those_behind_it(store: AnyStore) -> None:
    put(store)
    mine = claimed(store)
    store.request_stop(mine.id)
    store.request_stop(mine.id)
    store.retry(mine.id)
    other = put(store, priority=100)
    assert claimed(store).id == other.id


def test_jobs_that_came_before_the_clock_was_set_back_are_not_passed_by_later_ones(
    store: AnyStore, clock: ManualClock
) -> None:
    early = [put(store, priority=priority) for priority in (100, 50)]
    clock.set_wall(-5 * 3600)
    clock.__init__(clock.wall_now)  # type: ignore[misc]  # another process, which saw the clock as it is now only
    store.take_over("me")
    late = put(store, priority=50)
    assert [claimed(store).id for _ in range(3)] == [early[1].id, late.id, early[0].id]


def test_a_low_job_lets_only_those_pass_that_come_within_100_minutes_of_it(
    store: AnyStore, clock: ManualClock
) -> None:
    low = put(store, "detect", slot=Slot.GPU, priority=100)
    latest = 0.0
    for turn in range(400):  # more comes than can be done
        for priority in (0, (0, 10, 50)[turn % 3]):
            put(store, "detect", slot=Slot.GPU, priority=priority)
        job = claimed(store)
        if job.id == low.id:
            break
        latest = max(latest, (job.created_at - low.created_at).total_seconds())
        clock.pass_time(60)
        store.finish(job.claim, DONE)
    else:
        pytest.fail("it never ran")
    assert latest <= 100 * 60
