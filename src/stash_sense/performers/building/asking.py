"""What is asynchronous, asked from threads of a build."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Protocol, TypeVar

from stash_sense.kernel.cancel import CancelToken

T = TypeVar("T")


class Loop(Protocol):
    """An event loop on a thread of its own."""

    def call(self, work: Callable[[], Awaitable[T]], cancel: CancelToken) -> T:
        """Do work on it and wait for what it gives.

        Raises:
            Cancelled: the token was set; the work was stopped.
        """


def one_by_one(loop: Loop, items: AsyncIterator[T], cancel: CancelToken) -> Iterator[T]:
    """Yield what comes on a loop; raises as `items` does, and Cancelled."""
    end = object()

    async def following() -> T | object:
        return await anext(items, end)

    try:
        while (item := loop.call(following, cancel)) is not end:
            yield item  # type: ignore[misc]
    finally:
        close = getattr(items, "aclose", None)
        with contextlib.suppress(RuntimeError):  # it is still being stopped, and ends by that
            if close is not None:
                loop.call(close, CancelToken())
