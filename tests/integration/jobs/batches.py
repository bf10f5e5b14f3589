"""Jobs whose work is made up."""

import threading
import time
from typing import Any

from tests.queue_files import PATIENCE

from stash_sense.jobs.context import JobContext

Context = JobContext[Any]


class Batches:
    """A job of small batches, which can be held up in the middle of one.

    Args:
        batches: how many; by itself more than there is time for, so that it is at work until it is stopped.
    """

    def __init__(self, batches: int = 1_000_000) -> None:
        self.batches = batches
        self.done: list[int] = []
        self.arrived, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        self.left_by: BaseException | None = None

    def __call__(self, context: Context) -> dict[str, int]:
        try:
            batch = context.cursor or 0
            while batch < self.batches:
                context.progress("read", batch, self.batches)
                self.arrived.set()
                assert self.go_on.wait(PATIENCE)
                time.sleep(0.002)
                self.done.append(batch)
                batch += 1
                context.checkpoint(batch, done=batch, batches=batch)
        except BaseException as error:
            self.left_by = error
            raise
        return {"batches": self.batches}


def nothing(context: Context) -> dict[str, int]:
    """A job that is done at once."""
    return {}
