"""Which addresses may be connected to: what a server names must not lead into the user's own network."""

import ipaddress
import socket

import httpcore2
import httpx2

from stash_sense.errors import AddressPrivate
from stash_sense.kernel.addresses import shown
from stash_sense.releases.ports import Named

_CARRYING = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))
"""Networks of the new kind whose addresses end in one of the old kind: NAT64 and, of old, compatible ones."""
_OWN_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
"""The same for a network of one's own (RFC 8215), which knows where in them the other address is."""


class Gate:
    """Keeps a request that the user's own source did not ask for away from this machine and private networks.

    The source's own name server is believed once: what a name leads to when it is first asked is what the user named.

    Args:
        url: of the request.
        named: what the user named.
    """

    def __init__(self, url: httpx2.URL, named: Named) -> None:
        self._url = url
        self._named = named

    def admit(self, host: str, addresses: list[str]) -> list[str]:
        """Return the addresses of a host that may be connected to.

        Raises:
            AddressPrivate: there are some, but none of them may.
        """
        there: tuple[str, ...] = ()
        if self._is_named(host):
            if self._named.there is None:
                self._named.there = tuple(addresses)
            there = self._named.there
        admitted = [address for address in addresses if is_public(address) or address in there]
        if addresses and not admitted:
            raise AddressPrivate(address=shown(str(self._url)))
        return admitted

    def check_for_proxy(self) -> None:
        """Judge the host by how it is written, for only the proxy resolves it.

        Raises:
            AddressPrivate: as it says.
        """
        if _is_written_private(self._url.host) and not self._is_named(self._url.host):
            raise AddressPrivate(address=shown(str(self._url)))

    def _is_named(self, host: str) -> bool:
        try:
            return _plain(host) == _plain(httpx2.URL(self._named.address).host)
        except httpx2.InvalidURL:
            return False


def resolved(host: str, port: int | None) -> list[str]:
    """Return the addresses of a host, the preferred one first.

    Raises:
        httpcore2.ConnectError: it has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore2.ConnectError(f"the name {host} is not known") from error
    return list(dict.fromkeys(str(address[0]) for _, _, _, _, address in found))


def is_public(address: str) -> bool:
    """Whether an address is of the public internet: neither this machine nor a private network, however written."""
    try:
        ip: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _OWN_NAT64:
            return False
        ip = _embedded(ip) or ip
    return ip.is_global and not ip.is_multicast


def _embedded(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the address of the old kind that one of the new kind leads to."""
    if any(ip in network for network in _CARRYING):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour


def is_this_machine(host: str) -> bool:
    """Whether a host is this machine by its name; a proxy would take it for itself."""
    name = host.rstrip(".").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def _plain(host: str) -> str:
    return host.rstrip(".").lower()


def _is_written_private(host: str) -> bool:
    """Whether a host can be seen to be no public one without resolving it."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # What ends in a number is an address in another notation ("127.1", "0x7f000001"), of which none is usual.
        return is_this_machine(host) or host.rstrip(".").rpartition(".")[2][:1].isdigit()
    return not is_public(host)
