"""Long work beside requests: on a thread of its own, to which the system gives what others leave of the processor."""

import contextlib
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")

_NICE = 10
"""Steps down in priority: beside one busy thread, a tenth of a core; alone, all of it."""


def gently(work: Callable[[], Result]) -> Result:
    """Return what `work` returns, or raise what it raises.

    On Linux every thread has a priority of its own; elsewhere the work is done as any other. A thread cannot take its
    priority back without rights, so the one that asks keeps out of it.
    """
    with ThreadPoolExecutor(1, "gently", initializer=_step_back) as aside:
        return aside.submit(work).result()


def _step_back() -> None:
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with contextlib.suppress(OSError):  # some sandboxes forbid it
            os.setpriority(os.PRIO_PROCESS, thread, min(19, os.getpriority(os.PRIO_PROCESS, thread) + _NICE))
