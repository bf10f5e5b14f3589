"""Questions before something that cannot simply be taken back."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from stash_sense.cli.program import as_typed
from stash_sense.errors import NotConfirmed
from stash_sense.reports.wording import visible

_EXIT_REFUSED = 1


def confirm(what: str, question: str, *, yes: bool, json: bool) -> None:
    """Ask on stderr whether to go on; return where the user agrees.

    Args:
        what: would happen, as a whole sentence without its full stop.
        question: to put after it.
        yes: the user has agreed on the command line.
        json: a program reads the answer, which cannot be asked.

    Raises:
        NotConfirmed: nobody is there to be asked.
        typer.Exit: the user said no.
        KeyboardInterrupt: the user pressed ctrl-C.
    """
    if yes:
        return
    if json:
        raise NotConfirmed(what=what)
    with _interrupted_by_ctrl_c():
        agreed = None
        while agreed is None:
            typer.echo(visible(as_typed(f"{what}. {question} [y/N]: ")), nl=False, err=True)
            answer = sys.stdin.readline() if sys.stdin is not None else ""
            if not answer:  # stdin has ended
                typer.echo(err=True)
                raise NotConfirmed(what=what)
            agreed = {"": False, "n": False, "no": False, "y": True, "yes": True}.get(answer.strip().lower())
    if not agreed:
        typer.echo("Nothing was done.", err=True)
        raise typer.Exit(_EXIT_REFUSED)


@contextmanager
def _interrupted_by_ctrl_c() -> Iterator[None]:
    """Let ctrl-C end the wait for an answer: elsewhere it is looked at between two steps of work."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
