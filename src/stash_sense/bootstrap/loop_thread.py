"""An event loop on a thread of its own: what is asynchronous lives there, and other threads call it."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future, wait
from contextlib import ExitStack
from typing import TYPE_CHECKING, TypeVar

from stash_sense.errors import Cancelled
from stash_sense.kernel.cancel import CancelToken

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

T = TypeVar("T")

_LOOK_SECONDS = 0.1
"""Between two looks at whether the caller wants to stop."""


class LoopThread:
    """The loop; begins with the first call. May be used from any thread but its own.

    Args:
        name: of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._begun = ExitStack()
        self._portal: BlockingPortal | None = None

    def call(self, work: Callable[[], Awaitable[T]], cancel: CancelToken) -> T:
        """Do work on the loop and return what it gives.

        Raises:
            Cancelled: the token was set, or the loop closed; the work was stopped.
        """
        future = self.begin(work)
        try:
            while not wait([future], _LOOK_SECONDS).done:
                cancel.raise_if_cancelled()
            return future.result()
        except CancelledError as error:
            raise Cancelled from error
        finally:
            future.cancel()

    def begin(self, work: Callable[[], Awaitable[T]]) -> Future[T]:
        """Begin work on the loop; cancelling what is returned stops it."""
        with self._lock:
            if self._portal is None:
                from anyio.from_thread import start_blocking_portal

                self._portal = self._begun.enter_context(start_blocking_portal(name=self._name))
            return self._portal.start_task_soon(work)

    def close(self) -> None:
        """Stop all work and end the thread; what comes later begins anew."""
        with self._lock:
            if self._portal is not None:
                portal, self._portal = self._portal, None
                portal.call(portal.stop, True)
                self._begun.close()
