import time

import pytest

from stash_sense.kernel.stages import StageClock


def test_a_stage_entered_again_adds_to_what_it_has() -> None:
    clock = StageClock()
    for _ in range(3):
        with clock.stage("reading"):
            time.sleep(0.01)
    assert list(clock.milliseconds) == ["reading"]
    # Sleeping is never shorter than asked for; how much longer is the machine's business.
    assert clock.milliseconds["reading"] >= 30.0


def test_stages_are_counted_apart_and_one_inside_another_in_both() -> None:
    clock = StageClock()
    with clock.stage("total"):
        with clock.stage("reading"):
            time.sleep(0.01)
        with clock.stage("thinking"):
            pass
    assert set(clock.milliseconds) == {"total", "reading", "thinking"}
    assert clock.milliseconds["reading"] >= 10.0
    assert clock.milliseconds["total"] >= clock.milliseconds["reading"] + clock.milliseconds["thinking"]


def test_a_stage_that_fails_is_counted_and_the_error_goes_on() -> None:
    clock = StageClock()
    with pytest.raises(KeyError), clock.stage("reading"):
        raise KeyError
    assert clock.milliseconds["reading"] >= 0.0


def test_two_clocks_know_nothing_of_each_other() -> None:
    first, second = StageClock(), StageClock()
    with first.stage("reading"):
        pass
    assert second.milliseconds == {}
