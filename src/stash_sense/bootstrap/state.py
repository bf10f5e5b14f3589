"""What the user keeps: the state, the settings that change while the program runs, and what follows them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stash_sense.bootstrap.machine import Machine
from stash_sense.kernel.once import once
from stash_sense.kernel.progress import ProgressListener, silent

if TYPE_CHECKING:
    from stash_sense.adapters.store.backup import Backup
    from stash_sense.adapters.store.fingerprints import SqlFingerprints
    from stash_sense.adapters.store.restoring import Restored
    from stash_sense.adapters.store.store import Store
    from stash_sense.configuration.configuration import Configuration
    from stash_sense.configuration.environment import Environment
    from stash_sense.resources.registry import ResourceRegistry


@dataclass(frozen=True)
class State(Machine):
    """The user's own state."""

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
    def fingerprints(self) -> SqlFingerprints:
        """What is remembered of the library; the first to ask opens the state, and raises as `store` does."""
        from stash_sense.adapters.store.fingerprints import SqlFingerprints

        return SqlFingerprints(self.store, self.settings.data_dir / "faces.db")

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

    def close(self) -> None:
        """Close the state where it was opened; what is asked for later opens it anew."""
        if "fingerprints" in self.__dict__:
            self.fingerprints.close()
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
