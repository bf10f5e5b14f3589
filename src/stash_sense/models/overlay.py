"""Calibrations that a user made of packs: read and kept beside the packs, so that they outlive a reinstall.

    <models>/calibrations/<pack>/calibration.json, background-<start of its hash>.npz

The background is written first and under a name of its own; renaming the JSON document into its place is what makes a
calibration count, so that a reader sees the old one or the new one at every moment.
"""

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import filelock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stash_sense.errors import CalibrationDamaged, PackUnknown, SettingInvalid
from stash_sense.files import flush_folder, storage_errors, write_atomically
from stash_sense.kernel.limits import Limits
from stash_sense.models.card import FileCard, FileName, PackCard, Sha256
from stash_sense.models.pack_folder import CARD_BYTES, PACK_ID, read_file
from stash_sense.recognition.curve import ProbabilityCurve
from stash_sense.recognition.evidence import FEATURES
from stash_sense.recognition.matching.counting import PAIR_FEATURES
from stash_sense.recognition.space import Block, FaceSpace
from stash_sense.recognition.spec import MatchingConstants

OVERLAYS_NAME = "calibrations"
"""The folder beside the packs; no pack can have this name."""
OVERLAY_NAME = "calibration.json"
_LOCK_NAME = ".lock"
_ATTEMPTS = 5
"""How often a calibration is read anew when another one has replaced it meanwhile."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MeasuredFigure(_Part):
    """A figure and the ends of its 95 % interval; None where there was nothing to measure."""

    value: float | None
    low: float | None
    high: float | None


class LevelFigures(_Part):
    """How good the names of one level were on the held half.

    Attributes:
        precision: names that were right, of all names given.
        recall: known people who were named, of all known people in the scenes.
        strangers_named: strangers who were given a name, of all strangers.
        calibration_error: mean gap between probabilities and how often they were right.
        unknown_count_error: mean distance of the number of unknown people from that of the strangers.
    """

    precision: MeasuredFigure
    recall: MeasuredFigure
    strangers_named: MeasuredFigure
    calibration_error: MeasuredFigure
    unknown_count_error: MeasuredFigure


class FitCard(_Part):
    """What a calibration was fitted on, and what it is worth on people it was not fitted on.

    Attributes:
        people, strangers, scenes: of the half that was learnt from.
        held_people, held_scenes: of the half that judged.
        curve: the form of the curve that the held half preferred.
        log_loss: of the held half, by form of the curve; the smaller, the better.
        default, strict: figures of the held half at both levels.
    """

    people: int = Field(ge=0)
    strangers: int = Field(ge=0)
    scenes: int = Field(ge=0)
    held_people: int = Field(ge=0)
    held_scenes: int = Field(ge=0)
    curve: Literal["logistic", "isotonic"]
    log_loss: Mapping[str, float]
    default: LevelFigures
    strict: LevelFigures


class OverlayCard(_Part):
    """`calibration.json`: what replaces parts of a pack's card.

    Attributes:
        pack: id of the pack.
        models: SHA-256 of the detector's and the embedders' files: for other models it does not count. The 8-bit
            forms are not among them, because they are made of these and answer the same vectors.
        created_at: when it was made.
        program: version of the program that made it.
        matching, curve, same_person: in place of the card's.
        background: the file with the statistics.
        fit: what it was fitted on, and how good it is.
    """

    schema_: Literal[1] = Field(default=1, alias="schema")
    pack: FileName
    models: Mapping[FileName, Sha256]
    created_at: datetime
    program: str
    matching: MatchingConstants
    curve: ProbabilityCurve
    same_person: ProbabilityCurve | None
    background: FileCard
    fit: FitCard

    @property
    def background_file(self) -> str:
        """The name of the file with the statistics."""
        return f"background-{self.background.sha256[:16]}.npz"


@dataclass(frozen=True, slots=True)
class Overlay:
    """A calibration, whole: its card and the statistics."""

    card: OverlayCard
    background: bytes

    def over(self, card: PackCard) -> PackCard:
        """Return a pack's card with this calibration in place of its own; the card lists the pack's files only."""
        own = self.card
        return card.model_copy(update={"matching": own.matching, "curve": own.curve, "same_person": own.same_person})


@dataclass(frozen=True, slots=True)
class OverlayStatus:
    """Whether a calibration is laid over a pack.

    Attributes:
        state: used; ignored, because it is of other models; or damaged, and then the pack cannot be used until it is
            taken away.
        reason: why it is ignored or damaged.
        card: of the calibration, where it can be read.
    """

    state: Literal["used", "ignored", "damaged"]
    reason: str
    card: OverlayCard | None


class Overlays:
    """The calibrations beside the packs.

    Args:
        models_dir: the models folder; need not exist.
        limits: bounds for what is read.
    """

    def __init__(self, models_dir: Path, limits: Limits | None = None) -> None:
        self._home = models_dir / OVERLAYS_NAME
        self._limits = limits or Limits()

    def folder(self, pack_id: str) -> Path:
        """Return where the calibration of a pack is, or would be.

        Raises:
            PackUnknown: this cannot be the name of a pack.
        """
        if not PACK_ID.fullmatch(pack_id):
            raise PackUnknown(pack=pack_id)
        return self._home / pack_id

    def status(self, card: PackCard) -> OverlayStatus | None:
        """Say what is laid over a pack; None where it was never calibrated."""
        try:
            overlay = self.read(card.id)
            if overlay is None:
                return None
            reason = _not_of(overlay.card, card)
            if not reason:
                _check_space(overlay, card)
        except CalibrationDamaged as error:
            return OverlayStatus("damaged", str(error.fields["reason"]), None)
        return OverlayStatus("ignored" if reason else "used", reason, overlay.card)

    def of(self, card: PackCard) -> Overlay | None:
        """Return the calibration that is laid over a pack; None where there is none, or it is of other models.

        Raises:
            CalibrationDamaged: it cannot be read, or is not whole.
        """
        overlay = self.read(card.id)
        if overlay is None or _not_of(overlay.card, card):
            return None
        _check_space(overlay, card)
        return overlay

    def read(self, pack_id: str) -> Overlay | None:
        """Read the calibration of a pack, whatever models it was made with; None where there is none.

        Raises:
            CalibrationDamaged: it cannot be read, or is not whole.
        """
        return read_overlay(self.folder(pack_id), pack_id, self._limits)

    def write(self, overlay: Overlay) -> Path:
        """Keep a calibration in place of the one before, if any; return its folder.

        Raises:
            StorageError: it cannot be written; the one before is unharmed.
        """
        card = overlay.card
        folder = self.folder(card.pack)
        with self._alone():
            write_atomically(folder / card.background_file, overlay.background)
            with storage_errors(folder):
                flush_folder(folder)  # the statistics must be there before the document that names them
            write_atomically(folder / OVERLAY_NAME, card.model_dump_json(by_alias=True, indent=2).encode() + b"\n")
            with storage_errors(folder):
                flush_folder(folder)
                for older in folder.glob("background-*.npz"):
                    if older.name != card.background_file:
                        older.unlink(missing_ok=True)
        return folder

    def remove(self, pack_id: str) -> bool:
        """Take the calibration of a pack away, whole or damaged; return whether there was one.

        Raises:
            PackUnknown: this cannot be the name of a pack.
            StorageError: it cannot be taken away.
        """
        folder = self.folder(pack_id)
        with storage_errors(folder):
            if not folder.is_dir():
                return False
            (folder / OVERLAY_NAME).unlink(missing_ok=True)
            shutil.rmtree(folder)
        return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep others from writing calibrations until the block ends; that takes them moments."""
        with storage_errors(self._home):
            self._home.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self._home / _LOCK_NAME)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()


def read_overlay(folder: Path, pack_id: str, limits: Limits | None = None) -> Overlay | None:
    """Read a calibration from the folder that it was written into; None where there is none.

    Args:
        folder: of one pack's calibration.
        pack_id: of whose it should be.
        limits: bounds for what is read.

    Raises:
        CalibrationDamaged: it cannot be read, or is not whole.
    """
    most = (limits or Limits()).pack_bytes
    for attempt in range(1, _ATTEMPTS + 1):
        card = _card(folder, pack_id)
        if card is None:
            return None
        try:
            return Overlay(card, _background(folder, card, most))
        except CalibrationDamaged:
            if attempt == _ATTEMPTS or _card(folder, pack_id) == card:
                raise
    raise AssertionError("the last attempt returns or raises")


def _card(folder: Path, pack_id: str) -> OverlayCard | None:
    try:
        card = OverlayCard.model_validate_json(read_file(folder / OVERLAY_NAME, CARD_BYTES))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the document"
        raise CalibrationDamaged(pack=pack_id, reason=f"{OVERLAY_NAME}: {place}: {first['msg']}") from error
    except SettingInvalid as error:
        raise CalibrationDamaged(pack=pack_id, reason=f"{OVERLAY_NAME}: {error}") from error
    except ValueError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise CalibrationDamaged(pack=pack_id, reason=f"{OVERLAY_NAME} {error}") from error
    if card.pack != pack_id:
        raise CalibrationDamaged(pack=pack_id, reason=f"it is the calibration of {card.pack}")
    return card


def _background(folder: Path, card: OverlayCard, most: int) -> bytes:
    name, wanted = card.background_file, card.background
    try:
        content = read_file(folder / name, min(wanted.size, most))
    except ValueError as error:
        raise CalibrationDamaged(pack=card.pack, reason=f"{name} {error}") from error
    if hashlib.sha256(content).hexdigest() != wanted.sha256:
        raise CalibrationDamaged(pack=card.pack, reason=f"{name} has other content than it was made with")
    return content


def models_of(card: PackCard) -> dict[str, str]:
    """Return the SHA-256 of the files that decide what vectors a pack's faces have."""
    names = [card.detector.file, *(embedder.file for embedder in card.embedders)]
    return {name: card.files[name].sha256 for name in names}


def _not_of(overlay: OverlayCard, card: PackCard) -> str:
    """Say why a calibration does not count for a pack; empty where it does."""
    if dict(overlay.models) != models_of(card):
        return "it was made with other models than the installed ones"
    pairs = overlay.same_person.features if overlay.same_person else ()
    if not {*overlay.curve.features} <= {*FEATURES} or not {*pairs} <= {*PAIR_FEATURES}:
        return f"it was made by version {overlay.program} of the program, which weighed other evidence"
    return ""


def _check_space(overlay: Overlay, card: PackCard) -> None:
    blocks = [Block(embedder.dim, embedder.weight) for embedder in card.embedders]
    try:
        FaceSpace.read(blocks, overlay.background)
    except ValueError as error:
        raise CalibrationDamaged(pack=card.id, reason=str(error)) from error
