"""Stash is asked soon while it cannot be used, and now and then while it can."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from stash_sense.connection.watching import Pace, Watcher
from stash_sense.errors import StashKeyWrong, StashTimedOut, StashUnreachable
from stash_sense.library.server import ServerState, ServerStatus

ADDRESS = "http://127.0.0.1:9999"
STATE = ServerState(ADDRESS, "v0.30.1", 75, ServerStatus.OK, "linux")
AT_ONCE = Pace(first=0.001, longest=0.002, usable=0.001, patience=30)
NEVER_AGAIN = Pace(first=3600, longest=3600, usable=3600, patience=30)


class Answers:
    """Answers in turn; the last one for ever."""

    def __init__(self, *answers: ServerState | Exception) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self) -> ServerState:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def minutes() -> Callable[[], datetime]:
    passed = count()
    return lambda: datetime(2026, 11, 23, tzinfo=UTC) + timedelta(minutes=next(passed))


def watched(watcher: Watcher, during: Coroutine[Any, Any, None]) -> None:
    async def run() -> None:
        watching = asyncio.create_task(watcher.run())
        try:
            async with asyncio.timeout(60):
                await during
        finally:
            watching.cancel()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("failures", "least", "most"),
    [(0, 60, 60), (1, 1, 2), (2, 2, 4), (3, 4, 8), (5, 16, 32), (6, 30, 60), (1000, 30, 60)],
)
def test_pauses_grow_from_2_to_60_seconds_and_differ_by_chance(failures: int, least: float, most: float) -> None:
    pace = Pace()
    assert (pace.after(failures, 0.0), pace.after(failures, 1.0)) == (least, most)


def test_before_the_first_answer_nobody_knows() -> None:
    standing = Watcher(ADDRESS, Answers(STATE)).standing
    assert not standing.is_usable
    assert standing.since is None
    assert standing.words.reason == f"Stash at {ADDRESS} was not asked yet"


def test_it_is_asked_again_until_it_can_be_used() -> None:
    down = StashUnreachable(address=ADDRESS, reason="Connection refused")
    answers = Answers(down, down, down, STATE)
    watcher = Watcher(ADDRESS, answers, AT_ONCE)
    watched(watcher, watcher.until_usable())
    assert answers.asked >= 4
    assert watcher.standing.server == STATE
    assert watcher.standing.words.sentence == ""


def test_who_waits_for_it_waits_again_when_it_is_lost() -> None:
    down = StashUnreachable(address=ADDRESS, reason="Connection refused")

    async def during() -> None:
        await watcher.until_usable()
        answers.answers = [down]
        while watcher.standing.is_usable:
            await asyncio.sleep(0)
        waiting = asyncio.create_task(watcher.until_usable())
        await asyncio.sleep(0)
        assert not waiting.done()
        answers.answers = [STATE]
        await waiting

    answers = Answers(STATE)
    watcher = Watcher(ADDRESS, answers, AT_ONCE)
    watched(watcher, during())


def test_what_was_found_is_since_when_it_was_found_first() -> None:
    down = StashUnreachable(address=ADDRESS, reason="Connection refused")
    locked_out = StashKeyWrong(address=ADDRESS)
    watcher = Watcher(ADDRESS, Answers(down, down, locked_out, STATE, STATE), clock=minutes())

    async def look() -> list[int]:
        return [standing.since.minute for _ in range(5) if (standing := await watcher.look()).since]

    assert asyncio.run(look()) == [0, 0, 2, 3, 3]


def test_one_that_never_answers_is_given_up() -> None:
    async def silent() -> ServerState:
        await asyncio.sleep(3600)
        return STATE

    standing = asyncio.run(Watcher(ADDRESS, silent, Pace(patience=0.01)).look())
    assert isinstance(standing.error, StashTimedOut)
    assert "within 0.01 s" in standing.words.reason


def test_who_asks_while_it_is_asked_gets_that_answer() -> None:
    answers = Answers(STATE)
    watcher = Watcher(ADDRESS, answers)

    async def look() -> None:
        await asyncio.gather(*(watcher.look() for _ in range(10)))

    asyncio.run(look())
    assert answers.asked == 1


def test_one_who_gives_up_waiting_takes_the_answer_from_nobody_else() -> None:
    go_on = asyncio.Event()

    async def ready() -> ServerState:
        await go_on.wait()
        return STATE

    watcher = Watcher(ADDRESS, ready)

    async def look() -> bool:
        first, second = (asyncio.create_task(watcher.look()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        go_on.set()
        return (await second).is_usable

    assert asyncio.run(look())


def test_a_look_of_somebody_else_counts() -> None:
    """Not asked again before the time is over: pauses begin with the last look, whoever looked."""
    answers = Answers(StashUnreachable(address=ADDRESS, reason="Connection refused"), STATE)
    watcher = Watcher(ADDRESS, answers, NEVER_AGAIN)

    async def during() -> None:
        while answers.asked == 0:
            await asyncio.sleep(0)
        await watcher.look()
        await watcher.look()
        for _ in range(100):
            await asyncio.sleep(0)

    watched(watcher, during())
    assert answers.asked in (2, 3)
    assert watcher.standing.is_usable
