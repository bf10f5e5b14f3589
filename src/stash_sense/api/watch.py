"""Around everything else: names each request, logs it, counts it, and answers for faults of ours."""

import logging
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stash_sense.api.errors import internal_fault
from stash_sense.api.metrics import Metrics
from stash_sense.api.request_id import HEADER, begin_request, current_request_id, end_request

_LOG = logging.getLogger(__name__)
_SHOWN = 200
_REFUSED, _FAULT = 400, 500
_UNMATCHED = "unmatched"
_QUIET_ROUTES = frozenset({"/health/live", "/metrics"})
_PROGRESS = frozenset({("GET", "/queue/{job_id}"), ("GET", "/models/download-progress")})
"""Both are asked again and again by programs; where they do not fail, only who wants to know all is told."""


class Watch:
    """Watches requests come and go."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; nothing it raises goes further."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        before = begin_request(Headers(scope=scope).get(HEADER))
        exchange = _Exchange(scope, send)
        began = time.perf_counter()
        try:
            await self._app(scope, receive, exchange.send)
        except Exception:  # noqa: BLE001 - the edge of a request's work: it is logged whole, the service goes on
            _LOG.exception("fault in a request", extra=exchange.described())
            if scope["type"] == "http" and not exchange.status:
                await internal_fault(current_request_id())(scope, receive, exchange.send)
            exchange.status = exchange.status or _FAULT
        finally:
            self._note(exchange, time.perf_counter() - began)
            end_request(before)

    def _note(self, exchange: "_Exchange", seconds: float) -> None:
        self._metrics.answered(exchange.method, exchange.route, exchange.status, seconds)
        asked_often = exchange.route in _QUIET_ROUTES or (exchange.method, exchange.route) in _PROGRESS
        level = logging.DEBUG if asked_often and exchange.status < _REFUSED else logging.INFO
        told = {"status": exchange.status, "ms": round(seconds * 1000, 1)}
        _LOG.log(level, "request", extra={**exchange.described(), **told})


class _Exchange:
    """One request and what is known of its answer."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self.status = 0
        """Of the answer; 0 while there is none, or where the client left before it."""

    @property
    def method(self) -> str:
        """Of HTTP, or what stands for one."""
        return str(self._scope.get("method", "WEBSOCKET"))

    @property
    def route(self) -> str:
        """The route's path with its parameters' names, so that there are not more of them than routes."""
        return str(getattr(self._scope.get("route"), "path", _UNMATCHED))

    def described(self) -> dict[str, object]:
        """Return what the log says; never what follows a question mark."""
        path = (self._scope.get("raw_path") or self._scope["path"].encode()).decode("ascii", "backslashreplace")
        return {"method": self.method, "path": path.partition("?")[0][:_SHOWN]}

    async def send(self, message: Message) -> None:
        """Send a message of the answer, with the request's name on it."""
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            self.status = message["status"]
            MutableHeaders(scope=message)[HEADER] = current_request_id()
        elif message["type"] == "websocket.accept":
            self.status = 101
        elif message["type"] == "websocket.close" and not self.status:
            self.status = 403
        await self._send(message)
