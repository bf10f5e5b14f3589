"""What sources on servers share: a file of a release is an address, which is downloaded."""

from abc import ABC, abstractmethod
from pathlib import Path

from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener
from stash_sense.releases.download import Download
from stash_sense.releases.found import Announced, FoundRelease
from stash_sense.releases.ports import Named


class RemoteSource(ABC):
    """The half of a `ReleaseSource` that fetches.

    Args:
        download: fetches.
        address: that the user named; see `Named`.
    """

    def __init__(self, download: Download, address: str) -> None:
        self._download = download
        self._named = Named(address)

    @property
    def is_here(self) -> bool:
        """Never."""
        return False

    @abstractmethod
    def _place(self, release: FoundRelease, name: str) -> str:
        """Return the address of a file of a release.

        Raises:
            NotOnServer: it has none of that name.
            RedirectRefused: that is nowhere to fetch it from.
        """

    def read_small(self, release: FoundRelease, name: str, limit: int, cancel: CancelToken) -> bytes:
        """Fetch a file into memory; see `ReleaseSource.read_small`."""
        return self._download.read(self._place(release, name), limit, named=self._named, cancel=cancel)

    def fetch(
        self, release: FoundRelease, file: Announced, into: Path, progress: ProgressListener, cancel: CancelToken
    ) -> None:
        """Download a file; see `ReleaseSource.fetch`."""
        self._download.fetch(
            self._place(release, file.name),
            into,
            named=self._named,
            size=file.size,
            sha256=file.sha256,
            progress=progress,
            cancel=cancel,
        )
