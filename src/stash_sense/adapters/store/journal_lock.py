"""The lock of those who write to Stash through the journal: one process at a time."""

from pathlib import Path

import filelock

from stash_sense.files import storage_errors

JOURNAL_LOCK = "journal.lock"
"""In the data folder; held while something is written to Stash. A process that is killed has it no more."""


class JournalLock:
    """`recommendations.journal.turn.AmongProcesses` by a file.

    Args:
        folder: where the state is.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / JOURNAL_LOCK
        # Taken on one thread and given back on another.
        self._lock = filelock.FileLock(self._path, timeout=0, thread_local=False)

    def take(self) -> bool:
        """See `AmongProcesses`.

        Raises:
            StorageError: the folder cannot be written.
        """
        with storage_errors(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire()
            except filelock.Timeout:
                return False
        return True

    def give_back(self) -> None:
        """See `AmongProcesses`."""
        self._lock.release()
