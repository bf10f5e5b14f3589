"""Which proxy, if any, the user's environment names for an address."""

import ipaddress
from collections.abc import Mapping
from urllib.request import getproxies

import httpcore2
import httpx2

from stash_sense.adapters.http.gate import is_this_machine
from stash_sense.errors import ProxyUnusable

_LAST_PORT = 65535


class Proxies:
    """The proxies of the environment (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY, or the system's settings).

    Args:
        named: address of the proxy by scheme ("http", "https", "all"; "no": hosts that are asked directly); by
            default the environment's.
    """

    def __init__(self, named: Mapping[str, str] | None = None) -> None:
        self._named = dict(getproxies() if named is None else named)

    def of(self, url: httpx2.URL) -> httpcore2.Proxy | None:
        """Return the proxy to ask for an address, None to ask the server itself.

        Raises:
            ProxyUnusable: it is no address, or of a kind that cannot be used.
        """
        host = url.host
        kind = url.scheme if self._named.get(url.scheme) else "all"
        text = self._named.get(kind)
        if not text or is_this_machine(host) or _is_excepted(host, self._named.get("no", "")):
            return None
        variable = f"{kind.upper()}_PROXY"
        try:
            proxy = httpx2.URL(text if "://" in text else f"http://{text}")
        except (httpx2.InvalidURL, UnicodeError) as error:  # what it says may hold a password
            raise ProxyUnusable(variable=variable, reason="it is no address") from error
        if proxy.scheme not in ("http", "https"):
            raise ProxyUnusable(variable=variable, reason=f"{proxy.scheme}, where only http and https can be used")
        if not proxy.host or (proxy.port is not None and not 0 < proxy.port <= _LAST_PORT):
            raise ProxyUnusable(variable=variable, reason="it is no address")
        secret = (proxy.username, proxy.password) if proxy.userinfo else None
        return httpcore2.Proxy(
            httpcore2.URL(scheme=proxy.raw_scheme, host=proxy.raw_host, port=proxy.port, target=b"/"), auth=secret
        )


def _is_excepted(host: str, exceptions: str) -> bool:
    """Whether NO_PROXY names a host: itself, a domain that it is in, a network, or "*" for all."""
    host = host.rstrip(".").lower()
    for entry in (part.strip().lower() for part in exceptions.split(",")):
        domain = entry.removeprefix("*").removeprefix(".")
        if entry == "*" or (domain and (host == domain or host.endswith(f".{domain}"))):
            return True
        try:
            if ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False):
                return True
        except ValueError:
            continue
    return False
