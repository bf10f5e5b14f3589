"""Environment variables -> values of settings, and what to tell about them."""

from collections.abc import Mapping
from dataclasses import dataclass

from stash_sense.configuration.registry import Registry
from stash_sense.configuration.values import Value
from stash_sense.errors import SettingInvalid


@dataclass(frozen=True, slots=True)
class FromEnvironment:
    """A value that comes from the environment.

    Attributes:
        value: what it means.
        variable: where it stands.
    """

    value: Value
    variable: str


@dataclass(frozen=True, slots=True)
class Environment:
    """What the environment says of settings.

    Attributes:
        values: by key of the setting.
        warnings: sentences about variables that should be called otherwise, or that nothing reads.
    """

    values: Mapping[str, FromEnvironment]
    warnings: tuple[str, ...] = ()

    @classmethod
    def read(cls, registry: Registry, variables: Mapping[str, str]) -> "Environment":
        """Read the variables; an empty one is as good as none, and a new name wins over an old one.

        Raises:
            SettingInvalid: a variable has a value that its setting cannot have.
        """
        values: dict[str, FromEnvironment] = {}
        warnings = []
        for spec in registry:
            named = [name for name in (spec.variable, *spec.old_variables) if variables.get(name)]
            for old in named:
                if old != spec.variable:
                    heard = "is understood as" if old == named[0] else "is passed over because of"
                    warnings.append(f"The variable {old} {heard} {spec.variable}; please rename it.")
            if named:
                try:
                    value = spec.type.parse(variables[named[0]])
                except ValueError as error:
                    shown, reason = repr(variables[named[0]]), f"it must be {spec.type.allowed}"
                    raise SettingInvalid(name=named[0], value=shown, reason=reason) from error
                values[spec.key] = FromEnvironment(value, named[0])
        warnings += [
            f"The variable {name} is not read: what it sets is not part of this version."
            for name in registry.unread
            if variables.get(name)
        ]
        return cls(values, tuple(warnings))
