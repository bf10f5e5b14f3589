"""`performers/.build/`: the states of the builds of all sources, one file each, and one build of each at a time."""

import contextlib
import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path

import filelock

from stash_sense.errors import BuildStateDamaged
from stash_sense.files import storage_errors
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
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
    name = _name_for(source)
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
        yield path_of(folder, source)
    finally:
        lock.release()


def path_of(folder: Path, source: PerformerSource) -> Path:
    """Return where the state of a source is; arguments as `state_of` has them."""
    return folder / f"{_name_for(source)}.db"


def is_known(folder: Path, source: PerformerSource) -> bool:
    """Whether a build from this source has begun before; arguments as `state_of` has them."""
    return path_of(folder, source).is_file()


def others_than(state: Path) -> list[Path]:
    """Return the states of the builds of other sources."""
    return sorted(path for path in state.parent.glob("*.db") if path != state)


def set_aside(state: Path) -> None:
    """Put a state that is of no use out of the way.

    Raises:
        StorageError: the disk said no.
    """
    with storage_errors(state):
        for ending in _BESIDE:
            state.with_name(state.name + ending).unlink(missing_ok=True)
        state.replace(state.with_suffix(_DAMAGED))


def known_in_states(
    folder: Path, ids: frozenset[str], pictures: Collection[str], others: Collection[str]
) -> frozenset[str]:
    """Return all ids by which the states of builds know somebody.

    Args:
        folder: of the states; need not exist.
        ids: universal ids of that person.
        pictures: SHA-256 of pictures that show nobody else: whoever has one of them is that person, too.
        others: universal ids of people who are known to be somebody else.

    Raises:
        StorageError: the disk said no.
    """
    known = ids
    for state in sorted(folder.glob("*.db")):
        with storage_errors(folder), contextlib.suppress(BuildStateDamaged), StateFile(state, None) as file:
            same = file.people_with(pictures)
            meant = (its for who, its in file.known_as() if who not in others and (who in same or its & ids))
            known |= known.union(*meant)
    return known


def forget_in_states(folder: Path, ids: Collection[str], progress: ProgressListener = silent) -> None:
    """Remove everything about people from all states; one of no use is removed whole.

    Args:
        folder: of the states; need not exist.
        ids: their universal ids.
        progress: told how many states are done.

    Raises:
        StorageError: the disk said no.
    """
    if not ids:
        return
    with storage_errors(folder):
        for damaged in folder.glob(f"*{_DAMAGED}"):
            damaged.unlink(missing_ok=True)
        states = sorted(folder.glob("*.db"))
        for done, state in enumerate(states):
            progress(Progress("forgetting", done, len(states)))
            try:
                with StateFile(state, None) as file:
                    file.forget(ids)
            except BuildStateDamaged:
                for ending in ("", *_BESIDE):
                    state.with_name(state.name + ending).unlink(missing_ok=True)
        progress(Progress("forgetting", len(states), len(states)))


def _name_for(source: PerformerSource) -> str:
    return hashlib.sha256(source.identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]
