import asyncio

import pytest

from stash_sense.adapters.graphql.retrying import Patience, Retrier


class Passing(Exception):
    """Goes away."""


class Attempts:
    """Fails some times, then gives how often it was tried."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.tried = 0
        self.waits: list[float] = []

    async def work(self) -> int:
        self.tried += 1
        if self.tried <= self.failures:
            raise Passing
        return self.tried

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def run(self, patience: Patience | float | None, jitter: float = 1.0) -> int:
        return asyncio.run(Retrier(self.sleep, lambda: jitter).call(self.work, lambda _: patience))


def test_what_passes_is_tried_again_with_growing_pauses() -> None:
    attempts = Attempts(4)
    assert attempts.run(Patience(attempts=5, first_seconds=0.1, longest_seconds=0.5)) == 5
    assert attempts.waits == [0.1, 0.2, 0.4, 0.5]


def test_pauses_differ_by_chance_by_half() -> None:
    attempts = Attempts(1)
    attempts.run(Patience(attempts=2, first_seconds=0.2), jitter=0.0)
    assert attempts.waits == [0.1]


def test_what_does_not_pass_comes_out_after_the_last_attempt() -> None:
    attempts = Attempts(9)
    with pytest.raises(Passing):
        attempts.run(Patience(attempts=3))
    assert attempts.tried == 3


def test_nothing_is_tried_again_where_that_is_not_safe() -> None:
    attempts = Attempts(1)
    with pytest.raises(Passing):
        attempts.run(None)
    assert attempts.tried == 1


def test_the_wait_that_a_server_asks_for_is_kept() -> None:
    attempts = Attempts(2)
    assert attempts.run(7.0) == 3
    assert attempts.waits == [7.0, 7.0]
