"""A path -> a SQLAlchemy engine for the SQLite file there, with our transactions, durability and errors."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, ExceptionContext, QueuePool, create_engine, event

from stash_sense.errors import DiskFull, NotWritable, StashSenseError, StateBusy, StateDamaged

BACKUPS = "backups"
"""Folder for backups, beside the state."""

_BUSY_SECONDS = 5.0
"""How long a transaction waits for another process's."""
_FULL_BELOW = 64 * 1024
"""Bytes: with fewer free an I/O error is a full disk. SQLite grows its files by 4 to 32 KiB."""
_BEGIN = "begin"


class Durability(StrEnum):
    """What a commit survives."""

    FULL = "FULL"
    """A power cut: what must not happen twice, or be lost."""
    NORMAL = "NORMAL"
    """The end of the process; a power cut may take the last commits, never the order. For what can be made anew."""


def make_engine(
    path: Path,
    durability: Durability = Durability.FULL,
    *,
    foreign_keys: bool = True,
    opened: Callable[[Path], sqlite3.Connection] | None = None,
) -> Engine:
    """Make an engine for a file that is there; it is opened when first used.

    `engine.begin()` takes the right to write at once (BEGIN IMMEDIATE), so that a transaction which reads first never
    fails when it comes to write; `reading` is for those that only read. Everything the engine does raises our errors:

    Args:
        path: the file.
        durability: what commits survive.
        foreign_keys: whether references are held; a migration that makes tables anew checks them itself.
        opened: connects to the file; `connect` without.

    Raises:
        StateBusy: another process writes for longer than 5 s.
        StateDamaged: what is there is no database, or a damaged one.
        StorageError: the disk said no.
    """
    creator = opened or connect
    engine = create_engine("sqlite://", creator=lambda: creator(path), poolclass=QueuePool)

    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        connection.execute(f"PRAGMA synchronous = {durability.value}")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        # Python's sqlite3 would begin for itself, later than it should, and never before DDL.
        if word := connection.get_execution_options().get(_BEGIN, "IMMEDIATE"):
            connection.exec_driver_sql(f"BEGIN {word}")

    @event.listens_for(engine, "handle_error")
    def on_error(context: ExceptionContext) -> None:
        error = context.original_exception
        if isinstance(error, sqlite3.Error) and (ours := state_error(path, error)):
            raise ours from error

    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection for one transaction that only reads: one moment's view, in nobody's way."""
    with engine.connect().execution_options(**{_BEGIN: "DEFERRED"}) as connection:
        yield connection


@contextmanager
def without_transaction(engine: Engine) -> Iterator[Connection]:
    """Give a connection for statements that cannot be in a transaction: VACUUM, some of PRAGMA."""
    with engine.connect().execution_options(**{_BEGIN: None}) as connection:
        yield connection


def connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """Connect to a file that is there; nothing is made, and transactions are the caller's.

    Args:
        path: the file.
        mode: of SQLite's file URIs: rw or ro, which may have further parameters.
    """
    # Quoted as bytes: a name may be in no encoding. check_same_thread: the pool gives a connection to one at a time.
    return sqlite3.connect(
        f"file:{quote(os.fsencode(path.absolute()))}?mode={mode}",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Connect to a file that may lie where nothing can be written.

    SQLite reads a file in WAL mode with the help of two files beside it. Where those cannot be made, and there is
    nothing in them that is not in the file, it is read alone.
    """
    connection = connect(path)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        code = error.sqlite_errorcode & 0xFF
        log = path.with_name(f"{path.name}-wal")
        alone = not log.exists() or log.stat().st_size == 0
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY) and path.is_file() and alone:
            return connect(path, "ro&immutable=1")
        raise
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def sqlite_errors(path: Path) -> Iterator[None]:
    """Turn the errors of a plain connection into ours; raises as an engine does."""
    try:
        yield
    except sqlite3.Error as error:
        if ours := state_error(path, error):
            raise ours from error
        raise


def state_error(path: Path, error: sqlite3.Error) -> StashSenseError | None:
    """Say in the user's words what went wrong; None where it is not the file's or the disk's fault."""
    # Errors of the module itself have no code, and programming errors need no other word.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StateDamaged(path=path, reason=str(error), backups=path.parent / BACKUPS)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL):
        return StateBusy(path=path, reason=str(error))
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _is_full(path.parent)):
        return DiskFull(path=path)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR):
        return NotWritable(path=path, reason=str(error))
    return None


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _FULL_BELOW
    except OSError:
        return False
