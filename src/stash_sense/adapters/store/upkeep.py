"""Looking after an open state: whether it is whole, and giving back the space of what was removed."""

from contextlib import closing

from stash_sense.adapters.store.backup import automatic_backup, faults_of
from stash_sense.adapters.store.engine import connect_to_read, sqlite_errors, without_transaction
from stash_sense.adapters.store.store import Store
from stash_sense.kernel.cancel import CancelToken


def integrity_faults(store: Store) -> list[str]:
    """Return what is wrong with the state, at most ten sentences of SQLite's; empty when it is whole.

    Reads the whole file, beside whoever works on it.

    Raises:
        StateBusy, StorageError: it cannot be read.
    """
    with sqlite_errors(store.path), closing(connect_to_read(store.path)) as connection:
        return faults_of(connection)


def vacuum(store: Store) -> int:
    """Write the state anew without its gaps, and return the bytes that were won; a state that has no gaps may need
    more room than before, which is 0. Writers wait meanwhile.

    Raises:
        StateBusy: another process has been writing for 5 s.
        DiskFull: it needs up to twice its size for a while; the state is as it was.
    """
    with without_transaction(store.engine) as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        before = store.path.stat().st_size  # with all that was still in the log
        connection.exec_driver_sql("VACUUM")
        connection.exec_driver_sql("PRAGMA optimize")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return max(0, before - store.path.stat().st_size)


class StateCare:
    """`operations.maintenance.StateUpkeep` of an open state."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def faults(self) -> list[str]:
        """Say what is wrong with it; empty when it is whole."""
        return integrity_faults(self._store)

    def backup(self, cancel: CancelToken) -> str:
        """Back it up, remove the automatic backups beyond the last 5, and return the file that was written."""
        return str(automatic_backup(self._store.path, cancel).file)

    def vacuum(self) -> int:
        """Give back the space of what was removed, and return the bytes won."""
        return vacuum(self._store)
