"""Addresses of servers: as they are shown to the user, and of files below them."""

from urllib.parse import quote, urlsplit


def shown(url: str) -> str:
    """Write an address without what may be secret in it: name and password, and whatever follows a question mark."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the address"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def without_password(url: str) -> str:
    """Return an address without a name and password, but otherwise as it is."""
    try:
        parts = urlsplit(url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    except ValueError:
        return ""


def beside(folder: str, name: str) -> str:
    """Return the address of a file below a folder's address."""
    parts = urlsplit(folder)
    return parts._replace(path=f"{parts.path.rstrip('/')}/{quote(name)}").geturl()
