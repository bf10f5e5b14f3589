"""What the queue is asked for: what it takes, refuses, lists, and forgets."""

import pytest
from pydantic import BaseModel
from tests.integration.jobs.batches import Batches
from tests.queue_files import PATIENCE, AnyStore, ManualClock, ended, kind, service, until

from stash_sense.errors import (
    JobActive,
    JobEnded,
    JobListingInvalid,
    JobNotStoppable,
    JobPayloadInvalid,
    JobTypeBusy,
    JobTypeUnknown,
    JobUnknown,
)
from stash_sense.jobs.job import ACTIVE, JobStatus
from stash_sense.jobs.memory import MemoryJobStore
from stash_sense.operations.composing import compose


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
    assert work.arrived.wait(PATIENCE)
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
