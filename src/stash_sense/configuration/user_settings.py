"""Where the user's values are kept: the port, and one that forgets them."""

from collections.abc import Mapping
from typing import Protocol

from stash_sense.configuration.values import Value


class UserSettings(Protocol):
    """Keeps what the user set, by key."""

    def read(self) -> dict[str, object]:
        """Return all that is set; the values are whatever was kept, allowed or not."""

    def write(self, changes: Mapping[str, Value | None]) -> None:
        """Set values, all or none; None removes one, and what is not named stays."""


class MemoryUserSettings:
    """Keeps what the user set until the program ends."""

    def __init__(self, values: Mapping[str, object] | None = None) -> None:
        self._values = dict(values or {})

    def read(self) -> dict[str, object]:
        """Return all that is set."""
        return dict(self._values)

    def write(self, changes: Mapping[str, Value | None]) -> None:
        """Set or remove values."""
        self._values |= changes
        self._values = {key: value for key, value in self._values.items() if value is not None}
