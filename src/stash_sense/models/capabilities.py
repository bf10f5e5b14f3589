"""What is installed here and works, and what to do about what does not.

A feature tells about itself with one check, listed in `CHECKS`; the later ones are named until they have theirs.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from stash_sense.errors import (
    CalibrationDamaged,
    DatabaseDamaged,
    DatabaseError,
    DatabaseMissing,
    PackDiffers,
    PackError,
    PackUnknown,
    SettingInvalid,
    StashSenseError,
)
from stash_sense.kernel.hardware import HardwareInfo
from stash_sense.models.store import PackState, PackStatus, PackStore
from stash_sense.performers.manifest import DATABASE_NAME
from stash_sense.performers.schema import open_finished
from stash_sense.performers.vectors import map_vectors
from stash_sense.performers.versions.library import InstalledVersion, PerformersLibrary

_CPU = "CPUExecutionProvider"


@dataclass(frozen=True, slots=True)
class Capability:
    """Whether one feature works here.

    Attributes:
        name: of the feature; stable, for programs.
        available: whether it works.
        note: what it works with; empty when it does not.
        reason: why it does not work, without a full stop; empty when it does.
        remedy: the command to type about that, or else what to do; empty when it works, or nothing helps.
    """

    name: str
    available: bool
    note: str = ""
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Installation:
    """What the checks look at.

    Attributes:
        packs: the model packs.
        performers: the performers databases.
        hardware: what the models can run on.
        wanted_pack: the pack that the settings name.
        device: what the models shall run on, as the settings have it.
        stash: tells whether the user's Stash can be used.
        found: what checks have found already.
    """

    packs: PackStore
    performers: PerformersLibrary
    hardware: HardwareInfo
    wanted_pack: str | None = None
    device: str = "auto"
    stash: "Callable[[], Capability]" = lambda: Capability("stash", False, reason="No Stash is named")
    found: "dict[Check, Capability]" = field(default_factory=dict, init=False, compare=False)

    def look(self, check: "Check") -> Capability:
        """Return what a check finds; it is made once, for models are opened and servers asked."""
        if check not in self.found:
            self.found[check] = check(self)
        return self.found[check]


Check: TypeAlias = Callable[[Installation], Capability]


def identification(here: Installation) -> Capability:
    """People can be named when a pack opens: those of the performers database, or of a gallery that is named."""
    known = here.look(performers_database)
    wanted = here.wanted_pack
    try:
        if wanted is None and known.available and (current := here.performers.current()) is not None:
            wanted = current.manifest.pack
        wanted = here.packs.default_pack(wanted)
        here.packs.open(wanted)
    except (PackError, SettingInvalid) as error:
        remedy = _pack_remedy(here, str(error.fields.get("pack", wanted)), error)
        return Capability("identification", False, reason=error.cause, remedy=remedy)
    people = known.note if known.available else "and only a gallery that you name with --gallery"
    return Capability("identification", True, note=f"pack {wanted}, {people}")


def performers_database(here: Installation) -> Capability:
    """There is a database that somebody is in, made with a pack that is installed and in use."""
    name = "performers_database"
    try:
        current = here.performers.current()
        if current is None:
            raise DatabaseMissing
        made_with = current.manifest.pack
        if here.wanted_pack not in (None, made_with):
            raise PackDiffers(made_with=made_with, pack=here.wanted_pack)
        _require_files(current)
    except PackDiffers as error:
        return Capability(name, False, reason=error.cause, remedy="unset STASH_SENSE_PACK")
    except DatabaseDamaged as error:
        return Capability(name, False, reason=error.cause, remedy=_way_back(here))
    except DatabaseError as error:
        return Capability(name, False, reason=error.cause, remedy=error.command)
    if not current.manifest.performer_count:
        reason = f"The performers database {current.version} holds nobody"
        return Capability(name, False, reason=reason, remedy="stash-sense db build FOLDER")
    return _with_its_pack(here, name, current)


def _require_files(database: InstalledVersion) -> None:
    """Open the files of a database as identifying does, reading no more of them than their beginnings.

    Raises:
        DatabaseDamaged, DatabaseUnreadable: one of them cannot be used.
    """
    folder, manifest = database.folder, database.manifest
    open_finished(folder / DATABASE_NAME).close()
    for embedder in manifest.embedders:
        map_vectors(folder / embedder.file, manifest.face_count, embedder.dim, embedder.dtype)


def _way_back(here: Installation) -> str:
    """Return what to type about a damaged database: going back, where there is something to go back to."""
    library = here.performers
    try:
        earlier = library.previous()
    except DatabaseDamaged:  # what says which version is in use: the newest that is whole can be
        earlier = next(filter(library.is_whole, library.versions()), None)
    if earlier is not None:
        return "stash-sense db rollback"
    return "install one with stash-sense db update or db import, or build one with stash-sense db build"


def _with_its_pack(here: Installation, name: str, database: InstalledVersion) -> Capability:
    made_with = database.manifest.pack
    try:
        status = here.packs.status(made_with)
    except PackUnknown as error:
        return Capability(name, False, reason=error.cause)
    if not status.is_usable:
        reason = f"{_pack_reason(status)}, and the performers database {database.version} was made with it"
        return Capability(name, False, reason=reason, remedy=status.what_to_type)
    count = database.manifest.performer_count
    return Capability(name, True, note=f"{count:,} performers of {database.version}, made with {made_with}")


def gpu(here: Installation) -> Capability:
    """A model has run on a GPU and answered rightly."""
    others = [provider for provider in here.hardware.providers if provider.name != _CPU]
    works = next((provider.name for provider in others if provider.works), None)
    if works:
        return Capability("gpu", True, note=works)
    if here.device == "cpu":
        reason = "STASH_SENSE_DEVICE is cpu, so no GPU is looked for"
        return Capability("gpu", False, reason=reason, remedy="unset STASH_SENSE_DEVICE")
    if others:
        return Capability("gpu", False, reason="; ".join(f"{other.name}: {other.reason}" for other in others))
    reason = "onnxruntime offers no GPU here; docs/how-to/use-a-gpu.md tells how to install the one that does"
    return Capability("gpu", False, reason=reason)


def stash(here: Installation) -> Capability:
    """The user's Stash can be asked."""
    return here.stash()


def library_scan(here: Installation) -> Capability:
    """Scenes and images of the user's Stash can be looked at, and people of the database recommended for them."""
    needed = (stash, performers_database, identification)
    missing = next((found for found in map(here.look, needed) if not found.available), None)
    if missing is not None:
        return Capability("library_scan", False, reason=missing.reason, remedy=missing.remedy)
    return Capability("library_scan", True, note=f"{here.look(stash).note}, {here.look(performers_database).note}")


def pack(pack_id: str) -> Check:
    """Return the check of one of the better packs."""

    def check(here: Installation) -> Capability:
        name = f"pack_{pack_id}"
        try:
            status = here.packs.status(pack_id)
        except PackUnknown as error:
            return Capability(name, False, reason=error.cause)
        if not status.is_usable:
            return Capability(name, False, reason=_pack_reason(status), remedy=status.what_to_type)
        return Capability(name, True, note="has an update" if status.outdated else "whole and up to date")

    return check


def not_in_this_version(name: str) -> Check:
    """Return the check of a feature that is still to come."""
    return lambda _: Capability(name, False, reason="It is not part of this version")


CHECKS: tuple[Check, ...] = (
    identification,
    performers_database,
    pack("duo"),
    pack("trio"),
    gpu,
    stash,
    library_scan,
    not_in_this_version("upstream_sync"),
    not_in_this_version("duplicates"),
    not_in_this_version("tattoo_signal"),
    not_in_this_version("body_signal"),
)
"""One check for each feature, in the order in which they are shown."""


def capabilities(here: Installation, checks: Iterable[Check] = CHECKS) -> list[Capability]:
    """Look at everything; models are opened on the way, so this takes as long as starting to identify does."""
    return [here.look(check) for check in checks]


def _pack_reason(status: PackStatus) -> str:
    if status.state is PackState.NOT_INSTALLED:
        return f"The model pack {status.pack_id} is not installed"
    calibration = status.calibration
    if status.state is PackState.INSTALLED and calibration is not None:
        return f"The calibration of the pack {status.pack_id} is damaged"
    return f"The model pack {status.pack_id} is damaged ({status.reason})"


def _pack_remedy(here: Installation, pack_id: str, error: StashSenseError) -> str:
    """Return what to type when a pack does not open."""
    if isinstance(error, SettingInvalid):
        return "unset STASH_SENSE_DEVICE"
    if isinstance(error, PackUnknown | CalibrationDamaged):
        return error.command
    status = here.packs.status(pack_id)
    if status.entry is None:
        return "unset STASH_SENSE_PACK"
    return status.what_to_type or f"stash-sense models install {pack_id} --force"
