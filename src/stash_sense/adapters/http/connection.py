"""A connection to one server that can be stopped at any moment; the errors of the network become ours."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import httpcore2
import httpx2

from stash_sense.adapters.http.gate import Gate
from stash_sense.adapters.http.network import StoppableNetwork
from stash_sense.errors import CertificateUntrusted, ConnectionLost, ServerUnreachable, TransferError
from stash_sense.kernel.addresses import shown
from stash_sense.releases.ports import Look

_REASON_LETTERS = 200
_CONNECTING = (httpcore2.ConnectError, httpcore2.ConnectTimeout, httpcore2.ProxyError, httpcore2.UnsupportedProtocol)


class Connection(httpx2.BaseTransport):
    """One connection at a time, made by our own network so that it can be stopped; kept where the server keeps it.

    Args:
        trusted: whom to trust; None for http.
        proxy: to ask instead of the server itself.
        gate: judges where it leads.
        look: see `releases.ports.Look`.
    """

    def __init__(self, trusted: ssl.SSLContext | None, proxy: httpcore2.Proxy | None, gate: Gate, look: Look) -> None:
        if proxy is not None:
            gate.check_for_proxy()
        # The user named the proxy, so it may be anywhere.
        admit = gate.admit if proxy is None else lambda _, addresses: addresses
        self._pool = httpcore2.ConnectionPool(
            ssl_context=trusted, proxy=proxy, max_connections=1, network_backend=StoppableNetwork(look, admit)
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; raises what `releases.ports.HttpTransport.stream` raises."""
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
        """Break the connection off."""
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    def __init__(self, answered: httpcore2.Response) -> None:
        self._answered = answered

    def __iter__(self) -> Iterator[bytes]:
        return self._answered.iter_stream()

    def close(self) -> None:
        self._answered.close()


def chunks_of(response: httpx2.Response, url: httpx2.URL) -> Iterator[bytes]:
    """Yield the body as it was sent; raises as `Connection.handle_request` does."""
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
    # What was sent may be quoted in it.
    return str(error)[:_REASON_LETTERS].rstrip(".") or type(error).__name__
