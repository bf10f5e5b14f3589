"""A scan of what is new, when Stash has looked for new files."""

import threading

from tests.queue_files import until

from stash_sense.connection.news import JobEnded, ListeningBegan, ScanFinished
from stash_sense.errors import StashUnreachable
from stash_sense.scanning.after_stash import AfterStash, Submitted


class Queue:
    """Counts what is submitted, and answers what it is told; QUEUED where nothing is."""

    def __init__(self, *answers: Submitted | StashUnreachable) -> None:
        self.answers = list(answers)
        self.submitted = 0
        self.going_on = threading.Event()
        self.going_on.set()

    def submit(self) -> Submitted:
        self.going_on.wait()
        self.submitted += 1
        answer = self.answers.pop(0) if self.answers else Submitted.QUEUED
        if isinstance(answer, StashUnreachable):
            raise answer
        return answer


def test_a_scan_of_stash_is_followed_by_one_of_ours_where_the_user_wants_that() -> None:
    queue, answers, asked = Queue(), [False, True], threading.Event()

    def is_on() -> bool:
        asked.set()
        return answers.pop(0)

    after = AfterStash(is_on, queue.submit)
    after.hear(ScanFinished())
    asked.wait()
    after.hear(JobEnded("1", "Generating", None))
    assert queue.submitted == 0
    after.hear(ScanFinished())
    until(lambda: queue.submitted == 1)
    after.close()
    assert answers == []


def test_what_was_new_before_is_found_when_the_listening_begins_and_only_then() -> None:
    queue = Queue()
    after = AfterStash(lambda: True, queue.submit)
    after.hear(ListeningBegan())
    until(lambda: queue.submitted == 1)
    after.hear(ListeningBegan())  # it was interrupted
    after.close()
    assert queue.submitted == 1


def test_several_at_once_are_one_and_hearing_waits_for_nothing() -> None:
    queue = Queue()
    queue.going_on.clear()
    after = AfterStash(lambda: True, queue.submit)
    for _ in range(5):
        after.hear(ScanFinished())
    queue.going_on.set()
    until(lambda: queue.submitted >= 1)
    after.close()
    assert queue.submitted <= 2


def test_while_another_scan_runs_it_is_tried_again_until_it_is_in_the_queue() -> None:
    queue = Queue(Submitted.BUSY, Submitted.BUSY)
    after = AfterStash(lambda: True, queue.submit, again=0.001)
    after.hear(ScanFinished())
    until(lambda: queue.submitted == 3)
    after.close()


def test_what_cannot_be_submitted_is_logged_and_the_next_news_are_heard() -> None:
    queue = Queue(StashUnreachable(address="a", reason="b"))
    after = AfterStash(lambda: True, queue.submit)
    after.hear(ScanFinished())
    until(lambda: queue.submitted == 1)
    after.hear(ScanFinished())
    until(lambda: queue.submitted == 2)
    after.close()
    after.hear(ScanFinished())
    assert queue.submitted == 2
