"""Requests over http and https whose answers are read whole, within a time and a number of bytes.

Redirects are not followed: a place that the user did not name gets neither the question nor the key.
"""

import asyncio
import os
import ssl
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2

from stash_sense import __version__
from stash_sense.adapters.graphql.outcomes import NoAnswer, Reply, Trouble, shortened
from stash_sense.adapters.http.proxies import Proxies

_CONNECTING = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
_NO_KEY = "the key holds signs that no key has"
_NOT_SENT = (*_CONNECTING, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one question may cost."""

    seconds: float = 30.0
    """From its beginning to the last byte of the answer."""
    connect_seconds: float = 5.0
    """To find the server and agree on a connection."""
    most_bytes: int = 64 * 1024 * 1024
    """Of the answer, uncompressed: 20 pages of 1,000 scenes with everything."""


class Asker:
    """Keeps connections to one server and asks it.

    Args:
        url: of the server; a name and password in it are sent to it and never shown.
        headers: sent with every question; their values are secrets.
        compressed: whether the answer may be packed with gzip, as is good over the internet and a waste at home.
        certificates: whom to trust; by default the system's, or SSL_CERT_FILE and SSL_CERT_DIR.
        proxies: see `Proxies`; by default the environment's.
        connections: most that are open at once.

    Raises:
        ProxyUnusable: the environment names a proxy that is none.
        httpx2.InvalidURL: the address is none.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        compressed: bool = False,
        certificates: ssl.SSLContext | None = None,
        proxies: Mapping[str, str] | None = None,
        connections: int = 8,
    ) -> None:
        parsed = httpx2.URL(url)
        proxy = Proxies(proxies).of(parsed)
        self._encoding = "gzip" if compressed else "identity"
        told = {"user-agent": f"stash-sense/{__version__}", "accept-encoding": self._encoding, **(headers or {})}
        verify: ssl.SSLContext | bool = False  # http needs none, and to read whom the system trusts takes 20 ms
        if parsed.scheme == "https" or (proxy is not None and proxy.url.scheme == b"https"):
            verify = certificates or httpx2.create_ssl_context()
        self._origin = _origin(parsed)
        self._client = httpx2.AsyncClient(
            headers=told,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            auth=(parsed.username, parsed.password) if parsed.userinfo else None,
            verify=verify,
            trust_env=False,
            proxy=None if proxy is None else httpx2.Proxy(_address(proxy.url), auth=_words(proxy.auth)),
            limits=httpx2.Limits(max_connections=connections, max_keepalive_connections=connections),
            follow_redirects=False,
        )

    async def ask(
        self, method: str, url: str, bounds: Bounds, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Reply:
        """Ask once and read the whole answer, whatever its status.

        Args:
            method: of HTTP.
            url: below the server's.
            bounds: for this question.
            headers: besides those of every question.
            body: what is sent.

        Raises:
            NoAnswer: there is none, or not a whole one.
        """
        try:
            async with asyncio.timeout(bounds.seconds):
                return await self._asked(method, url, bounds, headers, body)
        except TimeoutError as error:
            reason = f"no whole answer within {bounds.seconds:g} s"
            raise NoAnswer(Trouble.TIMED_OUT, reason, seconds=bounds.seconds) from error

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _asked(
        self, method: str, url: str, bounds: Bounds, headers: Mapping[str, str] | None, body: bytes
    ) -> Reply:
        seconds = httpx2.Timeout(bounds.seconds, connect=min(bounds.connect_seconds, bounds.seconds))
        # Libraries log addresses; name and password are sent without being in one.
        bare = httpx2.URL(url).copy_with(userinfo=b"")
        try:
            request = self._client.build_request(method, bare, headers=headers, timeout=seconds, content=body or None)
        except UnicodeError as error:
            raise NoAnswer(Trouble.UNREACHABLE, _NO_KEY) from error
        if _origin(bare) != self._origin:
            raise ValueError("an address of another server")  # it would get the key
        async with self._sent(request) as response:
            read = await self._read(response, bounds.most_bytes)
            return Reply(response.status_code, dict(response.headers), read)

    @asynccontextmanager
    async def _sent(self, request: httpx2.Request) -> AsyncIterator[httpx2.Response]:
        """Send a question; the errors of the network are turned into ours, also while the answer is read."""
        try:
            response = await self._client.send(request, stream=True)
            try:
                yield response
            finally:
                await response.aclose()
        except httpx2.HTTPError as error:
            raise _no_answer(error) from error
        except OverflowError as error:
            raise NoAnswer(Trouble.UNREACHABLE, "no port has such a number") from error

    async def _read(self, response: httpx2.Response, most: int) -> bytes:
        """Read a body and stop as soon as it is too long: what is announced is not believed either way."""
        announced = response.headers.get("content-length", "")
        unpack = _unpacking(response.headers.get("content-encoding", ""))
        if announced.isdecimal() and int(announced[:18]) > most:
            raise _too_large(most)
        parts, length = [], 0
        async for chunk in response.aiter_raw():
            for part in [chunk] if unpack is None else _unpacked(unpack, chunk, most - length):
                parts.append(part)
                length += len(part)
                if length > most:
                    raise _too_large(most)
        return b"".join(parts)


def _unpacking(encoding: str) -> "zlib._Decompress | None":
    if encoding.strip().lower() in ("", "identity"):
        return None
    if encoding.strip().lower() in ("gzip", "x-gzip"):
        return zlib.decompressobj(wbits=31)
    raise NoAnswer(Trouble.UNREADABLE, f"it is encoded as {shortened(encoding, 40)}, which was not asked for")


def _unpacked(unpack: "zlib._Decompress", chunk: bytes, left: int) -> list[bytes]:
    """Unpack no more than one byte above what is left: a small answer can unpack to thousands of times its size."""
    try:
        return [unpack.decompress(chunk, max(left, 0) + 1)]
    except zlib.error as error:
        raise NoAnswer(Trouble.UNREADABLE, "it is damaged") from error


def _too_large(most: int) -> NoAnswer:
    return NoAnswer(Trouble.TOO_LARGE, f"more than {most:,} bytes", most_bytes=most)


def _no_answer(error: httpx2.HTTPError) -> NoAnswer:
    """Tell what a failure of the network means; its words hold no address and no header."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return NoAnswer(Trouble.UNTRUSTED, cause.verify_message.rstrip("."))
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx2.LocalProtocolError):  # its words are the header
        return NoAnswer(Trouble.UNREACHABLE, _NO_KEY)
    if isinstance(error, httpx2.ConnectTimeout | httpx2.PoolTimeout):
        return NoAnswer(Trouble.UNREACHABLE, "it takes too long to connect")
    if isinstance(error, httpx2.TimeoutException):
        return NoAnswer(Trouble.TIMED_OUT, "no whole answer in time")
    trouble = Trouble.UNREACHABLE if isinstance(error, _NOT_SENT) else Trouble.LOST
    return NoAnswer(trouble, _words_of(error))


def _words_of(error: BaseException) -> str:
    """Say why in the system's words where it has any."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError) and cause.reason == "WRONG_VERSION_NUMBER":
            return "what answers there speaks no https: write http://"
        if isinstance(cause, ConnectionError) and cause.errno:  # asyncio puts words of its own into `strerror`
            return os.strerror(cause.errno)
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.rstrip(".")
        cause = cause.__cause__ or cause.__context__
    return shortened(str(error)).rstrip(".") or type(error).__name__


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _address(url: object) -> str:
    scheme, host, port = url.scheme.decode(), url.host.decode(), url.port  # type: ignore[attr-defined]
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" + (f":{port}" if port else "")


def _words(secret: tuple[bytes, bytes] | None) -> tuple[str, str] | None:
    return None if secret is None else (secret[0].decode(), secret[1].decode())
