"""What a question meets first: the rate, then the faults, then the server."""

import math

from starlette.types import ASGIApp, Receive, Scope, Send

from stash_sense.fakes.graphql.faults import Faults
from stash_sense.fakes.graphql.playing import OVER_HTTP, play, too_many
from stash_sense.fakes.stashbox.rate import Rate

_QUESTIONS = "/graphql"
"""Pictures are served from elsewhere in the real world, and meet neither rate nor fault."""


class Front:
    """An application in front of another.

    Args:
        app: that answers.
        faults: that are played.

    Attributes:
        rate: how often requests are answered; None for without end.
    """

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults
        self.rate: Rate | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] != _QUESTIONS:
            return await self._app(scope, receive, send)
        wait = self.rate.wait() if self.rate else None
        if wait is not None:
            return await too_many(str(math.ceil(wait)))(scope, receive, send)
        fault = self._faults.take(_QUESTIONS, *OVER_HTTP)
        if fault is None:
            return await self._app(scope, receive, send)
        return await play(fault, self._app, scope, receive, send)
