"""What becomes of a job that is claimed: kept, ended, stopped, given back or tried again, in memory and in SQLite."""

from datetime import UTC, datetime

import pytest
from tests.contract.jobs.asking import DONE, claim, claimed, got, put
from tests.queue_files import START, AnyStore, ManualClock

from stash_sense.errors import JobTypeBusy
from stash_sense.jobs.job import JobStatus, Slot
from stash_sense.jobs.store import LEASE_SECONDS, Checkpoint, Outcome, Report


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


def test_a_job_that_waits_anew_is_cancelled_and_its_first_thread_is_not_given_up_with_it(
    store: AnyStore, clock: ManualClock
) -> None:
    put(store)
    mine = claimed(store)
    store.request_stop(mine.id)
    store.request_stop(mine.id)
    store.retry(mine.id)
    clock.pass_time(LEASE_SECONDS + 1)  # the thread gives no sign of life
    cancelled = store.request_stop(mine.id)
    assert cancelled is not None
    assert (cancelled.status, cancelled.owner) == (JobStatus.CANCELLED, "me")


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
