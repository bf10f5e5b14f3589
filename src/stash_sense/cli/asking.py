"""Questions before something that cannot simply be taken back."""

import typer

from stash_sense.errors import NotConfirmed


def confirm(what: str, question: str, *, yes: bool, json: bool) -> None:
    """Ask on stderr whether to go on; return where the user agrees.

    Args:
        what: would happen, as a whole sentence without its full stop.
        question: to put after it.
        yes: the user has agreed on the command line.
        json: a program reads the answer, which cannot be asked.

    Raises:
        NotConfirmed: nobody is there to be asked.
        typer.Abort: the user said no.
    """
    if yes:
        return
    if json:
        raise NotConfirmed(what=what)
    try:
        agreed = typer.confirm(f"{what}. {question}", err=True)
    except typer.Abort as error:  # stdin has ended
        typer.echo(err=True)
        raise NotConfirmed(what=what) from error
    if not agreed:
        raise typer.Abort
