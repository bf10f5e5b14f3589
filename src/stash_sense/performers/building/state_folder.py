"""`performers/.build/`: the states of the builds of all sources, one file each, and one build of each at a time."""

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

import filelock

from stash_sense.errors import BuildStateDamaged
from stash_sense.files import storage_errors
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener
from stash_sense.performers.building.sources import PerformerSource
from stash_sense.performers.building.state_file import StateFile
from stash_sense.performers.versions.library import PerformersLibrary

_STATES = ".build"
_PATIENCE = 0.5
"""Seconds between two looks at whether somebody asked to stop, while another process builds from the same source."""
_DAMAGED = ".damaged"
_BESIDE = ("-wal", "-shm", "-journal")
"""Endings of the files that SQLite keeps beside its own."""


def states_of(library: PerformersLibrary) -> Path:
    """Return the folder of the states of all builds for a library."""
    return library.folder / _STATES


@contextlib.contextmanager
def state_of(
    folder: Path, source: PerformerSource, cancel: CancelToken, progress: ProgressListener
) -> Iterator[Path]:
    """Give the path of a source's state, for this process alone until the block ends.

    Args:
        folder: of the states.
        source: whose state.
        cancel: ends waiting for another process.
        progress: told of waiting.

    Raises:
        Cancelled: the token was set while waiting.
        StorageError: the folder cannot be written.
    """
    name = hashlib.sha256(source.identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / f"{name}.lock")
        while not lock.is_locked:
            try:
                lock.acquire(timeout=_PATIENCE)
            except filelock.Timeout:
                cancel.raise_if_cancelled()
                progress(Progress("waiting", 0, note=f"another process is building from the {source.title}"))
    try:
        yield folder / f"{name}.db"
    finally:
        lock.release()


def set_aside(state: Path) -> None:
    """Put a state that is of no use out of the way.

    Raises:
        StorageError: the disk said no.
    """
    with storage_errors(state):
        for ending in _BESIDE:
            state.with_name(state.name + ending).unlink(missing_ok=True)
        state.replace(state.with_suffix(_DAMAGED))


def forget_in_states(folder: Path, who: str) -> None:
    """Remove everything about somebody from all states; one of no use is removed whole.

    Args:
        folder: of the states; need not exist.
        who: their universal id.

    Raises:
        StorageError: the disk said no.
    """
    with storage_errors(folder):
        for damaged in folder.glob(f"*{_DAMAGED}"):
            damaged.unlink(missing_ok=True)
        for state in folder.glob("*.db"):
            try:
                with StateFile(state, None) as file:
                    file.forget(who)
            except BuildStateDamaged:
                for ending in ("", *_BESIDE):
                    state.with_name(state.name + ending).unlink(missing_ok=True)
