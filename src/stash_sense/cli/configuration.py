"""`stash-sense settings`: what is set, by whom, and changing it.

Where a service runs on the data folder, what holds for it is shown, and changed there.
"""

from collections.abc import Sequence
from typing import Annotated, Protocol

import typer
from rich.table import Table
from rich.text import Text

from stash_sense.bootstrap import Services
from stash_sense.cli.context import services_of
from stash_sense.cli.present import print_json, print_shaped, say
from stash_sense.cli.serving import Document, ServiceClient, service_here
from stash_sense.configuration.configuration import Configuration
from stash_sense.configuration.resolving import Source
from stash_sense.configuration.values import Value
from stash_sense.reports.wording import visible

app = typer.Typer(help="See and change the settings.", no_args_is_help=True, add_completion=False)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
Key = Annotated[str, typer.Argument(help="The setting.", show_default=False)]


class Settings(Protocol):
    """The settings, in documents as the service's routes give them."""

    def tier(self) -> str:
        """Tell what the machine is good for; may try a GPU."""

    def all(self) -> list[Document]:
        """List all settings."""

    def setting(self, key: str) -> Document:
        """Tell what a setting is."""

    def set(self, key: str, value: Value) -> Document:
        """Set a setting, and tell what it is then."""

    def reset(self, keys: Sequence[str]) -> list[Document]:
        """Forget what was set, and tell what the settings are then."""


class ServedSettings:
    """`Settings` of a running service."""

    def __init__(self, service: ServiceClient) -> None:
        self._service = service

    def tier(self) -> str:
        """Tell what the service's machine is good for."""
        return str(self._service.get("/system/info")["tier"])

    def all(self) -> list[Document]:
        """List all settings."""
        return list(self._service.get("/settings")["settings"])

    def setting(self, key: str) -> Document:
        """Tell what a setting is."""
        return dict(self._service.get(f"/settings/{key}"))

    def set(self, key: str, value: Value) -> Document:
        """Set a setting."""
        return dict(self._service.send("PUT", f"/settings/{key}", {"value": value}))

    def reset(self, keys: Sequence[str]) -> list[Document]:
        """Forget what was set."""
        return [dict(self._service.send("DELETE", f"/settings/{key}")) for key in keys]


class LocalSettings:
    """`Settings` of this process."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration

    def tier(self) -> str:
        """Tell what this machine is good for."""
        return self._configuration.tier.value

    def all(self) -> list[Document]:
        """List all settings."""
        return [setting.document() for setting in self._configuration.all()]

    def setting(self, key: str) -> Document:
        """Tell what a setting is."""
        return self._configuration.setting(key).document()

    def set(self, key: str, value: Value) -> Document:
        """Set a setting."""
        (setting,) = self._configuration.update({key: value})
        return setting.document()

    def reset(self, keys: Sequence[str]) -> list[Document]:
        """Forget what was set."""
        return [setting.document() for setting in self._configuration.reset(keys)]


def settings_of(services: Services) -> Settings:
    """Return the settings of the service of the data folder, else those of this process."""
    service = service_here(services)
    return LocalSettings(services.configuration) if service is None else ServedSettings(service)


@app.command("list")
def list_settings(context: typer.Context, json: Json = False) -> None:
    """List all settings, their values, and where those come from."""
    settings = settings_of(services_of(context))
    listed = settings.all()
    if json:
        print_json({"schema": 1, "tier": settings.tier(), "settings": listed})
        return
    table = Table(box=None, pad_edge=False)
    for heading, fold in (("setting", False), ("value", True), ("from", True), ("", True)):
        table.add_column(heading, no_wrap=not fold, overflow="fold")
    for setting in listed:
        shown = Text(_shown(setting["value"]) or "empty")
        table.add_row(setting["key"], shown, Text(_origin(setting)), Text(setting["description"]))
    print_shaped(table)


@app.command("get")
def get(context: typer.Context, key: Key, json: Json = False) -> None:
    """Print the value of a setting, and nothing else."""
    services = services_of(context)
    setting = settings_of(services).setting(services.configuration.registry[key].key)
    if json:
        print_json({"schema": 1, **setting})
    else:
        typer.echo(_shown(setting["value"]))


@app.command("set", context_settings={"ignore_unknown_options": True})  # -1 is a value, if mostly a wrong one
def set_value(
    context: typer.Context,
    key: Key,
    value: Annotated[str, typer.Argument(help="Its new value.", show_default=False)],
    json: Json = False,
) -> None:
    """Set a setting, for commands and the service alike."""
    services = services_of(context)
    setting = settings_of(services).set(key, services.configuration.parse(key, value))
    if json:
        print_json({"schema": 1, **setting})
    else:
        _tell(setting)


@app.command("reset")
def reset(
    context: typer.Context,
    keys: Annotated[list[str], typer.Argument(help="The settings.", show_default=False)],
    json: Json = False,
) -> None:
    """Forget what you set, so that the environment's value or the default holds again."""
    services = services_of(context)
    known = [services.configuration.registry[key].key for key in keys]  # before the first: whether all are settings
    settings = settings_of(services).reset(known)
    if json:
        print_json({"schema": 1, "settings": settings})
        return
    for setting in settings:
        _tell(setting)


def _tell(setting: Document) -> None:
    say(f"{setting['key']} is {_shown(setting['value']) or 'empty'} ({_origin(setting)}).")


def _shown(value: Value | None) -> str:
    if value is None:
        return "-"
    return str(value).lower() if isinstance(value, bool) else visible(str(value))


def _origin(setting: Document) -> str:
    found = setting["variable_found"]
    match setting["source"]:
        case Source.USER:
            return f"you; {found} is passed over" if found else "you"
        case Source.ENVIRONMENT:
            return f"{found}, locked"
        case Source.TIER:
            return "default for this machine"
        case _:
            return "default, by variable" if setting["locked"] else "default"
