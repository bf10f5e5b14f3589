"""The model packs, and what recognises people with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from stash_sense.bootstrap.community import Community
from stash_sense.errors import PackCorrupt
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.once import once

if TYPE_CHECKING:
    from stash_sense.calibration.calibrate import Calibrator
    from stash_sense.identification.recognizer import Recognizer
    from stash_sense.models.card import PackCard
    from stash_sense.models.installer import PackInstaller
    from stash_sense.models.store import OpenPack, PackStore
    from stash_sense.performers.database import PackSpace
    from stash_sense.recognition.face_finder import FaceFinder
    from stash_sense.recognition.space import FaceSpace
    from stash_sense.resources.registry import Handle


@dataclass(frozen=True)
class Recognition(Community):
    """What recognises people."""

    _recognizers: dict[str, Handle[Recognizer]] = field(default_factory=dict)
    _alone: Lock = field(default_factory=Lock)

    @once
    def packs(self) -> PackStore:
        """The model packs."""
        from stash_sense.models.catalogue import Catalogue
        from stash_sense.models.store import PackStore

        settings = self.settings
        return PackStore(
            settings.models_dir, self.runtime, Catalogue.shipped(), self.limits, self.machine.cpu_features
        )

    @once
    def installer(self) -> PackInstaller:
        """What installs model packs."""
        from stash_sense.adapters.packages.installers import InstallerPrograms
        from stash_sense.models.installer import PackInstaller

        return PackInstaller(self.packs, self.runtime, InstallerPrograms(), self.limits)

    def require_pack(self, pack: str | None) -> None:
        """Look whether a pack is installed, without opening its models: as `recognizer` chooses it.

        Raises:
            PackError: it is not, or cannot be used.
        """
        self.packs.described(self.packs.default_pack(pack or self.settings.pack))

    def pack_space(self, pack_id: str) -> PackSpace:
        """Return what a pack says about vectors, without opening its models.

        Raises:
            PackError: it cannot be used.
        """
        from stash_sense.performers.database import PackSpace

        card, background = self.packs.described(pack_id)
        names = tuple(embedder.id for embedder in card.embedders)
        return PackSpace(card.id, names, space_of(card, background))

    def recognizer(self, pack: str | None) -> Recognizer:
        """Open a pack: the named one, else the one from the settings, else the best of the installed ones.

        Raises:
            PackError: it cannot be used.
        """
        return recognizer_of(self.packs.open(self.packs.default_pack(pack or self.settings.pack)), self.limits)

    @contextmanager
    def recognizing(self, pack: str | None) -> Iterator[Recognizer]:
        """Lend a pack out until the block ends: opened when first needed, shared, unloaded when idle for long.

        Raises:
            PackError: it cannot be used.
            Cancelled: the token was set while waiting for it to be opened.
        """
        from stash_sense.resources.resource import Resource

        name = self.packs.default_pack(pack or self.settings.pack)
        with self._alone:
            if name not in self._recognizers:
                self._recognizers[name] = self.resources.register(
                    Resource(
                        f"model pack {name}",
                        load=lambda: self.recognizer(name),
                        bytes_of=lambda _: sum(file.size for file in self.packs.described(name)[0].files.values()),
                    )
                )
            handle = self._recognizers[name]
        with handle.require(self.cancel) as recognizer:
            yield recognizer

    def calibrator(self, pack: OpenPack) -> Calibrator:
        """Make a pack ready to be calibrated.

        Args:
            pack: opened without a calibration: an earlier one plays no part in a new one.

        Raises:
            PackCorrupt: its statistics are not those of its models.
        """
        from stash_sense.calibration.calibrate import Calibrator

        return Calibrator(face_finder_of(pack, self.limits), pack.card.matching, self.pictures, self.videos)


def face_finder_of(pack: OpenPack, limits: Limits | None = None) -> FaceFinder:
    """Make a pack's models ready to find and describe faces.

    Raises:
        PackCorrupt: its statistics are not those of its models.
    """
    from stash_sense.recognition.alignment import enlarged
    from stash_sense.recognition.describing import FaceDescriber, View
    from stash_sense.recognition.face_finder import FaceFinder

    card = pack.card
    views = [
        View(
            embedder, tuple(enlarged(described.alignment, factor) for factor in described.views), described.clear_norm
        )
        for embedder, described in zip(pack.embedders, card.embedders, strict=True)
    ]
    return FaceFinder(pack.detector, FaceDescriber(views, space_of(card, pack.background)), limits)


def recognizer_of(pack: OpenPack, limits: Limits) -> Recognizer:
    """Make a pack ready to recognise people in files."""
    from stash_sense.adapters.images.pillow import PillowReader
    from stash_sense.adapters.video.pyav import PyavOpener
    from stash_sense.bootstrap.machine import LazyRemote
    from stash_sense.identification.recognizer import Recognizer
    from stash_sense.recognition.spec import Decision

    finder = face_finder_of(pack, limits)
    decision = Decision(finder.space, pack.card.matching, pack.card.curve, pack.card.same_person)
    return Recognizer(pack.card.id, finder, decision, PyavOpener(limits), PillowReader(limits), LazyRemote(limits))


def space_of(card: PackCard, background: bytes | None) -> FaceSpace:
    """Make the space that a pack's vectors are compared in.

    Raises:
        PackCorrupt: its statistics are not those of its models.
    """
    from stash_sense.recognition.space import Block, FaceSpace

    blocks = [Block(embedder.dim, embedder.weight) for embedder in card.embedders]
    try:
        return FaceSpace.plain(blocks) if background is None else FaceSpace.read(blocks, background)
    except ValueError as error:
        raise PackCorrupt(pack=card.id, reason=str(error)) from error
