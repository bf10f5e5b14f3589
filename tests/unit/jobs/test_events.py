"""What watchers are told of jobs, and how fast."""

import threading
from itertools import pairwise

import pytest
from tests.queue_files import PATIENCE, START

from stash_sense.jobs.events import PER_SECOND, REMEMBERED, EventHub, ProgressEvent
from stash_sense.jobs.job import JobStatus


class Told:
    """A hub on a clock that is set by hand."""

    def __init__(self, wall: float = START) -> None:
        self.now = 0.0
        self.hub = EventHub(lambda: self.now, lambda: wall + self.now)

    def tell(self, job: int = 1, status: JobStatus = JobStatus.RUNNING, done: int = 0, attempt: int = 1) -> None:
        self.hub.publish(ProgressEvent(0, job, "look", status, attempt, "read", done, 100))


def test_a_watcher_takes_what_is_new_once_and_in_order() -> None:
    told = Told()
    with told.hub.watch() as watcher:
        told.tell(1)
        told.tell(2)
        told.tell(3)
        events = watcher.take()
        assert [event.job_id for event in events] == [1, 2, 3]
        assert all(later.id > earlier.id for earlier, later in pairwise(events))
        assert watcher.take() == []


def test_a_slow_watcher_gets_the_latest_of_each_job() -> None:
    told = Told()
    with told.hub.watch() as watcher:
        for done in range(100):
            told.now += 1
            told.tell(1 + done % 2, done=done)
        assert [(event.job_id, event.done) for event in watcher.take()] == [(1, 98), (2, 99)]


def test_a_job_is_told_of_at_most_four_times_in_any_second_and_the_last_is_not_lost() -> None:
    told = Told()
    moments, last = [], -1
    with told.hub.watch() as watcher:
        for step in range(1000):  # 100 reports a second for 5 s, then silence
            told.now = step / 100
            if step < 500:
                told.tell(done=step)
            for event in watcher.take():
                moments.append(told.now)
                last = event.done
    for index, moment in enumerate(moments[PER_SECOND:]):
        assert moment - moments[index] >= 1.0 - 1e-9
        assert moments[index + 1] - moments[index] > 0.2, "evenly, so that a bar moves and does not jump"
    assert len(moments) >= PER_SECOND * 5
    assert last == 499


def test_another_state_is_told_at_once_and_still_at_most_four_times_a_second() -> None:
    told = Told()
    states = [JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.STOPPING, JobStatus.QUEUED, JobStatus.RUNNING]
    with told.hub.watch() as watcher:
        seen = []
        for status in states:
            told.tell(status=status)
            seen += [event.status for event in watcher.take()]
        assert seen == states[:4]
        told.now = 1.0
        assert [event.status for event in watcher.take()] == states[4:]


def test_the_end_of_a_job_is_told_at_once_however_many_came_before() -> None:
    told = Told()
    with told.hub.watch() as watcher:
        for done in range(10):
            told.tell(done=done)
        told.tell(status=JobStatus.COMPLETED, done=100)
        assert [event.status for event in watcher.take()] == [JobStatus.COMPLETED]
        told.now += 10
        assert watcher.take() == [], "what was held back before the end is not told after it"


def test_who_comes_back_with_a_number_gets_what_is_newer() -> None:
    told = Told()
    with told.hub.watch() as watcher:
        told.tell(1)
        watcher.take()
        number = watcher.last_id
    told.tell(2, JobStatus.COMPLETED)
    told.tell(3)
    with told.hub.watch(number) as watcher:
        assert [event.job_id for event in watcher.take()] == [2, 3]
    with told.hub.watch(0) as watcher:
        assert [event.job_id for event in watcher.take()] == [1, 2, 3]
    with told.hub.watch() as watcher:
        assert watcher.take() == []


def test_numbers_grow_over_restarts_and_one_that_was_never_given_gets_everything() -> None:
    before = Told()
    before.tell()
    after = Told(START + 60)
    after.tell()
    with after.hub.watch(before.hub.last_id) as watcher:
        assert len(watcher.take()) == 1
    with after.hub.watch(10**18) as watcher:
        assert len(watcher.take()) == 1


def test_what_a_run_says_after_it_was_ended_from_outside_is_not_told() -> None:
    told = Told()
    with told.hub.watch() as watcher:
        told.tell(status=JobStatus.CANCELLED)
        told.tell(status=JobStatus.STOPPING, done=7)
        assert [event.status for event in watcher.take()] == [JobStatus.CANCELLED]
        told.tell(status=JobStatus.QUEUED)
        told.tell(status=JobStatus.RUNNING, attempt=2)
        assert [event.status for event in watcher.take()] == [JobStatus.RUNNING]


def test_a_job_that_runs_before_it_is_told_to_be_queued_goes_on_running() -> None:
    told = Told()
    told.tell(status=JobStatus.RUNNING, attempt=1)
    told.tell(status=JobStatus.QUEUED, attempt=0)
    latest = told.hub.latest(1)
    assert latest is not None
    assert latest.status is JobStatus.RUNNING


def test_only_so_many_ended_jobs_are_remembered_and_every_active_one() -> None:
    told = Told()
    told.tell(0)
    for job in range(1, REMEMBERED + 101):
        told.tell(job, JobStatus.COMPLETED)
    with told.hub.watch(0) as watcher:
        jobs = [event.job_id for event in watcher.take()]
    assert jobs == [0, *range(101, REMEMBERED + 101)]
    assert told.hub.latest(1) is None


def test_waiting_ends_with_an_event_with_time_or_with_closing() -> None:
    hub = EventHub()
    with hub.watch() as watcher:
        assert watcher.wait(0.01) == []
        teller = threading.Thread(target=hub.publish, args=[ProgressEvent(0, 1, "look", JobStatus.QUEUED)])
        teller.start()
        assert [event.job_id for event in watcher.wait(PATIENCE)] == [1]
        teller.join()
        closer = threading.Thread(target=watcher.close)
        closer.start()
        assert watcher.wait() == []
        closer.join()
    assert hub.watchers == 0


def test_waiting_wakes_for_what_was_held_back() -> None:
    hub, seen = EventHub(), list[int]()
    with hub.watch() as watcher:
        for done in range(3):
            hub.publish(ProgressEvent(0, 1, "look", JobStatus.RUNNING, 1, "read", done))
        while seen[-1:] != [2]:
            seen += [event.done for event in watcher.wait(PATIENCE)]
    assert seen == sorted(seen)


def test_a_watcher_is_told_when_what_is_held_back_is_due() -> None:
    told = Told()
    with told.hub.watch() as watcher:
        assert watcher.due_in() is None
        for done in range(3):
            told.tell(done=done)
        assert [event.done for event in watcher.take()] == [0]
        assert watcher.due_in() == 1.0 / PER_SECOND
        told.now += 1.0 / PER_SECOND
        assert watcher.due_in() == 0.0
        assert [event.done for event in watcher.take()] == [2]
        assert watcher.due_in() is None


def test_a_watcher_without_a_thread_is_called_when_there_may_be_something() -> None:
    told, calls = Told(), []
    with told.hub.watch(notify=lambda: calls.append(1)):
        told.tell()
        told.tell(2)
    told.tell(3)
    assert calls == [1, 1]


def test_many_threads_tell_and_every_watcher_hears_of_every_end() -> None:
    hub, ended = EventHub(), [set[int]() for _ in range(3)]

    def tell(first: int) -> None:
        for job in range(first, first + 50):
            for done in range(5):
                hub.publish(ProgressEvent(0, job, "look", JobStatus.RUNNING, 1, "read", done))
            hub.publish(ProgressEvent(0, job, "look", JobStatus.COMPLETED, 1))

    def watch(seen: set[int], number: int) -> None:
        with hub.watch(number) as watcher:
            while len(seen) < 200:
                seen |= {event.job_id for event in watcher.wait(PATIENCE) if event.status.has_ended}

    watchers = [threading.Thread(target=watch, args=[seen, hub.last_id]) for seen in ended]
    tellers = [threading.Thread(target=tell, args=[first]) for first in range(0, 200, 50)]
    for thread in (*watchers, *tellers):
        thread.start()
    for thread in (*watchers, *tellers):
        thread.join(PATIENCE)
    assert [len(seen) for seen in ended] == [200, 200, 200]


@pytest.mark.parametrize("status", [status for status in JobStatus if status.has_ended])
def test_a_retried_job_is_told_of_again(status: JobStatus) -> None:
    told = Told()
    told.tell(status=status)
    with told.hub.watch() as watcher:
        told.tell(status=JobStatus.QUEUED)
        assert [event.status for event in watcher.take()] == [JobStatus.QUEUED]
