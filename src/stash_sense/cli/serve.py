"""`stash-sense serve`: the service that Stash's plugin and other programs talk to."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from stash_sense.api.server import DEFAULT_PORT
from stash_sense.api.server import serve as run
from stash_sense.api.token import EnsuredToken
from stash_sense.cli.context import services_of
from stash_sense.cli.program import as_typed


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Name or address of this machine to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen at; 0 for a free one.")] = DEFAULT_PORT,
) -> None:
    """Run the service until it is stopped with ctrl-C or SIGTERM.

    Jobs then go back into the queue with what they have done, and it ends with 0. A second signal, or nine seconds in
    which something does not come to an end, end it at once with 130 (ctrl-C) or 143 (SIGTERM); the next start goes on
    with its jobs from their last checkpoints.
    """
    run(services_of(context), host, port, _show_token)


def _show_token(ensured: EnsuredToken, path: Path) -> None:
    """Show a new token to who sits at the terminal; anything else may be a log, which it must not get into."""
    if not ensured.is_new:
        return
    if sys.stderr.isatty():
        typer.echo(f"The service's token, which {path} keeps: {ensured.token}", err=True)
    else:
        typer.echo(as_typed(f"A token was made in {path}; `stash-sense token` prints it."), err=True)
