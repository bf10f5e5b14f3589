"""Installing a pack: a catalogue entry to a folder of checked, converted and self-tested files, or to nothing.

Everything is done aside and becomes the pack with one rename, so that a pack is either the old or the new one at
every moment, also after ctrl-C, a kill, a full disk or a power cut.
"""

import contextlib
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import filelock

from stash_sense.errors import LicenceNotAccepted
from stash_sense.files import storage_errors
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.models.card import PackCard
from stash_sense.models.installation import Installation
from stash_sense.models.ports import ModelRuntime, PackageFetcher
from stash_sense.models.store import PackState, PackStore
from stash_sense.models.supplied import opened_supply

_LOCK_NAME = ".install.lock"
_LOCK_PATIENCE = 0.5
"""Seconds between two looks at whether somebody asked to stop, while another install has the models folder."""


@dataclass(frozen=True, slots=True)
class InstalledPack:
    """What an install did.

    Attributes:
        card: of the installed pack.
        folder: where it is.
        already: it was there, whole and up to date: nothing was done.
        seconds: that it took.
    """

    card: PackCard
    folder: Path
    already: bool
    seconds: float

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.card.files.values())


class PackInstaller:
    """Installs packs of the catalogue into the models folder.

    Args:
        store: of the models folder.
        runtime: opens the models for the self-test.
        fetcher: fetches packages.
        limits: bounds for what a pack may hold.
    """

    def __init__(
        self, store: PackStore, runtime: ModelRuntime, fetcher: PackageFetcher, limits: Limits | None = None
    ) -> None:
        self._store = store
        self._runtime = runtime
        self._fetcher = fetcher
        self._limits = limits or Limits()

    def install(
        self,
        pack_id: str,
        *,
        supplied: Path | None = None,
        accept_licence: bool = False,
        force: bool = False,
        progress: ProgressListener = silent,
        cancel: CancelToken | None = None,
    ) -> InstalledPack:
        """Install a pack, unless it is installed, whole and up to date.

        Args:
            pack_id: its id in the catalogue.
            supplied: a folder, zip or file with the pack's files, or with the packages that they come from.
            accept_licence: the user has accepted the pack's licence.
            force: install it anew in any case.
            progress: told the megabytes downloaded, and the steps after that.
            cancel: looked at between steps and while downloading.

        Raises:
            InstallError: nothing was changed.
            PackError: the pack is unknown, or its self-test failed; nothing was changed.
            StorageError: the disk is full or may not be written; nothing was changed.
            InputError: what was supplied cannot be read.
            Cancelled: nothing was changed.
        """
        started = time.monotonic()
        entry = self._store.catalogue.entry(pack_id)

        def listen(report: Progress) -> None:
            if cancel is not None:
                cancel.raise_if_cancelled()
            progress(report)

        done = None if force else self._done(pack_id)
        if done is not None:
            return InstalledPack(done, self._store.folder(pack_id), True, time.monotonic() - started)
        if entry.must_accept and not accept_licence:
            raise LicenceNotAccepted(pack=pack_id, licence=entry.licence_text.rstrip("."))
        with self._alone(listen):
            done = None if force else self._done(pack_id)
            if done is None:
                with opened_supply(supplied, pack_id) as supply:
                    tools = self._runtime, self._fetcher, listen, self._limits
                    card = Installation(entry, supply, self._store, *tools).run()
                return InstalledPack(card, self._store.folder(pack_id), False, time.monotonic() - started)
        return InstalledPack(done, self._store.folder(pack_id), True, time.monotonic() - started)

    def _done(self, pack_id: str) -> PackCard | None:
        """Return the card of the installed pack when there is nothing to do."""
        status = self._store.status(pack_id)
        return status.card if status.state is PackState.INSTALLED and not status.outdated else None

    @contextlib.contextmanager
    def _alone(self, listen: ProgressListener) -> Iterator[None]:
        """Have the models folder for this process until the block ends, cleared of what killed installs left."""
        folder = self._store.models_dir
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(folder / _LOCK_NAME)
            while not lock.is_locked:
                listen(Progress("prepare", 0))
                try:
                    lock.acquire(timeout=_LOCK_PATIENCE)
                except filelock.Timeout:
                    listen(Progress("prepare", 0, note="another install is at work"))
        try:
            self._clear()
            yield
        finally:
            lock.release()

    def _clear(self) -> None:
        """Remove what killed installs left; a pack that was put aside and not replaced comes back."""
        folder = self._store.models_dir
        with storage_errors(folder):
            for aside in sorted(folder.glob(".*.replaced-*")):
                target = folder / aside.name[1:].rsplit(".replaced-", 1)[0]
                if not target.exists():
                    aside.rename(target)
            for pattern in (".*.staged-*", ".*.fetched-*", ".*.replaced-*"):
                for left_over in folder.glob(pattern):
                    if left_over.is_dir() and not left_over.is_symlink():
                        shutil.rmtree(left_over, ignore_errors=True)
                    else:  # a pack may be a link to a folder on another disk: the link goes, what it names stays
                        left_over.unlink(missing_ok=True)
