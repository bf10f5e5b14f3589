"""The `stash-sense` command: builds the services, runs one command, turns our errors into one clear line."""

import os
import signal
import sys
from types import FrameType

import typer

from stash_sense import __version__
from stash_sense.bootstrap import build
from stash_sense.cli import demo, doctor, identify, models
from stash_sense.errors import Cancelled, StashSenseError
from stash_sense.kernel.cancel import CancelToken
from stash_sense.settings import load_settings

EXIT_FAILED, EXIT_INTERRUPTED = 1, 130

app = typer.Typer(
    name="stash-sense",
    help="Recognise who is in your videos and pictures, on your own hardware.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("identify")(identify.identify)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.add_typer(models.app, name="models")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"stash-sense {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version and leave."
    ),
) -> None:
    if not isinstance(context.obj, CancelToken):
        return
    context.obj = build(load_settings(), context.obj)


def main() -> None:
    """Run the command line; the process ends with 0, 1 (something could not be done), 2 (usage) or 130 (ctrl-C)."""
    cancel = CancelToken()

    def stop(signal_number: int, _frame: FrameType | None) -> None:
        # The first signal asks the work to stop at the next edge; a second one ends the program as usual.
        cancel.cancel()
        signal.signal(signal_number, signal.default_int_handler)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    try:
        app(obj=cancel)
    except Cancelled as error:
        _say(str(error))
        sys.exit(EXIT_INTERRUPTED)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except StashSenseError as error:
        _say(str(error))
        sys.exit(EXIT_FAILED)
    except BrokenPipeError:
        # Whoever read our output has left (`… | head`). Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_FAILED)


def _say(sentence: str) -> None:
    print(f"stash-sense: {sentence}".encode("utf-8", "backslashreplace").decode(), file=sys.stderr)  # noqa: T201
