"""Looking for releases without asking the server each time: an answer is good for ten minutes.

It is kept in memory and in the performers folder, so that commands typed one after the other profit from it as well.
"""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stash_sense.errors import StorageError
from stash_sense.files import write_atomically
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.text import StoredText
from stash_sense.releases.found import FoundRelease, Listing, Offer, PublicOffer, SignedOffer, listing_of, version_of
from stash_sense.releases.ports import ReleaseSource

CACHE_NAME = ".checked.json"
CACHE_SECONDS = 600.0
"""GitHub answers 60 requests an hour to those without a key."""
_CACHE_BYTES = 16 * 1024 * 1024


class _CachedRelease(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    prerelease: bool
    manifest: str | None = None
    archive: str | None = None
    size: int | None = Field(default=None, ge=0)
    places: dict[str, str] = {}

    @classmethod
    def of(cls, release: FoundRelease) -> "_CachedRelease":
        offer = release.offer
        shared = {"version": str(release.version), "prerelease": release.prerelease, "places": dict(release.places)}
        if isinstance(offer, SignedOffer):
            return cls.model_validate({**shared, "manifest": offer.manifest})
        return cls.model_validate({**shared, "archive": offer.archive, "size": offer.size})

    def found(self) -> FoundRelease | None:
        """Return the release, None if what is written is none."""
        version, offer = version_of(self.version), self._offer()
        if version is None or offer is None:
            return None
        return FoundRelease(version, self.prerelease, offer, MappingProxyType(self.places))

    def _offer(self) -> Offer | None:
        if self.manifest is not None:
            return SignedOffer(self.manifest)
        return None if self.archive is None else PublicOffer(self.archive, self.size)


class _Cached(BaseModel):
    """One answer; `at` is the wall clock's time, in seconds since 1970."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: Literal[1] = Field(default=1, alias="schema")
    source: StoredText
    at: float
    releases: list[_CachedRelease]
    notes: list[StoredText]


@dataclass(frozen=True, slots=True)
class _Remembered:
    source: str
    at: float
    listing: Listing


class CachedCheck:
    """Asks a source for its releases, one that is not on this machine at most once in ten minutes.

    Args:
        folder: the performers folder, where the answer is kept.
        clock: tells seconds that never go back; an answer of this process is as old as it says.
        wall: tells seconds since 1970; an answer of an earlier process is as old as it says.
    """

    def __init__(
        self, folder: Path, clock: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time
    ) -> None:
        self._path = folder / CACHE_NAME
        self._clock = clock
        self._wall = wall
        self._last: _Remembered | None = None

    def releases(self, source: ReleaseSource, cancel: CancelToken, *, fresh: bool = False) -> Listing:
        """Return the releases of a source.

        Args:
            source: to ask.
            cancel: looked at several times a second.
            fresh: ask in any case.

        Raises:
            SourceError: the place has no releases, or cannot be understood; an earlier answer is not used then.
            TransferError: it could not be asked.
            Cancelled: somebody asked to stop.
        """
        known = None if fresh else self._known(source)
        if known is not None:
            return known
        listing = source.releases(cancel)
        self._last = _Remembered(source.name, self._clock(), listing)
        self._store(source.name, listing)
        return listing

    def remembers(self, source: ReleaseSource) -> bool:
        """Whether the source would not be asked now."""
        return self._known(source) is not None

    def _known(self, source: ReleaseSource) -> Listing | None:
        return None if source.is_here else self._remembered(source.name) or self._stored(source.name)

    def _remembered(self, source: str) -> Listing | None:
        last = self._last
        if last is None or last.source != source or not 0 <= self._clock() - last.at < CACHE_SECONDS:
            return None
        return last.listing

    def _stored(self, source: str) -> Listing | None:
        """Read what an earlier process was told; None if it is too old, from the future, or damaged."""
        try:
            with self._path.open("rb") as file:
                cached = _Cached.model_validate_json(file.read(_CACHE_BYTES))
        except (OSError, ValidationError):
            return None
        if cached.source != source or not 0 <= self._wall() - cached.at < CACHE_SECONDS:
            return None
        found = [release.found() for release in cached.releases]
        whole = [release for release in found if release is not None]
        return listing_of(whole, cached.notes) if len(whole) == len(found) else None

    def _store(self, source: str, listing: Listing) -> None:
        cached = _Cached(
            source=source,
            at=self._wall(),
            releases=[_CachedRelease.of(release) for release in listing.releases],
            notes=list(listing.notes),
        )
        # Without it the next check asks again, which is all that it saves.
        with contextlib.suppress(StorageError):
            write_atomically(self._path, cached.model_dump_json(by_alias=True).encode())
