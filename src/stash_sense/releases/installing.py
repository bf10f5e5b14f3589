"""A release that is at hand -> the version in use: unpacked aside, verified, proved, and only then switched to."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from stash_sense.files import storage_errors
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener, silent
from stash_sense.performers.manifest import Manifest
from stash_sense.performers.public.importing import ImportNote, write_public
from stash_sense.performers.versions import derived
from stash_sense.performers.versions.forgetting import without_forgotten
from stash_sense.performers.versions.forgotten import forgotten_ids
from stash_sense.performers.versions.library import InstalledVersion, PerformersLibrary
from stash_sense.performers.versions.origin import Origin
from stash_sense.releases.archive import copy, unpack
from stash_sense.releases.space import UNPACKED_FACTOR, require_space
from stash_sense.releases.status import StatusBoard, UpdateState

Prove = Callable[[InstalledVersion, Path, CancelToken, ProgressListener], None]
"""Opens a version that is not in use yet and searches it for known faces; raises where that fails.

What searching it needs is derived below the folder that is given; what is there afterwards is kept.
"""


@dataclass(frozen=True, slots=True)
class Installed:
    """A version that was put into use, and what was noticed on the way."""

    version: InstalledVersion
    notes: tuple[ImportNote, ...] = ()


class ReleaseInstaller:
    """Puts releases into use; the version before stays in use until the last step, and is kept after it.

    Args:
        library: of the installed versions.
        prove: see `Prove`.
        board: told what is being done.
    """

    def __init__(self, library: PerformersLibrary, prove: Prove, board: StatusBoard | None = None) -> None:
        self._library = library
        self._prove = prove
        self._board = board or StatusBoard()

    def install_archive(
        self,
        archive: Path,
        manifest: Manifest,
        origin: Origin,
        cancel: CancelToken,
        progress: ProgressListener = silent,
        once_alone: Callable[[], object] = lambda: None,
    ) -> Installed:
        """Install an archive of ours.

        Args:
            archive: whose own size and SHA-256 were checked, or that the user named.
            manifest: what must be in it.
            origin: how it came to be here.
            cancel: looked at until the switch.
            progress: told how far each part is.
            once_alone: called when nobody else can change the library any more; whatever it raises ends the work.

        Raises:
            ArchiveError, ReleaseError: the archive is refused.
            DatabaseError: what it holds cannot be used.
            StorageError: the disk said no.
            Cancelled: the token was set; in all these cases the version in use stays.
        """
        listen = self._board.listening(progress)
        with self._library.alone(cancel, listen), self._library.staging() as stage:
            once_alone()
            self._board.enter(UpdateState.EXTRACTING, target=manifest.version)
            folder = stage / "version"
            require_space(self._library.folder, manifest.size, factor=UNPACKED_FACTOR)
            unpack(archive, manifest, folder, progress=listen, cancel=cancel)
            return Installed(self._proved(folder, manifest, origin, cancel, listen))

    def install_folder(
        self,
        version: Path,
        manifest: Manifest,
        origin: Origin,
        cancel: CancelToken,
        progress: ProgressListener = silent,
    ) -> Installed:
        """Install a version that lies elsewhere; arguments as above.

        Raises:
            VersionFileError: it is not what its manifest says. Others as `install_archive`.
        """
        listen = self._board.listening(progress)
        with self._library.alone(cancel, listen), self._library.staging() as stage:
            self._board.enter(UpdateState.EXTRACTING, target=manifest.version)
            folder = stage / "version"
            require_space(self._library.folder, manifest.size, factor=UNPACKED_FACTOR)
            copy(version, manifest, folder, listen, cancel)
            return Installed(self._proved(folder, manifest, origin, cancel, listen))

    def install_public(
        self,
        release: Path,
        origin: Origin,
        cancel: CancelToken,
        progress: ProgressListener = silent,
        version: str | None = None,
        once_alone: Callable[[], object] = lambda: None,
    ) -> Installed:
        """Install a public release of the layout with two Voyager indexes; arguments and errors as above.

        Args:
            release: zip or folder.
            origin: see above.
            cancel: see above.
            progress: see above.
            version: name of the version here; the release's own without it.
            once_alone: see above.

        Raises:
            PublicReleaseError: it is refused. Others as `install_archive`.
        """
        listen = self._board.listening(progress)
        with self._library.alone(cancel, listen), self._library.staging() as stage:
            once_alone()
            self._board.enter(UpdateState.EXTRACTING, target=version)
            folder, scratch = stage / "version", stage / "scratch"
            with storage_errors(stage):
                if release.is_file():  # of an unpacked one nobody knows what becomes of it
                    require_space(self._library.folder, release.stat().st_size)
                folder.mkdir()
                scratch.mkdir()
            written = write_public(
                release, folder, scratch, datetime.now(UTC), version=version, progress=listen, cancel=cancel
            )
            installed = self._proved(folder, written.manifest, origin, cancel, listen)
            return Installed(installed, written.notes)

    def _proved(
        self, folder: Path, manifest: Manifest, origin: Origin, cancel: CancelToken, listen: ProgressListener
    ) -> InstalledVersion:
        self._board.enter(UpdateState.VERIFYING, target=manifest.version)
        library = self._library
        staged = without_forgotten(
            InstalledVersion(folder, manifest, origin),
            folder.with_name("without"),
            forgotten_ids(library.folder),
            library.versions(),
            cancel,
            listen,
        )
        library.same_as(staged.manifest)
        # Aside: that of the version in use, which may have the same name, is needed until the switch.
        with derived.proof(library.derived) as made:
            self._prove(staged, made, cancel, listen)
            cancel.raise_if_cancelled()
            self._board.enter(UpdateState.SWAPPING)
            derived.take(made, library.derived, staged.version)
        return library.install(staged.folder, staged.origin or origin, listen)
