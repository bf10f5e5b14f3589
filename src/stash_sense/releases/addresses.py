"""Addresses of the files of a source."""

from urllib.parse import quote, urlsplit


def beside(folder: str, name: str) -> str:
    """Return the address of a file below a folder's address."""
    parts = urlsplit(folder)
    return parts._replace(path=f"{parts.path.rstrip('/')}/{quote(name)}").geturl()
