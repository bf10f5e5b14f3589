"""The settings there are: what each is called, may be, is without being set, and who reads it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from stash_sense.configuration.tiers import Tier
from stash_sense.configuration.values import Value, ValueType
from stash_sense.errors import SettingUnknown


class Category(StrEnum):
    """What a setting is about."""

    RECOGNITION = "recognition"
    PERFORMANCE = "performance"
    CONNECTION = "connection"
    LIBRARY = "library"
    UPDATES = "updates"
    QUEUE = "queue"
    START_UP = "start-up"
    """Read once, when the program starts: shown, and set by environment variables alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingSpec:
    """One setting.

    Attributes:
        key: its name.
        category: what it is about.
        type: which values it may have.
        fallback: its value where nobody sets it and the tier has none of its own; None only for a setting of the
            start, where it means that the program decides.
        description: one sentence for the user.
        reader: the module that reads it: a setting without one does not exist.
        by_tier: defaults of tiers that differ from `fallback`, because a measurement says so.
        old_variables: what the variable was called in the system that this one takes the place of.
    """

    key: str
    category: Category
    type: ValueType
    fallback: Value | None
    description: str
    reader: str
    by_tier: Mapping[Tier, Value] = field(default_factory=dict)
    old_variables: tuple[str, ...] = ()

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"STASH_SENSE_{self.key.upper()}"

    @property
    def at_start(self) -> bool:
        """Whether it is read once, at the start."""
        return self.category is Category.START_UP

    def default(self, tier: Tier) -> Value | None:
        """Return its value where nobody sets it."""
        return self.by_tier.get(tier, self.fallback)


class Registry:
    """All settings, in the order in which they are shown.

    Args:
        specs: the settings.
        unread: variables of the system that this one takes the place of which nothing here reads.

    Raises:
        ValueError: two have one name or variable, or a default is not a value of its setting.
    """

    def __init__(self, specs: Iterable[SettingSpec], unread: Iterable[str] = ()) -> None:
        self._specs: dict[str, SettingSpec] = {}
        self.unread = tuple(unread)
        variables = list(self.unread)
        for spec in specs:
            for default in (spec.fallback, *spec.by_tier.values()):
                if not (default is None and spec.at_start):
                    spec.type.check(default)
            if spec.key in self._specs:
                raise ValueError(f"there are two settings called {spec.key}")
            self._specs[spec.key] = spec
            variables += [spec.variable, *spec.old_variables]
        if len(set(variables)) < len(variables):
            raise ValueError("two settings have one variable")

    def __iter__(self) -> Iterator[SettingSpec]:
        return iter(self._specs.values())

    def __contains__(self, key: object) -> bool:
        return key in self._specs

    def __getitem__(self, key: str) -> SettingSpec:
        """Return a setting.

        Raises:
            SettingUnknown: there is none of this name.
        """
        try:
            return self._specs[key]
        except KeyError as error:
            raise SettingUnknown(name=key) from error
