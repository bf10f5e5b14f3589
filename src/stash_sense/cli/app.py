"""The commands, put together."""

import typer

from stash_sense import __version__
from stash_sense.cli import benchmark, capabilities, demo, doctor, identify, models
from stash_sense.cli.db.app import app as db_app

app = typer.Typer(
    name="stash-sense",
    help="Recognise who is in your videos and pictures, on your own hardware.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("identify")(identify.identify)
app.command("benchmark")(benchmark.benchmark)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.command("capabilities")(capabilities.capabilities)
app.add_typer(db_app, name="db")
app.add_typer(models.app, name="models")


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
