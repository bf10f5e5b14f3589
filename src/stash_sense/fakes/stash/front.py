"""What a request meets first: the faults, then the doors, then the server."""

import asyncio
import socket
import struct
from typing import Any, Protocol

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stash_sense.fakes.stash.doors import Doors, forbidden
from stash_sense.fakes.stash.faults import Fault, Faults

_PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"
_CHUNK = b" " * 65536
_OF_ALL = ("slow", "silent", "html", "exposed", "elsewhere")
_OF_THE_LIBRARY = ("/scene/", "/image/", "/gallery/", "/performer/", "/studio/", "/tag/")
_OF_HTTP = (*_OF_ALL, "reset", "large")


class Fronted(Protocol):
    """What stands behind the front."""

    prefix: str
    status: str
    faults: Faults
    doors: Doors
    requests: list[tuple[str, str]]


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
        fault = server.faults.take(path, *(_OF_HTTP if scope["type"] == "http" else _OF_ALL))
        if fault is not None:
            if fault.kind in _PLAYED:
                return await _PLAYED[fault.kind](fault, scope, receive, send)
            send = await _spoiled(fault, receive, send)
        refused = server.doors.refusal(HTTPConnection(scope))
        if refused is not None:
            return await _refuse(refused, scope, receive, send)
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
        if prefix and scope["path"].startswith(prefix):
            return {**scope, "path": scope["path"][len(prefix) :] or "/"}
        return scope


async def _refuse(answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "websocket":
        return await answer(scope, receive, send)
    start = {"type": "websocket.http.response.start", "status": answer.status_code, "headers": answer.raw_headers}
    await send(start)
    return await send({"type": "websocket.http.response.body", "body": answer.body})


async def _silent(_fault: Fault, _scope: Scope, receive: Receive, _send: Send) -> None:
    while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
        pass


async def _html(_fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
    await _refuse(HTMLResponse(_PAGE), scope, receive, send)


async def _exposed(_fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
    await _refuse(forbidden(), scope, receive, send)


async def _elsewhere(_fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
    await _refuse(RedirectResponse("http://elsewhere.invalid/graphql", 302), scope, receive, send)


async def _large(_fault: Fault, _scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    gone = asyncio.ensure_future(_silent(_fault, _scope, receive, send))
    while not gone.done():
        await send({"type": "http.response.body", "body": _CHUNK, "more_body": True})
        await asyncio.sleep(0)


_PLAYED = {"silent": _silent, "html": _html, "exposed": _exposed, "elsewhere": _elsewhere, "large": _large}
"""Faults in place of an answer."""


async def _spoiled(fault: Fault, receive: Receive, send: Send) -> Send:
    """Wait, or return what sends no more than the beginning of an answer and then breaks the connection off."""
    if fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
        return send
    left = fault.after

    async def cut(message: Message) -> None:
        nonlocal left
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            if body[:left]:
                await send({**message, "body": body[:left], "more_body": True})
            if len(body) >= left:
                _break_off(receive)
                return
            left -= len(body)
        elif fault.after or message["type"] != "http.response.start":
            await send(message)

    return cut


def _break_off(receive: Any) -> None:
    """Close the connection as a crashed machine would: at once, with what is still to be sent."""
    transport = receive.__self__.transport
    raw = transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
