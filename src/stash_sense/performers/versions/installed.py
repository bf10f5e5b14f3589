"""A complete version in the performers folder, and reading the manifest by which it is one."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from stash_sense import __version__
from stash_sense.errors import DatabaseDamaged, DatabaseUnreadable
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.performers.manifest import MANIFEST_NAME, Manifest
from stash_sense.performers.versions.origin import Origin

VERIFY = "verify, MB"
"""The stage in which the bytes of a version are read."""
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class InstalledVersion:
    """A complete version, in the performers folder or wherever it lies."""

    folder: Path
    manifest: Manifest
    origin: Origin | None

    @property
    def version(self) -> str:
        """Its name."""
        return self.manifest.version


def manifest_of(folder: Path) -> tuple[Manifest, str]:
    """Return a version's manifest, and the SHA-256, hex, of its bytes.

    Raises:
        DatabaseDamaged: there is none, or none that can be understood.
        DatabaseTooNew: a newer program is needed to understand it.
        DatabaseUnreadable: it may not be read.
    """
    try:
        content = (folder / MANIFEST_NAME).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DatabaseDamaged(path=folder, reason="its manifest is missing") from error
    except OSError as error:
        raise unreadable(folder, error) from error
    return Manifest.read(content, folder, __version__), hashlib.sha256(content).hexdigest()


def is_unharmed(installed: InstalledVersion, cancel: CancelToken, progress: ProgressListener = silent) -> bool:
    """Whether every byte of a version's files is as it was written, whatever else lies beside them.

    Args:
        installed: the version; a gigabyte of it takes about a second where the disk is fast.
        cancel: looked at at every megabyte.
        progress: told the megabytes read.

    Raises:
        Cancelled: the token was set.
    """
    done, total = 0, -(-installed.manifest.size // _MEGABYTE)
    for name, entry in installed.manifest.files.items():
        digest = hashlib.sha256()
        try:
            with (installed.folder / name).open("rb") as file:
                while block := file.read(_MEGABYTE):
                    cancel.raise_if_cancelled()
                    digest.update(block)
                    done += len(block)
                    progress(Progress(VERIFY, min(done // _MEGABYTE, total), total))
        except OSError:
            return False
        if digest.hexdigest() != entry.sha256:
            return False
    return True


def unreadable(folder: Path, error: OSError) -> DatabaseUnreadable:
    """Say why a folder, or what it was that could not be read below it, could not be."""
    return DatabaseUnreadable(path=error.filename or folder, reason=error.strerror or "it cannot be read")
