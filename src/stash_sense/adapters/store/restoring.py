"""A backup -> the state, put in its place in one step after everything about it was checked."""

import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, or_, select, update

from stash_sense.adapters.store.backup import automatic_backup, copy_checked, new_file
from stash_sense.adapters.store.engine import BACKUPS, connect, connect_to_read, make_engine, sqlite_errors
from stash_sense.adapters.store.job_rows import FREE, is_in, iso
from stash_sense.adapters.store.locks import service_stopped, state_alone
from stash_sense.adapters.store.schema import SHIPPED, Migrations, differences, schema_of
from stash_sense.adapters.store.store import migrate
from stash_sense.adapters.store.tables import JOBS
from stash_sense.errors import BackupUnusable, JobFromBackup, StateDamaged, StateForeign, StateTooNew
from stash_sense.files import flush_folder, storage_errors
from stash_sense.jobs.job import ACTIVE, JobStatus
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener, silent

_HEADER = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Restored:
    """A backup that is the state now.

    Attributes:
        source: the backup.
        schema: that it had; the state has the newest.
        replaced: a copy of the state as it was before; None where there was none.
        jobs_cancelled: how many jobs were active in it; none of them is begun by itself.
    """

    source: Path
    schema: str
    replaced: Path | None
    jobs_cancelled: int = 0


def restore(
    source: Path,
    path: Path,
    migrations: Migrations = SHIPPED,
    cancel: CancelToken | None = None,
    progress: ProgressListener = silent,
) -> Restored:
    """Put a backup in the place of the state. The state that was there is backed up first; whenever this is killed,
    the one or the other is there, whole.

    Args:
        source: the backup; only read.
        path: the state.
        migrations: a backup of an older schema is migrated before it takes its place.
        cancel: looked at every 4 MB.
        progress: told the pages done.

    Raises:
        BackupUnusable: it is missing, no backup, damaged, or of a newer program; the state is as it was.
        StateBusy: a service is running, or another process uses the state.
        StorageError: the disk said no; the state is as it was.
        Cancelled: the token was set; the same.
    """
    path = path.resolve()
    with service_stopped(path), state_alone(path), new_file(path) as part:
        with _as_unusable(source):
            if path.exists() and source.samefile(path):
                raise BackupUnusable(path=source, reason="it is the state itself")
            with source.open("rb") as content:
                if not content.read(1):
                    raise BackupUnusable(path=source, reason="it is empty")
            with sqlite_errors(source), closing(connect_to_read(source)) as connection:
                schema = schema_of(source, connection)
                migrations.require_known(source, schema)
                if schema is None:
                    raise BackupUnusable(path=source, reason="there is nothing in it")
                copy_checked(source, connection, part, cancel, progress)
            cancelled = _bring_up(source, part, migrations)
        replaced = _put_aside(path)
    return Restored(source, schema, replaced, cancelled)


def _bring_up(source: Path, part: Path, migrations: Migrations) -> int:
    """Migrate a copy, make sure that it then is what the program expects, and cancel its jobs; gives how many."""
    migrate(part, migrations)
    engine = make_engine(part)
    try:
        with engine.begin() as connection:
            if found := differences(connection):
                raise BackupUnusable(path=source, reason=f"it is not as schema {migrations.head} is: {found[0]}")
            return _cancel_jobs(connection)
    finally:
        engine.dispose()


def _cancel_jobs(connection: Connection) -> int:
    """End what was active: done again, an old build or update would take the place of what came after it."""
    now, active = iso(datetime.now(UTC)), list(connection.scalars(select(JOBS.c.id).where(is_in(ACTIVE))))
    connection.execute(
        update(JOBS).where(or_(is_in(ACTIVE), JOBS.c.owner.is_not(None))).values(updated_at=now, **FREE)
    )
    for job in active:
        error = JobFromBackup(job=job)
        values = {"status": JobStatus.CANCELLED.value, "not_before": None, "completed_at": now}
        told = {"error_code": error.code, "error_message": str(error)}
        connection.execute(update(JOBS).where(JOBS.c.id == job).values(**values, **told))
    return len(active)


@contextmanager
def _as_unusable(source: Path) -> Iterator[None]:
    """Say of a backup what is otherwise said of the state."""
    try:
        yield
    except (StateDamaged, StateForeign) as error:
        raise BackupUnusable(path=source, reason=error.fields["reason"]) from error
    except StateTooNew as error:
        raise BackupUnusable(
            path=source, reason=f"a newer program wrote it, schema {error.fields['schema']}"
        ) from error
    except sqlite3.Error as error:
        raise BackupUnusable(path=source, reason=str(error)) from error
    except OSError as error:
        raise BackupUnusable(path=source, reason=error.strerror or type(error).__name__) from error


def _put_aside(path: Path) -> Path | None:
    """Keep a copy of the state, and leave it in one file, so that nothing beside it is taken for the next one's.

    Raises:
        StateBusy: somebody uses it.
    """
    if not path.exists():
        return None
    with storage_errors(path), path.open("rb") as content:
        # Where the file is no database any more, SQLite would remove the log beside it.
        if content.read(len(_HEADER)) not in (_HEADER, b""):
            return _copy_as_it_is(path)
    try:
        with sqlite_errors(path), closing(connect(path)) as connection:
            # Brings the log into the file and removes it; SQLite refuses that while others have the file open.
            connection.execute("PRAGMA journal_mode = DELETE").fetchone()
            if schema_of(path, connection) is None:
                return None
        return automatic_backup(path).file
    except (StateDamaged, StateForeign):
        return _copy_as_it_is(path)


def _copy_as_it_is(path: Path) -> Path:
    """Keep what cannot be read, with the log that belongs to it."""
    time = datetime.now(UTC)
    kept = path.parent / BACKUPS / f"{path.stem}-unreadable-{time:%Y%m%dT%H%M%S%f}Z.db"
    with storage_errors(kept):
        kept.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            os.link(path, kept)
        except OSError:  # a file system without links
            shutil.copyfile(path, part := kept.with_name(f".{kept.name[:50]}.part-{secrets.token_hex(8)}"))
            part.replace(kept)
        for end in ("-wal", "-shm", "-journal"):
            beside = path.with_name(path.name + end)
            if beside.exists():
                beside.replace(kept.with_name(kept.name + end))
        flush_folder(kept.parent)
    return kept
