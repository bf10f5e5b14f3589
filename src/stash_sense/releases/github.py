"""Releases from a GitHub repository: each with a signed manifest, or with one archive that nobody signed."""

from types import MappingProxyType

from packaging.version import Version
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from stash_sense.errors import NotOnServer, RedirectRefused, RepositoryMissing, SourceUnreadable
from stash_sense.kernel.cancel import CancelToken
from stash_sense.releases.download import Download
from stash_sense.releases.found import (
    ARCHIVE_SUFFIX,
    FoundRelease,
    Listing,
    Offer,
    PublicOffer,
    SignedOffer,
    is_file_name,
    listing_of,
    version_of,
)
from stash_sense.releases.release_manifest import MANIFEST_SUFFIX
from stash_sense.releases.remote import RemoteSource
from stash_sense.settings import GITHUB_API

_HEADERS = {"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28"}
_PAGE = 100
"""Releases asked for at once, the most that GitHub gives."""
_MOST_PAGES = 10
"""The newest 1,000 releases: without a key GitHub answers 60 requests an hour."""
_PAGE_BYTES = 16 * 1024 * 1024
"""Of an answer: 100 releases with their notes take up to a few MB."""


class _Asset(BaseModel):
    name: str
    browser_download_url: str = Field(max_length=8_000)
    size: int | None = Field(default=None, ge=0)
    state: str = "uploaded"


class _Release(BaseModel):
    tag_name: str
    draft: bool = False
    prerelease: bool = False
    assets: list[_Asset] = []


_RELEASES = TypeAdapter(list[_Release])


class GithubRepository(RemoteSource):
    """A `ReleaseSource`: the releases of a repository, their tags being versions.

    Args:
        repository: owner/name.
        download: fetches.
        api: address of GitHub's REST interface.
    """

    def __init__(self, repository: str, download: Download, api: str = GITHUB_API) -> None:
        self._api = api.rstrip("/")
        super().__init__(download, self._api)
        self._repository = repository

    @property
    def name(self) -> str:
        """The repository as owner/name."""
        return self._repository

    def releases(self, cancel: CancelToken) -> Listing:
        """Ask GitHub; see `ReleaseSource.releases`."""
        found: list[FoundRelease] = []
        notes: list[str] = []
        for page in range(1, _MOST_PAGES + 1):
            releases = self._page(page, cancel)
            for release in releases:
                if release.draft:
                    continue
                version, offer = version_of(release.tag_name), _offer(release)
                if version is None:
                    notes.append(f"{release.tag_name[:80]!r} is passed over: it is no version")
                elif offer is None:
                    notes.append(f"{version} is passed over: it has neither a manifest nor exactly one archive")
                else:
                    found.append(_found(release, version, offer))
            if len(releases) < _PAGE:
                break
        return listing_of(found, notes)

    def _page(self, page: int, cancel: CancelToken) -> list[_Release]:
        url = f"{self._api}/repos/{self._repository}/releases?per_page={_PAGE}&page={page}"
        try:
            content = self._download.read(url, _PAGE_BYTES, named=self._named, headers=_HEADERS, cancel=cancel)
        except NotOnServer as error:
            raise RepositoryMissing(source=self._repository) from error
        try:
            return _RELEASES.validate_json(content)
        except ValidationError as error:
            raise SourceUnreadable(source=self._repository, reason="it is no list of releases") from error

    def _place(self, release: FoundRelease, name: str) -> str:
        place = release.places.get(name)
        if place is None:
            raise NotOnServer(address=f"{name} in release {release.version} of {self._repository}")
        if self._api.startswith("https:") and not place.startswith("https:"):
            reason = f"{name} is offered without https, which anybody can change"
            raise RedirectRefused(address=self._repository, reason=reason)
        return place


def _found(release: _Release, version: Version, offer: Offer) -> FoundRelease:
    places = {asset.name: asset.browser_download_url for asset in _usable(release)}
    return FoundRelease(version, release.prerelease or version.is_prerelease, offer, MappingProxyType(places))


def _usable(release: _Release) -> list[_Asset]:
    return [asset for asset in release.assets if asset.state == "uploaded" and is_file_name(asset.name)]


def _offer(release: _Release) -> Offer | None:
    assets = _usable(release)
    manifests = [asset for asset in assets if asset.name.endswith(MANIFEST_SUFFIX)]
    archives = [asset for asset in assets if asset.name.endswith(ARCHIVE_SUFFIX)]
    if len(manifests) == 1:
        return SignedOffer(manifests[0].name)
    if not manifests and len(archives) == 1:
        return PublicOffer(archives[0].name, archives[0].size)
    return None
