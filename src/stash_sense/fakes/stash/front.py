"""What a request meets first: the faults, then the doors, then the server."""

from collections import deque
from typing import Protocol

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from stash_sense.fakes.graphql.faults import Faults
from stash_sense.fakes.graphql.playing import OVER_A_SOCKET, OVER_HTTP, play, refuse
from stash_sense.fakes.stash.doors import Doors, forbidden

_OF_THE_LIBRARY = ("/scene/", "/image/", "/gallery/", "/performer/", "/studio/", "/tag/")


class Fronted(Protocol):
    """What stands behind the front."""

    prefix: str
    status: str
    faults: Faults
    doors: Doors
    requests: deque[tuple[str, str]]


class Front:
    """An application in front of another.

    Args:
        app: that answers.
        server: whose faults and doors there are.
    """

    def __init__(self, app: ASGIApp, server: Fronted) -> None:
        self._app = app
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        scope = self._below_prefix(scope)
        path, server = scope["path"], self._server
        server.requests.append((scope.get("method", "WS"), path))
        if path == "/healthz":
            return await self._app(scope, receive, send)
        fault = server.faults.take(path, "exposed", *(OVER_HTTP if scope["type"] == "http" else OVER_A_SOCKET))
        if fault is None:
            return await self._behind_the_doors(scope, receive, send)
        if fault.kind == "exposed":
            return await refuse(forbidden(), scope, receive, send)
        return await play(fault, self._behind_the_doors, scope, receive, send)

    async def _behind_the_doors(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, server = scope["path"], self._server
        refused = server.doors.refusal(HTTPConnection(scope))
        if refused is not None:
            return await refuse(refused, scope, receive, send)
        status = server.status
        if unready := server.faults.take(path, "setup", "migration"):
            status = "SETUP" if unready.kind == "setup" else "NEEDS_MIGRATION"
        scope = {**scope, "stash.status": status}
        if status != "OK" and path.startswith(_OF_THE_LIBRARY):
            answer = Response(status_code=500, headers={"vary": "Origin"})
            return await answer(scope, receive, send)
        return await self._app(scope, receive, send)

    def _below_prefix(self, scope: Scope) -> Scope:
        prefix = self._server.prefix
        if prefix and f"{scope['path']}/".startswith(f"{prefix}/"):
            return {**scope, "path": scope["path"][len(prefix) :] or "/"}
        return scope
