"""The settings at work: what holds now, changing it, and telling those who follow a setting."""

import json
import logging
import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any

from stash_sense.configuration.environment import Environment
from stash_sense.configuration.registry import Registry
from stash_sense.configuration.resolving import Resolved, Source, resolve
from stash_sense.configuration.tiers import Tier
from stash_sense.configuration.user_settings import UserSettings
from stash_sense.configuration.values import Value
from stash_sense.errors import SettingRefused

_LOG = logging.getLogger(__name__)

_NOTHING = object()

Listener = Callable[[Any], None]
"""Takes the new value of a setting."""


class Configuration:
    """The settings of a running program; may be used from any thread.

    What the user set is read when it is first needed and again by `refresh`, which a running service calls every few
    seconds: what another process sets is seen then.

    Args:
        registry: the settings there are.
        user_settings: keeps what the user sets.
        environment: what the environment says.
        tier: tells the tier of this machine; asked once, when a setting's default first depends on it, for it may try
            a GPU.
    """

    def __init__(
        self,
        registry: Registry,
        user_settings: UserSettings,
        environment: Environment,
        tier: Callable[[], Tier],
    ) -> None:
        self.registry = registry
        self.environment = environment
        self._user_settings = user_settings
        self._read_tier = tier
        self._tier: Tier | None = None
        self._overrides: dict[str, object] | None = None
        self._lock = threading.RLock()
        # Not held together with `_lock` by who changes something, so that a listener may read and set settings.
        self._telling = threading.RLock()
        self._followers: list[_Follower] = []

    @property
    def tier(self) -> Tier:
        """The tier of this machine; asking may try a GPU."""
        with self._lock:
            if self._tier is None:
                self._tier = self._read_tier()
            return self._tier

    def get(self, key: str) -> Any:
        """Return the value of a setting that holds now, of the type that the setting has.

        Raises:
            SettingUnknown: there is no such setting.
            StateError, StorageError: what the user set cannot be read.
        """
        return self.setting(key).value

    def setting(self, key: str) -> Resolved:
        """Return a setting and why its value holds; raises as `get` does."""
        spec = self.registry[key]
        with self._lock:
            tier = self.tier if spec.by_tier else Tier.CPU
            return resolve(spec, self._read_overrides(), self.environment, tier)

    def all(self) -> list[Resolved]:
        """Return all settings; raises as `get` does."""
        with self._lock:
            return [self.setting(spec.key) for spec in self.registry]

    def parse(self, key: str, text: str) -> Value:
        """Return the value that a text means for a setting, to be given to `update`.

        Raises:
            SettingUnknown: there is no such setting.
            SettingRefused: it means none.
        """
        kind = self.registry[key].type
        try:
            return kind.parse(text)
        except ValueError as error:
            raise _refused({key: f"it must be {kind.allowed}"}, {key: text}) from error

    def update(self, values: Mapping[str, object]) -> list[Resolved]:
        """Set settings for good, all or none, and return them as they are then.

        A locked setting may be given the value it has, so that a whole form can be sent back.

        Args:
            values: by key, as JSON has them.

        Raises:
            SettingRefused: there is no such setting, or it is locked, or a value is of the wrong type or out of
                range; nothing was changed.
            StateError, StorageError: nothing was changed.
        """
        with self._lock:
            changes: dict[str, Value | None] = {}
            faults: dict[str, str] = {}
            for key, value in values.items():
                if key not in self.registry:
                    faults[key] = "there is no such setting"
                    continue
                now = self.setting(key)
                try:
                    checked = now.spec.type.check(value)
                except ValueError as error:
                    if not (now.locked and value is None and now.value is None):
                        faults[key] = f"it must be {error}"
                    continue
                if not now.locked:
                    changes[key] = checked
                elif checked != now.value:
                    faults[key] = _why_locked(now)
            if faults:
                raise _refused(faults, values)
            self._write(changes)
        self._tell(changes)
        return [self.setting(key) for key in values]

    def reset(self, keys: Collection[str]) -> list[Resolved]:
        """Forget what the user set, so that the environment's value or the default holds; all or none.

        Raises:
            SettingUnknown: there is no such setting; nothing was changed.
            SettingRefused: it is read once at the start, and the user cannot have set it.
            StateError, StorageError: nothing was changed.
        """
        with self._lock:
            if faults := {key: _why_locked(self.setting(key)) for key in keys if self.registry[key].at_start}:
                raise _refused(faults, dict.fromkeys(faults, "reset"))
            kept = self._read_overrides()
            changes: dict[str, Value | None] = {key: None for key in keys if key in kept}
            self._write(changes)
        self._tell(changes)
        return [self.setting(key) for key in keys]

    def refresh(self) -> None:
        """Read again what the user set, and tell those who follow what is different; takes a millisecond.

        Raises:
            StateError, StorageError: it cannot be read; what was known goes on holding.
        """
        with self._lock:
            kept = self._user_settings.read()
            if kept == self._overrides:
                return
            self._overrides = kept
            self._warn_of(kept)
        self._tell([spec.key for spec in self.registry])

    def follow(self, key: str, listener: Listener) -> Callable[[], None]:
        """Call a listener with the value that holds now, and from then on whenever another one does.

        It is called on the thread of who changes the setting, one call at a time. One that fails is logged and keeps
        nobody else from hearing.

        Returns:
            What ends it.
        """
        follower = _Follower(key, listener)
        with self._telling:
            self._followers.append(follower)
            follower.hear(self.get(key))

        def leave() -> None:
            with self._telling:
                self._followers = [other for other in self._followers if other is not follower]

        return leave

    def _read_overrides(self) -> dict[str, object]:
        if self._overrides is None:
            self._overrides = self._user_settings.read()
            self._warn_of(self._overrides)
        return self._overrides

    def _warn_of(self, kept: Mapping[str, object]) -> None:
        """Say which of the values that were kept do not hold."""
        for key, value in kept.items():
            if key not in self.registry:
                _LOG.warning("the state has a value for %r, which is no setting of this version", key)
            elif resolve(self.registry[key], kept, self.environment, Tier.CPU).source != Source.USER:
                _LOG.warning("the setting %r cannot be %.100r, which the state has for it", key, value)

    def _write(self, changes: Mapping[str, Value | None]) -> None:
        if changes:
            self._user_settings.write(changes)
            kept = {**self._read_overrides(), **changes}
            self._overrides = {key: value for key, value in kept.items() if value is not None}

    def _tell(self, keys: Collection[str]) -> None:
        # The value is read again under the lock: of two changes at once the later one is told last.
        with self._telling:
            for follower in list(self._followers):
                if follower.key in keys:
                    follower.hear(self.get(follower.key))


class _Follower:
    """Who wants to hear of a setting, and what it heard last."""

    def __init__(self, key: str, listener: Listener) -> None:
        self.key = key
        self._listener = listener
        self._heard: object = _NOTHING

    def hear(self, value: Value | None) -> None:
        if value == self._heard:
            return
        self._heard = value
        try:
            self._listener(value)
        except Exception:  # noqa: BLE001 - the setting holds, and others follow it, too
            _LOG.exception("the value %r of the setting %r was not applied", value, self.key)


def _why_locked(setting: Resolved) -> str:
    if setting.spec.at_start:
        return f"it is read once at the start, from the variable {setting.spec.variable}"
    return f"the variable {setting.variable} sets it"


def _shown(value: object) -> str:
    """Write a value as JSON has it, where it came from."""
    return json.dumps(value, default=repr, ensure_ascii=False)[:80]


def _refused(faults: Mapping[str, str], values: Mapping[str, object]) -> SettingRefused:
    reasons = "; ".join(f"{key} cannot be {_shown(values[key])}: {reason}" for key, reason in faults.items())
    return SettingRefused(reasons=reasons, faults=dict(faults))
