"""`stash-sense token`: the word by which the service knows its user."""

from typing import Annotated

import typer

from stash_sense.api.token import TokenFile
from stash_sense.settings import load_settings


def token(
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Make a new one; a running service takes it on at once.")
    ] = False,
) -> None:
    """Print the service's token and nothing else; it is made if there is none yet."""
    file = TokenFile.below(load_settings().data_dir)
    typer.echo(file.rotate() if rotate else file.ensure().token)
