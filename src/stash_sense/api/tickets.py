"""Tickets: words that open one event socket once and soon, for pages, whose sockets cannot carry the token."""

import secrets
import time
from collections.abc import Callable

TICKET_SECONDS = 30.0
_MOST = 1_000
"""Tickets that may be open at once; above that the oldest ones go."""


class Tickets:
    """Gives tickets out and takes them back; used by the event loop's thread alone.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: dict[str, float] = {}

    def issue(self) -> str:
        """Return a new ticket, good for `TICKET_SECONDS`."""
        now = self._clock()
        for ticket in [ticket for ticket, end in self._open.items() if end <= now]:
            del self._open[ticket]
        while len(self._open) >= _MOST:
            del self._open[next(iter(self._open))]
        ticket = secrets.token_urlsafe(32)
        self._open[ticket] = now + TICKET_SECONDS
        return ticket

    def redeem(self, ticket: str) -> bool:
        """Use a ticket up; true only the first time and in time."""
        # To look a word of 256 random bits up in a table tells nobody another one.
        end = self._open.pop(ticket, None)
        return end is not None and self._clock() < end

    def clear(self) -> None:
        """Let no ticket open anything any more."""
        self._open.clear()
