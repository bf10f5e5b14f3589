"""Addresses as they are written, and where a server's redirects lead."""

import httpx2

from stash_sense.errors import RedirectRefused, ServerUnreachable
from stash_sense.kernel.addresses import shown

MOST_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SCHEMES = ("http", "https")
_LONGEST = 8_000
"""Letters of an address that is followed; those with signatures of large file stores have 2,000."""


def parsed(text: str) -> httpx2.URL:
    """Read an address.

    Raises:
        ServerUnreachable: it is none, or not one of http or https.
    """
    try:
        url = httpx2.URL(text)
    except httpx2.InvalidURL as error:
        raise ServerUnreachable(address=shown(text), reason="this is no address") from error
    if url.scheme not in _SCHEMES or not url.host:
        raise ServerUnreachable(address=shown(text), reason="only http and https addresses can be asked")
    return url


def following(url: httpx2.URL, location: str) -> httpx2.URL:
    """Return where a server sends on to; a password that it puts there is not used.

    Raises:
        RedirectRefused: nobody should follow there.
    """
    if len(location) > _LONGEST:
        raise RedirectRefused(address=shown(str(url)), reason=f"to an address of more than {_LONGEST:,} letters")
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
