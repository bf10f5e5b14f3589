"""How something heavy is loaded and unloaded, and what can be seen of it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


def _no_more_than_dropped(_: object) -> None:
    """Unload by dropping the last reference alone."""


@dataclass(frozen=True, slots=True)
class Resource(Generic[T]):
    """Something heavy.

    Attributes:
        name: what it is, for people: it stands in errors and in the status.
        load: makes it; runs on the thread of whoever needs it first, and may require other resources.
        unload: called with it before the last reference is dropped; where dropping is enough there is none.
        bytes_of: how much memory it takes, asked once after loading; None where that is not known.
    """

    name: str
    load: Callable[[], T]
    unload: Callable[[T], None] = _no_more_than_dropped
    bytes_of: Callable[[T], int] | None = None


class ResourceState(StrEnum):
    """What can be said of a resource at one moment."""

    UNLOADED = "unloaded"
    LOADING = "loading"
    LOADED = "loaded"
    UNLOADING = "unloading"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ResourceStatus:
    """What can be seen of a resource.

    Attributes:
        name: of the resource.
        state: failed means that the last load or unload did; the next use tries again.
        registered: false of one that was deregistered and goes when its last user leaves.
        users: how many use it now or wait for it.
        loaded_for: seconds since it was loaded; None when it is not.
        idle_for: seconds since the last user left, 0 while there are users; None when it is not loaded.
        bytes: memory it takes; None when it is not loaded or that is not known.
        last_error: why the last load or unload failed; empty when it did not.
    """

    name: str
    state: ResourceState
    registered: bool
    users: int
    loaded_for: float | None
    idle_for: float | None
    bytes: int | None
    last_error: str
