"""What Stash tells by itself, over a WebSocket: finished scans and ended jobs (protocol graphql-transport-ws)."""

import asyncio
import json
import logging
import ssl
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from stash_sense import __version__
from stash_sense.adapters.graphql.outcomes import NoAnswer, Reply, Trouble
from stash_sense.adapters.http.proxies import Proxies
from stash_sense.adapters.stash.address import StashAddress
from stash_sense.adapters.stash.connection import documents
from stash_sense.adapters.stash.failures import Failures
from stash_sense.connection.news import JobEnded, ListeningBegan, ScanFinished, StashNews
from stash_sense.errors import StashAnswerOdd, StashError
from stash_sense.library.server import JobState

_PROTOCOL = Subprotocol("graphql-transport-ws")
_JOBS, _SCANS = "jobs", "scans"
_SUBSCRIPTIONS = {_JOBS: "jobs_subscribe", _SCANS: "scan_complete_subscribe"}
_SECONDS = 10.0
"""To agree on a connection and be greeted."""
_PING_SECONDS = 60.0
"""Between two questions whether the other side is still there."""
_MOST_BYTES = 1024 * 1024
"""Of one message; a job is told of in some hundred."""
_NOWHERE = logging.Logger("nowhere", logging.CRITICAL + 1)
"""The library logs every header, the key among them, to whoever asks for that much."""


class StashEvents:
    """A `connection.listening.LibraryEvents`.

    Args:
        url: address of Stash, as the user wrote it.
        api_key: its key, empty where it has no login.
        certificates: whom to trust; by default the system's, or SSL_CERT_FILE and SSL_CERT_DIR.
        proxies: by scheme; by default the environment's.

    Raises:
        StashAddressInvalid: the address is none.
        ProxyUnusable: the environment names a proxy that is none.
    """

    def __init__(
        self,
        url: str,
        api_key: str = "",
        *,
        certificates: ssl.SSLContext | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> None:
        address = StashAddress(url)
        target = httpx2.URL(f"{address.base}/graphql")
        self._failures = Failures(address.shown, api_key)
        self._headers = {"ApiKey": api_key} if api_key else {}
        self._url = str(target.copy_with(scheme="wss" if target.scheme == "https" else "ws"))
        self._certificates = (certificates or httpx2.create_ssl_context()) if target.scheme == "https" else None
        self._proxy = _proxy_of(target, proxies)

    async def listen(self, hear: Callable[[StashNews], None]) -> None:
        """See `LibraryEvents`."""
        try:
            async with self._connecting() as socket:
                async with asyncio.timeout(_SECONDS):
                    await self._greet(socket)
                    await self._subscribe(socket)
                hear(ListeningBegan())
                while True:
                    for news in self._read(await self._next(socket)):
                        hear(news)
        except InvalidStatus as error:
            raise self._refused(error) from error
        except ConnectionClosed as error:
            raise self._lost("the connection was closed") from error
        except (OSError, WebSocketException) as error:  # a TimeoutError is an OSError
            raise self._lost(type(error).__name__) from error

    def _connecting(self) -> "_Connect":
        return _Connect(
            self._url,
            subprotocols=[_PROTOCOL],
            additional_headers=self._headers,
            user_agent_header=f"stash-sense/{__version__}",
            compression=None,
            proxy=self._proxy,
            ssl=self._certificates,
            open_timeout=_SECONDS,
            ping_interval=_PING_SECONDS,
            max_size=_MOST_BYTES,
            logger=_NOWHERE,
        )

    async def _greet(self, socket: ClientConnection) -> None:
        if socket.subprotocol != _PROTOCOL:
            raise self._lost(f"it does not speak {_PROTOCOL}")
        await _send(socket, {"type": "connection_init", "payload": {}})
        while (await self._next(socket)).get("type") != "connection_ack":
            pass

    async def _subscribe(self, socket: ClientConnection) -> None:
        for name, document in _SUBSCRIPTIONS.items():
            payload = {"query": documents()[document].text}
            await _send(socket, {"id": name, "type": "subscribe", "payload": payload})
        await (await socket.ping())  # there is no answer to a subscription; what comes after it has been read

    async def _next(self, socket: ClientConnection) -> dict[str, Any]:
        """Read the next message; what only keeps the connection alive is answered."""
        while True:
            try:
                message = json.loads(await socket.recv())
            except (ValueError, RecursionError) as error:
                raise self._odd("a message is no JSON") from error
            if not isinstance(message, dict):
                raise self._odd("a message is no object")
            if message.get("type") == "ping":
                await _send(socket, {"type": "pong"})
            else:
                return message

    def _read(self, message: Mapping[str, Any]) -> list[StashNews]:
        """Say what a message tells.

        Raises:
            StashError: the server ends a subscription, or refuses it.
        """
        kind = message.get("type")
        if kind in ("error", "complete"):
            raise self._lost("Stash ended the subscription")
        if kind != "next":
            return []
        try:
            data = message["payload"].get("data") or {}
            if message["id"] == _SCANS:
                return [ScanFinished()] if data.get("scanCompleteSubscribe") else []
            update = data.get("jobsSubscribe") or {}
            if update.get("type") != "REMOVE":
                return []
            job = update["job"]
            description = self._failures.clean(str(job["description"]))
            return [JobEnded(str(job["id"]), description, JobState(job["status"]))]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._odd(f"{type(error).__name__}: {error}") from error

    def _refused(self, error: InvalidStatus) -> StashError:
        response = error.response
        headers = {name.lower(): value for name, value in response.headers.raw_items()}
        reply = Reply(response.status_code, headers, bytes(response.body or b""))
        return self._failures.of_door(reply) or self._lost(f"it offers no WebSocket: status {reply.status}")

    def _lost(self, reason: str) -> StashError:
        failure = NoAnswer(Trouble.LOST, reason)
        return self._failures.of_no_answer(failure)

    def _odd(self, reason: str) -> StashAnswerOdd:
        cleaned = self._failures.clean(reason)
        return StashAnswerOdd(address=self._failures.address, operation="subscription", reason=cleaned)


class _Connect(connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        """Follow none: a place that the user did not name gets neither a question nor the key."""
        return exc


async def _send(socket: ClientConnection, message: Mapping[str, Any]) -> None:
    await socket.send(json.dumps(message))


def _proxy_of(url: httpx2.URL, named: Mapping[str, str] | None) -> str | None:
    proxy = Proxies(named).of(url)
    if proxy is None:
        return None
    address = httpx2.URL(
        scheme=proxy.url.scheme.decode(), host=proxy.url.host.decode(), port=proxy.url.port, path="/"
    )
    if proxy.auth is not None:
        address = address.copy_with(username=proxy.auth[0].decode(), password=proxy.auth[1].decode())
    return str(address)
