"""Whether the stash-box endpoints that are set up in Stash can be used with their keys."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from stash_sense.connection.words import Words, words_of
from stash_sense.errors import StashBoxError, StashBoxTimedOut
from stash_sense.library.server import StashBoxEndpoint
from stash_sense.stashbox.ports import StashBox

_LONGEST = 15.0
"""Seconds for which one endpoint is waited for; they are asked side by side."""


@dataclass(frozen=True, slots=True)
class BoxStanding:
    """What came of asking an endpoint whose key it is: `account` is that name, empty where `error` says why not."""

    box: StashBoxEndpoint
    account: str = ""
    error: StashBoxError | None = None

    @property
    def words(self) -> Words:
        """What is wrong, and what to do about it; all empty where nothing is."""
        return Words("", "", "") if self.error is None else words_of(self.error)


async def check_boxes(
    endpoints: Iterable[StashBoxEndpoint], client_of: Callable[[str], StashBox]
) -> tuple[BoxStanding, ...]:
    """Ask each endpoint once; takes 15 s at most, and raises nothing for an endpoint that cannot be used."""

    async def check(box: StashBoxEndpoint) -> BoxStanding:
        try:
            async with asyncio.timeout(_LONGEST):
                return BoxStanding(box, (await client_of(box.endpoint).account()).name)
        except TimeoutError:
            error = StashBoxTimedOut(endpoint=box.endpoint, seconds=f"{_LONGEST:g}", operation="me")
            return BoxStanding(box, error=error)
        except StashBoxError as error:
            return BoxStanding(box, error=error)

    return tuple(await asyncio.gather(*map(check, endpoints)))
