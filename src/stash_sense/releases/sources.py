"""Where releases come from: what the user wrote to a folder, a web folder or a GitHub repository."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from stash_sense.errors import SourceUnknown
from stash_sense.releases.addresses import shown
from stash_sense.releases.download import Download
from stash_sense.releases.folders import HttpFolder, LocalFolder
from stash_sense.releases.github import GithubRepository
from stash_sense.releases.patience import DownloadLimits
from stash_sense.releases.ports import HttpTransport, ReleaseSource
from stash_sense.settings import GITHUB_API

_OWNER = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})"
_NAME = r"[A-Za-z0-9._-]{1,100}"
_REPOSITORY = re.compile(rf"{_OWNER}/(?!\.{{1,2}}$){_NAME}")
_GITHUB = ("github.com", "www.github.com")


def source_of(
    text: str, transport: HttpTransport, limits: DownloadLimits | None = None, api: str = GITHUB_API
) -> ReleaseSource:
    """Find out which source the user means; nothing is asked yet.

    Args:
        text: an existing folder, an http or https address, or a GitHub repository as owner/name or its page.
        transport: asks servers.
        limits: bounds on what servers may cost.
        api: address of GitHub's REST interface.

    Raises:
        SourceUnknown: it is none of these.
    """
    text = text.strip()
    download = Download(transport, limits)
    path = _path(text)
    if text and path.is_dir():
        return LocalFolder(path.absolute())
    if "://" in text:
        return _on_a_server(text, download, api)
    if path.is_file():
        raise SourceUnknown(source=text, reason="it is a file; `stash-sense db import` takes those")
    if _REPOSITORY.fullmatch(text):
        return GithubRepository(text, download, api)
    raise SourceUnknown(source=text or "Nothing", reason="there is no such folder")


def _path(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:  # the home of a user who is not there
        return Path(text)


def _on_a_server(text: str, download: Download, api: str) -> ReleaseSource:
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").rstrip(".")
        _ = parts.port
    except ValueError:
        raise SourceUnknown(source="This address", reason="it cannot be read") from None
    if parts.scheme not in ("http", "https") or not host:
        raise SourceUnknown(source=shown(text), reason="only http and https addresses can be asked")
    if host not in _GITHUB:
        return HttpFolder(text, download)
    repository = "/".join(parts.path.strip("/").split("/")[:2]).removesuffix(".git")
    if not _REPOSITORY.fullmatch(repository):
        raise SourceUnknown(source=shown(text), reason="it is no repository of GitHub")
    return GithubRepository(repository, download, api)
