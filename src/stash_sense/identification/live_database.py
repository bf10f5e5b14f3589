"""The performers database in use: every request keeps the version it began with, later ones get the new one."""

import contextlib
import threading
from collections.abc import Callable, Iterator

from stash_sense.errors import DatabaseDamaged, DatabaseMissing, StashSenseError
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.database import PerformersDatabase
from stash_sense.performers.library import InstalledVersion, PerformersLibrary
from stash_sense.resources.registry import Handle, ResourceRegistry
from stash_sense.resources.resource import Resource

Open = Callable[[InstalledVersion], PerformersDatabase]

_ATTEMPTS = 3
"""Versions can be switched and removed between reading which one is in use and opening it."""


class LiveDatabase:
    """Lends out the version in use.

    Another process may switch versions, too: the pointer file is looked at whenever somebody asks. While the new
    version is being opened, which happens on a thread of its own, requests go on to be answered from the old one.

    Args:
        library: of the installed versions.
        open_version: opens one.
        registry: unloads it when nobody has used it for long.
    """

    def __init__(self, library: PerformersLibrary, open_version: Open, registry: ResourceRegistry) -> None:
        self._library = library
        self._open = open_version
        self._registry = registry
        self._alone = threading.Lock()
        self._handle: Handle[PerformersDatabase] | None = None
        self._stamp: tuple[int, int] | None = None
        self._preparing: threading.Thread | None = None
        self._opened = 0

    @contextlib.contextmanager
    def lease(self, cancel: CancelToken | None = None) -> Iterator[PerformersDatabase]:
        """Give the database until the block ends.

        Raises:
            DatabaseMissing: none is installed.
            DatabaseError: it cannot be opened.
            Cancelled: the token was set while waiting for it to be opened.
        """
        with self._current().require(cancel) as database:
            yield database

    def refresh(self) -> None:
        """Open the version that is in use now, and lend it out from here on; raises as `lease` does."""
        for attempt in range(1, _ATTEMPTS + 1):
            stamp = self._library.stamp()
            try:
                self._switch(stamp)
                return
            except DatabaseDamaged:
                if attempt == _ATTEMPTS or self._library.stamp() == stamp:
                    raise

    def close(self) -> None:
        """Let go of everything; waits for an opening that is at work."""
        with self._alone:
            preparing, handle = self._preparing, self._handle
            self._handle = self._stamp = None
        if preparing is not None:
            preparing.join()
        if handle is not None:
            handle.deregister()

    def _current(self) -> Handle[PerformersDatabase]:
        with self._alone:
            handle, stamp = self._handle, self._stamp
        if handle is None:
            self.refresh()
            with self._alone:
                if self._handle is None:
                    raise DatabaseMissing
                return self._handle
        if self._library.stamp() != stamp:
            self._prepare()
        return handle

    def _prepare(self) -> None:
        """Open the new version aside, once, however many ask."""
        with self._alone:
            if self._preparing is not None and self._preparing.is_alive():
                return
            self._preparing = threading.Thread(target=self._try_refresh, name="open-performers", daemon=True)
            self._preparing.start()

    def _try_refresh(self) -> None:
        # What is wrong with the new version, whoever switched to it was told; here the old one goes on to answer.
        with contextlib.suppress(StashSenseError):
            self.refresh()

    def _switch(self, stamp: tuple[int, int]) -> None:
        version = self._library.require()
        with self._alone:
            if self._handle is not None and self._stamp == stamp:
                return
            self._opened += 1
            name = f"performers {version.version} ({self._opened})"
        opener = self._open
        handle = self._registry.register(
            Resource(
                name,
                load=lambda: opener(version),
                unload=PerformersDatabase.close,
                bytes_of=lambda database: database.searched_bytes,
            )
        )
        try:
            with handle.require():
                pass
        except BaseException:
            handle.deregister()
            raise
        with self._alone:
            before, self._handle, self._stamp = self._handle, handle, stamp
        if before is not None:
            before.deregister()
