"""Which releases of a publisher's folder still hold somebody who was forgotten since."""

import contextlib
import shutil
import zipfile
from collections.abc import Collection, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from stash_sense.errors import DatabaseError
from stash_sense.performers.manifest import DATABASE_NAME
from stash_sense.performers.versions.forgetting import known_by
from stash_sense.releases.release_manifest import archive_name
from stash_sense.releases.zip_directory import ZIP_ERRORS


def versions_holding(folder: Path, versions: Iterable[str], forgotten: Collection[str]) -> list[str]:
    """Return those of a folder's versions that hold somebody who was forgotten; what cannot be read is passed over.

    Args:
        folder: of releases.
        versions: to look into, each as large a read as its table of performers.
        forgotten: universal ids.
    """
    if not forgotten:
        return []
    return [version for version in versions if _holds(folder / archive_name(version), frozenset(forgotten))]


def _holds(archive: Path, forgotten: frozenset[str]) -> bool:
    with contextlib.suppress(OSError, KeyError, DatabaseError, *ZIP_ERRORS), TemporaryDirectory() as scratch:
        database = Path(scratch) / DATABASE_NAME
        with zipfile.ZipFile(archive) as opened, opened.open(DATABASE_NAME) as member, database.open("wb") as out:
            shutil.copyfileobj(member, out)
        return bool(known_by(Path(scratch), forgotten))
    return False
