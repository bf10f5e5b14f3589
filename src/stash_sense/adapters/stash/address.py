"""The address of the user's Stash, and the addresses that Stash writes, led back to it.

Stash writes addresses with the host under which it believes to be known: a name inside a container, a public name, a
sub-path that only one of the two ways has. Only what follows is taken; we ask where the user told us to.
"""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2

from stash_sense.errors import StashAddressInvalid

_PAGES = ("/graphql", "/playground")
"""What users copy along with the address."""
_ROOT = re.compile(r"/(?:scene|image|performer|studio|tag|gallery|group|movie|plugin|downloads)(?=/[^/])")
"""Where the addresses of media begin below the address of Stash."""
_KEY = "apikey"


class StashAddress:
    """Where Stash is.

    Attributes:
        base: the address without a slash at its end, a name and password still in it.
        shown: the same without name and password, for people and for what is below it.
        graphql: where questions go.

    Args:
        text: as the user wrote it, perhaps with /graphql at its end.

    Raises:
        StashAddressInvalid: it is none.
    """

    def __init__(self, text: str) -> None:
        parts = _parsed(text.strip())
        path = parts.path.rstrip("/")
        for page in _PAGES:
            path = path.removesuffix(page).rstrip("/")
        bare = parts.copy_with(path=path or "/", query=None, fragment=None)
        self.base = str(bare).rstrip("/")
        self.shown = str(bare.copy_with(userinfo=b"")).rstrip("/")
        self.graphql = f"{self.shown}/graphql"
        self._ours = f"{self.shown}/"
        self._prefix = path
        self._theirs = ""

    def rebased(self, url: str) -> str:
        """Lead an address that Stash wrote to the Stash that we ask; without the key, and without a password.

        Args:
            url: absolute, or only its path; empty gives empty.
        """
        theirs = self._theirs
        if theirs and url.startswith(theirs) and ("?" not in url or _KEY not in url.lower()):
            return self._ours + url[len(theirs) :]
        if not url:
            return ""
        try:
            parts = urlsplit(url)
        except ValueError:
            return ""
        path = self._below(parts.path)
        if parts.netloc and parts.path.endswith(path):
            # All the addresses of one answer begin alike: the next one is only cut.
            begins = f"{parts.scheme}://{parts.netloc}{parts.path[: len(parts.path) - len(path)]}/"
            self._theirs = begins if url.startswith(begins) else ""
        query = _without_key(parts.query)
        return f"{self.shown}{path}" + (f"?{query}" if query else "")

    def _below(self, path: str) -> str:
        """Cut the sub-path that Stash believes to have."""
        found = [mark.start() for mark in _ROOT.finditer(path)]
        if found:  # the last one: a sub-path may be called like one
            return path[found[-1] :]
        path = path.removeprefix(self._prefix) if path.startswith(f"{self._prefix}/") else path
        return path if path.startswith("/") else f"/{path}"


def _parsed(text: str) -> httpx2.URL:
    if not text:
        raise StashAddressInvalid(address="STASH_URL", reason="it is empty")
    try:
        url = httpx2.URL(text)
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise StashAddressInvalid(address="STASH_URL", reason="it cannot be understood") from error
    if url.port is not None and not 0 < url.port < 65536:
        raise StashAddressInvalid(address="STASH_URL", reason="no port has such a number")
    if url.scheme not in ("http", "https") or not url.host:
        reason = "it begins with neither http:// nor https://, or names no host"
        raise StashAddressInvalid(address="STASH_URL", reason=reason)
    return url


def _without_key(query: str) -> str:
    if _KEY not in query.lower():
        return query
    kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name.lower() != _KEY]
    return urlencode(kept)
