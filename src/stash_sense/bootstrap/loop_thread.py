"""An event loop on a thread of its own: what is asynchronous lives there, and other threads call it."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future, wait
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
        self._portal: BlockingPortal | None = None
        self._thread: threading.Thread | None = None

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
                begun: Future[BlockingPortal] = Future()
                self._thread = threading.Thread(target=_run, args=(begun,), name=self._name, daemon=True)
                self._thread.start()
                self._portal = begun.result()
            return self._portal.start_task_soon(work)

    def close(self) -> None:
        """Stop all work and end the thread; what comes later begins anew.

        A process may also end without it. That is why the loop is not begun by `start_blocking_portal`: its `with`
        block, where nobody leaves it, is left by the interpreter at its own end, and then waits for ever for a
        thread that is gone.
        """
        with self._lock:
            if self._portal is not None and self._thread is not None:
                portal, self._portal = self._portal, None
                portal.call(portal.stop, True)
                self._thread.join()


def _run(begun: Future[BlockingPortal]) -> None:
    """Run a loop until its portal is stopped."""
    import anyio
    from anyio.from_thread import BlockingPortal

    async def stay() -> None:
        async with BlockingPortal() as portal:
            begun.set_result(portal)
            await portal.sleep_until_stopped()

    try:
        anyio.run(stay)
    except BaseException as error:
        if begun.done():
            raise
        begun.set_exception(error)
