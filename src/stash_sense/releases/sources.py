"""Where releases come from: what the user wrote to a folder, a web folder or a GitHub repository."""

from pathlib import Path

from stash_sense.errors import SourceUnknown
from stash_sense.releases.download import Download
from stash_sense.releases.folders import HttpFolder, LocalFolder
from stash_sense.releases.github import GithubRepository
from stash_sense.releases.patience import DownloadLimits
from stash_sense.releases.ports import HttpTransport, ReleaseSource
from stash_sense.releases.source_names import is_repository, repository_of
from stash_sense.settings import GITHUB_API


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
    if is_repository(text):
        return GithubRepository(text, download, api)
    raise SourceUnknown(source=text or "Nothing", reason="there is no such folder")


def _path(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:  # the home of a user who is not there
        return Path(text)


def _on_a_server(text: str, download: Download, api: str) -> ReleaseSource:
    repository = repository_of(text)
    return HttpFolder(text, download) if repository is None else GithubRepository(repository, download, api)
