"""Scans and jobs are heard of by a subscription, and by asking where there is none or it broke."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from stash_sense.connection.listening import Listening, ListeningPace, Manner
from stash_sense.connection.news import JobEnded, ListeningBegan, Newsroom, ScanFinished, StashNews
from stash_sense.connection.watching import Pace, Watcher
from stash_sense.errors import StashConnectionLost, StashUnreachable
from stash_sense.library.server import JobState, ServerJob, ServerState, ServerStatus

ADDRESS = "http://127.0.0.1:9999"
STATE = ServerState(ADDRESS, "v0.30.1", 75, ServerStatus.OK, "linux")
LOST = StashConnectionLost(address=ADDRESS, reason="it offers no WebSocket: status 404")
DOWN = StashUnreachable(address=ADDRESS, reason="Connection refused")


def job(id_: str, state: JobState = JobState.RUNNING, description: str = "Scanning...") -> ServerJob:
    return ServerJob(id_, state, description, None, (), "", datetime(2026, 11, 23, tzinfo=UTC))


class Stash:
    """Its subscription, its queue, and whether it can be used, as told."""

    def __init__(self) -> None:
        self.news: list[StashNews] = []
        self.up: bool = True
        self.queues: list[Sequence[ServerJob] | Exception] = [()]
        self.finished: dict[str, ServerJob] = {}
        self.subscriptions: list[Sequence[StashNews]] = []
        """What each tells before it is lost; when there are no more, there is none at all."""
        self.tries = 0
        self.slept: list[float] = []

    async def ready(self) -> ServerState:
        if not self.up:
            raise DOWN
        return STATE

    async def listen(self, hear: Callable[[StashNews], None]) -> None:
        self.tries += 1
        if self.subscriptions:
            for news in self.subscriptions.pop(0):
                hear(news)
        raise LOST

    async def jobs(self) -> tuple[ServerJob, ...]:
        queue = self.queues.pop(0) if len(self.queues) > 1 else self.queues[0]
        if isinstance(queue, Exception):
            raise queue
        return tuple(queue)

    async def job(self, id_: str) -> ServerJob | None:
        return self.finished.get(id_)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    def listened(self, until: Callable[["Stash"], Any], pace: ListeningPace | None = None) -> Listening:
        async def run() -> Listening:
            watcher = Watcher(ADDRESS, self.ready, Pace(0.001, 0.001, 0.001))
            jobs: Any = self
            listening = Listening(watcher, self, jobs, self.news.append, pace, self.sleep, chance=lambda: 1.0)
            tasks = [asyncio.create_task(work()) for work in (watcher.run, listening.run)]
            try:
                async with asyncio.timeout(60):
                    while not until(self):
                        await asyncio.sleep(0)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            return listening

        return asyncio.run(run())


@pytest.fixture
def stash() -> Stash:
    return Stash()


def test_what_a_subscription_tells_is_told(stash: Stash) -> None:
    told: list[StashNews] = [ListeningBegan(), ScanFinished(), JobEnded("2", "Scanning...", JobState.FINISHED)]
    stash.subscriptions = [told]
    stash.listened(lambda stash: stash.tries == 1 and len(stash.news) >= 3)
    assert stash.news[:3] == told


def test_a_subscription_that_had_worked_is_renewed_after_a_breath(stash: Stash) -> None:
    stash.subscriptions = [[ListeningBegan()]] * 3
    stash.listened(lambda stash: stash.tries == 3)
    assert stash.slept[:2] == [1.0, 1.0]
    assert stash.news.count(ListeningBegan()) == 3


def test_where_there_is_no_subscription_the_queue_is_asked(stash: Stash) -> None:
    stash.queues = [[job("1", description="Generating...")], [job("2")], []]
    stash.finished = {"1": job("1", JobState.CANCELLED)}
    stash.listened(lambda stash: len(stash.news) >= 4)
    assert stash.news == [
        ListeningBegan(),
        JobEnded("1", "Generating...", JobState.CANCELLED),
        ScanFinished(),  # it is forgotten, so nobody knows: better looked at in vain
        JobEnded("2", "Scanning...", None),
    ]
    assert stash.slept[0] == ListeningPace().poll


def test_a_scan_that_was_stopped_is_no_finished_scan(stash: Stash) -> None:
    stash.queues = [[job("1")], [job("1", JobState.STOPPING)], [job("1", JobState.CANCELLED)], []]
    stash.listened(lambda stash: len(stash.slept) > 6)
    assert stash.news == [ListeningBegan(), JobEnded("1", "Scanning...", JobState.CANCELLED)]


def test_a_job_that_began_and_ended_between_two_looks_is_seen_where_the_queue_shows_it(stash: Stash) -> None:
    stash.queues = [[], [job("5", JobState.FINISHED)], [job("5", JobState.FINISHED)], []]
    stash.listened(lambda stash: len(stash.slept) > 6)
    assert stash.news == [ListeningBegan(), ScanFinished(), JobEnded("5", "Scanning...", JobState.FINISHED)]


def test_the_subscription_is_tried_again_now_and_then(stash: Stash) -> None:
    pace = ListeningPace(resubscribe=0.0)
    stash.listened(lambda stash: stash.tries >= 3, pace)


def test_while_stash_is_away_nothing_is_asked_of_it(stash: Stash) -> None:
    """It goes away under the first look at its queue, and comes back later."""
    stash.queues = [DOWN]

    def goes_on(stash: Stash) -> bool:
        if stash.tries == 1 and not stash.slept:
            stash.up = False
            stash.slept.append(0.0)
        elif not stash.up:
            assert stash.tries <= 2
            stash.queues, stash.up = [()], True
        return ListeningBegan() in stash.news

    listening = stash.listened(goes_on)
    assert listening.manner is Manner.NOT  # it has been stopped


def test_news_is_told_to_all_who_follow_it_and_kept_for_a_while(caplog: pytest.LogCaptureFixture) -> None:
    def fails(_: StashNews) -> None:
        raise RuntimeError("no")

    room, heard = Newsroom(), list[StashNews]()
    room.follow(fails)
    leave = room.follow(heard.append)
    room.tell(ScanFinished())
    leave()
    for number in range(60):
        room.tell(JobEnded(str(number), "", None))
    assert heard == [ScanFinished()]
    assert len(room.latest()) == 50
    assert room.latest()[-1].news == JobEnded("59", "", None)
    assert "news of Stash was not heard" in caplog.text
