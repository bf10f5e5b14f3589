"""httpx2 as a `releases.ports.HttpTransport`: TLS checked, proxies of the environment, no cookies, few redirects."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property

import httpx2

from stash_sense import __version__
from stash_sense.adapters.http.connection import Connection, chunks_of
from stash_sense.adapters.http.gate import Gate
from stash_sense.adapters.http.proxies import Proxies
from stash_sense.adapters.http.redirects import MOST_REDIRECTS, REDIRECTS, following, parsed
from stash_sense.errors import RedirectRefused
from stash_sense.kernel.addresses import shown, without_password
from stash_sense.releases.ports import Answer, Inquiry, Look, Named

EVERY_REQUEST = {"user-agent": f"stash-sense/{__version__}", "accept": "*/*"}


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
        url = parsed(inquiry.url)
        for _ in range(1 + MOST_REDIRECTS):
            look()
            with self._asked(url, inquiry, look) as response:
                if response.status_code not in REDIRECTS or "location" not in response.headers:
                    yield Answer(response.status_code, dict(response.headers), chunks_of(response, url))
                    return
                url = following(url, response.headers["location"])
        raise RedirectRefused(address=shown(inquiry.url), reason=f"more than {MOST_REDIRECTS} times")

    def connection(self, url: httpx2.URL, named: Named, look: Look) -> Connection:
        """Return a connection to the server of an address, which is made with the first request.

        Args:
            url: its scheme, host and port matter.
            named: see `Inquiry`.
            look: see `Look`.

        Raises:
            ProxyUnusable: the environment names a proxy that is none.
            AddressPrivate: a proxy would be asked for what nobody named.
        """
        # To read whom the system trusts takes 20 ms.
        trusted = self._trusted if url.scheme == "https" else None
        return Connection(trusted, self._proxies.of(url), Gate(url, named), look)

    @contextmanager
    def _asked(self, url: httpx2.URL, inquiry: Inquiry, look: Look) -> Iterator[httpx2.Response]:
        """Send one request and give the answer, whose body has not been read."""
        seconds = httpx2.Timeout(inquiry.silence_seconds, connect=inquiry.connect_seconds)
        secret = (url.username, url.password) if url.userinfo else None
        headers = {**EVERY_REQUEST, **inquiry.headers}
        with (
            httpx2.Client(
                transport=self.connection(url, inquiry.named, look), trust_env=False, timeout=seconds
            ) as client,
            client.stream("GET", without_password(str(url)), headers=headers, auth=secret) as response,
        ):
            yield response

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        return self._certificates or httpx2.create_ssl_context()
