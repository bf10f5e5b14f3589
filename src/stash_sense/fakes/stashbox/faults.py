"""Answers as a server in trouble gives them, in place of the right one: for tests of what a client makes of them."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from starlette.types import ASGIApp, Receive, Scope, Send

_JSON, _HTML, _TEXT = "application/json", "text/html; charset=utf-8", "text/plain; charset=utf-8"
_TOO_MANY = b'{"errors":[{"message":"Too Many Attempts."}]}'
_PAGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>"
_BROKEN = b"<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
_LARGE_PIECE = b" " * 1_000_000
_LARGE_PIECES = 1_000
_SLOW_SECONDS = 0.2
_MINUTE = 60.0


class Trouble(StrEnum):
    """What is wrong with an answer."""

    SLOW = "slow"
    """It comes byte by byte, five a second."""
    SILENT = "silent"
    """It never comes."""
    RESET = "reset"
    """The connection is cut before it."""
    TORN = "torn"
    """The connection is cut in the middle of it."""
    HTML = "html"
    """A page for people, as a gateway shows before it lets anybody in."""
    GARBAGE = "garbage"
    """It calls itself JSON and is none."""
    LARGE = "large"
    """It has a gigabyte."""
    BROKEN = "broken"
    """A gateway says that the server behind it is gone (502)."""
    ELSEWHERE = "elsewhere"
    """It sends on to another host."""
    TOO_MANY = "429"
    """Too many requests, with Retry-After."""


@dataclass
class Fault:
    """A trouble, and for how many requests.

    Args:
        trouble: of the next answers.
        times: how many have it; None for all.
        retry_after: what TOO_MANY says; None to leave it out.
    """

    trouble: Trouble
    times: int | None = None
    retry_after: str | None = "1"

    @classmethod
    def read(cls, text: str) -> Self:
        """Read "slow" or "slow:3".

        Raises:
            ValueError: it is no fault.
        """
        name, _, times = text.partition(":")
        if name not in list(Trouble) or (times and not times.isdecimal()):
            raise ValueError(f"{text} is no fault; there are {', '.join(Trouble)}")
        return cls(Trouble(name), int(times) if times else None)

    def strikes(self) -> bool:
        """Whether it concerns this request; counts it."""
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0


@dataclass
class Rate:
    """Refuses what goes beyond a number of requests in any minute.

    Args:
        per_minute: requests that are answered.
        now: the clock, seconds.
    """

    per_minute: int
    now: Callable[[], float] = time.monotonic
    answered: deque[float] = field(default_factory=deque)

    def wait(self) -> float | None:
        """Seconds until a request would be answered; None: it is, and counts."""
        now = self.now()
        while self.answered and self.answered[0] <= now - _MINUTE:
            self.answered.popleft()
        if len(self.answered) < self.per_minute:
            self.answered.append(now)
            return None
        return self.answered[0] + _MINUTE - now


class Troubled:
    """An application whose answers under one path have faults.

    Args:
        app: answers well.
        path: where faults strike.

    Attributes:
        fault: the one that strikes now; None for none.
        rate: how often requests are answered; None for without end.
    """

    def __init__(self, app: ASGIApp, path: str = "/graphql") -> None:
        self._app = app
        self._path = path
        self.fault: Fault | None = None
        self.rate: Rate | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] != self._path:
            return await self._app(scope, receive, send)
        wait = self.rate.wait() if self.rate else None
        if wait is not None:
            return await _answer(send, 429, _JSON, _TOO_MANY, {"retry-after": f"{wait:.0f}"})
        if self.fault is None or not self.fault.strikes():
            return await self._app(scope, receive, send)
        return await _PLAYED[self.fault.trouble](self.fault, receive, send)


async def _answer(send: Send, status: int, kind: str, body: bytes, more: dict[str, str] | None = None) -> None:
    await _begin(send, status, kind, {"content-length": str(len(body)), **(more or {})})
    await send({"type": "http.response.body", "body": body})


async def _begin(send: Send, status: int, kind: str, more: dict[str, str] | None = None) -> None:
    headers = {"content-type": kind, **(more or {})}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})


async def _slow(_: Fault, __: Receive, send: Send) -> None:
    await _begin(send, 200, _JSON)
    for byte in b'{"data":' + b" " * 4_000:
        await send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
        await asyncio.sleep(_SLOW_SECONDS)


async def _silent(_: Fault, receive: Receive, __: Send) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _reset(_: Fault, __: Receive, send: Send) -> None:
    _cut(send)


async def _torn(_: Fault, __: Receive, send: Send) -> None:
    await _begin(send, 200, _JSON, {"content-length": "1000"})
    await send({"type": "http.response.body", "body": b'{"data":{', "more_body": True})
    await asyncio.sleep(0.02)
    _cut(send)


def _cut(send: Send) -> None:
    """Cut the connection: ASGI has no word for it, so uvicorn's own object is asked."""
    send.__self__.transport.abort()  # type: ignore[attr-defined]


async def _html(_: Fault, __: Receive, send: Send) -> None:
    await _answer(send, 200, _HTML, _PAGE)


async def _garbage(_: Fault, __: Receive, send: Send) -> None:
    await _answer(send, 200, _JSON, b'{"data":{"me"')


async def _large(_: Fault, __: Receive, send: Send) -> None:
    await _begin(send, 200, _JSON)
    for _number in range(_LARGE_PIECES):
        await send({"type": "http.response.body", "body": _LARGE_PIECE, "more_body": True})
    await send({"type": "http.response.body", "body": b"{}"})


async def _broken(_: Fault, __: Receive, send: Send) -> None:
    await _answer(send, 502, _HTML, _BROKEN)


async def _elsewhere(_: Fault, __: Receive, send: Send) -> None:
    await _answer(send, 302, _TEXT, b"", {"location": "https://elsewhere.example/graphql"})


async def _too_many(fault: Fault, __: Receive, send: Send) -> None:
    more = {} if fault.retry_after is None else {"retry-after": fault.retry_after}
    await _answer(send, 429, _JSON, _TOO_MANY, more)


_PLAYED = {
    Trouble.SLOW: _slow,
    Trouble.SILENT: _silent,
    Trouble.RESET: _reset,
    Trouble.TORN: _torn,
    Trouble.HTML: _html,
    Trouble.GARBAGE: _garbage,
    Trouble.LARGE: _large,
    Trouble.BROKEN: _broken,
    Trouble.ELSEWHERE: _elsewhere,
    Trouble.TOO_MANY: _too_many,
}
