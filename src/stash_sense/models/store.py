"""The models folder: which packs are installed, and opening one from bytes that were checked."""

import contextlib
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from stash_sense.errors import (
    PackError,
    PackNotInstalled,
    PackUnknown,
)
from stash_sense.kernel.limits import Limits
from stash_sense.models.card import CARD_NAME, PackCard
from stash_sense.models.catalogue import Catalogue, CatalogueEntry
from stash_sense.models.file_status import FileState, FileStatus, files_to_install
from stash_sense.models.forms import fast_instruction, quantised_embedder
from stash_sense.models.overlay import OVERLAYS_NAME, Overlays, OverlayStatus
from stash_sense.models.pack_folder import PACK_ID, PackFolder
from stash_sense.models.ports import ModelRuntime
from stash_sense.models.selftest import check_answers, known_answers
from stash_sense.recognition.ports import Detector, Embedder

FALLBACK_PACKS = ("trio", "duo", "lite")
"""Without a setting the first of these that is installed is used; where none is, the last is what to install."""
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
        download_bytes: what an install of it would fetch: not what another installed pack has already.
        calibration: that the user made of it; None where there is none, or the card cannot be read.
        files: of the installed pack; where there is none, or its card cannot be read, those of the catalogue.
    """

    pack_id: str
    state: PackState
    reason: str
    folder: Path
    card: PackCard | None
    entry: CatalogueEntry | None
    outdated: bool = False
    download_bytes: int = 0
    calibration: OverlayStatus | None = None
    files: tuple[FileStatus, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Whether it is installed and whole, and what the user has calibrated of it, too."""
        calibrated = self.calibration is None or self.calibration.state != "damaged"
        return self.state is PackState.INSTALLED and calibrated

    @property
    def what_to_type(self) -> str:
        """The command that installs, mends or updates it; empty where there is nothing to do, or no such command."""
        if self.entry is None or (self.state is PackState.INSTALLED and not self.outdated):
            return ""
        command = f"stash-sense models install {self.pack_id}"
        if self.entry.supplied:
            command += " --from FOLDER_OR_ZIP"
        return f"{command} --accept-licence" if self.entry.must_accept else command


@dataclass(frozen=True, slots=True)
class OpenPack:
    """A pack that is ready to run.

    Attributes:
        card: what it says of itself; where the user calibrated it, with that calibration's constants and curves.
        detector: finds faces.
        embedders: in the order of the card.
        background: the statistics of strangers' faces, where the pack or the user's calibration has them.
        quantised: ids of the embedders that run in their 8-bit form.
    """

    card: PackCard
    detector: Detector
    embedders: tuple[Embedder, ...]
    background: bytes | None
    quantised: frozenset[str] = frozenset()


class PackStore:
    """The packs below one folder, each in a folder of its own with a `pack.json`.

    Args:
        models_dir: the folder; need not exist.
        runtime: opens the models.
        catalogue: the packs that can be installed.
        limits: bounds for what a pack may hold.
        cpu_features: instruction sets of this processor, as `kernel.hardware` has them.
    """

    def __init__(
        self,
        models_dir: Path,
        runtime: ModelRuntime,
        catalogue: Catalogue,
        limits: Limits | None = None,
        cpu_features: Collection[str] = (),
    ) -> None:
        self.models_dir = models_dir
        self.catalogue = catalogue
        self.calibrations = Overlays(models_dir, limits)
        self._runtime = runtime
        self._limits = limits or Limits()
        self._cpu_features = frozenset(cpu_features)

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
        state, reason, card, outdated = PackState.INSTALLED, "", None, False
        files: tuple[FileStatus, ...] = ()
        try:
            card, files = self._whole(pack_id, _card_and_files)
            reason = next((file.reason for file in files if file.state is not FileState.INSTALLED), "")
            state = PackState.DAMAGED if reason else PackState.INSTALLED
            outdated = not reason and entry is not None and not entry.describes(card)
        except PackNotInstalled:
            state = PackState.NOT_INSTALLED
            files = files_to_install(entry, FileState.MISSING) if entry is not None else ()
        except PackUnknown:
            raise
        except PackError as error:
            state, reason = PackState.DAMAGED, _reason(error)
            files = files_to_install(entry, FileState.DAMAGED, reason) if entry is not None else ()
        to_fetch = self.download_bytes(entry) if entry is not None else 0
        calibration = self.calibrations.status(card) if card is not None else None
        folder = self.folder(pack_id)
        return PackStatus(pack_id, state, reason, folder, card, entry, outdated, to_fetch, calibration, files)

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

    def chosen(self, wanted: str | None) -> str | None:
        """Return what `default_pack` does; None where it raises."""
        try:
            return self.default_pack(wanted)
        except PackError:
            return None

    def preferred(self) -> str | None:
        """Return the id of the best pack that may be chosen unasked; None where none is installed.

        A pack whose card cannot be read is chosen only where there is no better one, so that its user is told of the
        damage.
        """
        here = [pack_id for pack_id in FALLBACK_PACKS if self.folder(pack_id).is_dir()]
        return next((pack_id for pack_id in here if self._has_card(pack_id)), next(iter(here), None))

    def open(self, pack_id: str, *, calibrated: bool = True) -> OpenPack:
        """Make a pack ready to run.

        Args:
            pack_id: its id.
            calibrated: lay the user's calibration over its card, where there is one.

        Raises:
            PackUnknown, PackNotInstalled: there is no such pack, or not here.
            PackCorrupt, PackCardInvalid, CalibrationDamaged: it is damaged; not one of its models was opened.
            ModelRejected: a model cannot be run here.
        """
        card, contents = self._whole(pack_id, PackFolder.contents)
        overlay = self.calibrations.of(card) if calibrated else None
        pack = open_models(card, contents, self._runtime, quantised=bool(self.fast_instruction()))
        return pack if overlay is None else replace(pack, card=overlay.over(card), background=overlay.background)

    def described(self, pack_id: str) -> tuple[PackCard, bytes | None]:
        """Return a pack's card and the statistics of its vectors, with the user's calibration laid over them.

        Its models are neither read nor opened.

        Raises:
            PackError: as `open`.
        """

        def read(folder: PackFolder) -> tuple[PackCard, bytes | None]:
            card = folder.card()
            name = card.background_file
            return card, None if name is None else folder.file(name, card.files[name])

        card, background = self._whole(pack_id, read)
        overlay = self.calibrations.of(card)
        return (card, background) if overlay is None else (overlay.over(card), overlay.background)

    def verify(self, pack_id: str) -> PackCard:
        """Check every byte of a pack and of its calibration, its float models' known answers, and return its card.

        Raises:
            PackError: as `open`; or PackSelfTestFailed, when a model answers otherwise than it must.
        """
        card, contents = self._whole(pack_id, PackFolder.contents)
        self.calibrations.of(card)
        pack = open_models(card, contents, self._runtime)
        check_answers(pack_id, card.self_test, known_answers(pack_id, pack.detector, pack.embedders))
        return card

    def fast_instruction(self) -> str:
        """Return the instruction set with which embedders run in 8 bits here; empty where they do not."""
        return fast_instruction(self._cpu_features, self._runtime)

    def installed_file(self, pack_id: str, name: str) -> bytes | None:
        """Return a file of a pack, checked; None where the pack is not installed or damaged, or has no such file."""

        def read(folder: PackFolder) -> bytes | None:
            wanted = folder.card().files.get(name)
            return None if wanted is None else folder.file(name, wanted)

        try:
            return self._whole(pack_id, read)
        except PackError:
            return None

    def folder(self, pack_id: str) -> Path:
        """Return the folder of a pack.

        Between the two renames with which an install replaces a pack, and after a power cut just then, the old pack
        is where `files.staged_folder` put it aside: that is then its folder.

        Raises:
            PackUnknown: this cannot be the name of a pack.
        """
        if not PACK_ID.fullmatch(pack_id) or pack_id.lower() == OVERLAYS_NAME:
            raise PackUnknown(pack=pack_id)
        folder = self.models_dir / pack_id
        if folder.exists():
            return folder
        with contextlib.suppress(OSError):
            return next(self.models_dir.glob(f".{pack_id}.replaced-*"), folder)
        return folder

    def download_bytes(self, entry: CatalogueEntry) -> int:
        """Count what an install fetches where nothing is supplied; other packs' files are taken for whole."""
        others = [other for other in self.catalogue if other.id != entry.id and self._has_card(other.id)]
        return sum(
            source.size
            for source in entry.packages
            if not any(
                source in other.sources and (self.folder(other.id) / source.file).is_file() for other in others
            )
        )

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
                if PACK_ID.fullmatch(folder.name)
                and folder.name.lower() != OVERLAYS_NAME
                and os.path.lexists(folder / CARD_NAME)
            }
        except OSError:
            return set()

    def _require(self, pack_id: str) -> Path:
        folder = self.folder(pack_id)
        if folder.is_dir():
            return folder
        if self.catalogue.find(pack_id) is None:
            raise PackUnknown(pack=pack_id)
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


def open_models(
    card: PackCard, contents: dict[str, bytes], runtime: ModelRuntime, *, quantised: bool = False
) -> OpenPack:
    """Open a pack's models from checked bytes; `contents` is emptied on the way, to free what a runtime has copied.

    Args:
        card: of the pack.
        contents: its files by name.
        runtime: opens the models.
        quantised: run embedders in their 8-bit form, where they have one that answers the same vectors.

    Raises:
        ModelRejected: a model cannot be run here.
    """
    files = [card.detector.file, *(embedder.file for embedder in card.embedders)]

    def take(name: str) -> bytes:
        files.remove(name)
        return contents[name] if name in files else contents.pop(name)

    detector = runtime.detector(card.detector, take(card.detector.file))
    embedders, rounded = [], set()
    for described in card.embedders:
        model, embedder = take(described.file), None
        if quantised and described.quantised:
            form = contents.pop(described.quantised)
            embedder = quantised_embedder(card.id, described, form, runtime, card.self_test)
        if embedder is not None:
            rounded.add(described.id)
        embedders.append(embedder or runtime.embedder(described, model))
    background = contents.pop(card.background_file) if card.background_file else None
    return OpenPack(card, detector, tuple(embedders), background, frozenset(rounded))


def _reason(error: PackError) -> str:
    return str(error.fields.get("reason", error))


def _card_and_files(folder: PackFolder) -> tuple[PackCard, tuple[FileStatus, ...]]:
    """Read the card and look at every file that it lists."""
    card = folder.card()
    files = tuple(folder.file_status(name, wanted) for name, wanted in card.files.items())
    if any(file.state is not FileState.INSTALLED for file in files) and not folder.is_current():
        raise FileNotFoundError  # an install has replaced the folder meanwhile: the new one is looked at
    return card, files
