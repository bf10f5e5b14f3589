import asyncio
import threading
from collections.abc import Sequence

import pytest

from stash_sense.adapters.stashbox.limiter import Limiter, Limiters, SteadyClock
from stash_sense.fakes.stashbox.clock import SimulatedClock


def turns(limiter: Limiter, clock: SimulatedClock, count: int) -> list[float]:
    async def taken() -> list[float]:
        found = []
        for _ in range(count):
            await limiter.turn()
            found.append(clock.now())
        return found

    return asyncio.run(taken())


def most_in_a_minute(moments: Sequence[float]) -> int:
    return max(sum(first <= moment < first + 60.0 for moment in moments) for first in moments)


def test_no_minute_has_more_turns_than_allowed() -> None:
    clock = SimulatedClock()
    assert most_in_a_minute(turns(Limiter(240, clock), clock, 1000)) == 240


def test_the_first_turn_is_given_at_once() -> None:
    clock = SimulatedClock()
    assert turns(Limiter(1, clock), clock, 1) == [0.0]


def test_time_that_passed_unused_saves_nothing_for_later() -> None:
    clock = SimulatedClock()
    limiter = Limiter(60, clock)
    turns(limiter, clock, 1)
    asyncio.run(clock.sleep(1000.0))
    assert turns(limiter, clock, 3) == [1000.0, 1001.0, 1002.0]


def test_jobs_that_ask_at_the_same_time_share_the_turns() -> None:
    clock = SimulatedClock()
    limiter = Limiter(240, clock)
    moments: list[float] = []

    async def job() -> None:
        for _ in range(100):
            await limiter.turn()
            moments.append(clock.now())

    async def jobs() -> None:
        await asyncio.gather(*(job() for _ in range(5)))

    asyncio.run(jobs())
    assert len(moments) == 500
    assert most_in_a_minute(moments) <= 240


def test_jobs_of_several_threads_share_the_turns() -> None:
    limiters = Limiters(SteadyClock())
    given = []

    def job() -> None:
        async def turned() -> None:
            limiter = limiters.of("https://box.example/graphql", 600_000)
            for _ in range(20):
                await limiter.turn()
                given.append(limiter)

        asyncio.run(turned())

    threads = [threading.Thread(target=job) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(given) == 80
    assert len(set(map(id, given))) == 1


def test_nobody_gets_a_turn_while_the_server_wants_to_be_left_alone() -> None:
    clock = SimulatedClock()
    limiter = Limiter(60, clock)
    limiter.hold(30.0)
    assert turns(limiter, clock, 2) == [30.0, 31.0]


def test_a_turn_that_was_promised_before_a_hold_is_given_after_it() -> None:
    clock = SimulatedClock()
    limiter = Limiter(60, clock)
    moments = []

    async def waiting() -> None:
        await limiter.turn()
        moments.append(clock.now())

    async def held() -> None:
        await limiter.turn()
        waits = [asyncio.create_task(waiting()) for _ in range(3)]
        limiter.hold(20.0)
        await asyncio.gather(*waits)

    asyncio.run(held())
    assert min(moments) >= 20.0
    assert most_in_a_minute(moments) == len(set(moments)) == 3


def test_a_shorter_hold_does_not_end_a_longer_one() -> None:
    clock = SimulatedClock()
    limiter = Limiter(60, clock)
    limiter.hold(30.0)
    limiter.hold(1.0)
    assert limiter.held_seconds == 30.0


def test_whoever_stops_waiting_takes_nothing_from_the_others() -> None:
    clock = SimulatedClock()
    limiter = Limiter(60, clock)

    async def abandoned() -> None:
        await limiter.turn()
        wait = asyncio.create_task(limiter.turn())
        await asyncio.sleep(0)
        wait.cancel()
        with pytest.raises(asyncio.CancelledError):
            await wait

    asyncio.run(abandoned())
    assert len(turns(limiter, clock, 3)) == 3


@pytest.mark.parametrize("told", [0, -1])
def test_an_endpoint_without_a_limit_has_that_of_stash(told: int) -> None:
    assert Limiters(SimulatedClock()).of("https://box.example/graphql", told).per_minute == 240


def test_an_endpoint_has_one_limiter_however_its_address_is_written() -> None:
    limiters = Limiters(SimulatedClock())
    one = limiters.of("https://Box.example/graphql", 100)
    assert limiters.of("https://box.example/graphql/", 50) is one
    assert one.per_minute == 50
    assert limiters.of("https://other.example/graphql", 50) is not one
