"""`stash-sense settings`: what is set, by whom, and changing it."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stash_sense.cli.context import services_of
from stash_sense.cli.present import print_json, say
from stash_sense.cli.serving import service_here
from stash_sense.configuration.resolving import Resolved, Source
from stash_sense.configuration.values import Value
from stash_sense.reports.wording import visible

app = typer.Typer(help="See and change the settings.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
Key = Annotated[str, typer.Argument(help="The setting.", show_default=False)]


@app.command("list")
def list_settings(context: typer.Context, json: Json = False) -> None:
    """List all settings, their values, and where those come from."""
    configuration = services_of(context).configuration
    settings = configuration.all()
    if json:
        print_json(
            {
                "schema": 1,
                "tier": configuration.tier.value,
                "settings": [setting.document() for setting in settings],
            }
        )
        return
    table = Table(box=None, pad_edge=False)
    for heading, fold in (("setting", False), ("value", True), ("from", True), ("", True)):
        table.add_column(heading, no_wrap=not fold, overflow="fold")
    for setting in settings:
        spec = setting.spec
        table.add_row(spec.key, Text(_shown(setting.value)), Text(_origin(setting)), Text(spec.description))
    Console().print(table)


@app.command("get")
def get(context: typer.Context, key: Key, json: Json = False) -> None:
    """Print the value of a setting, and nothing else."""
    setting = services_of(context).configuration.setting(key)
    if json:
        print_json({"schema": 1, **setting.document()})
    else:
        typer.echo(_shown(setting.value))


@app.command("set")
def set_value(
    context: typer.Context,
    key: Key,
    value: Annotated[str, typer.Argument(help="Its new value.", show_default=False)],
    json: Json = False,
) -> None:
    """Set a setting, for commands and the service alike."""
    services = services_of(context)
    configuration = services.configuration
    chosen = configuration.parse(key, value)
    service = service_here(services)
    if service is None:
        (setting,) = configuration.update({key: chosen})
    else:
        service.send("PUT", f"/settings/{key}", {"value": chosen})
        setting = configuration.setting(key)
    if json:
        print_json({"schema": 1, **setting.document()})
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
    configuration = services.configuration
    service = service_here(services)
    if service is None:
        settings = configuration.reset(keys)
    else:
        for spec in [configuration.registry[key] for key in keys]:  # before the first: whether all are settings
            service.send("DELETE", f"/settings/{spec.key}")
        settings = [configuration.setting(key) for key in keys]
    if json:
        print_json({"schema": 1, "settings": [setting.document() for setting in settings]})
        return
    for setting in settings:
        _tell(setting)


def _tell(setting: Resolved) -> None:
    say(f"{setting.spec.key} is {_shown(setting.value)} ({_origin(setting)}).")


def _shown(value: Value | None) -> str:
    if value is None:
        return "-"
    return str(value).lower() if isinstance(value, bool) else visible(str(value))


def _origin(setting: Resolved) -> str:
    match setting.source:
        case Source.USER:
            return f"you; {setting.variable} is passed over" if setting.variable else "you"
        case Source.ENVIRONMENT:
            return f"{setting.variable}, locked"
        case Source.TIER:
            return "default for this machine"
        case _:
            return "default, by variable" if setting.locked else "default"
