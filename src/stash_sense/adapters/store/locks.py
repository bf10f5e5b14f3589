"""Who may do what with the state: one process at a time makes, migrates, backs up or replaces the file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from stash_sense.errors import StateBusy
from stash_sense.files import storage_errors

SERVICE_LOCK = "service.lock"
"""In the data folder; held by the service from its start to its end."""
_PATIENCE = 60.0
"""Seconds for which another process's migration or backup is waited for."""
_PROBE_SECONDS = 0.25
"""A command that looks whether a service runs has its lock for some microseconds, and is no service."""


@contextmanager
def state_alone(path: Path) -> Iterator[None]:
    """Be the only process that makes, migrates, backs up or replaces the state; others may be using it.

    Raises:
        StateBusy: another process has been at it for a minute.
        StorageError: the folder cannot be written.
    """
    with _held(path, path.with_name(f".{path.name}.lock"), _PATIENCE, "it is being migrated, backed up or restored"):
        yield


@contextmanager
def service_stopped(path: Path) -> Iterator[None]:
    """Keep any service from running on the state's folder until the block ends.

    Raises:
        StateBusy: one is running.
        StorageError: the folder cannot be written.
    """
    with _held(path, path.with_name(SERVICE_LOCK), _PROBE_SECONDS, "a service is running on its folder"):
        yield


@contextmanager
def _held(path: Path, lock: Path, seconds: float, reason: str) -> Iterator[None]:
    with storage_errors(path):
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = filelock.FileLock(lock, timeout=seconds)
        try:
            held.acquire()
        except filelock.Timeout as error:
            raise StateBusy(path=path, reason=reason) from error
    try:
        yield
    finally:
        held.release()
