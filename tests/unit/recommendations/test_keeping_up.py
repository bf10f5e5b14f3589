"""Open writes are settled once for each time that Stash comes back."""

import asyncio
import contextlib
from datetime import UTC, datetime

from stash_sense.errors import StashTimedOut
from stash_sense.recommendations.journal.keeping_up import keep_up


def test_it_settles_when_stash_comes_back_and_tries_again_where_that_fails() -> None:
    settled: list[datetime | None] = []
    moments = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 1, 1, 2, 2)]
    looks: list[int] = []

    async def work() -> None:
        enough = asyncio.Event()

        def since() -> datetime:
            looks.append(len(looks))
            if len(looks) > len(moments):
                enough.set()
            return moments[min(len(looks), len(moments)) - 1]

        async def settle() -> None:
            settled.append(moments[min(len(looks), len(moments)) - 1])
            if len(settled) == 1:
                raise StashTimedOut(address="http://stash", seconds="15")

        async def at_once() -> None:
            return

        task = asyncio.create_task(keep_up(settle, since, at_once, every=0.0))
        await enough.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(work())
    assert settled == [moments[0], moments[1], moments[3]]
