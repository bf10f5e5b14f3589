"""A scan that begins with nothing, done by services that are killed, which write down what they do."""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.reliability.killed import Ledger, in_a_copy
from benchmarks.simulated import settings_in

from stash_sense.adapters.store.fingerprints import SqlFingerprints
from stash_sense.adapters.store.jobs import SqlJobStore
from stash_sense.adapters.store.store import Store
from stash_sense.api.server import serve
from stash_sense.bootstrap import Services
from stash_sense.fingerprints.fingerprint import Fingerprint
from stash_sense.identification.library_items import LibraryIdentifier
from stash_sense.jobs.job import Job, JobStatus
from stash_sense.jobs.queue import JobQueue
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.once import once
from stash_sense.operations.composing import compose
from stash_sense.operations.library_scan import LIBRARY_SCAN, library_scan

KINDS = ("scene", "image")
LOOK, KEEP, KEPT = range(3)
"""What is written down: an item's frames are about to be looked at; what was found is about to be kept; it is."""
PATIENCE = 60.0
"""Seconds within which a scan goes on."""
_MOST_FAILED = 3
"""Jobs of one scan."""
_LOOK_SECONDS, ASK_SECONDS = 0.005, 1.0
"""Between two looks whether the scan goes on, and two whether it has ended, which costs more."""


class Noted(SqlFingerprints):
    """Fingerprints whose keeping is written down."""

    notes: "Notes"

    def keep(self, fingerprint: Fingerprint, faces: Any) -> None:
        """Keep one."""
        self.notes.note(KEEP, *fingerprint.item)
        super().keep(fingerprint, faces)
        self.notes.note(KEPT, *fingerprint.item)


class NotedIdentifier(LibraryIdentifier):
    """Writes down what it is about to look at."""

    notes: "Notes"

    def scene(self, read: Any, *arguments: Any, **more: Any) -> Any:
        """Identify a scene."""
        self.notes.note(LOOK, "scene", read.scene.id)
        return super().scene(read, *arguments, **more)

    def image(self, read: Any, *arguments: Any, **more: Any) -> Any:
        """Identify an image."""
        self.notes.note(LOOK, "image", read.image.id)
        return super().image(read, *arguments, **more)


@dataclass(frozen=True)
class Notes:
    """What one service does, written into a file that outlives it."""

    ledger: Ledger
    service: int

    def note(self, what: int, kind: str, id_: str) -> None:
        """Write a line."""
        self.ledger.append(what, KINDS.index(kind), int(id_), self.service)


@dataclass(frozen=True)
class NotingServices(Services):
    """The services of the program, which write down what a scan does."""

    notes: Notes = field(default_factory=lambda: Notes(Ledger(Path()), 0))

    @once
    def fingerprints(self) -> SqlFingerprints:
        """What is remembered of the library."""
        made = Noted(self.store, self.settings.data_dir / "faces.db")
        made.notes = self.notes
        return made

    def library_identifier(self, recognizer: Any, people: Any, request: Any) -> LibraryIdentifier:
        """Make ready to identify what is in Stash."""
        made = NotedIdentifier(recognizer, people, self._frame_places(), request)
        made.notes = self.notes
        return made


class Round:
    """A scan that begins with nothing, and the services that do it one after the other.

    Args:
        folder: of the state; made as a copy of `pristine`.
        url: of Stash.
    """

    def __init__(self, folder: Path, pristine: Path, url: str) -> None:
        shutil.copytree(pristine, folder)
        self.folder = folder
        self._url = url
        self.ledger = Ledger(folder / "notes")
        self.failed: list[str] = []
        self._submit()

    def begin(self, number: int) -> int:
        """Start a service; gives its process."""
        return in_a_copy(lambda: self._serve(number))

    def wait_until_at_work(self, before: int) -> None:
        """Return when the scan has gone on, or has ended.

        Raises:
            RuntimeError: neither happens.
        """
        end = time.monotonic() + PATIENCE
        asked = time.monotonic()
        while self.ledger.size == before:
            if time.monotonic() - asked > ASK_SECONDS:
                if self.has_ended:
                    return
                asked = time.monotonic()
            if asked > end:
                raise RuntimeError(f"the scan does not go on: {self.job()}; see {self.folder / 'log'}")
            time.sleep(_LOOK_SECONDS)

    @property
    def has_ended(self) -> bool:
        """Whether the scan has come to its end; one that failed is put in anew, as its user would.

        Raises:
            RuntimeError: it has failed again and again.
        """
        job = self.job()
        if not job.status.has_ended:
            return False
        if len(self.failed) >= _MOST_FAILED:
            raise RuntimeError(f"{self.failed[-1]}; see {self.folder / 'log'}")
        if job.status is not JobStatus.COMPLETED:
            self.failed.append(f"{job.status.value} after {job.attempts} runs: {job.error_code}: {job.error_message}")
            self._submit()
            return False
        return True

    def job(self) -> Job:
        """The last job of the kind."""
        with self._queue() as queue:
            return queue.page(None, 1, (), (LIBRARY_SCAN,)).jobs[0]

    def _submit(self) -> None:
        with self._queue() as queue:
            queue.submit(LIBRARY_SCAN)

    @contextmanager
    def _queue(self) -> Iterator[JobQueue]:
        with closing(Store.open(self.folder / "stash_sense.db")) as store:
            kind = library_scan(lambda _: None, lambda *_: {})
            yield compose(SqlJobStore(store.engine), [kind]).queue

    def _serve(self, number: int) -> None:
        log = os.open(self.folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, sys.stderr.fileno())
        settings = settings_in(self.folder, self._url)
        services = NotingServices(settings, CancelToken(), Limits(), notes=Notes(self.ledger, number))
        serve(services, "127.0.0.1", 0, lambda *_: None)
