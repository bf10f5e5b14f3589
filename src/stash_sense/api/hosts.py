"""Under which names the service may be asked: a page that lets its own name mean this machine gets nothing.

A browser tells the name that the page's author chose, so a name that is not ours is refused (DNS rebinding). A bare
address cannot be made to mean another machine, but only those are taken on which the service really is.
"""

import ipaddress
import re
from collections.abc import Iterable

from stash_sense.errors import SettingInvalid

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?")
_ORIGIN = re.compile(r"(https?)://(.+)", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}


class AllowedHosts:
    """The names and addresses of one running service.

    Args:
        bound: the host that it listens at.
        more: what the user adds.
    """

    def __init__(self, bound: str, more: Iterable[str] = ()) -> None:
        self._added = tuple(more)
        self._names = frozenset(_plain(name) for name in self._added)
        if not _is_every_address(bound):
            self._names |= {_plain(bound)}

    def is_ours(self, header: str, local_address: str) -> bool:
        """Whether a request may be meant for this service.

        Args:
            header: its header Host.
            local_address: the address of this machine that its connection goes to; empty where that is not known.
        """
        parsed = _HOST.fullmatch(header)
        if parsed is None:
            return False
        name = _plain(parsed[1])
        return name in self._names or _is_this_machine(name) or name == _plain(local_address)

    def with_name(self, header: str) -> str:
        """Return what the user would have to allow for a header Host to be ours: the names that are, and its own."""
        parsed = _HOST.fullmatch(header)
        return ",".join((*self._added, parsed[1] if parsed else "NAME"))


def is_same_origin(origin: str, host: str) -> bool:
    """Whether the header Origin names the place that the header Host does; the port counts, http and https do not."""
    parsed = _ORIGIN.fullmatch(origin)
    if parsed is None:
        return False
    theirs, ours = _HOST.fullmatch(parsed[2]), _HOST.fullmatch(host)
    if theirs is None or ours is None:
        return False
    usual = _PORTS[parsed[1].lower()]
    return (_plain(theirs[1]), int(theirs[2] or usual)) == (_plain(ours[1]), int(ours[2] or usual))


def hosts_in(setting: str) -> list[str]:
    """Read the names and addresses of a setting.

    Raises:
        SettingInvalid: one of them is none.
    """
    return [_without_port(word) for word in setting.replace(",", " ").split()]


def _without_port(word: str) -> str:
    parsed = _HOST.fullmatch(word)
    if parsed is None and not _is_address(word):
        reason = "it must be names or addresses without http:// and without a wildcard, apart by commas"
        raise SettingInvalid(name="STASH_SENSE_ALLOWED_HOSTS", value=repr(word), reason=reason)
    return word if parsed is None else parsed[1]


def _plain(host: str) -> str:
    """Write a name or address in one form: small letters, no brackets, no dot at the end."""
    host = host.strip("[]").rstrip(".").lower()
    return str(ipaddress.ip_address(host)) if _is_address(host) else host


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_every_address(host: str) -> bool:
    return _is_address(host) and ipaddress.ip_address(host).is_unspecified


def _is_this_machine(host: str) -> bool:
    if not _is_address(host):
        return host == "localhost" or host.endswith(".localhost")
    return ipaddress.ip_address(host).is_loopback
