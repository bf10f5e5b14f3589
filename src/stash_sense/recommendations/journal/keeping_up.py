"""Settling what is open in the journal whenever Stash can be used again, while the service runs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from stash_sense.errors import StashSenseError

_LOOK_SECONDS = 2.0
_LOG = logging.getLogger(__name__)


async def keep_up(
    settle: Callable[[], Awaitable[object]],
    usable_since: Callable[[], datetime | None],
    until_usable: Callable[[], Awaitable[None]],
    every: float = _LOOK_SECONDS,
) -> None:
    """Settle once for each time that Stash comes back, until it is cancelled.

    Args:
        settle: settles everything.
        usable_since: when Stash came back the last time.
        until_usable: waits for it.
        every: seconds between two looks.
    """
    done: datetime | None = None
    while True:
        await until_usable()
        since = usable_since()
        if since != done:
            try:
                await settle()
                done = since
            except StashSenseError as error:
                _LOG.warning("open writes are not settled", extra={"code": error.code, "reason": str(error)})
        await asyncio.sleep(every)
