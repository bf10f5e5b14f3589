"""Releases as a source lists them, and choosing the newest."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from packaging.version import InvalidVersion, Version

from stash_sense.performers.manifest import can_be_version
from stash_sense.releases.signing import SIGNATURE_SUFFIX

ARCHIVE_SUFFIX = ".zip"

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,199}")
"""Of a file of a release: nothing that leads out of a folder, and nothing that means something in an address."""
_MOST_NOTES = 10
_VERSION_LETTERS = 64
"""Longer texts are no versions; reading one of any length takes time that grows with its square."""


@dataclass(frozen=True, slots=True)
class SignedOffer:
    """A release whose manifest tells everything else: the names of the manifest and of its signature."""

    manifest: str

    @property
    def signature(self) -> str:
        """Name of the signature's file; whether there is one shows when it is read."""
        return self.manifest + SIGNATURE_SUFFIX


@dataclass(frozen=True, slots=True)
class PublicOffer:
    """A release of one archive that nobody signed: the archive's name, and its bytes as far as the source tells."""

    archive: str
    size: int | None


Offer: TypeAlias = SignedOffer | PublicOffer


@dataclass(frozen=True, slots=True)
class Announced:
    """A file of a release by its name, and what it must be as far as that is known: its bytes, its SHA-256 in hex."""

    name: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class FoundRelease:
    """A release that a source says it has.

    Attributes:
        version: as the source says.
        prerelease: the version or the source says so.
        offer: what there is to fetch.
        places: addresses of files by name, where the source keeps them elsewhere than under their names.
    """

    version: Version
    prerelease: bool
    offer: Offer
    places: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Listing:
    """The releases of a source, newest first, and a note on each thing there that was passed over."""

    releases: tuple[FoundRelease, ...]
    notes: tuple[str, ...] = ()


def listing_of(releases: Iterable[FoundRelease], notes: Sequence[str] = ()) -> Listing:
    """Put releases in order; of two with the same version the first counts, of many notes the first ten."""
    if len(notes) > _MOST_NOTES:
        notes = [*notes[:_MOST_NOTES], f"{len(notes) - _MOST_NOTES:,} more are passed over"]
    once: dict[Version, FoundRelease] = {}
    for release in releases:
        once.setdefault(release.version, release)
    return Listing(tuple(sorted(once.values(), key=lambda release: release.version, reverse=True)), tuple(notes))


def newest(releases: Iterable[FoundRelease], *, prereleases: bool = False) -> FoundRelease | None:
    """Choose the release with the highest version, None if there is none; versions are compared as versions.

    Args:
        releases: to choose from.
        prereleases: let those count that are meant for trying out.
    """
    candidates = [release for release in releases if prereleases or not release.prerelease]
    return max(candidates, key=lambda release: release.version, default=None)


def version_of(text: str) -> Version | None:
    """Read a version or a tag with one ("2026.2.10", "v1.0rc1"); None if none of ours can be called so."""
    try:
        version = Version(text) if len(text) <= _VERSION_LETTERS else None
    except InvalidVersion:
        return None
    return version if can_be_version(str(version)) else None


def is_file_name(name: str) -> bool:
    """Whether a file of a release may be called so."""
    return _FILE_NAME.fullmatch(name) is not None
