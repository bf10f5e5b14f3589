"""The performers database in use: every request keeps the version it began with, later ones get the new one."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator

from stash_sense.errors import Cancelled, DatabaseMissing, StashSenseError
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.database import PerformersDatabase
from stash_sense.performers.versions.library import InstalledVersion, PerformersLibrary
from stash_sense.resources.registry import Handle, ResourceRegistry
from stash_sense.resources.resource import Resource

Open = Callable[[InstalledVersion], PerformersDatabase]
Stamp = tuple[int, int]

_ATTEMPTS = 3
"""Versions can be switched and removed between reading which one is in use and opening it."""
_NAP = 0.05
"""Seconds between two looks at whether somebody asked to stop, while another thread opens the database."""
_RETRY = 60.0
"""Seconds after which a version that could not be opened while the old one answers is tried again."""
_PATIENCE = 1.0
"""Seconds that requests wait for a new version, from when its opening began: 370,000 faces take 0.2 s where what
searching needs is there already."""
_LOG = logging.getLogger(__name__)


class LiveDatabase:
    """Lends out the version in use.

    Another process may switch versions, too: the pointer file is looked at whenever somebody asks. The new version is
    opened on a thread of its own; where that takes long, requests go on to be answered from the old one meanwhile.
    From a version that has been removed nobody is answered any more: somebody in it may have been forgotten.

    Args:
        library: of the installed versions.
        open_version: opens one.
        registry: unloads it when nobody has used it for long.
        clock: seconds that only grow.
        patience: seconds that requests wait for a new version.
    """

    def __init__(
        self,
        library: PerformersLibrary,
        open_version: Open,
        registry: ResourceRegistry,
        clock: Callable[[], float] = time.monotonic,
        patience: float = _PATIENCE,
    ) -> None:
        self._library = library
        self._open = open_version
        self._registry = registry
        self._clock = clock
        self._patience = patience
        self._alone = threading.Lock()
        self._opening = threading.Lock()
        """Held while a version is opened: once for all who ask, and never an older one after a newer one."""
        self._handle: Handle[PerformersDatabase] | None = None
        self._stamp: Stamp | None = None
        self._version: InstalledVersion | None = None
        self._preparing: threading.Thread | None = None
        self._began = 0.0
        """When that began."""
        self._failed: tuple[Stamp, float] | None = None
        """Of the last version that could not be prepared: its stamp, and when that was."""
        self._opened = 0

    @contextlib.contextmanager
    def lease(self, cancel: CancelToken | None = None) -> Iterator[PerformersDatabase]:
        """Give the database until the block ends.

        Raises:
            DatabaseMissing: none is installed.
            DatabaseError: it cannot be opened.
            Cancelled: the token was set while waiting for it to be opened.
        """
        with contextlib.ExitStack() as stack:
            yield self._entered(stack, cancel)

    def refresh(self, cancel: CancelToken | None = None) -> None:
        """Open the version that is in use now, and lend it out from here on; raises as `lease` does."""
        with self._opening_alone(cancel):
            for attempt in range(1, _ATTEMPTS + 1):
                stamp = self._library.stamp()
                try:
                    self._switch(stamp, cancel)
                    return
                except Cancelled:
                    raise
                except StashSenseError:
                    if attempt == _ATTEMPTS or self._library.stamp() == stamp:
                        raise

    def follow(self) -> None:
        """Do as `refresh` where a version was lent out before: nothing is opened that nobody has asked for."""
        with self._alone:
            opened = self._handle is not None
        if opened:
            self.refresh()

    def close(self) -> None:
        """Let go of everything; waits for an opening that is at work."""
        with self._alone:
            preparing = self._preparing
        if preparing is not None:
            preparing.join()
        with self._opening:
            with self._alone:
                handle, self._handle, self._stamp, self._version = self._handle, None, None, None
            if handle is not None:
                handle.deregister()

    def _entered(self, stack: contextlib.ExitStack, cancel: CancelToken | None) -> PerformersDatabase:
        for attempt in range(1, _ATTEMPTS + 1):
            handle = self._current(cancel)
            try:
                return stack.enter_context(handle.require(cancel))
            except Cancelled:
                raise
            except StashSenseError:
                # Unloaded meanwhile, and by now removed: there is another one in its place.
                if attempt == _ATTEMPTS or not self._is_outdated(handle):
                    raise
                self.refresh(cancel)
        raise AssertionError("the last attempt returns or raises")

    def _current(self, cancel: CancelToken | None) -> Handle[PerformersDatabase]:
        with self._alone:
            handle, stamp, version = self._handle, self._stamp, self._version
        now = self._library.stamp()
        if handle is not None and now == stamp:
            return handle
        if handle is not None and handle.is_loaded and version is not None and self._library.still_has(version):
            self._prepare(now)
        else:
            self.refresh(cancel)
        with self._alone:
            if self._handle is None:
                raise DatabaseMissing
            return self._handle

    def _is_outdated(self, handle: Handle[PerformersDatabase]) -> bool:
        with self._alone:
            return self._handle is not handle or self._stamp != self._library.stamp()

    @contextlib.contextmanager
    def _opening_alone(self, cancel: CancelToken | None) -> Iterator[None]:
        while not self._opening.acquire(timeout=-1 if cancel is None else _NAP):
            if cancel is not None:
                cancel.raise_if_cancelled()
        try:
            yield
        finally:
            self._opening.release()

    def _prepare(self, stamp: Stamp) -> None:
        """Open the new version aside, once, however many ask, and wait for it if that is soon done."""
        with self._alone:
            preparing, now = self._preparing, self._clock()
            if preparing is None or not preparing.is_alive():
                if self._failed is not None:
                    failed, at = self._failed
                    if failed == stamp and now - at < _RETRY:
                        return
                preparing = threading.Thread(target=self._try_refresh, name="open-performers", daemon=True)
                preparing.start()
                self._preparing, self._began = preparing, now
            left = self._began + self._patience - now
        preparing.join(max(0.0, left))

    def _try_refresh(self) -> None:
        stamp = self._library.stamp()
        try:
            self.refresh()
        except StashSenseError as error:
            # Whoever switched to it was told as well; here the old one goes on to answer.
            _LOG.warning("The performers database stays as it was in this process: %s", error)
            with self._alone:
                self._failed = (stamp, self._clock())

    def _switch(self, stamp: Stamp, cancel: CancelToken | None) -> None:
        with self._alone:
            if self._handle is not None and self._stamp == stamp:
                return
            self._opened += 1
            number = self._opened
        version = self._library.require()
        opener = self._open
        handle = self._registry.register(
            Resource(
                f"performers {version.version} ({number})",
                load=lambda: opener(version),
                unload=PerformersDatabase.close,
                bytes_of=lambda database: database.searched_bytes,
            )
        )
        try:
            with handle.require(cancel):
                pass
        except BaseException:
            handle.deregister()
            raise
        with self._alone:
            before, self._handle, self._stamp, self._version = self._handle, handle, stamp, version
        if before is not None:
            before.deregister()
