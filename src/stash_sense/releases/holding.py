"""Which releases of a publisher's folder still hold somebody who was forgotten since."""

import contextlib
import shutil
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from stash_sense.errors import ArchiveError, DatabaseError
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener, silent
from stash_sense.performers.manifest import DATABASE_NAME
from stash_sense.performers.versions.forgetting import known_by
from stash_sense.releases.release_manifest import archive_name
from stash_sense.releases.streaming import Tally, stream
from stash_sense.releases.verification import opened_archive
from stash_sense.releases.zip_directory import ZIP_ERRORS, ArchiveLimits, read_members

_LOOK = "look, MB"
_SCRATCH = ".looked-into-"
_ABANDONED = 3600.0
"""Seconds after which what is unpacked counts as left by a killed process; it takes some seconds."""
_BEFORE, _AFTER = archive_name("*").split("*")


@dataclass(frozen=True, slots=True)
class Held:
    """What was found in some releases.

    Attributes:
        by: versions that hold somebody.
        unread: versions that could not be looked into.
    """

    by: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def held(
    folder: Path,
    besides: str,
    forgotten: Collection[str],
    cancel: CancelToken,
    progress: ProgressListener = silent,
) -> Held:
    """Find out which of the other archives in a folder of releases, listed or not, hold somebody who was forgotten.

    Args:
        folder: of releases, in which the table of performers of one after the other is unpacked.
        besides: version that is not looked into.
        forgotten: universal ids.
        cancel: stops it.
        progress: told the megabytes read of each.

    Raises:
        Cancelled: somebody asked to stop.
    """
    _remove_abandoned(folder)
    by, unread = [], []
    for archive in sorted(folder.glob(archive_name("*"))) if forgotten else ():
        version = archive.name.removeprefix(_BEFORE).removesuffix(_AFTER)
        if version == besides:
            continue
        try:
            if _holds(archive, frozenset(forgotten), cancel, progress):
                by.append(version)
        except (OSError, KeyError, ArchiveError, DatabaseError, *ZIP_ERRORS):
            unread.append(version)
    return Held(tuple(by), tuple(unread))


def _holds(archive: Path, forgotten: frozenset[str], cancel: CancelToken, progress: ProgressListener) -> bool:
    with (
        TemporaryDirectory(dir=archive.parent, prefix=_SCRATCH, ignore_cleanup_errors=True) as scratch,
        opened_archive(archive) as file,
    ):
        opened, _ = read_members(file, archive.name, ArchiveLimits())
        size = opened.getinfo(DATABASE_NAME).file_size
        tally = Tally(_LOOK, size, progress, cancel)
        with opened.open(DATABASE_NAME) as member, (Path(scratch) / DATABASE_NAME).open("wb") as out:
            stream(member.read, out.write, size, tally)
        return bool(known_by(Path(scratch), forgotten))


def _remove_abandoned(folder: Path) -> None:
    for left in folder.glob(f"{_SCRATCH}*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _ABANDONED:
                shutil.rmtree(left)
