"""httpx2 as a `releases.ports.HttpTransport`: TLS checked, proxies of the environment, no cookies, few redirects."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property

import httpcore2
import httpx2

from stash_sense import __version__
from stash_sense.adapters.http.gate import Gate
from stash_sense.adapters.http.network import StoppableNetwork
from stash_sense.adapters.http.proxies import Proxies
from stash_sense.errors import (
    CertificateUntrusted,
    ConnectionLost,
    RedirectRefused,
    ServerUnreachable,
    TransferError,
)
from stash_sense.releases.addresses import shown, without_password
from stash_sense.releases.ports import Answer, Inquiry, Look

MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SCHEMES = ("http", "https")
_CONNECTING = (httpcore2.ConnectError, httpcore2.ConnectTimeout, httpcore2.ProxyError, httpcore2.UnsupportedProtocol)


class HttpClient:
    """Asks servers over http and https, with one connection for each request.

    Args:
        certificates: whom to trust; by default the system's, or SSL_CERT_FILE and SSL_CERT_DIR.
        proxies: by scheme, see `Proxies`; by default the environment's.
    """

    def __init__(self, certificates: ssl.SSLContext | None = None, proxies: Mapping[str, str] | None = None) -> None:
        self._certificates = certificates
        self._proxies = Proxies(proxies)

    @contextmanager
    def stream(self, inquiry: Inquiry, look: Look) -> Iterator[Answer]:
        """Send a GET request and follow its redirects; see `HttpTransport.stream`."""
        url = _parsed(inquiry.url)
        for _ in range(1 + MOST_REDIRECTS):
            look()
            with self._asked(url, inquiry, look) as response:
                if response.status_code not in _REDIRECTS or "location" not in response.headers:
                    yield Answer(response.status_code, dict(response.headers), _chunks(response, url))
                    return
                url = _next(url, response.headers["location"])
        raise RedirectRefused(address=shown(inquiry.url), reason=f"more than {MOST_REDIRECTS} times")

    @contextmanager
    def _asked(self, url: httpx2.URL, inquiry: Inquiry, look: Look) -> Iterator[httpx2.Response]:
        """Send one request and give the answer, whose body has not been read."""
        # To read whom the system trusts takes 20 ms.
        trusted = self._trusted if url.scheme == "https" else None
        transport = _Transport(trusted, self._proxies.of(url), Gate(url, inquiry.named), look)
        seconds = httpx2.Timeout(inquiry.silence_seconds, connect=inquiry.connect_seconds)
        headers = {"user-agent": f"stash-sense/{__version__}", "accept": "*/*", **inquiry.headers}
        secret = (url.username, url.password) if url.userinfo else None
        with (
            httpx2.Client(transport=transport, trust_env=False, timeout=seconds) as client,
            client.stream("GET", without_password(str(url)), headers=headers, auth=secret) as response,
        ):
            yield response

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        return self._certificates or httpx2.create_ssl_context()


class _Transport(httpx2.BaseTransport):
    """One connection, made by our own network so that it can be stopped."""

    def __init__(self, trusted: ssl.SSLContext | None, proxy: httpcore2.Proxy | None, gate: Gate, look: Look) -> None:
        if proxy is not None:
            gate.check_for_proxy()
        # The user named the proxy, so it may be anywhere.
        admit = gate.admit if proxy is None else lambda _, addresses: addresses
        self._pool = httpcore2.ConnectionPool(
            ssl_context=trusted, proxy=proxy, max_connections=1, network_backend=StoppableNetwork(look, admit)
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = httpcore2.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        asked = httpcore2.Request(
            request.method, url, headers=request.headers.raw, content=None, extensions=request.extensions
        )
        with _as_ours(request.url):
            answered = self._pool.handle_request(asked)
        return httpx2.Response(answered.status, headers=answered.headers, stream=_Body(answered))

    def close(self) -> None:
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    def __init__(self, answered: httpcore2.Response) -> None:
        self._answered = answered

    def __iter__(self) -> Iterator[bytes]:
        return self._answered.iter_stream()

    def close(self) -> None:
        self._answered.close()


def _chunks(response: httpx2.Response, url: httpx2.URL) -> Iterator[bytes]:
    with _as_ours(url):
        yield from response.iter_raw()


@contextmanager
def _as_ours(url: httpx2.URL) -> Iterator[None]:
    """Turn the errors of the network into those that the user reads."""
    address = shown(str(url))
    try:
        yield
    except TransferError:
        raise
    except _CONNECTING as error:
        wrapped = _wrapped(error)
        if isinstance(wrapped, ssl.SSLCertVerificationError):
            raise CertificateUntrusted(address=address, reason=wrapped.verify_message.rstrip(".")) from error
        raise ServerUnreachable(address=address, reason=_reason(error)) from error
    except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        raise ConnectionLost(address=address, reason=_reason(error)) from error


def _wrapped(error: Exception) -> object:
    """Return the system's error that httpcore2 makes its own of; it takes care that it is not the cause."""
    return error.args[0] if error.args else None


def _reason(error: Exception) -> str:
    wrapped = _wrapped(error)
    if isinstance(wrapped, TimeoutError):
        return "it takes too long to connect"
    if isinstance(wrapped, OSError) and wrapped.strerror:
        return wrapped.strerror.rstrip(".")
    return str(error).rstrip(".") or type(error).__name__


def _parsed(text: str) -> httpx2.URL:
    try:
        url = httpx2.URL(text)
    except httpx2.InvalidURL as error:
        raise ServerUnreachable(address=shown(text), reason="this is no address") from error
    if url.scheme not in _SCHEMES or not url.host:
        raise ServerUnreachable(address=shown(text), reason="only http and https addresses can be asked")
    return url


def _next(url: httpx2.URL, location: str) -> httpx2.URL:
    """Return where a server sends on to; a password that it puts there is not used."""
    try:
        found = url.join(location)
    except httpx2.InvalidURL as error:
        raise RedirectRefused(address=shown(str(url)), reason="to something that is no address") from error
    if found.scheme not in _SCHEMES or not found.host:
        raise RedirectRefused(address=shown(str(url)), reason="to something that is no address")
    if url.scheme == "https" and found.scheme != "https":
        raise RedirectRefused(address=shown(str(url)), reason="from https to http, which anybody can change")
    same = (url.scheme, url.host, url.port) == (found.scheme, found.host, found.port)
    return found.copy_with(username=url.username, password=url.password) if same else _bare(found)


def _bare(url: httpx2.URL) -> httpx2.URL:
    return url.copy_with(userinfo=b"")
