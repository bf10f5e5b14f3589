"""Releases from a folder: one of this machine, or one that a web server hands out."""

import contextlib
import hashlib
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from stash_sense.errors import (
    ArchiveError,
    ChecksumMismatch,
    DatabaseError,
    LargerThanAnnounced,
    ListingMissing,
    NotOnServer,
    ReleaseError,
    ShorterThanAnnounced,
    SourceUnreadable,
)
from stash_sense.files import storage_errors
from stash_sense.kernel.addresses import shown
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener
from stash_sense.releases.addresses import beside
from stash_sense.releases.download import Download
from stash_sense.releases.found import (
    ARCHIVE_SUFFIX,
    Announced,
    FoundRelease,
    Listing,
    PublicOffer,
    SignedOffer,
    is_file_name,
    listing_of,
    version_of,
)
from stash_sense.releases.importing import manifest_of
from stash_sense.releases.part_file import PartFile, Partial, write_all
from stash_sense.releases.rate import Meter
from stash_sense.releases.release_manifest import LISTING_NAME, MANIFEST_BYTES, MANIFEST_SUFFIX, ReleaseListing
from stash_sense.releases.remote import RemoteSource

_MANIFEST_NAME = re.compile(r"performers-(.+)" + re.escape(MANIFEST_SUFFIX))
_ARCHIVE_NAME = re.compile(r"(?:.*[-_])?(v?\d.*)" + re.escape(ARCHIVE_SUFFIX))
"""Of a public release: what stands last in its name is its version."""
_CHUNK = 1024 * 1024


class LocalFolder:
    """A `ReleaseSource`: what `db release` made, or one public archive, in a folder of this machine.

    Args:
        folder: that is there.
        clock: tells seconds that never go back.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._clock = clock

    @property
    def name(self) -> str:
        """The folder."""
        return str(self._folder)

    @property
    def is_here(self) -> bool:
        """Always."""
        return True

    def releases(self, cancel: CancelToken) -> Listing:
        """Look at the names of the files; see `ReleaseSource.releases`."""
        cancel.raise_if_cancelled()
        try:
            names = sorted(entry.name for entry in self._folder.iterdir() if entry.is_file())
        except OSError as error:
            raise SourceUnreadable(source=self.name, reason=error.strerror or type(error).__name__) from error
        manifests = [name for name in names if name.endswith(MANIFEST_SUFFIX)]
        archives = [name for name in names if name.endswith(ARCHIVE_SUFFIX)]
        if manifests or not archives:
            return _signed(manifests)
        if len(archives) > 1:
            raise SourceUnreadable(source=self.name, reason="it holds several archives and no manifest")
        named = _ARCHIVE_NAME.fullmatch(archives[0])
        version = version_of(named[1]) if named else None
        if version is None or not is_file_name(archives[0]):
            reason = f"the name {archives[0]} does not end in a version; `stash-sense db import` takes it as it is"
            raise SourceUnreadable(source=self.name, reason=reason)
        if self._is_no_release(archives[0]):
            reason = f"{archives[0]} is a database, but no release; `stash-sense db import` takes it as it is"
            raise SourceUnreadable(source=self.name, reason=reason)
        with self._opened(archives[0]) as (_, size):
            return listing_of([FoundRelease(version, version.is_prerelease, PublicOffer(archives[0], size))])

    def _is_no_release(self, archive: str) -> bool:
        """Whether an archive is one of ours, which says nothing for itself without its manifest."""
        try:
            return manifest_of(self._folder / archive) is not None
        except (ArchiveError, ReleaseError, DatabaseError):
            return False  # who installs it says what is wrong with it

    def read_small(self, release: FoundRelease, name: str, limit: int, cancel: CancelToken) -> bytes:
        """Read a file; see `ReleaseSource.read_small`."""
        cancel.raise_if_cancelled()
        with self._opened(name) as (file, _):
            content = self._block(file, name, limit + 1)
        if len(content) > limit:
            raise LargerThanAnnounced(address=self._folder / name, size=limit)
        return content

    def fetch(
        self, release: FoundRelease, file: Announced, into: Path, progress: ProgressListener, cancel: CancelToken
    ) -> None:
        """Copy a file; see `ReleaseSource.fetch`. It is not gone on with after a break, which would save little."""
        with storage_errors(into):
            into.parent.mkdir(parents=True, exist_ok=True)
        part = PartFile(into)
        try:
            while True:
                with self._opened(file.name) as (content, there):
                    self._check_size(file.name, there, file.size)
                    digest = self._copied(content, file.name, part, there, progress, cancel)
                if part.is_there:
                    break
            if file.sha256 is not None and digest != file.sha256:
                raise ChecksumMismatch(address=self._folder / file.name)
            part.publish()
        finally:
            part.discard()

    def _copied(
        self,
        file: BinaryIO,
        name: str,
        part: PartFile,
        size: int,
        progress: ProgressListener,
        cancel: CancelToken,
    ) -> str:
        digest, done = hashlib.sha256(), 0
        meter = Meter(progress, self._clock)
        part.begin(Partial(url=name, size=size))
        meter.start(0, size)
        with part.opened() as out:
            while block := self._block(file, name, min(_CHUNK, size + 1 - done)):
                cancel.raise_if_cancelled()
                done += len(block)
                if done > size:
                    break
                digest.update(block)
                write_all(out, block, part.into)
                meter.tell(done)
        self._check_size(name, done, size)
        meter.finish(done)
        return digest.hexdigest()

    def _check_size(self, name: str, actual: int, size: int | None) -> None:
        if size is not None and actual > size:
            raise LargerThanAnnounced(address=self._folder / name, size=size)
        if size is not None and actual < size:
            raise ShorterThanAnnounced(address=self._folder / name, actual=actual, size=size)

    def _block(self, file: BinaryIO, name: str, count: int) -> bytes:
        try:
            return file.read(count)
        except OSError as error:
            reason = f"{name}: {error.strerror or type(error).__name__}"
            raise SourceUnreadable(source=self.name, reason=reason) from error

    @contextlib.contextmanager
    def _opened(self, name: str) -> Iterator[tuple[BinaryIO, int]]:
        """Open a file of the folder, and tell its bytes."""
        path = self._folder / name
        try:
            if not is_file_name(name) or not path.is_file():
                raise NotOnServer(address=path)
            file = path.open("rb")
        except OSError as error:
            reason = f"{name}: {error.strerror or type(error).__name__}"
            raise SourceUnreadable(source=self.name, reason=reason) from error
        with file:
            yield file, path.stat().st_size


class HttpFolder(RemoteSource):
    """A `ReleaseSource`: what `db release` made, in a folder that a web server hands out.

    Args:
        url: of the folder.
        download: fetches.
    """

    def __init__(self, url: str, download: Download) -> None:
        super().__init__(download, url)
        self._url = url

    @property
    def name(self) -> str:
        """The address, without a password."""
        return shown(self._url)

    def releases(self, cancel: CancelToken) -> Listing:
        """Read the folder's listing; see `ReleaseSource.releases`.

        Raises:
            ReleaseError: the listing cannot be understood.
        """
        try:
            content = self._download.read(
                beside(self._url, LISTING_NAME), MANIFEST_BYTES, named=self._named, cancel=cancel
            )
        except NotOnServer as error:
            raise ListingMissing(source=self.name) from error
        return _signed([listed.manifest for listed in ReleaseListing.read(content, LISTING_NAME).releases])

    def _place(self, release: FoundRelease, name: str) -> str:
        if not is_file_name(name):
            raise NotOnServer(address=f"{self.name}/{name}")
        return beside(self._url, name)


def _signed(manifests: list[str]) -> Listing:
    """List releases by their manifests' names, which hold their versions."""
    found, notes = [], []
    for name in manifests:
        named = _MANIFEST_NAME.fullmatch(name)
        version = version_of(named[1]) if named else None
        if version is None or not is_file_name(name):
            notes.append(f"{name} is passed over: its name holds no version")
        else:
            found.append(FoundRelease(version, version.is_prerelease, SignedOffer(name)))
    return listing_of(found, notes)
