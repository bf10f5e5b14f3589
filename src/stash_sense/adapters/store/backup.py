"""The state -> a copy of one moment in a file of its own, checked, while others write."""

import contextlib
import os
import re
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from stash_sense.adapters.store.engine import BACKUPS, connect, connect_to_read, sqlite_errors
from stash_sense.adapters.store.schema import schema_in, schema_of
from stash_sense.errors import (
    BackupFolderMissing,
    BackupPlaceTaken,
    StateDamaged,
    StateError,
    StateMissing,
    StorageError,
)
from stash_sense.files import flush_folder, storage_errors
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent

KEPT = 5
"""Automatic backups that are kept; older ones go."""
_AUTOMATIC = re.compile(r"stash_sense-[0-9]{4}-([0-9]{8}T[0-9]{12}Z)\.db")
_STALE_SECONDS = 3600.0
_PAGES_AT_ONCE = 1000
"""Pages, of 4 KiB each, between two looks at the token."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of the state.

    Attributes:
        file: where it is.
        schema: of the state that was copied.
        size: bytes.
        made_at: when, in UTC.
    """

    file: Path
    schema: str
    size: int
    made_at: datetime


def backup(
    path: Path, target: Path | None = None, cancel: CancelToken | None = None, progress: ProgressListener = silent
) -> Backup:
    """Back the state up; a service may be running on it.

    Args:
        path: the state.
        target: the file to write, which may be an older backup; without it one in the folder of backups, which
            unlike the automatic ones stays until the user removes it.
        cancel: looked at every 4 MB.
        progress: told the pages done.

    Raises:
        StateMissing: there is none.
        StateError: it cannot be read, or is damaged.
        BackupPlaceTaken: what is at the target is no backup.
        BackupFolderMissing: the folder of the target is not there.
        StorageError: nothing is left behind.
        Cancelled: the token was set; the same.
    """
    made_at = datetime.now(UTC)
    file = _name(_there(path), made_at, "-kept") if target is None else _free(path, target)
    return _write(path, file, made_at, cancel, progress)


def automatic_backup(path: Path, cancel: CancelToken | None = None, progress: ProgressListener = silent) -> Backup:
    """Back the state up into its folder of backups, and remove the automatic ones beyond the last 5.

    Raises:
        StateError, StorageError, Cancelled: as of `backup`.
    """
    made_at = datetime.now(UTC)
    written = _write(path, _name(_there(path), made_at), made_at, cancel, progress)
    with storage_errors(written.file):
        files = list(written.file.parent.iterdir())
        ours = [(found[1], file) for file in files if (found := _AUTOMATIC.fullmatch(file.name))]
        for _, file in sorted(ours)[:-KEPT]:
            file.unlink(missing_ok=True)
    return written


def _write(
    path: Path, file: Path, made_at: datetime, cancel: CancelToken | None, progress: ProgressListener
) -> Backup:
    with sqlite_errors(path), closing(connect_to_read(path)) as source:
        schema = schema_of(path, source)
        if schema is None:
            raise StateMissing(path=path)
        with new_file(file) as part:
            copy_checked(path, source, part, cancel, progress)
            size = part.stat().st_size
    return Backup(file, schema, size, made_at)


def copy_checked(
    path: Path, source: sqlite3.Connection, part: Path, cancel: CancelToken | None, progress: ProgressListener
) -> None:
    """Copy one moment of a database into an empty file, and check the copy.

    Raises:
        StateDamaged: it is not whole.
        StorageError: the copy could not be written.
        Cancelled: the token was set.
    """

    token = cancel or CancelToken()

    def told(_: int, remaining: int, total: int) -> None:
        token.raise_if_cancelled()
        progress(Progress("copying", total - remaining, total))

    with sqlite_errors(part), closing(connect(part)) as target:
        # Killed or without power it is only a part that nobody opens; it is flushed when it is whole.
        target.execute("PRAGMA journal_mode = OFF")
        target.execute("PRAGMA synchronous = OFF")
        with sqlite_errors(path):
            # A transaction holds the moment: without it every commit of somebody else would begin the copy anew.
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        try:
            source.backup(target, pages=_PAGES_AT_ONCE, progress=told)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise StateDamaged(path=path, reason=str(error), backups=path.parent / BACKUPS) from error
            raise
        finally:
            source.execute("ROLLBACK")
        # One file, which can be read where nothing can be written beside it.
        target.execute("PRAGMA journal_mode = DELETE")
        if faults := faults_of(target):
            raise StateDamaged(path=path, reason=faults[0], backups=path.parent / BACKUPS)


def faults_of(connection: sqlite3.Connection, most: int = 10) -> list[str]:
    """Return what is wrong with a database, in SQLite's words; empty when it is whole."""
    try:
        told = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({most})")]
        told += [
            f"a row of {row[0]} refers to none of {row[2]}" for row in connection.execute("PRAGMA foreign_key_check")
        ]
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise
        return [str(error)]
    return [sentence for sentence in told if sentence != "ok"][:most]


@contextmanager
def new_file(file: Path) -> Iterator[Path]:
    """Give an empty file beside `file`, for its owner alone, which takes its place when the block ends well.

    Raises:
        StorageError: nothing is left behind, what was there before is unharmed.
    """
    with storage_errors(file):
        file = file.resolve()
        if not file.parent.is_dir():
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flush_folder(file.parent.parent)
        clear_parts(file)
        part = file.with_name(f".{file.name[:50]}.part-{secrets.token_hex(8)}")
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield part
        with storage_errors(file):
            with part.open("rb") as content:
                os.fsync(content.fileno())
            part.replace(file)
            flush_folder(file.parent)
    except BaseException:
        for left in part.parent.glob(f"{part.name}*"):
            left.unlink(missing_ok=True)
        raise


def clear_parts(file: Path) -> None:
    """Remove what killed processes left of a file; of any file in a folder of backups, which is one state's own.

    What was written to within the last hour may be somebody's who is at work.
    """
    pattern = r"\..*" if file.parent.name == BACKUPS else re.escape(f".{file.name[:50]}")
    for left in file.parent.iterdir():
        if re.fullmatch(rf"{pattern}\.part-[0-9a-f]{{16}}(-journal|-wal|-shm)?", left.name):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                    left.unlink()


def _there(path: Path) -> Path:
    if not path.is_file():
        raise StateMissing(path=path)
    return path


def _name(path: Path, made_at: datetime, mark: str = "") -> Path:
    return path.parent / BACKUPS / f"stash_sense-{schema_in(path) or '0000'}-{made_at:%Y%m%dT%H%M%S%f}Z{mark}.db"


def _free(path: Path, target: Path) -> Path:
    """Make sure that what is at the target may be replaced: an older backup, but not the state itself."""
    _there(path)
    with storage_errors(target):
        if not target.exists():
            if not target.parent.is_dir():  # more likely a slip of the pen than a wish
                raise BackupFolderMissing(folder=target.parent)
            return target
        if not target.is_file() or target.samefile(path):
            raise BackupPlaceTaken(path=target)
        if target.stat().st_size == 0:
            return target
    try:
        schema = schema_in(target)
    except (StateError, StorageError):
        schema = None
    if schema is None:
        raise BackupPlaceTaken(path=target)
    return target
