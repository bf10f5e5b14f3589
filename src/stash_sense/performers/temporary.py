"""SQLite's errors about the disk and the memory it works with -> ours: nothing is wrong with what it reads."""

import os
import sqlite3
from pathlib import Path

from stash_sense.errors import DiskFull, NotWritable, StorageError

_NOT_GIVEN = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM})


def storage_error_of(error: Exception) -> StorageError | None:
    """Return the error about the place of SQLite's temporary files that an error is; None where it is another."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return DiskFull(path=_folder())
    return NotWritable(path=_folder(), reason=str(error)) if code in _NOT_GIVEN else None


def _folder() -> Path:
    return Path(os.environ.get("SQLITE_TMPDIR") or os.environ.get("TMPDIR") or "/var/tmp")  # noqa: S108  SQLite's own
