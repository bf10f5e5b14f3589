"""Pictures as they are given to a mutation: a data URL, or an address that Stash reads itself."""

import base64
import binascii
import re
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from stash_sense.fakes.graphql.engine import ResolverError
from stash_sense.fakes.stash.state import Picture

_DATA_URL = re.compile(r"data:(?P<type>[^;,]+/[^;,]+);base64,(?P<content>.*)", re.DOTALL)
_ALPHABET = re.compile(r"[A-Za-z0-9+/\r\n]*")
_OWN_MACHINE = ("127.0.0.1", "localhost", "::1")
_SECONDS = 5
_LARGEST = 64 * 1024 * 1024


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())


def picture(given: str | None, what: str = "image") -> Picture | None:
    """Return a given picture, which need not be one: Stash takes any bytes.

    Args:
        given: a data URL, an http address, or null or "" to clear.
        what: it is, for errors: "image" or "cover image".

    Raises:
        ResolverError: it is no data URL, its text is no base64, or its address does not answer.
    """
    if not given:
        return None
    try:
        return _fetched(given) if given.lower().startswith("http") else _decoded(given)
    except ValueError as error:
        raise ResolverError(f"processing {what}: {error}") from error


def _decoded(given: str) -> Picture:
    match = _DATA_URL.fullmatch(given)
    if not match:
        raise ValueError("invalid base64 image")
    content = match["content"]
    try:
        return Picture(base64.b64decode(re.sub(r"[\r\n]", "", content), validate=True), match["type"])
    except binascii.Error as error:
        sound = _ALPHABET.match(content)
        raise ValueError(f"illegal base64 data at input byte {sound.end() if sound else 0}") from error


def _fetched(address: str) -> Picture:
    parts = urlsplit(address)
    if parts.hostname not in _OWN_MACHINE:  # a simulator reaches nothing but the machine it runs on
        raise ValueError(f'Get "{address}": dial tcp: lookup {parts.hostname}: no such host')
    try:
        with _OPENER.open(urllib.request.Request(address), timeout=_SECONDS) as answer:  # noqa: S310 - http only
            return Picture(answer.read(_LARGEST), answer.headers.get_content_type())
    except urllib.error.HTTPError as error:
        error.close()
        raise ValueError(f"http error {error.code}") from error
    except OSError as error:
        place = f"{parts.hostname}:{parts.port or 80}"
        raise ValueError(f'Get "{address}": dial tcp {place}: connect: connection refused') from error
