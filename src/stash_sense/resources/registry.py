"""The registry: who asks for a resource gets it loaded, once for all who ask, and kept while it is used.

One lock guards the bookkeeping and is never held while something is loaded or unloaded; that is a `Work`, on which
others wait. Whoever would wait for a load that waits for them is refused instead.
"""

import gc
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Generic, TypeVar

from stash_sense.errors import Cancelled, ResourceNeedsItself, ResourceNotLoaded, StashSenseError
from stash_sense.kernel.cancel import CancelToken
from stash_sense.resources.entry import Entry, Loaded, Work
from stash_sense.resources.resource import Resource, ResourceState, ResourceStatus

T = TypeVar("T")

IDLE_SECONDS = 1800.0
"""How long what nobody uses stays loaded, unless the settings say otherwise."""
_LOG = logging.getLogger(__name__)


class Handle(Generic[T]):
    """The way to a registered resource.

    It goes on working after the resource was deregistered, so that whoever has it may finish; what it then loads
    goes as soon as nobody uses it.
    """

    def __init__(self, registry: "ResourceRegistry", entry: Entry[T]) -> None:
        self._registry = registry
        self._entry = entry

    @property
    def name(self) -> str:
        """Name of the resource."""
        return self._entry.resource.name

    @property
    def is_loaded(self) -> bool:
        """Whether it is there for whoever requires it now, without being loaded first."""
        return self._entry.loaded is not None

    def require(self, cancel: CancelToken | None = None) -> AbstractContextManager[T]:
        """Give the resource until the block ends; loads it, or waits for whoever is loading it.

        The block should not let go of it to somewhere that outlives the block: unloading would not free it.

        Args:
            cancel: looked at while waiting for a load on another thread; a load, once begun, is finished.

        Raises:
            StashSenseError: from the loader, to who loads and to all who wait for that load; the next tries again.
            ResourceNotLoaded: in the same way, where the loader raised any other error.
            ResourceNeedsItself: this is called by the resource's own loader, maybe by way of others.
            Cancelled: the token was set.
        """
        return self._registry._use(self._entry, cancel)

    def deregister(self) -> None:
        """Take it out of the registry: unloaded now, or when its last user leaves."""
        self._registry._deregister(self._entry)


class ResourceRegistry:
    """All that is heavy.

    Args:
        idle_seconds: how long what nobody uses stays loaded; may be changed at any time.
        give_back: gives freed memory back to the system after something was unloaded.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        idle_seconds: float = IDLE_SECONDS,
        give_back: Callable[[], object] = gc.collect,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.idle_seconds = idle_seconds
        self._give_back = give_back
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: list[Entry[Any]] = []
        self._waiting: dict[int, Work] = {}
        """What each thread waits for, by its identity."""

    def register(self, resource: Resource[T]) -> Handle[T]:
        """Make a resource known; it is not loaded before somebody requires it.

        Raises:
            ValueError: one of this name is registered.
        """
        entry = Entry(resource)
        with self._lock:
            if any(other.registered and other.resource.name == resource.name for other in self._entries):
                raise ValueError(f"{resource.name} is registered already")
            self._entries.append(entry)
        return Handle(self, entry)

    def status(self) -> list[ResourceStatus]:
        """Tell what can be seen of all resources, in the order in which they were registered."""
        now = self._clock()
        with self._lock:
            return [entry.status(now) for entry in self._entries]

    def unload_idle(self, idle_seconds: float | None = None) -> list[str]:
        """Unload what nobody has used for a while, and return its names; never what is in use.

        An unloader that fails is logged and shown in the status, and what it was called with is dropped all the same.

        Args:
            idle_seconds: how long; without it as long as the registry was told. 0 unloads all that is not in use.
        """
        limit = self.idle_seconds if idle_seconds is None else idle_seconds
        with self._lock:
            entries = list(self._entries)
        unloaded = []
        for entry in entries:
            with self._lock:
                if not entry.is_unused or self._clock() - entry.last_use < limit:
                    continue
                entry.work = Work(ResourceState.UNLOADING)
            self._unload(entry)
            unloaded.append(entry.resource.name)
            self._settle(entry)
        return unloaded

    def close(self) -> None:
        """Deregister everything, the latest first: unloaded now, or when its last user leaves."""
        with self._lock:
            entries = list(reversed(self._entries))
        for entry in entries:
            self._deregister(entry)

    def _deregister(self, entry: Entry[Any]) -> None:
        with self._lock:
            entry.registered = False
        self._settle(entry)

    @contextmanager
    def _use(self, entry: Entry[T], cancel: CancelToken | None) -> Iterator[T]:
        with self._lock:
            entry.users += 1  # from here on nobody unloads it
            if entry not in self._entries:
                self._entries.append(entry)
        try:
            yield self._value(entry, cancel)
        finally:
            with self._lock:
                entry.users -= 1
                entry.last_use = self._clock()
            self._settle(entry)

    def _settle(self, entry: Entry[Any]) -> None:
        """Unload and forget what was deregistered, once nobody uses it."""
        with self._lock:
            if entry.registered or entry.users or entry.work is not None:
                return
            if entry.loaded is None:
                if entry in self._entries:
                    self._entries.remove(entry)
                return
            entry.work = Work(ResourceState.UNLOADING)
        self._unload(entry)
        self._settle(entry)

    def _value(self, entry: Entry[T], cancel: CancelToken | None) -> T:
        """Return what is loaded, by loading it or waiting for it."""
        while True:
            if cancel is not None:
                cancel.raise_if_cancelled()
            with self._lock:
                work = entry.work
                if work is None:
                    if entry.loaded is not None:
                        return entry.loaded.value
                    mine = entry.work = Work(ResourceState.LOADING)
                else:
                    self._refuse_circle(entry, work)
                    self._waiting[threading.get_ident()] = work
            if work is None:
                return self._load(entry, mine)
            try:
                work.wait(cancel)
            finally:
                with self._lock:
                    del self._waiting[threading.get_ident()]
            if work.error is not None:
                # An error of its own for each: one raised on several threads would mix up their tracebacks.
                raise type(work.error)(**work.error.fields) from work.error

    def _refuse_circle(self, entry: Entry[Any], work: Work) -> None:
        """Raise when the work that this thread is about to wait for waits for this thread."""
        next_work: Work | None = work
        while next_work is not None:
            if next_work.thread == threading.get_ident():
                raise ResourceNeedsItself(resource=entry.resource.name)
            next_work = self._waiting.get(next_work.thread)

    def _load(self, entry: Entry[T], work: Work) -> T:
        loaded: Loaded[T] | None = None
        try:
            resource = entry.resource
            value = resource.load()
            loaded = Loaded(value, self._bytes_of(resource, value), self._clock())
            return value
        except Cancelled:
            raise  # the wish of one who loads, not a failure: one of those who wait loads it
        except StashSenseError as error:
            work.error = error
            raise
        except Exception as error:
            work.error = ResourceNotLoaded(resource=entry.resource.name, reason=str(error) or type(error).__name__)
            raise work.error from error
        finally:
            with self._lock:
                entry.loaded, entry.work = loaded, None
                entry.last_error = "" if work.error is None else str(work.error)
                entry.last_use = self._clock()
            work.done.set()

    def _bytes_of(self, resource: Resource[T], value: T) -> int | None:
        """Return how much a value takes; None where nobody knows, which is no reason not to use it."""
        if resource.bytes_of is None:
            return None
        try:
            return resource.bytes_of(value)
        except Exception:  # noqa: BLE001 - it is shown, and needed for nothing else
            _LOG.exception("the size of %s is not known", resource.name)
            return None

    def _unload(self, entry: Entry[Any]) -> None:
        """Unload what this thread has marked as being unloaded; it can be loaded anew when this returns."""
        failed = ""
        try:
            with self._lock:
                loaded, entry.loaded = entry.loaded, None
            try:
                if loaded is not None:
                    entry.resource.unload(loaded.value)
            except Exception as error:  # noqa: BLE001 - nobody who could do anything about it is waiting
                _LOG.exception("%s could not be unloaded", entry.resource.name)
                failed = str(error) or type(error).__name__
            del loaded
            try:
                self._give_back()
            except Exception:  # noqa: BLE001 - as above; what was unloaded is gone all the same
                _LOG.exception("the memory of %s could not be given back", entry.resource.name)
        finally:
            with self._lock:
                work, entry.work = entry.work, None
                entry.last_error = failed
            if work is not None:
                work.done.set()
