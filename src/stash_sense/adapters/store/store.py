"""The file stash_sense.db, made or migrated when it is opened."""

import os
from contextlib import AbstractContextManager, closing
from pathlib import Path

from sqlalchemy import Connection

from stash_sense.adapters.store.backup import automatic_backup, clear_parts
from stash_sense.adapters.store.engine import (
    BACKUPS,
    connect,
    make_engine,
    reading,
    sqlite_errors,
    without_transaction,
)
from stash_sense.adapters.store.locks import state_alone
from stash_sense.adapters.store.schema import SHIPPED, Migrations, schema_of
from stash_sense.errors import StateDamaged
from stash_sense.files import flush_folder, storage_errors


class Store:
    """The user's own state, open.

    Attributes:
        path: the file.
        engine: for commits that survive a power cut; `engine.begin()` to write.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.engine = make_engine(path)

    @classmethod
    def open(cls, path: Path, migrations: Migrations = SHIPPED) -> "Store":
        """Open the state: made where there is none, migrated where it is old, after an automatic backup.

        Raises:
            StateTooNew: it was written by a newer program; it is left as it is.
            StateForeign: it is another program's; the same.
            StateDamaged: it is no database, or a damaged one; the same.
            StateBusy: another process has been making, migrating or restoring it for a minute.
            StorageError: it can neither be made nor written; a state that is there is unharmed.
        """
        if not _is_ready(path, migrations):
            with state_alone(path):
                _prepare(path, migrations)
        with storage_errors(path):
            clear_parts(path)
            if (path.parent / BACKUPS).is_dir():
                clear_parts(path.parent / BACKUPS / path.name)
        return cls(path)

    def write(self) -> AbstractContextManager[Connection]:
        """Give a connection in a transaction that is committed when the block ends well."""
        return self.engine.begin()

    def read(self) -> AbstractContextManager[Connection]:
        """Give a connection for one transaction that only reads."""
        return reading(self.engine)

    def close(self) -> None:
        """Close all connections; what is used later opens new ones."""
        self.engine.dispose()


def migrate(path: Path, migrations: Migrations) -> None:
    """Take a file to the newest schema, all steps or none; for who is alone with it.

    Raises:
        StateDamaged: rows refer to others that are not there.
        StorageError: the disk said no; the file is as it was.
    """
    # References are not held while tables are made anew, and checked before what was done holds.
    engine = make_engine(path, foreign_keys=False)
    try:
        with engine.begin() as connection:
            migrations.run(connection)
            if lost := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall():
                reason = f"{len(lost)} rows of {lost[0][0]} refer to others that are not there"
                raise StateDamaged(path=path, reason=reason, backups=path.parent / BACKUPS)
    finally:
        engine.dispose()


def _is_ready(path: Path, migrations: Migrations) -> bool:
    if not path.is_file():
        return False
    with sqlite_errors(path), closing(connect(path)) as connection:
        schema = schema_of(path, connection)
        migrations.require_known(path, schema)
        mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
        return schema == migrations.head and mode == "wal"


def _prepare(path: Path, migrations: Migrations) -> None:
    with storage_errors(path):
        made = not path.exists()
        if made:
            # For its owner alone, as SQLite's own files beside it then are; an empty file is an empty database.
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            flush_folder(path.parent)
    try:
        with sqlite_errors(path), closing(connect(path)) as connection:
            schema = schema_of(path, connection)
        migrations.require_known(path, schema)
        if schema != migrations.head:
            if schema is not None:
                automatic_backup(path)
            migrate(path, migrations)
        engine = make_engine(path)
        try:
            # Readers and a writer side by side. Where the file system cannot do it, SQLite goes on as before.
            with without_transaction(engine) as outside:
                outside.exec_driver_sql("PRAGMA journal_mode = WAL")
        finally:
            engine.dispose()
    except BaseException:
        if made:
            for left in (path, *(path.with_name(path.name + end) for end in ("-journal", "-wal", "-shm"))):
                left.unlink(missing_ok=True)
        raise
