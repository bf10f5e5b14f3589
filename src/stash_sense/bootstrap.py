"""The composition root: settings in, ready services out. The only module that imports adapters.

Each service imports what it is made of when it is first asked for: the libraries behind them all take two seconds of
computing and 80 MB, and the running service wants none of it before somebody has something recognised.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock, RLock
from typing import TYPE_CHECKING, Any

from stash_sense.errors import NotWritable, PackCorrupt, PackDiffers, PackNotInstalled, PackUnknown
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.once import once
from stash_sense.kernel.progress import ProgressListener, silent

if TYPE_CHECKING:
    from stash_sense.adapters.onnx.runtime import OnnxRuntime
    from stash_sense.adapters.service.client import ServiceClient
    from stash_sense.adapters.store.backup import Backup
    from stash_sense.adapters.store.restoring import Restored
    from stash_sense.adapters.store.store import Store
    from stash_sense.calibration.calibrate import Calibrator
    from stash_sense.configuration.configuration import Configuration
    from stash_sense.configuration.environment import Environment
    from stash_sense.identification.live_database import LiveDatabase
    from stash_sense.identification.recognizer import Recognizer
    from stash_sense.jobs.dispatcher import Dispatcher
    from stash_sense.jobs.queue import JobQueue
    from stash_sense.kernel.hardware import HardwareInfo
    from stash_sense.media.ports import PictureReader, VideoOpener
    from stash_sense.models.capabilities import Capability
    from stash_sense.models.card import PackCard
    from stash_sense.models.installer import PackInstaller
    from stash_sense.models.store import OpenPack, PackStore
    from stash_sense.operations.composing import Operations
    from stash_sense.performers.building.build import DatabaseBuilder
    from stash_sense.performers.database import PackSpace, PerformersDatabase
    from stash_sense.performers.search.index import Int8Kernel
    from stash_sense.performers.versions.library import InstalledVersion, PerformersLibrary
    from stash_sense.recognition.face_finder import FaceFinder
    from stash_sense.recognition.space import FaceSpace
    from stash_sense.releases.installing import ReleaseInstaller
    from stash_sense.releases.keyring import KeyRing
    from stash_sense.releases.keys import Ed25519
    from stash_sense.releases.ports import HttpTransport, ReleaseSource
    from stash_sense.releases.updater import Updater
    from stash_sense.resources.registry import Handle, ResourceRegistry
    from stash_sense.settings import Settings

_MOST_THREADS = 4
"""Threads taken without being asked: the models gain little from more, and the machine has other things to do."""


@dataclass(frozen=True)
class Services:
    """Everything a command can ask for; what is costly is made when first asked for."""

    settings: Settings
    cancel: CancelToken
    limits: Limits
    _recognizers: dict[str, Handle[Recognizer]] = field(default_factory=dict)
    _alone: Lock = field(default_factory=Lock)
    _making: Any = field(default_factory=RLock)

    @once
    def threads(self) -> int:
        """How many threads the models compute with."""
        return self.settings.threads or min(self.machine.cpus, _MOST_THREADS)

    @once
    def machine(self) -> HardwareInfo:
        """What this machine has; what its models really run on is not found out."""
        from stash_sense.adapters.hardware.machine import read_hardware

        return read_hardware()

    @once
    def runtime(self) -> OnnxRuntime:
        """What runs models."""
        from stash_sense.adapters.onnx.runtime import OnnxRuntime

        return OnnxRuntime(self.threads, self.settings.device)

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

    @once
    def http(self) -> HttpTransport:
        """What asks servers."""
        from stash_sense.adapters.http.client import HttpClient

        return HttpClient()

    @once
    def hardware(self) -> HardwareInfo:
        """What this machine has, and on what its models really run."""
        from stash_sense.adapters.hardware.gpu import gpu_memory_bytes
        from stash_sense.adapters.hardware.machine import read_hardware

        found = read_hardware(self.runtime.providers())
        return dataclasses.replace(found, gpu_memory_bytes=gpu_memory_bytes() if found.has_gpu else None)

    @once
    def videos(self) -> VideoOpener:
        """What opens videos."""
        from stash_sense.adapters.video.pyav import PyavOpener

        return PyavOpener(self.limits)

    @once
    def pictures(self) -> PictureReader:
        """What reads pictures."""
        from stash_sense.adapters.images.pillow import PillowReader

        return PillowReader(self.limits)

    @once
    def resources(self) -> ResourceRegistry:
        """What is heavy and shared."""
        from stash_sense.adapters.hardware.memory import give_memory_back
        from stash_sense.resources.registry import ResourceRegistry

        registry = ResourceRegistry(give_back=give_memory_back)

        def set_idle_seconds(seconds: float) -> None:
            registry.idle_seconds = seconds

        self.configuration.follow("resource_idle_seconds", set_idle_seconds)
        return registry

    @once
    def operations(self) -> Operations:
        """The operation queue; the first to ask opens the state."""
        from stash_sense.adapters.store.jobs import SqlJobStore
        from stash_sense.adapters.store.upkeep import StateCare
        from stash_sense.jobs.clock import Clock
        from stash_sense.jobs.job import Slot
        from stash_sense.operations.composing import compose
        from stash_sense.operations.database_build import database_build
        from stash_sense.operations.database_update import DatabaseUpdates
        from stash_sense.operations.maintenance import maintenance
        from stash_sense.operations.model_download import model_download

        clock, configuration = Clock(), self.configuration
        # What only a job needs is made when that job runs: the service starts without it.
        updates = DatabaseUpdates(
            lambda: self.updater, self.release_source, lambda: configuration.get("database_source") or None
        )
        kinds = (
            updates.check_type(),
            updates.update_type(),
            database_build(self.builder, lambda listen: self.derive(self.performers.require(), listen)),
            model_download(lambda: self.installer),
            maintenance(StateCare(self.store), lambda: self.operations.queue.prune()),
        )
        operations = compose(SqlJobStore(self.store.engine, clock), kinds, clock)

        slots = {
            "gpu_slots": Slot.GPU,
            "cpu_heavy_slots": Slot.CPU_HEAVY,
            "network_slots": Slot.NETWORK,
            "light_slots": Slot.LIGHT,
        }

        def set_slots(_: object) -> None:
            operations.dispatcher.set_slots({slot: configuration.get(key) for key, slot in slots.items()})

        for key in slots:
            configuration.follow(key, set_slots)
        return operations

    @property
    def queue(self) -> JobQueue:
        """What can be done with the operation queue."""
        return self.operations.queue

    @property
    def dispatcher(self) -> Dispatcher:
        """What runs jobs in this process."""
        return self.operations.dispatcher

    def service_client(self, url: str, token: str) -> ServiceClient:
        """Return the way to a service that runs on this data folder."""
        from stash_sense.adapters.service.client import ServiceClient

        return ServiceClient(url, token)

    @property
    def state_path(self) -> Path:
        """Where the user's own state is."""
        return self.settings.data_dir / "stash_sense.db"

    @once
    def store(self) -> Store:
        """The user's own state; the first to ask makes or migrates it, and raises as `Store.open` does."""
        from stash_sense.adapters.store.store import Store

        return Store.open(self.state_path)

    @once
    def environment(self) -> Environment:
        """What the environment says of settings.

        Raises:
            SettingInvalid: a variable has a value that cannot be used.
        """
        from stash_sense.configuration.catalogue import shipped_registry
        from stash_sense.configuration.environment import Environment

        return Environment.read(shipped_registry(), os.environ)

    @once
    def configuration(self) -> Configuration:
        """The settings that change while the program runs; raises as `environment` does."""
        from stash_sense.adapters.store.user_settings import SqlUserSettings
        from stash_sense.configuration.catalogue import shipped_registry
        from stash_sense.configuration.configuration import Configuration
        from stash_sense.configuration.tiers import tier_of

        user_settings = SqlUserSettings(self.state_path, lambda: self.store)
        return Configuration(shipped_registry(), user_settings, self.environment, lambda: tier_of(self.hardware))

    def close(self) -> None:
        """Close the state where it was opened; what is asked for later opens it anew."""
        if "store" in self.__dict__:
            self.store.close()

    def backup(self, target: Path | None, progress: ProgressListener = silent) -> Backup:
        """Back the state up; raises as `store.backup.backup` does."""
        from stash_sense.adapters.store.backup import backup

        return backup(self.state_path, target, self.cancel, progress)

    def restore(self, source: Path, progress: ProgressListener = silent) -> Restored:
        """Put a backup in the place of the state; raises as `store.restoring.restore` does."""
        from stash_sense.adapters.store.restoring import restore

        return restore(source, self.state_path, cancel=self.cancel, progress=progress)

    def capabilities(self) -> list[Capability]:
        """Tell what is installed and works; opens the models."""
        from stash_sense.models.capabilities import Installation, capabilities

        settings = self.settings
        here = Installation(self.packs, self.performers, self.hardware, settings.pack, settings.device)
        return capabilities(here)

    @once
    def performers(self) -> PerformersLibrary:
        """The installed versions of the performers database."""
        from stash_sense.performers.versions.library import PerformersLibrary

        return PerformersLibrary(self.settings.data_dir / "performers")

    @once
    def kernel(self) -> Int8Kernel:
        """What multiplies bytes in searches."""
        from stash_sense.adapters.onnx.int8_kernel import int8_kernel

        return int8_kernel(self.threads)

    @once
    def ed25519(self) -> Ed25519:
        """What signs and checks signatures."""
        from stash_sense.adapters.signing.pynacl import PyNaClEd25519

        return PyNaClEd25519()

    @once
    def keys(self) -> KeyRing:
        """The publishers whom the user trusts, and the user's own key."""
        from stash_sense.releases.keyring import KeyRing

        return KeyRing(self.settings.data_dir / "keys", self.settings.trusted_keys)

    @once
    def live(self) -> LiveDatabase:
        """The version of the performers database in use."""
        from stash_sense.identification.live_database import LiveDatabase

        return LiveDatabase(self.performers, self.open_version, self.resources)

    @once
    def updater(self) -> Updater:
        """What updates the performers database."""
        from stash_sense.releases.checking import CachedCheck
        from stash_sense.releases.updater import Updater

        check = CachedCheck(self.performers.folder)
        return Updater(self.performers, check, self.keys.trusted, self.ed25519, self.prove, reload=self.live.follow)

    @once
    def release_installer(self) -> ReleaseInstaller:
        """What installs releases that are at hand."""
        from stash_sense.releases.installing import ReleaseInstaller

        return ReleaseInstaller(self.performers, self.prove)

    def release_source(self, text: str) -> ReleaseSource:
        """Find out which source of releases the user means.

        Raises:
            SourceUnknown: it is none.
        """
        from stash_sense.releases.sources import source_of

        return source_of(text, self.http, api=self.settings.github_api)

    def export_voyager(
        self, version: InstalledVersion, folder: Path, progress: ProgressListener = silent
    ) -> list[Path]:
        """Write an index file for approximate search of each embedder, `<embedder>.voy`; raises as `export` does.

        Its labels are the rows of the version.
        """
        from stash_sense.adapters.index.voyager_index import export
        from stash_sense.performers.vectors import FusedVectors, map_vectors

        files = []
        for embedder in version.manifest.embedders:
            place = version.folder / embedder.file
            vectors = map_vectors(place, version.manifest.face_count, embedder.dim, embedder.dtype)
            files.append(folder / f"{embedder.id}.voy")
            export(FusedVectors([(vectors, 1.0)]), files[-1], progress, self.cancel)
        return files

    def pack_space(self, pack_id: str) -> PackSpace:
        """Return what a pack says about vectors, without opening its models.

        Raises:
            PackError: it cannot be used.
        """
        from stash_sense.performers.database import PackSpace

        card, background = self.packs.described(pack_id)
        names = tuple(embedder.id for embedder in card.embedders)
        return PackSpace(card.id, names, _space_of(card, background))

    def open_version(self, version: InstalledVersion, progress: ProgressListener = silent) -> PerformersDatabase:
        """Make a version of the performers database ready to search; raises as `PerformersDatabase.open` does."""
        from stash_sense.performers.database import PerformersDatabase

        pack = self.pack_space(version.manifest.pack)
        return PerformersDatabase.open(version, self.performers.derived, pack, self.kernel, self.cancel, progress)

    @contextmanager
    def opened_gallery(
        self, version: InstalledVersion, progress: ProgressListener = silent
    ) -> Iterator[PerformersDatabase]:
        """Lend a database that is not an installed one until the block ends; raises as `open_version` does.

        What searching it needs is kept for a while, or made anew each time where nothing may be written.
        """
        from stash_sense.performers.database import PerformersDatabase

        pack = self.pack_space(version.manifest.pack)
        with ExitStack() as stack:
            try:
                derived = self.performers.galleries
                opened = PerformersDatabase.open(version, derived, pack, self.kernel, self.cancel, progress)
            except NotWritable:
                derived = Path(stack.enter_context(TemporaryDirectory(prefix="stash-sense-")))
                opened = PerformersDatabase.open(version, derived, pack, self.kernel, self.cancel, progress)
            stack.callback(opened.close)
            yield opened

    def derive(self, version: InstalledVersion, progress: ProgressListener = silent) -> None:
        """Make what searching a version needs, so that the first request does not wait for it."""
        self.open_version(version, progress).close()

    def builder(self, pack: str | None) -> DatabaseBuilder:
        """Make a pack ready to build databases with; raises as `recognizer` does."""
        from stash_sense.performers.building.build import BuildingPack, DatabaseBuilder
        from stash_sense.performers.database import PackSpace

        opened = self.packs.open(self.packs.default_pack(pack or self.settings.pack))
        finder = face_finder_of(opened, self.limits)
        card = opened.card
        names = tuple(embedder.id for embedder in card.embedders)
        building = BuildingPack(
            PackSpace(card.id, names, finder.space), finder, card.matching, _models_digest(opened)
        )
        return DatabaseBuilder(self.performers, self.pictures, building)

    def prove(self, version: InstalledVersion, cancel: CancelToken, progress: ProgressListener) -> None:
        """Search a version for its own faces, before it is put into use; raises as `canary.prove` does.

        Where its pack is not installed yet, every embedder counts the same.
        """
        from stash_sense.performers.versions.canary import prove, prove_plainly

        derived = self.performers.derived
        try:
            pack = self.pack_space(version.manifest.pack)
        except (PackNotInstalled, PackUnknown):
            prove_plainly(version, derived, self.kernel, cancel, progress)
        else:
            prove(version, pack, derived, self.kernel, cancel, progress)

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

    @contextmanager
    def naming(
        self, pack: str | None, cancel: CancelToken | None = None
    ) -> Iterator[tuple[Recognizer, PerformersDatabase]]:
        """Lend the database in use, and the pack it was made with, until the block ends.

        Args:
            pack: the model pack that somebody names; else that of the settings, or of the database.
            cancel: ends waiting for them to be opened.

        Raises:
            DatabaseError: there is no database, or it cannot be used with that pack.
            PackError: the pack cannot be used.
            Cancelled: the token was set.
        """
        made_with = self.performers.require().manifest.pack
        wanted = pack or self.settings.pack or made_with
        if wanted != made_with:
            raise PackDiffers(made_with=made_with, pack=wanted)
        with self.recognizing(made_with) as recognizer, self.live.lease(cancel or self.cancel) as database:
            yield recognizer, database

    def calibrator(self, pack: OpenPack) -> Calibrator:
        """Make a pack ready to be calibrated.

        Args:
            pack: opened without a calibration: an earlier one plays no part in a new one.

        Raises:
            PackCorrupt: its statistics are not those of its models.
        """
        from stash_sense.calibration.calibrate import Calibrator

        return Calibrator(face_finder_of(pack, self.limits), pack.card.matching, self.pictures, self.videos)


def build(settings: Settings, cancel: CancelToken | None = None, limits: Limits | None = None) -> Services:
    """Put the services together; nothing heavy happens before a service is used."""
    return Services(settings, cancel or CancelToken(), limits or Limits())


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
    return FaceFinder(pack.detector, FaceDescriber(views, _space_of(card, pack.background)), limits)


def _models_digest(pack: OpenPack) -> str:
    """Name all that decides which vectors a pack gives: models, how faces are put before them, and in which form."""
    from stash_sense.models.overlay import models_of

    card = pack.card
    told = [models_of(card), card.detector.model_dump(), [embedder.model_dump() for embedder in card.embedders]]
    return hashlib.sha256(json.dumps([*told, sorted(pack.quantised)], sort_keys=True).encode()).hexdigest()


def _space_of(card: PackCard, background: bytes | None) -> FaceSpace:
    from stash_sense.recognition.space import Block, FaceSpace

    blocks = [Block(embedder.dim, embedder.weight) for embedder in card.embedders]
    try:
        return FaceSpace.plain(blocks) if background is None else FaceSpace.read(blocks, background)
    except ValueError as error:
        raise PackCorrupt(pack=card.id, reason=str(error)) from error


def recognizer_of(pack: OpenPack, limits: Limits) -> Recognizer:
    """Make a pack ready to recognise people in files."""
    from stash_sense.adapters.images.pillow import PillowReader
    from stash_sense.adapters.video.pyav import PyavOpener
    from stash_sense.identification.recognizer import Recognizer
    from stash_sense.recognition.spec import Decision

    finder = face_finder_of(pack, limits)
    decision = Decision(finder.space, pack.card.matching, pack.card.curve, pack.card.same_person)
    return Recognizer(pack.card.id, finder, decision, PyavOpener(limits), PillowReader(limits))
