"""The door: every request passes it before it is routed, and most are turned away.

In this order: the host it asks for, how long its address and headers are, which page sent it, secrets where they do
not belong, the token. What is left may send a body up to a limit, counted while it streams.
"""

import re
import time
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, quote, unquote

import anyio
import anyio.to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stash_sense.api.bodies import BodyLimits, LimitedBody
from stash_sense.api.errors import answer_to
from stash_sense.api.hosts import AllowedHosts, is_same_origin
from stash_sense.api.links import is_signed
from stash_sense.api.tickets import Tickets
from stash_sense.api.token import TokenKeeper, is_same
from stash_sense.errors import (
    AddressTooLong,
    BrowserNeedsToken,
    HeadersTooLarge,
    HostForeign,
    LinkWrong,
    OriginForeign,
    SecretInAddress,
    StashSenseError,
    TicketWrong,
    TokenMissing,
    TokenWrong,
)

OPEN_PATHS = frozenset({"/health/live"})
"""What answers without the token: whether the process is there, and nothing else."""
EVENTS = "/events"
"""What a ticket opens: this path and all below it."""
CROPS = "/crops/"
"""Below this, a signed link opens what it names."""

MOST_ADDRESS_BYTES = 8 * 1024
MOST_HEADER_BYTES = 32 * 1024
_SHOWN = 100
"""Characters of a foreign host or origin that are told back."""
_SECRET_NAMES = frozenset(
    {"token", "accesstoken", "bearer", "auth", "authorization", "apikey", "password", "passwd", "secret"}
)
_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +(\S+) *")
_THREADS = 4
"""Looks at the token file at once: they must not wait for the threads that do other work."""
_KEPT_STATUSES = (200, 304)
"""Of answers that say themselves how long a browser may keep them: pictures are shown again and again."""
_ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


class Door:
    """Lets in who may come in.

    Args:
        app: what comes behind it.
        hosts: under which names the service may be asked.
        keeper: knows the token.
        tickets: that open event sockets.
        bodies: how much each path takes.
        clock: seconds since 1970, for signed links.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: AllowedHosts,
        keeper: TokenKeeper,
        tickets: Tickets,
        bodies: BodyLimits,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._keeper = keeper
        self._tickets = tickets
        self._bodies = bodies
        self._clock = clock
        self._threads = anyio.CapacityLimiter(_THREADS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer that it is not taken."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        send = _guarded(send, scope["path"])
        try:
            headers = Headers(scope=scope)
            self._check_form(scope, headers)
            await self._check_identity(scope, headers)
        except StashSenseError as error:
            await _refuse(error, scope, receive, send)
            return
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        limit = self._bodies.limit_of(scope["path"], headers.get("content-type", ""))
        await LimitedBody(limit, headers, receive, send).run(self._app, scope)

    def _check_form(self, scope: Scope, headers: Headers) -> None:
        """Check all that needs no secret to be known."""
        hosts = headers.getlist("host")
        local = (scope.get("server") or ("",))[0] or ""
        if len(hosts) != 1 or not self._hosts.is_ours(hosts[0], local):
            asked = ", ".join(hosts)[:_SHOWN]
            raise HostForeign(host=asked or "nothing", names=self._hosts.with_name(asked))
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MOST_ADDRESS_BYTES:
            raise AddressTooLong(limit=MOST_ADDRESS_BYTES)
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MOST_HEADER_BYTES:
            raise HeadersTooLarge(limit=MOST_HEADER_BYTES)
        for origin in headers.getlist("origin"):
            if not is_same_origin(origin, hosts[0]):
                raise OriginForeign(origin=origin[:_SHOWN])
        for name, _ in _query(scope):
            if re.sub("[-_ ]", "", name.lower()) in _SECRET_NAMES:
                raise SecretInAddress(name=name)

    async def _check_identity(self, scope: Scope, headers: Headers) -> None:
        # Looking at the token's file may take long on a disk in the network: not on the event loop.
        token = await anyio.to_thread.run_sync(self._keeper.current, limiter=self._threads)
        query = dict(_query(scope))
        address = unquote(scope["path"]) + " " + " ".join(query.values())
        if token is not None and token in address:
            raise SecretInAddress(name="the token")
        if scope["path"] in OPEN_PATHS:
            return
        path = scope["path"]
        if "ticket" in query and "authorization" not in headers:
            if not _opened_by_ticket(scope) or not self._tickets.redeem(query["ticket"]):
                raise TicketWrong
        elif "signature" in query and path.startswith(CROPS) and "authorization" not in headers:
            signed = is_signed(path, query.get("expires", ""), query["signature"], token or "", self._clock())
            if token is None or not signed:
                raise LinkWrong
        elif "authorization" in headers:
            _check_token(headers, token)
        elif _from_browser(headers):
            raise BrowserNeedsToken(address=_address(scope, headers))
        else:
            raise TokenMissing


def _check_token(headers: Headers, token: str | None) -> None:
    offered = headers.getlist("authorization")
    bearer = _BEARER.fullmatch(offered[0]) if len(offered) == 1 else None
    if token is None or bearer is None or not is_same(bearer[1], token):
        raise TokenWrong


def _from_browser(headers: Headers) -> bool:
    """Whether a person opens an address: browsers ask for HTML by name then, programs and pages hardly ever."""
    return "text/html" in headers.get("accept", "").lower()


def _address(scope: Scope, headers: Headers) -> str:
    """Return the address that was opened, as it can be typed; without what follows a question mark."""
    return f"http://{headers['host']}{quote(scope['path'][:_SHOWN])}"


def _opened_by_ticket(scope: Scope) -> bool:
    path = scope["path"]
    return bool(path == EVENTS or path.startswith(f"{EVENTS}/"))


def _query(scope: Scope) -> Iterator[tuple[str, str]]:
    yield from parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)


async def _refuse(error: StashSenseError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer without having read the body; the connection is closed, for what is left of it is not wanted."""
    headers = {"connection": "close"}
    if isinstance(error, TokenMissing | BrowserNeedsToken):
        headers["www-authenticate"] = "Bearer"
    elif isinstance(error, TokenWrong | TicketWrong | LinkWrong):
        headers["www-authenticate"] = 'Bearer error="invalid_token"'
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    await answer_to(error, headers)(scope, receive, send)


def _guarded(send: Send, path: str) -> Send:
    """Give every answer the headers that keep browsers from doing more with it than show it."""

    async def guarded(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers = MutableHeaders(scope=message)
            for name, value in _ALWAYS.items():
                headers.setdefault(name, value)
            if not path.startswith(CROPS) or message.get("status") not in _KEPT_STATUSES:
                headers["cache-control"] = "no-store"  # also where the library says less, as for streams
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return guarded
