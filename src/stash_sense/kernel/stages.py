"""How long each stage of a piece of work took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class StageClock:
    """Adds up wall-clock milliseconds per named stage; a stage entered again adds to what it has."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time until the block ends as time of `name`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            spent = (time.perf_counter() - started) * 1000.0
            self.milliseconds[name] = self.milliseconds.get(name, 0.0) + spent
