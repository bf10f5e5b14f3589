"""Plays the faults of `COMMON`: in place of an answer, or upon it."""

import asyncio
import socket
import struct
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stash_sense.fakes.graphql.faults import COMMON, Fault

OVER_HTTP = tuple(COMMON)
OVER_A_SOCKET = ("slow", "silent", "html", "elsewhere")
"""Faults that a request for a WebSocket can meet."""

_PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"
_BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
_CHUNK = b" " * 65536
_TRICKLE = b'{"data":' + b" " * 4000
_BETWEEN_BYTES = 0.2
"""Seconds."""
_TORN_AFTER = 10
"""Bytes: less than any answer has."""


async def play(fault: Fault, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request as a fault has it.

    Args:
        fault: of `COMMON`.
        app: would answer well.
        scope: of the request.
        receive: of the server itself, whose connection may be broken off.
        send: the same.
    """
    match fault.kind:
        case "slow":
            await asyncio.sleep(fault.seconds)
            await app(scope, receive, send)
        case "reset":
            await app(scope, receive, _cut(fault.after, receive, send))
        case "torn":
            await app(scope, receive, _cut(fault.after or _TORN_AFTER, receive, send))
        case "silent":
            await _until_gone(receive)
        case "trickling":
            await _trickle(send)
        case "large":
            await _endless(receive, send)
        case _:
            await refuse(_in_place(fault), scope, receive, send)


def too_many(retry_after: str | None) -> Response:
    """Return the answer to who asks too often."""
    headers = {} if retry_after is None else {"retry-after": retry_after}
    return JSONResponse({"errors": [{"message": "Too Many Attempts."}]}, 429, headers)


async def refuse(answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send an answer, to a request for a WebSocket too."""
    if scope["type"] != "websocket":
        return await answer(scope, receive, send)
    start = {"type": "websocket.http.response.start", "status": answer.status_code, "headers": answer.raw_headers}
    await send(start)
    return await send({"type": "websocket.http.response.body", "body": answer.body})


def _in_place(fault: Fault) -> Response:
    match fault.kind:
        case "html":
            return HTMLResponse(_PAGE)
        case "garbage":
            return Response('{"data":{"me"', media_type="application/json")
        case "broken":
            return HTMLResponse(_BAD_GATEWAY, 502)
        case "elsewhere":
            return RedirectResponse("http://elsewhere.invalid/graphql", 302)
        case "429":
            return too_many(fault.retry_after)
    raise ValueError(f"nobody plays {fault.kind}")


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
        pass


async def _begin(send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})


async def _trickle(send: Send) -> None:
    await _begin(send)
    for byte in _TRICKLE:
        await send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
        await asyncio.sleep(_BETWEEN_BYTES)


async def _endless(receive: Receive, send: Send) -> None:
    await _begin(send)
    gone = asyncio.ensure_future(_until_gone(receive))
    try:
        while not gone.done():
            await send({"type": "http.response.body", "body": _CHUNK, "more_body": True})
            await asyncio.sleep(0)
    finally:
        gone.cancel()


def _cut(after: int, receive: Receive, send: Send) -> Send:
    """Return what sends no more than the beginning of an answer and then breaks the connection off."""
    left = after

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
        elif after or message["type"] != "http.response.start":
            await send(message)

    return cut


def _break_off(receive: Any) -> None:
    """Close the connection as a crashed machine would: at once, with what is still to be sent."""
    transport = receive.__self__.transport
    if transport.is_closing():  # the client was faster
        return
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
