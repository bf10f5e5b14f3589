import pytest

from stash_sense.errors import ConnectionLost, DiskFull, TooManyRequests
from stash_sense.jobs.pace import Pace
from stash_sense.jobs.retries import RetryPolicy
from stash_sense.jobs.store import Report


class Ticks:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_rate_is_that_of_the_last_minute() -> None:
    ticks = Ticks()
    pace, rates = Pace(ticks), []
    done = 0
    for second in range(300):
        ticks.now = float(second)
        done += 10 if second < 150 else 2
        rates.append(pace.rate(Report("read", done, 10_000)))
    assert rates[0] is None
    assert rates[100] == pytest.approx(10)
    assert rates[-1] == pytest.approx(2)
    assert Pace.eta(Report("read", 9_000, 10_000), 2.0) == 500


def test_a_new_phase_or_a_step_back_begins_anew() -> None:
    ticks = Ticks()
    pace = Pace(ticks)
    pace.rate(Report("read", 0))
    ticks.now = 10.0
    assert pace.rate(Report("read", 100)) == 10
    assert pace.rate(Report("write", 0)) is None
    ticks.now = 20.0
    assert pace.rate(Report("write", 20)) == 2
    assert pace.rate(Report("write", 5)) is None


@pytest.mark.parametrize(
    ("report", "rate"), [(Report("read", 1), 2.0), (Report("read", 1, 9), None), (Report("", 1, 9), 0.0)]
)
def test_without_a_total_or_a_rate_nobody_knows_when_it_is_done(report: Report, rate: float | None) -> None:
    assert Pace.eta(report, rate) is None


def test_retries_wait_longer_each_time_and_end() -> None:
    policy = RetryPolicy(max_attempts=6, first_seconds=10, factor=4, longest_seconds=1000)
    lost = ConnectionLost(address="https://example.org", reason="reset")
    assert [policy.pause_after(lost, failures) for failures in range(1, 7)] == [10, 40, 160, 640, 1000, None]


def test_what_does_not_pass_is_not_retried() -> None:
    assert RetryPolicy().pause_after(DiskFull(path="/data"), 1) is None
    assert RetryPolicy(max_attempts=1).pause_after(ConnectionLost(address="x", reason="y"), 1) is None


def test_a_server_that_says_how_long_to_wait_is_heeded() -> None:
    assert RetryPolicy().pause_after(TooManyRequests(address="https://example.org", wait=300), 1) == 300
