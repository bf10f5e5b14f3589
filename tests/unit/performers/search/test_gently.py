import os
import sys
import threading

import pytest

from stash_sense.performers.search.gently import gently


def priority() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_it_returns_what_the_work_returns() -> None:
    assert gently(lambda: 7) == 7


def test_it_raises_what_the_work_raises() -> None:
    with pytest.raises(ValueError, match="no luck"):
        gently(lambda: int("no luck"))


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own elsewhere")
def test_only_the_work_steps_back() -> None:
    before = priority()
    assert gently(priority) == min(19, before + 10)
    assert priority() == before
