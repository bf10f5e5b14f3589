"""The composition root: settings in, ready services out. The only package that imports adapters.

Each floor stands on those below it: machine, state, connections, recognition, databases; on top is what the program
offers. Each service imports what it is made of when it is first asked for: the libraries behind them all take two
seconds of computing and 80 MB, and the running service wants none of it before somebody has something recognised.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stash_sense.bootstrap.reporting import Reporting
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.once import once

if TYPE_CHECKING:
    from stash_sense.adapters.service.client import ServiceClient
    from stash_sense.jobs.dispatcher import Dispatcher
    from stash_sense.jobs.queue import JobQueue
    from stash_sense.models.capabilities import Capability
    from stash_sense.operations.composing import Operations
    from stash_sense.settings import Settings


@dataclass(frozen=True)
class Services(Reporting):
    """Everything a command can ask for; what is costly is made when first asked for."""

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
        from stash_sense.operations.gallery_identification import gallery_identification
        from stash_sense.operations.library_report import library_report
        from stash_sense.operations.library_scan import library_scan
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
            database_build(
                self.require_pack,
                self.performer_source,
                self.builder,
                lambda listen: self.derive(self.performers.require(), listen),
                lambda: self.performers,
                self.cancel,
            ),
            library_scan(self.check_scan, self.scan),
            library_report(self.check_report, self.report),
            gallery_identification(
                lambda asked: self.check_naming(asked.pack), self.gallery_to_identify, self.present_gallery
            ),
            model_download(lambda: self.installer, lambda: self.packs),
            maintenance(StateCare(self.store), lambda: self.operations.queue.prune(), self.prune_journal),
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

    def capabilities(self) -> list[Capability]:
        """Tell what is installed and works; opens the models."""
        from stash_sense.models.capabilities import Capability, Installation, capabilities

        def stash() -> Capability:
            standing = self.stash_standing
            if standing.since is None:  # nobody watches it: a command asks for itself
                standing = self.check_stash()
            if standing.server is not None:
                note = f"Stash {standing.server.version} at {standing.address}"
                return Capability("stash", True, note=note)
            return Capability("stash", False, reason=standing.words.reason, remedy=standing.words.remedy)

        settings = self.settings
        here = Installation(self.packs, self.performers, self.hardware, settings.pack, settings.device, stash)
        return capabilities(here)


def build(settings: Settings, cancel: CancelToken | None = None, limits: Limits | None = None) -> Services:
    """Put the services together; nothing heavy happens before a service is used."""
    return Services(settings, cancel or CancelToken(), limits or Limits())
