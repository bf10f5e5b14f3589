"""Heavy things that tests can count, and a clock that they hold."""

import threading
from collections.abc import Callable

from stash_sense.errors import StashSenseError
from stash_sense.resources.resource import Resource


class Clock:
    """Stands still unless a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Thing:
    """Something heavy."""

    size = 123


class Maker:
    """Loads and unloads things, and keeps count.

    A load waits until `gate` is set; while `error` is there it raises that.
    """

    def __init__(self, name: str = "thing") -> None:
        self.name = name
        self.loads = 0
        self.unloaded: list[Thing] = []
        self.error: Exception | None = None
        self.unload_error: Exception | None = None
        self.before: Callable[[], object] = lambda: None
        self.loading = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def load(self) -> Thing:
        self.loads += 1
        self.loading.set()
        self.gate.wait()
        self.before()
        if self.error is not None:
            raise self.error
        return Thing()

    def unload(self, thing: Thing) -> None:
        self.unloaded.append(thing)
        if self.unload_error is not None:
            raise self.unload_error

    def resource(self) -> Resource[Thing]:
        return Resource(self.name, self.load, self.unload, lambda thing: thing.size)


class MatrixDamaged(StashSenseError):
    """The matrix {path} is damaged."""

    code = "matrix_damaged"
