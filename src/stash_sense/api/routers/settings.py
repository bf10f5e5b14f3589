"""The settings: what is set, by whom, and changing it while the service runs."""

from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from stash_sense.api.state import ServicesHere
from stash_sense.configuration.registry import Category
from stash_sense.configuration.resolving import Resolved, Source

router = APIRouter(prefix="/settings", tags=["settings"])

_MOST_AT_ONCE = 200
Key = Annotated[str, Path(max_length=64, description="Name of the setting.")]
Value: TypeAlias = bool | int | str | None


class SettingDocument(BaseModel):
    """A setting, as `stash-sense settings get --json` tells it.

    Attributes:
        type: bool, int, choice or text; `least` and `most`, `choices` or `longest` say what it may be.
        default: what would hold if nobody had set it.
        source: who sets it: user, environment, tier (of the machine) or fallback.
        locked: it cannot be set here.
        variable: the environment variable that sets it.
        variable_found: the variable in the service's environment that gives it a value, whether that holds or not.
    """

    key: str
    category: Category
    type: str
    allowed: str
    least: int | None = None
    most: int | None = None
    choices: list[str] | None = None
    longest: int | None = None
    description: str
    value: Value
    default: Value
    source: Source
    locked: bool
    variable: str
    variable_found: str | None

    @classmethod
    def of(cls, setting: Resolved) -> "SettingDocument":
        """Present a setting."""
        return cls.model_validate(setting.document())


class SettingList(BaseModel):
    """Settings, in the order in which they are shown."""

    settings: list[SettingDocument]


class SettingChange(BaseModel):
    """The new value of a setting."""

    model_config = ConfigDict(extra="forbid")

    value: Any = Field(description="As the setting's `type` and `allowed` say.")


class SettingChanges(BaseModel):
    """New values of several settings, by key: all are set, or none."""

    model_config = ConfigDict(extra="forbid")

    settings: dict[Annotated[str, Field(max_length=64)], Any] = Field(max_length=_MOST_AT_ONCE)


def _list(settings: list[Resolved]) -> SettingList:
    return SettingList(settings=[SettingDocument.of(setting) for setting in settings])


@router.get("", response_model_exclude_unset=True)
def list_settings(services: ServicesHere) -> SettingList:
    """List all settings, their values, and where those come from."""
    return _list(services.configuration.all())


@router.put("", response_model_exclude_unset=True)
def change_settings(services: ServicesHere, changes: SettingChanges) -> SettingList:
    """Set several settings at once: where one value is refused, nothing is set, and every reason is told."""
    return _list(services.configuration.update(changes.settings))


@router.get("/{key}", response_model_exclude_unset=True)
def get_setting(services: ServicesHere, key: Key) -> SettingDocument:
    """Tell what a setting is, and why."""
    return SettingDocument.of(services.configuration.setting(key))


@router.put("/{key}", response_model_exclude_unset=True)
def change_setting(services: ServicesHere, key: Key, change: SettingChange) -> SettingDocument:
    """Set a setting; it holds at once, and for good."""
    configuration = services.configuration
    configuration.setting(key)  # says so where there is none
    (setting,) = configuration.update({key: change.value})
    return SettingDocument.of(setting)


@router.delete("/{key}", response_model_exclude_unset=True)
def reset_setting(services: ServicesHere, key: Key) -> SettingDocument:
    """Forget what was set, so that the environment's value or the default holds again."""
    (setting,) = services.configuration.reset([key])
    return SettingDocument.of(setting)
