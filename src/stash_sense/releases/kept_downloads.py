"""What updates have fetched: kept until it is installed, so that a disk that was full need not fetch it again."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from stash_sense.errors import ArchiveError, DatabaseError, PublicReleaseError, ReleaseError
from stash_sense.files import storage_errors
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener
from stash_sense.performers.versions import leftovers
from stash_sense.releases.found import Announced, FoundRelease
from stash_sense.releases.ports import ReleaseSource
from stash_sense.releases.release_manifest import ArchiveEntry
from stash_sense.releases.space import require_space
from stash_sense.releases.verification import verify_archive

_OF_THE_RELEASE = (ArchiveError, ReleaseError, DatabaseError, PublicReleaseError)
"""What goes wrong because of what was fetched, not because of this machine."""


class KeptDownloads:
    """The archive of one release, or what there is of it.

    Args:
        folder: to keep it in; whatever else is in it goes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextlib.contextmanager
    def fetched(
        self,
        source: ReleaseSource,
        release: FoundRelease,
        file: Announced,
        progress: ProgressListener,
        cancel: CancelToken,
    ) -> Iterator[Path]:
        """Give a release's archive; it is kept for the next time unless it turns out to be of no use.

        Args:
            source: has it.
            release: one of the source's.
            file: the archive.
            progress: told how far it is fetched.
            cancel: stops that.

        Raises:
            SourceError, TransferError: it cannot be fetched.
            StorageError: there is no room for it, or it cannot be written.
            Cancelled: the token was set.
        """
        folder = self._folder
        with storage_errors(folder):
            if folder.is_symlink() or not folder.is_dir():  # what is behind a link is not ours to clear
                leftovers.remove(folder)
            folder.mkdir(parents=True, exist_ok=True)
            for other in folder.iterdir():  # what is left of a release that is no longer the newest
                if other.name not in (file.name, f"{file.name}.part", f"{file.name}.part.json"):
                    leftovers.remove(other)
        into = folder / file.name
        if not _is_there(into, file, cancel):
            leftovers.remove(into)
            require_space(folder, file.size or 0)
            source.fetch(release, file, into, progress, cancel)
        try:
            yield into
        except _OF_THE_RELEASE:  # fetched again it would be the same
            self.forget()
            raise
        except BaseException:
            if file.sha256 is None:  # nothing would tell that it is whole
                self.forget()
            raise
        self.forget()

    def forget(self) -> None:
        """Remove what is kept."""
        leftovers.remove(self._folder)


def _is_there(into: Path, file: Announced, cancel: CancelToken) -> bool:
    """Whether an earlier update has fetched all of an archive whose checksum is known."""
    if file.size is None or file.sha256 is None or not into.is_file():
        return False
    try:
        verify_archive(into, ArchiveEntry(name=file.name, size=file.size, sha256=file.sha256), cancel=cancel)
    except ArchiveError:
        return False
    return True
