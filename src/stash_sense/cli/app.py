"""The commands, put together; the module of one is imported when it is called."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from stash_sense import __version__
from stash_sense.kernel.collector import paused_collector

_COMMANDS = {
    "identify": "stash_sense.cli.identify:identify",
    "scan": "stash_sense.cli.scan:scan",
    "benchmark": "stash_sense.cli.benchmark:benchmark",
    "demo": "stash_sense.cli.demo:demo",
    "simulate": "stash_sense.cli.simulate:app",
    "doctor": "stash_sense.cli.doctor:doctor",
    "capabilities": "stash_sense.cli.capabilities:capabilities",
    "serve": "stash_sense.cli.serve:serve",
    "token": "stash_sense.cli.token:token",
    "jobs": "stash_sense.cli.jobs:app",
    "settings": "stash_sense.cli.configuration:app",
    "backup": "stash_sense.cli.state:backup",
    "restore": "stash_sense.cli.state:restore",
    "recommendations": "stash_sense.cli.recommendations:app",
    "journal": "stash_sense.cli.journal:app",
    "report": "stash_sense.cli.report:report",
    "stash": "stash_sense.cli.stash:app",
    "db": "stash_sense.cli.db.app:app",
    "models": "stash_sense.cli.models:app",
}
"""Where each command is, in the order of the help."""


class _Commands(TyperGroup):
    """Imports only what is called: all commands together need 1.5 s of computing and 100 MB before they begin."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        with paused_collector():
            found = getattr(import_module(module), name)
        if not isinstance(found, typer.Typer):
            alone = typer.Typer(add_completion=False)
            alone.command(cmd_name)(found)
            found = alone
        command = typer.main.get_command(found)
        command.name = cmd_name
        _flow(command)
        return command


def _flow(command: Any) -> None:
    """Take the line breaks of the source out of the paragraphs of a command's help, and of those below it."""
    if command.help:
        command.help = "\n\n".join(" ".join(paragraph.split()) for paragraph in command.help.split("\n\n"))
    for below in getattr(command, "commands", {}).values():
        _flow(below)


app = typer.Typer(
    name="stash-sense",
    help="Recognise who is in your videos and pictures, on your own hardware.",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"stash-sense {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version and leave."
    ),
) -> None:
    pass
