"""One service for one data folder: a lock that its process holds, and a file that says where it is."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import filelock
from pydantic import BaseModel, ConfigDict, ValidationError

from stash_sense.errors import ServiceRunning
from stash_sense.files import storage_errors, write_atomically

LOCK_NAME, RECORD_NAME = "service.lock", "service.json"
_JOBS_LOCK_NAME = "jobs.lock"
_PROBE_SECONDS = 0.25
"""A command that looks whether a service runs has the lock for some microseconds, and is no service."""


class ServiceRecord(BaseModel):
    """Where a service is."""

    model_config = ConfigDict(frozen=True)

    pid: int
    url: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class HeldLock:
    """The lock of a data folder, held by this process."""

    data_dir: Path

    def announce(self, url: str) -> None:
        """Write down where the service is."""
        record = ServiceRecord(pid=os.getpid(), url=url, started_at=datetime.now(UTC))
        write_atomically(self.data_dir / RECORD_NAME, f"{json.dumps(record.model_dump(mode='json'))}\n".encode())


@contextmanager
def service_lock(data_dir: Path) -> Iterator[HeldLock]:
    """Be the only service of a data folder until the block ends.

    Raises:
        ServiceRunning: there is another one.
        StorageError: the folder cannot be written.
    """
    with storage_errors(data_dir):
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(data_dir / LOCK_NAME)
        try:
            lock.acquire(timeout=_PROBE_SECONDS, poll_interval=0.01)
        except filelock.Timeout as error:
            record = _read(data_dir)
            pid = record.pid if record else "unknown"
            url = record.url if record else "it is just starting"
            raise ServiceRunning(folder=data_dir, pid=pid, url=url) from error
    try:
        # What a killed one has left says nothing about this one.
        _forget(data_dir)
        yield HeldLock(data_dir)
    finally:
        _forget(data_dir)
        lock.release()


@contextmanager
def jobs_lock(data_dir: Path, *, shared: bool) -> Iterator[bool]:
    """Hold the lock of those who do jobs until the block ends; gives whether it is held.

    A service tries to have it alone, and knows then that nobody else does jobs: what a killed one has left it goes on
    with at once. Commands that do jobs themselves share it; beside them a service waits for leases to run out.

    Raises:
        StorageError: the folder cannot be written.
    """
    with storage_errors(data_dir):
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = (data_dir / _JOBS_LOCK_NAME).open("ab")
    with lock:
        yield _taken(lock, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, shared)


def _taken(lock: IO[bytes], how: int, unknown: bool) -> bool:
    """Take a lock, if it is free; where the file system has no locks, the answer is `unknown`."""
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return unknown
    return True


def running_service(data_dir: Path) -> ServiceRecord | None:
    """Return where the service of a data folder is; None where none runs, or it is not ready to be asked yet."""
    try:
        with (data_dir / LOCK_NAME).open("rb") as lock:
            # Any number may look at once: one that took another one's look for a service would send the token to
            # whatever is now where a killed service was.
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except OSError:  # it is held, or nobody can say
        return _read(data_dir)
    return None


def _read(data_dir: Path) -> ServiceRecord | None:
    try:
        return ServiceRecord.model_validate_json((data_dir / RECORD_NAME).read_bytes())
    except (OSError, ValidationError):
        return None


def _forget(data_dir: Path) -> None:
    with contextlib.suppress(OSError):
        (data_dir / RECORD_NAME).unlink(missing_ok=True)
