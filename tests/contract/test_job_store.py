"""What every `JobStore` and `ScheduleStore` does, in memory and in SQLite."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.queue_files import START, AnyStore, ManualClock, new_job, sql_store

from stash_sense.errors import JobTypeBusy
from stash_sense.jobs.job import SLOTS, Job, JobStatus, NewJob, Slot
from stash_sense.jobs.memory import MemoryJobStore
from stash_sense.jobs.schedules import Schedule
from stash_sense.jobs.store import Checkpoint, Outcome, PageQuery, Report

DONE = Outcome(JobStatus.COMPLETED, result={"found": 3})
KINDS = ["look", "fetch", "detect", "tidy"]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Iterator[AnyStore]:
    if request.param == "memory":
        yield MemoryJobStore(clock)
    else:
        with sql_store(tmp_path, clock) as store:
            yield store


def put(store: AnyStore, name: str = "look", **fields: Any) -> Job:
    job, is_new = store.submit(new_job(name, **fields))
    assert is_new
    return job


def claim(store: AnyStore, owner: str = "me", **limits: int) -> Job | None:
    return store.claim(owner, {**SLOTS, **{Slot(name): most for name, most in limits.items()}}, KINDS)


def claimed(store: AnyStore, owner: str = "me") -> Job:
    job = claim(store, owner)
    assert job is not None
    return job


def got(store: AnyStore, job: Job) -> Job:
    found = store.get(job.id)
    assert found is not None
    return found


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


def test_a_checkpoint_keeps_cursor_counters_and_progress(store: AnyStore, clock: ManualClock) -> None:
    put(store)
    mine = claimed(store)
    clock.pass_time(10)
    kept = store.checkpoint(mine.claim, Checkpoint({"last": 7}, Report("read", 7, 20), {"seen": 9}))
    assert kept is not None
    assert (kept.cursor, kept.phase, kept.items_done, kept.items_total) == ({"last": 7}, "read", 7, 20)
    assert kept.counters == {"seen": 9}
    assert kept == got(store, mine)
    assert store.take_over("you") == [], "a checkpoint renews the lease"
    clock.pass_time(10)
    assert store.take_over("you") == []


def test_a_completed_job_has_its_result_and_frees_its_slot(store: AnyStore) -> None:
    put(store, "detect", slot=Slot.GPU)
    done = store.finish(claimed(store).claim, DONE)
    assert done is not None
    assert (done.status, done.result, done.owner) == (JobStatus.COMPLETED, {"found": 3}, None)
    assert done.completed_at == datetime.fromtimestamp(START, UTC)
    put(store, "detect", slot=Slot.GPU)
    assert claim(store) is not None


def test_a_job_that_failed_for_a_passing_reason_waits_for_its_moment(store: AnyStore, clock: ManualClock) -> None:
    put(store)
    again = Outcome(JobStatus.PENDING, None, "too_slow", "It was slow.", not_before=START + 60, failed=True)
    pending = store.finish(claimed(store).claim, again)
    assert pending is not None
    assert (pending.status, pending.failures, pending.error_message) == (JobStatus.PENDING, 1, "It was slow.")
    assert claim(store) is None
    clock.pass_time(61)
    second = claimed(store)
    assert (second.attempts, second.failures, second.not_before) == (2, 1, None)
    kept = store.checkpoint(second.claim, Checkpoint(1, Report()))
    assert kept is not None
    assert kept.failures == 0, "it has come further since"


def test_a_moment_that_a_clock_set_back_put_out_of_reach_has_come(store: AnyStore, clock: ManualClock) -> None:
    put(store)
    store.finish(claimed(store).claim, Outcome(JobStatus.PENDING, not_before=clock.wall() + 60))
    clock.set_wall(-3 * 86400)
    assert claim(store) is not None


def test_a_job_that_is_given_back_keeps_its_cursor_and_its_place(store: AnyStore) -> None:
    put(store)
    mine = claimed(store)
    store.checkpoint(mine.claim, Checkpoint(5, Report("read", 5)))
    put(store)
    back = store.finish(mine.claim, Outcome(JobStatus.QUEUED))
    assert back is not None
    assert (back.status, back.cursor, back.completed_at, back.failures) == (JobStatus.QUEUED, 5, None, 0)
    assert claimed(store).id == mine.id


def test_stopping_a_waiting_job_cancels_it(store: AnyStore) -> None:
    job = put(store)
    stopped = store.request_stop(job.id)
    assert stopped is not None
    assert (stopped.status, stopped.completed_at is not None) == (JobStatus.CANCELLED, True)
    assert claim(store) is None
    assert store.request_stop(job.id) is None


def test_stopping_a_running_job_asks_it_and_it_learns_so_at_its_checkpoint(store: AnyStore) -> None:
    put(store)
    mine = claimed(store)
    stopping = store.request_stop(mine.id)
    assert stopping is not None
    assert (stopping.status, stopping.stop_requested) == (JobStatus.STOPPING, 1)
    assert [job.status for job in store.owned("me")] == [JobStatus.STOPPING]
    kept = store.checkpoint(mine.claim, Checkpoint(3, Report()))
    assert kept is not None
    assert (kept.status, kept.cursor) == (JobStatus.STOPPING, 3)
    ended = store.finish(mine.claim, Outcome(JobStatus.CANCELLED))
    assert ended is not None
    assert (ended.status, ended.cursor) == (JobStatus.CANCELLED, 3)


@pytest.mark.parametrize("wish", [Outcome(JobStatus.QUEUED), Outcome(JobStatus.PENDING, not_before=START + 5)])
def test_a_job_that_was_asked_to_stop_is_cancelled_instead_of_put_back(store: AnyStore, wish: Outcome) -> None:
    put(store)
    mine = claimed(store)
    store.request_stop(mine.id)
    ended = store.finish(mine.claim, wish)
    assert ended is not None
    assert (ended.status, ended.not_before) == (JobStatus.CANCELLED, None)


def test_a_job_that_is_done_before_it_stops_is_completed(store: AnyStore) -> None:
    put(store)
    mine = claimed(store)
    store.request_stop(mine.id)
    assert store.finish(mine.claim, DONE) is not None
    assert got(store, mine).status is JobStatus.COMPLETED


def test_a_forced_job_has_ended_but_holds_its_slot_until_its_thread_ends(store: AnyStore) -> None:
    put(store, "detect", slot=Slot.GPU, dedupe_key="detect")
    mine = claimed(store)
    store.checkpoint(mine.claim, Checkpoint(3, Report()))
    store.request_stop(mine.id)
    forced = store.request_stop(mine.id)
    assert forced is not None
    assert (forced.status, forced.stop_requested, forced.owner) == (JobStatus.CANCELLED, 2, "me")
    following = put(store, "detect", slot=Slot.GPU, dedupe_key="detect")
    assert claim(store, gpu=5) is None, "two of an exclusive kind never run at once"
    assert store.checkpoint(mine.claim, Checkpoint(4, Report())) is None
    assert store.finish(mine.claim, DONE) is None
    assert (got(store, mine).status, got(store, mine).cursor) == (JobStatus.CANCELLED, 3)
    assert claimed(store).id == following.id


def test_a_forced_job_that_is_retried_runs_again_only_when_its_first_thread_has_ended(store: AnyStore) -> None:
    put(store)
    mine = claimed(store)
    store.request_stop(mine.id)
    store.request_stop(mine.id)
    assert store.retry(mine.id) is not None
    assert claim(store) is None
    assert store.checkpoint(mine.claim, Checkpoint(4, Report())) is None
    assert store.finish(mine.claim, DONE) is None
    assert (claimed(store).id, got(store, mine).attempts) == (mine.id, 2)


def test_a_job_that_cannot_run_yet_does_not_hold_up_those_behind_it(store: AnyStore) -> None:
    put(store)
    mine = claimed(store)
    store.request_stop(mine.id)
    store.request_stop(mine.id)
    store.retry(mine.id)
    other = put(store, priority=100)
    assert claimed(store).id == other.id


def test_an_earlier_run_of_a_job_by_the_same_owner_counts_no_more(store: AnyStore) -> None:
    put(store)
    first = claimed(store)
    store.take_over("you", alone=True)
    second = claimed(store)
    assert (first.id, first.owner) == (second.id, second.owner)
    assert store.checkpoint(first.claim, Checkpoint(4, Report())) is None
    assert store.finish(first.claim, DONE) is None
    assert store.checkpoint(second.claim, Checkpoint(5, Report())) is not None


def test_a_retried_job_goes_on_from_its_cursor_or_from_the_start(store: AnyStore) -> None:
    put(store)
    for from_start, cursor in ((False, 5), (True, None)):
        mine = claimed(store)
        store.checkpoint(mine.claim, Checkpoint(5, Report("read", 5, 9), {"seen": 5}))
        store.finish(mine.claim, Outcome(JobStatus.FAILED, None, "disk_full", "Full.", failed=True))
        again = store.retry(mine.id, from_start=from_start)
        assert again is not None
        assert (again.status, again.cursor, again.failures, again.error_code) == (JobStatus.QUEUED, cursor, 0, None)
        assert (again.items_done, again.completed_at) == (0 if from_start else 5, None)
    assert store.retry(mine.id) is None, "it is not ended"
    assert store.retry(999) is None


def test_a_job_of_an_exclusive_kind_is_not_retried_beside_an_active_one(store: AnyStore) -> None:
    first = put(store, dedupe_key="look")
    store.request_stop(first.id)
    second = put(store, dedupe_key="look")
    with pytest.raises(JobTypeBusy) as busy:
        store.retry(first.id)
    assert busy.value.fields["job"] == second.id


def test_an_incremental_job_begins_where_the_last_ended_one_of_its_kind_was(store: AnyStore) -> None:
    put(store, goes_on=True)
    mine = claimed(store)
    assert mine.cursor is None
    store.checkpoint(mine.claim, Checkpoint({"seen": "2026"}, Report()))
    store.finish(mine.claim, DONE)
    assert put(store, goes_on=True).cursor == {"seen": "2026"}
    assert put(store).cursor is None
    assert put(store, "tidy", goes_on=True).cursor is None


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


def test_jobs_that_came_before_the_clock_was_set_back_are_not_passed_by_later_ones(
    store: AnyStore, clock: ManualClock
) -> None:
    early = [put(store, priority=priority) for priority in (100, 50)]
    clock.set_wall(-5 * 3600)
    clock.__init__(clock.wall_now)  # type: ignore[misc]  # another process, which saw the clock as it is now only
    store.take_over("me")
    late = put(store, priority=50)
    assert [claimed(store).id for _ in range(3)] == [early[1].id, late.id, early[0].id]
    clock.pass_time(60)
    put(store, priority=100)


def test_pages_go_from_the_newest_to_the_oldest_without_gap(store: AnyStore) -> None:
    ids = [put(store, ["look", "tidy"][number % 2]).id for number in range(7)]
    for number in ids[:3]:
        store.request_stop(number)
    seen: list[int] = []
    while page := store.page(PageQuery(seen[-1] if seen else None, limit=3)):
        seen += [job.id for job in page]
    assert seen == ids[::-1]
    cancelled = store.page(PageQuery(statuses=[JobStatus.CANCELLED]))
    assert [job.id for job in cancelled] == ids[2::-1]
    both = store.page(PageQuery(statuses=[JobStatus.CANCELLED, JobStatus.RUNNING], types=["tidy"]))
    assert [job.id for job in both] == [ids[1]]
    assert store.counts().by_status[JobStatus.QUEUED] == 4


def test_the_place_of_a_waiting_job_counts_those_of_its_slot_before_it(store: AnyStore) -> None:
    first, second = put(store), put(store)
    put(store, "fetch", slot=Slot.NETWORK)
    urgent = put(store, priority=0)
    assert [store.place(job.id) for job in (urgent, first, second)] == [0, 1, 2]
    mine = claimed(store)
    assert store.place(mine.id) is None
    assert store.place(999) is None


def test_history_is_pruned_by_age_and_never_what_is_active_or_held(store: AnyStore, clock: ManualClock) -> None:
    old, forced, held = put(store), put(store), put(store)
    store.request_stop(old.id)
    claimed(store), claimed(store)
    store.request_stop(forced.id)
    store.request_stop(forced.id)
    clock.pass_time(86400)
    young = put(store)
    store.request_stop(young.id)
    assert store.prune(datetime.fromtimestamp(START + 60, UTC)) == 1
    assert store.get(old.id) is None
    assert store.prune(None) == 1
    assert [job.id for job in store.page(PageQuery())] == [held.id, forced.id]
    assert put(store).id > young.id, "numbers are not given twice"


def test_the_newest_ended_job_of_a_spared_kind_stays(store: AnyStore) -> None:
    jobs = [put(store, name) for name in ("look", "look", "tidy")]
    for job in jobs:
        store.request_stop(job.id)
    assert store.prune(None, spare=["look"]) == 2
    assert [job.id for job in store.page(PageQuery())] == [jobs[1].id]


def test_only_some_states_are_pruned_when_asked(store: AnyStore) -> None:
    job = put(store)
    store.request_stop(job.id)
    assert store.prune(None, [JobStatus.FAILED, JobStatus.QUEUED]) == 0
    assert store.prune(None, [JobStatus.CANCELLED]) == 1


def test_schedules_are_kept_as_they_were_given(store: AnyStore) -> None:
    first = Schedule("look", True, 3600.0, None, "UTC", 60.0, 10, START, START + 3600)
    second = Schedule("fetch", cron="0 3 * * *", timezone="Europe/Berlin")
    store.add_schedule(first)
    store.add_schedule(replace(first, interval_seconds=5.0))
    store.save_schedule(second)
    assert store.schedules() == [second, first]
    store.save_schedule(replace(first, enabled=False))
    assert [schedule.enabled for schedule in store.schedules()] == [False, False]


def test_a_scheduled_run_moves_the_schedule_and_puts_the_job_in_once(store: AnyStore) -> None:
    seen = Schedule("look", True, 3600.0, next_run_at=START)
    moved = replace(seen, last_run_at=START + 1, next_run_at=START + 3601)
    new: NewJob = new_job(dedupe_key="look", triggered_by="schedule")
    store.add_schedule(seen)
    ran = store.run_scheduled(seen, moved, new)
    assert ran is not None
    assert ran[1]
    assert store.schedules() == [moved]
    assert store.run_scheduled(seen, moved, new) is None, "another process was quicker"
    again = store.run_scheduled(moved, replace(moved, next_run_at=START + 7200), new)
    assert again is not None
    assert (again[0].id, again[1]) == (ran[0].id, False), "it is still at work"


def test_a_disabled_schedule_runs_nothing(store: AnyStore) -> None:
    seen = Schedule("look", False, 3600.0, next_run_at=START)
    store.add_schedule(seen)
    assert store.run_scheduled(replace(seen, enabled=True), seen, new_job()) is None
    assert store.counts().by_status[JobStatus.QUEUED] == 0


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
