"""Who wins: what the user set, then the environment, then the tier's default, then the fallback."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from stash_sense.configuration.environment import Environment
from stash_sense.configuration.registry import SettingSpec
from stash_sense.configuration.tiers import Tier
from stash_sense.configuration.values import Value


class Source(StrEnum):
    """Where a value comes from, the winner first."""

    USER = "user"
    ENVIRONMENT = "environment"
    TIER = "tier"
    FALLBACK = "fallback"


@dataclass(frozen=True, slots=True)
class Resolved:
    """A setting and the value that holds.

    Attributes:
        spec: the setting.
        value: what holds; None where the program decides.
        source: why it does.
        default: what would hold if neither the user nor the environment had set it.
        variable: the environment variable that sets it, whether it wins or not; None where none does.
        locked: whether the user cannot set it: the environment does, or it is read once at the start. What the user
            had set before the variable came goes on holding until it is reset; then the variable does, locked.
    """

    spec: SettingSpec
    value: Value | None
    source: Source
    default: Value | None
    variable: str | None
    locked: bool

    def document(self) -> dict[str, Any]:
        """Return what programs are told of it."""
        spec = self.spec
        return {
            "key": spec.key,
            "category": spec.category.value,
            "type": spec.type.name,
            "allowed": spec.type.allowed,
            **spec.type.bounds,
            "description": spec.description,
            "value": self.value,
            "default": self.default,
            "source": self.source.value,
            "locked": self.locked,
            "variable": spec.variable,
            "variable_found": self.variable,
        }


def resolve(spec: SettingSpec, overrides: Mapping[str, object], environment: Environment, tier: Tier) -> Resolved:
    """Tell which value of a setting holds.

    Args:
        spec: the setting.
        overrides: what the user set; a value that the setting cannot have is as good as none.
        environment: what the environment says.
        tier: of this machine.
    """
    default = spec.default(tier)
    found = environment.values.get(spec.key)
    variable = None if found is None else found.variable
    if not spec.at_start and (chosen := _allowed(spec, overrides.get(spec.key))) is not None:
        return Resolved(spec, chosen, Source.USER, default, variable, locked=False)
    if found is not None:
        return Resolved(spec, found.value, Source.ENVIRONMENT, default, variable, locked=True)
    source = Source.TIER if tier in spec.by_tier else Source.FALLBACK
    return Resolved(spec, default, source, default, variable, locked=spec.at_start)


def _allowed(spec: SettingSpec, value: object) -> Value | None:
    """Return a value that was kept; an older or newer program may have allowed what this one does not."""
    try:
        return None if value is None else spec.type.check(value)
    except ValueError:
        return None
