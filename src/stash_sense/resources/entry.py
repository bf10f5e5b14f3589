"""What the registry keeps of each resource: what is loaded, who uses it, the load or unload under way."""

import threading
from typing import Generic, TypeVar

from stash_sense.errors import StashSenseError
from stash_sense.kernel.cancel import CancelToken
from stash_sense.resources.resource import Resource, ResourceState, ResourceStatus

T = TypeVar("T")

_LOOK = 0.05
"""Seconds between two looks at whether somebody who waits for a load was asked to stop."""


class Work:
    """A load or an unload under way, and the error that a load ended with."""

    def __init__(self, state: ResourceState) -> None:
        self.state = state
        self.thread = threading.get_ident()
        self.done = threading.Event()
        self.error: StashSenseError | None = None

    def wait(self, cancel: CancelToken | None) -> None:
        """Wait for the end; raises Cancelled as soon as the token is set."""
        while not self.done.wait(None if cancel is None else _LOOK):
            if cancel is not None:
                cancel.raise_if_cancelled()


class Loaded(Generic[T]):
    """What a load gave, the bytes it takes, and the time it was done."""

    def __init__(self, value: T, size: int | None, since: float) -> None:
        self.value = value
        self.size = size
        self.since = since


class Entry(Generic[T]):
    """One resource with all that changes about it; only touched by who holds the registry's lock."""

    def __init__(self, resource: Resource[T]) -> None:
        self.resource = resource
        self.registered = True
        self.users = 0
        self.loaded: Loaded[T] | None = None
        self.work: Work | None = None
        self.last_use = 0.0
        self.last_error = ""

    @property
    def state(self) -> ResourceState:
        """What can be said of it now."""
        if self.work is not None:
            return self.work.state
        if self.loaded is not None:
            return ResourceState.LOADED
        return ResourceState.FAILED if self.last_error else ResourceState.UNLOADED

    @property
    def is_unused(self) -> bool:
        """Whether it is in memory and nobody uses it or waits for it."""
        return self.loaded is not None and self.work is None and self.users == 0

    def status(self, now: float) -> ResourceStatus:
        """Tell what can be seen of it at a time."""
        loaded = self.loaded
        return ResourceStatus(
            name=self.resource.name,
            state=self.state,
            registered=self.registered,
            users=self.users,
            loaded_for=None if loaded is None else now - loaded.since,
            idle_for=None if loaded is None else 0.0 if self.users else now - self.last_use,
            bytes=None if loaded is None else loaded.size,
            last_error=self.last_error,
        )
