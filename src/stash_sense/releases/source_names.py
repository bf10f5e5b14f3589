"""What a source of releases may be called: the form of its name, whatever is there at the moment."""

import re
from urllib.parse import urlsplit

from stash_sense.errors import SourceUnknown
from stash_sense.kernel.addresses import shown

_OWNER = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})"
_NAME = r"[A-Za-z0-9._-]{1,100}"
_REPOSITORY = re.compile(rf"{_OWNER}/(?!\.{{1,2}}$){_NAME}")
_GITHUB = ("github.com", "www.github.com")
ALLOWED = "the whole path of a folder, an https address, or owner/name on GitHub"


def is_repository(text: str) -> bool:
    """Whether a text is owner/name."""
    return _REPOSITORY.fullmatch(text) is not None


def repository_of(address: str) -> str | None:
    """Return which repository of GitHub an address is a page of; None where it is another server's.

    Raises:
        SourceUnknown: nothing there can be asked.
    """
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".")
        _ = parts.port
    except ValueError:
        raise SourceUnknown(source="This address", reason="it cannot be read") from None
    if parts.scheme not in ("http", "https") or not host:
        raise SourceUnknown(source=shown(address), reason="only http and https addresses can be asked")
    if host not in _GITHUB:
        return None
    repository = "/".join(parts.path.strip("/").split("/")[:2]).removesuffix(".git")
    if not is_repository(repository):
        raise SourceUnknown(source=shown(address), reason="it is no repository of GitHub")
    return repository


def check_name(text: str) -> None:
    """Make sure that a text names a source wherever it is read; a folder need not be there yet.

    Raises:
        SourceUnknown: it names none.
    """
    text = text.strip()
    if text.startswith(("/", "~")):
        return
    if "://" in text:
        repository_of(text)
    elif not is_repository(text):
        raise SourceUnknown(source=text or "Nothing", reason=f"it is not {ALLOWED}")
