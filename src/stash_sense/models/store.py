"""The models folder: which packs are installed, and opening one from bytes that were checked."""

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from stash_sense.errors import (
    ModelRejected,
    PackCardInvalid,
    PackCorrupt,
    PackError,
    PackNotAvailable,
    PackNotInstalled,
    PackUnknown,
    SettingInvalid,
)
from stash_sense.kernel.limits import Limits
from stash_sense.models.card import CARD_NAME, FileCard, PackCard
from stash_sense.models.catalogue import Catalogue, CatalogueEntry
from stash_sense.models.ports import ModelRuntime
from stash_sense.models.selftest import check_answers, known_answers
from stash_sense.recognition.ports import Detector, Embedder

FALLBACK_PACKS = ("duo", "lite")
"""Without a setting the first of these that is installed is used; where none is, the last is what to install."""
CARD_BYTES = 1024 * 1024
"""A card has some 10 to 60 kB, most of it known answers."""
_PACK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ATTEMPTS = 5
"""How often a pack is read anew when an install has replaced it meanwhile."""


_Read = TypeVar("_Read")


class PackState(StrEnum):
    """Whether a pack can be used."""

    INSTALLED = "installed"
    DAMAGED = "damaged"
    NOT_INSTALLED = "not installed"


@dataclass(frozen=True, slots=True)
class PackStatus:
    """What is known of a pack.

    Attributes:
        pack_id: its id, also the name of its folder.
        state: whether it can be used.
        reason: why it cannot; empty when it can or is not installed.
        folder: where it is, or would be.
        card: of the installed pack, where it can be read.
        entry: of the catalogue; None of a pack that the user made.
        outdated: the catalogue describes it otherwise by now; it can still be used.
    """

    pack_id: str
    state: PackState
    reason: str
    folder: Path
    card: PackCard | None
    entry: CatalogueEntry | None
    outdated: bool = False


@dataclass(frozen=True, slots=True)
class OpenPack:
    """A pack that is ready to run.

    Attributes:
        card: what it says of itself.
        detector: finds faces.
        embedders: in the order of the card.
        background: the statistics of strangers' faces, where the pack has them.
    """

    card: PackCard
    detector: Detector
    embedders: tuple[Embedder, ...]
    background: bytes | None


class PackStore:
    """The packs below one folder, each in a folder of its own with a `pack.json`.

    Args:
        models_dir: the folder; need not exist.
        runtime: opens the models.
        catalogue: the packs that can be installed.
        limits: bounds for what a pack may hold.
    """

    def __init__(
        self, models_dir: Path, runtime: ModelRuntime, catalogue: Catalogue, limits: Limits | None = None
    ) -> None:
        self.models_dir = models_dir
        self.catalogue = catalogue
        self._runtime = runtime
        self._limits = limits or Limits()

    def packs(self) -> list[PackStatus]:
        """Return all packs of the catalogue, then those that the user made, by name."""
        own = sorted(self._folder_names() - {entry.id for entry in self.catalogue})
        return [self.status(pack_id) for pack_id in (*(entry.id for entry in self.catalogue), *own)]

    def status(self, pack_id: str) -> PackStatus:
        """Return the state of one pack; all its bytes are checked, its models are not opened.

        Raises:
            PackUnknown: neither the catalogue nor the folder has such a pack.
        """
        entry = self.catalogue.find(pack_id)
        folder = self.folder(pack_id)
        try:
            card = self._whole(pack_id, PackFolder.checked_card)
        except (PackNotInstalled, PackNotAvailable):
            return PackStatus(pack_id, PackState.NOT_INSTALLED, "", folder, None, entry)
        except PackUnknown:
            raise
        except PackError as error:
            return PackStatus(pack_id, PackState.DAMAGED, _reason(error), folder, None, entry)
        outdated = entry is not None and not entry.describes(card)
        return PackStatus(pack_id, PackState.INSTALLED, "", folder, card, entry, outdated)

    def default_pack(self, wanted: str | None) -> str:
        """Return the id of the pack to use: the wanted one, else the best of the installed ones.

        Raises:
            PackUnknown, PackNotInstalled: the wanted pack cannot be used; or none is installed.
        """
        if wanted is not None:
            self._require(wanted)
            return wanted
        preferred = self.preferred()
        if preferred is None:
            raise PackNotInstalled(pack=FALLBACK_PACKS[-1])
        return preferred

    def preferred(self) -> str | None:
        """Return the id of the best pack that may be chosen unasked; None where none is installed.

        A pack whose card cannot be read is chosen only where there is no better one and an install would mend it, so
        that its user is told of the damage.
        """
        here = [pack_id for pack_id in FALLBACK_PACKS if self.folder(pack_id).is_dir()]
        mendable = [pack_id for pack_id in here if not self._unsupported(pack_id)]
        return next((pack_id for pack_id in here if self._has_card(pack_id)), next(iter(mendable), None))

    def open(self, pack_id: str) -> OpenPack:
        """Make a pack ready to run.

        Raises:
            PackUnknown, PackNotInstalled: there is no such pack, or not here.
            PackCorrupt, PackCardInvalid: it is damaged; not one of its models was opened.
            ModelRejected: a model cannot be run here.
            PackNotAvailable: one of these three, and this version cannot install the pack anew.
        """
        try:
            card, contents = self._whole(pack_id, PackFolder.contents)
            return open_models(card, contents, self._runtime)
        except (PackCorrupt, PackCardInvalid, ModelRejected) as error:
            unsupported = self._unsupported(pack_id)
            if not unsupported:
                raise
            reason = f"it is damaged ({_reason(error)}) and cannot be installed anew: {unsupported}"
            raise PackNotAvailable(pack=pack_id, reason=reason) from error

    def verify(self, pack_id: str) -> PackCard:
        """Check every byte of a pack and its models' known answers, and return its card.

        Raises:
            PackError: as `open`; or PackSelfTestFailed, when a model answers otherwise than it must.
        """
        pack = self.open(pack_id)
        check_answers(pack_id, pack.card.self_test, known_answers(pack_id, pack.detector, pack.embedders))
        return pack.card

    def folder(self, pack_id: str) -> Path:
        """Return the folder of a pack.

        Between the two renames with which an install replaces a pack, and after a power cut just then, the old pack
        is where `files.staged_folder` put it aside: that is then its folder.

        Raises:
            PackUnknown: this cannot be the name of a pack.
        """
        if not _PACK_ID.fullmatch(pack_id):
            raise PackUnknown(pack=pack_id)
        folder = self.models_dir / pack_id
        if folder.exists():
            return folder
        with contextlib.suppress(OSError):
            return next(self.models_dir.glob(f".{pack_id}.replaced-*"), folder)
        return folder

    def _unsupported(self, pack_id: str) -> str:
        """Return why this version cannot install a pack; empty when it can, or when the user made the pack."""
        entry = self.catalogue.find(pack_id)
        return entry.unsupported if entry is not None else ""

    def _has_card(self, pack_id: str) -> bool:
        """Whether the pack's card can be read; its files are not looked at."""
        try:
            self._whole(pack_id, PackFolder.card)
        except PackError:
            return False
        return True

    def _folder_names(self) -> set[str]:
        """Return the folders that hold a card."""
        try:
            return {
                folder.name
                for folder in self.models_dir.iterdir()
                if _PACK_ID.fullmatch(folder.name) and os.path.lexists(folder / CARD_NAME)
            }
        except OSError:
            return set()

    def _require(self, pack_id: str) -> Path:
        folder = self.folder(pack_id)
        if folder.is_dir():
            return folder
        if self.catalogue.find(pack_id) is None:
            raise PackUnknown(pack=pack_id)
        unsupported = self._unsupported(pack_id)
        if unsupported:
            raise PackNotAvailable(pack=pack_id, reason=unsupported)
        raise PackNotInstalled(pack=pack_id)

    def _whole(self, pack_id: str, read: "Callable[[PackFolder], _Read]") -> _Read:
        """Read from a pack's folder; anew when it failed because an install has replaced the folder meanwhile."""
        for attempt in range(1, _ATTEMPTS + 1):
            last = attempt == _ATTEMPTS
            try:
                with PackFolder.opened(pack_id, self._require(pack_id), self._limits) as folder:
                    try:
                        return read(folder)
                    except PackError:
                        if last or folder.is_current():
                            raise
            except (FileNotFoundError, PackNotInstalled) as error:
                # Between the two renames of a replacement there is a moment without a folder of that name.
                if last:
                    raise PackNotInstalled(pack=pack_id) from error
        raise AssertionError("the last attempt returns or raises")


class PackFolder:
    """One pack's folder, held open, so that all files are of one install even when it is replaced meanwhile."""

    def __init__(self, pack_id: str, path: Path, descriptor: int, limits: Limits) -> None:
        self._pack_id = pack_id
        self._path = path
        self._descriptor = descriptor
        self._left = limits.pack_bytes

    @classmethod
    @contextlib.contextmanager
    def opened(cls, pack_id: str, path: Path, limits: Limits) -> "Iterator[PackFolder]":
        """Hold the folder open until the block ends.

        Raises:
            FileNotFoundError: it is gone.
            PackCorrupt: it is not a folder that can be read.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise PackCorrupt(pack=pack_id, reason=f"its folder cannot be read: {error.strerror}") from error
        try:
            yield cls(pack_id, path, descriptor, limits)
        finally:
            os.close(descriptor)

    def is_current(self) -> bool:
        """Whether the folder still stands where it was opened."""
        try:
            return os.path.samestat(self._path.stat(), os.fstat(self._descriptor))
        except OSError:
            return False

    def contents(self) -> tuple[PackCard, dict[str, bytes]]:
        """Read the card and every file that it lists; raises as `card` and `file` do."""
        card = self.card()
        return card, {name: self.file(name, wanted) for name, wanted in card.files.items()}

    def checked_card(self) -> PackCard:
        """Read the card and check every file that it lists, keeping none; raises as `card` and `file` do."""
        card = self.card()
        for name, wanted in card.files.items():
            self.file(name, wanted)
        return card

    def card(self) -> PackCard:
        """Read the pack's card.

        Raises:
            PackCorrupt: it is missing or cannot be read.
            PackCardInvalid: it cannot be understood, or is another pack's.
        """
        content = self._read(CARD_NAME, CARD_BYTES)
        path = self._path / CARD_NAME
        try:
            card = PackCard.model_validate_json(content)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            reason = f"{place}: {first['msg']}" if place else first["msg"]
            raise PackCardInvalid(path=path, reason=reason) from error
        except SettingInvalid as error:
            raise PackCardInvalid(path=path, reason=str(error)) from error
        if card.id != self._pack_id:
            raise PackCardInvalid(path=path, reason=f"it is the card of {card.id}")
        return card

    def file(self, name: str, wanted: FileCard) -> bytes:
        """Read a file of the pack and make sure that it is the one of the card.

        Raises:
            PackCorrupt: it is missing, cannot be read, or is another file.
        """
        content = self._read(name, wanted.size)
        if len(content) != wanted.size:
            raise self._corrupt(name, f"has {len(content)} bytes instead of {wanted.size}")
        if hashlib.sha256(content).hexdigest() != wanted.sha256:
            raise self._corrupt(name, "has other content than it was installed with")
        return content

    def _read(self, name: str, most: int) -> bytes:
        if most > self._left:
            raise self._corrupt(name, "would make the pack larger than a pack may be")
        try:
            # Not blocking: opening a pipe that somebody put there must not wait for a writer.
            descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK, dir_fd=self._descriptor)
            with os.fdopen(descriptor, "rb") as file:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise self._corrupt(name, "is no file")
                if status.st_size > most:
                    raise self._corrupt(name, f"has {status.st_size} bytes, more than {most}")
                content = file.read(most + 1)
        except OSError as error:
            raise self._corrupt(name, f"cannot be read: {error.strerror}") from error
        self._left -= len(content)
        return content

    def _corrupt(self, name: str, what: str) -> PackCorrupt:
        return PackCorrupt(pack=self._pack_id, reason=f"{name} {what}")


def open_models(card: PackCard, contents: dict[str, bytes], runtime: ModelRuntime) -> OpenPack:
    """Open a pack's models from checked bytes; `contents` is emptied on the way, to free what a runtime has copied.

    Raises:
        ModelRejected: a model cannot be run here.
    """
    files = [card.detector.file, *(embedder.file for embedder in card.embedders)]

    def take(name: str) -> bytes:
        files.remove(name)
        return contents[name] if name in files else contents.pop(name)

    detector = runtime.detector(card.detector, take(card.detector.file))
    embedders = tuple(runtime.embedder(embedder, take(embedder.file)) for embedder in card.embedders)
    background = contents.pop(card.background_file) if card.background_file else None
    return OpenPack(card, detector, embedders, background)


def _reason(error: PackError) -> str:
    return str(error.fields.get("reason", error))
