"""Addresses of servers: as they are shown to the user, and as they are asked."""

from urllib.parse import urlsplit


def shown(url: str) -> str:
    """Write an address without what may be secret in it: name and password, and whatever follows a question mark."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the address"
    path = parts.path if parts.netloc else parts.path.rpartition("@")[2]  # where http:// was forgotten
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], path=path, query="", fragment="").geturl()


def without_password(url: str) -> str:
    """Return an address without a name and password, but otherwise as it is."""
    try:
        parts = urlsplit(url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    except ValueError:
        return ""
