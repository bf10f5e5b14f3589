"""Requests to one server over a connection that is kept, with a key that no other server gets."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import httpx2

from stash_sense.adapters.http.client import EVERY_REQUEST, HttpClient
from stash_sense.adapters.http.connection import Connection, chunks_of
from stash_sense.adapters.http.redirects import MOST_REDIRECTS, REDIRECTS, following, parsed
from stash_sense.errors import InputLocked, RedirectRefused
from stash_sense.kernel.addresses import shown, without_password
from stash_sense.media.address import Address
from stash_sense.releases.ports import Answer, Look, Named

_GONE = frozenset({401, 403, 404, 410})
_Origin = tuple[str, str, int | None]


@dataclass(frozen=True, slots=True)
class Bearings:
    """Where an answer came from.

    Attributes:
        address: as it may be shown.
        redirected: whether the server sent on to there.
    """

    address: str
    redirected: bool


class HttpSession:
    """Asks for one address again and again; one thread at a time.

    Where the address sends on to is remembered, so that every request but the first takes one way; the key and the
    password of the address go to its own server alone.

    Args:
        client: makes the connections.
        address: what is asked for.
        named: see `releases.ports.Inquiry`.
        look: see `releases.ports.Look`.
        connect_seconds: to wait for a connection.
        silence_seconds: to wait for the next byte.

    Raises:
        ServerUnreachable: the address is none.
        InputLocked: a header of it cannot be sent; what it is must not be said.
    """

    def __init__(
        self,
        client: HttpClient,
        address: Address,
        named: Named,
        look: Look,
        connect_seconds: float,
        silence_seconds: float,
    ) -> None:
        if not all(text.isascii() and text.isprintable() for pair in address.headers.items() for text in pair):
            raise InputLocked(path=address, reason="the key that was given holds signs that no key has")
        self._client = client
        self._headers = address.headers
        self._named = named
        self._look = look
        self._seconds = httpx2.Timeout(silence_seconds, connect=connect_seconds).as_dict()
        self._first = self._final = parsed(address.url)
        self._connections: dict[_Origin, Connection] = {}
        self.bearings = Bearings(shown(address.url), redirected=False)

    @contextmanager
    def stream(self, headers: Mapping[str, str]) -> Iterator[Answer]:
        """Send a GET request and follow its redirects; raises as `HttpTransport.stream` does.

        Args:
            headers: of this request, besides the address's own.
        """
        pinned = self._final != self._first
        with self._followed(self._final, headers) as (answer, url):
            # A place that is lent for a while may be another one by now: the address itself is asked again.
            if not (pinned and answer.status in _GONE):
                self._final = url
                yield answer
                return
        self._final = self._first
        with self._followed(self._first, headers) as (answer, url):
            self._final = url
            yield answer

    def close(self) -> None:
        """Break the connections off."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    @contextmanager
    def _followed(self, url: httpx2.URL, headers: Mapping[str, str]) -> Iterator[tuple[Answer, httpx2.URL]]:
        for _ in range(1 + MOST_REDIRECTS):
            self._look()
            with self._asked(url, headers) as response:
                if response.status_code not in REDIRECTS or "location" not in response.headers:
                    self.bearings = Bearings(shown(str(url)), redirected=url != self._first)
                    yield Answer(response.status_code, dict(response.headers), chunks_of(response, url)), url
                    return
                url = following(url, response.headers["location"])
        raise RedirectRefused(address=shown(str(self._first)), reason=f"more than {MOST_REDIRECTS} times")

    @contextmanager
    def _asked(self, url: httpx2.URL, headers: Mapping[str, str]) -> Iterator[httpx2.Response]:
        """Send one request. No client of httpx2 is asked, for it would log addresses with the keys in them."""
        origin = _origin(url)
        told = {**EVERY_REQUEST, **headers}
        if origin == _origin(self._first):
            told |= self._headers
        if url.userinfo:
            secret = base64.b64encode(f"{url.username}:{url.password}".encode()).decode()
            told["authorization"] = f"Basic {secret}"
        if origin not in self._connections:
            self._connections[origin] = self._client.connection(url, self._named, self._look)
        request = httpx2.Request(
            "GET", without_password(str(url)), headers=told, extensions={"timeout": self._seconds}
        )
        response = self._connections[origin].handle_request(request)
        try:
            yield response
        finally:
            with suppress(httpx2.HTTPError):
                response.close()


def _origin(url: httpx2.URL) -> _Origin:
    return url.scheme, url.host, url.port
