"""Which releases of a publisher's folder still hold somebody who was forgotten since."""

from collections.abc import Collection, Iterable
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
    versions: Iterable[str],
    forgotten: Collection[str],
    cancel: CancelToken,
    progress: ProgressListener = silent,
) -> Held:
    """Find out which of a folder's releases hold somebody who was forgotten.

    Args:
        folder: of releases, in which the table of performers of one after the other is unpacked.
        versions: to look into.
        forgotten: universal ids.
        cancel: stops it.
        progress: told the megabytes read of each.

    Raises:
        Cancelled: somebody asked to stop.
    """
    by, unread = [], []
    for version in versions if forgotten else ():
        try:
            if _holds(folder / archive_name(version), frozenset(forgotten), cancel, progress):
                by.append(version)
        except (OSError, KeyError, ArchiveError, DatabaseError, *ZIP_ERRORS):
            unread.append(version)
    return Held(tuple(by), tuple(unread))


def _holds(archive: Path, forgotten: frozenset[str], cancel: CancelToken, progress: ProgressListener) -> bool:
    with (
        TemporaryDirectory(dir=archive.parent, prefix=f".{archive.name}.", ignore_cleanup_errors=True) as scratch,
        opened_archive(archive) as file,
    ):
        opened, _ = read_members(file, archive.name, ArchiveLimits())
        size = opened.getinfo(DATABASE_NAME).file_size
        tally = Tally(_LOOK, size, progress, cancel)
        with opened.open(DATABASE_NAME) as member, (Path(scratch) / DATABASE_NAME).open("wb") as out:
            stream(member.read, out.write, size, tally)
        return bool(known_by(Path(scratch), forgotten))
