"""What carries frames from several threads leaves none behind that keeps a process alive."""

import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import closing

import pytest

from stash_sense.adapters.video.conveyor import carry
from stash_sense.errors import Cancelled, VideoDamaged
from stash_sense.kernel.cancel import CancelToken

NOBODY_LEAVES = """
from stash_sense.adapters.video.conveyor import carry
from stash_sense.kernel.cancel import CancelToken

def numbers(check):
    for number in range(1000):
        check()
        yield number

carried = carry([numbers, numbers], CancelToken())
next(carried)
raise RuntimeError("nobody closes it")
"""


def numbers(check: Callable[[], None]) -> Generator[int, None, None]:
    for number in range(100):
        check()
        yield number


def broken(check: Callable[[], None]) -> Generator[int, None, None]:
    yield 1
    raise VideoDamaged(path="a.mp4", reason="torn")


def at_work() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("video")}


def test_what_several_threads_give_comes_to_one_place() -> None:
    with closing(carry([numbers, numbers], CancelToken())) as carried:
        assert sorted(carried) == sorted([*range(100)] * 2)
    assert not at_work()


def test_who_leaves_early_leaves_no_thread() -> None:
    with closing(carry([numbers, numbers], CancelToken())) as carried:
        next(carried)
        assert at_work()
    assert not at_work()


def test_an_error_of_a_thread_comes_when_all_is_given() -> None:
    given = list[int]()
    with closing(carry([broken, numbers], CancelToken())) as carried, pytest.raises(VideoDamaged):
        given.extend(carried)
    assert len(given) == 101
    assert not at_work()


def test_cancelling_ends_it() -> None:
    cancel = CancelToken()
    with closing(carry([numbers], cancel)) as carried:
        next(carried)
        cancel.cancel()
        with pytest.raises(Cancelled):
            list(carried)
    assert not at_work()


def test_a_process_ends_although_nobody_leaves_a_video() -> None:
    ended = subprocess.run([sys.executable, "-c", NOBODY_LEAVES], capture_output=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr.endswith(b"RuntimeError: nobody closes it\n")
