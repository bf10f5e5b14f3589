"""`stash-sense simulate`: servers on this machine that answer as Stash and stash-box do, to try things on."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

import typer
from starlette.types import ASGIApp

from stash_sense.cli.progress import shown_progress
from stash_sense.fakes.graphql.faults import COMMON, Fault
from stash_sense.fakes.graphql.serving import listening, serve_until_interrupted
from stash_sense.fakes.stash.faults import KINDS
from stash_sense.fakes.stash.media_folder import MediaFolder
from stash_sense.fakes.stash.profiles import Profile
from stash_sense.fakes.stash.server import SimulatedStash
from stash_sense.fakes.stashbox.asking import User
from stash_sense.fakes.stashbox.profiles import Profile as BoxProfile
from stash_sense.fakes.stashbox.rate import Rate
from stash_sense.fakes.stashbox.server import StashBoxServer
from stash_sense.fakes.stashbox.state import State
from stash_sense.kernel.cancel import CancelToken
from stash_sense.reports.wording import counted, visible

app = typer.Typer(no_args_is_help=True, add_completion=False)

_STASH_PORT = 9999
"""Stash's own."""
_STASH_BOX_PORT = 9998
"""stash-box's own."""
_MOST_LEFT_OUT, _MOST_KINDS = 20, 5
"""That are named one by one: files, and endings of files."""
_PLAYED = "Played for the first N requests, or for all: {}."

ApiKey = Annotated[str | None, typer.Option("--api-key", metavar="KEY", help="Without which nothing is answered.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port of this machine; 0 for a free one.")]


@app.callback()
def _simulate() -> None:
    """Servers that answer as Stash and stash-box do, to try things on."""


@app.command("stash")
def simulate_stash(
    context: typer.Context,
    library: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="What it holds; nothing, if it is not told.")
    ] = None,
    media: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of videos and pictures that it holds.")
    ] = None,
    profile: Annotated[Profile, typer.Option(help="Which version of Stash it is.")] = Profile.RECORDED,
    port: Port = _STASH_PORT,
    api_key: ApiKey = None,
    fault: Annotated[
        list[str] | None, typer.Option(metavar="FAULT[:N]", help=_PLAYED.format(", ".join(KINDS)))
    ] = None,
) -> None:
    """Answer as Stash does, until it is stopped with ctrl-C; nothing is kept."""
    if library is not None and media is not None:
        raise typer.BadParameter("it holds either a library or a folder: leave out --library or --media.")
    if media is not None and not media.is_dir():
        raise typer.BadParameter(f"{media} is not a folder.", param_hint="--media")
    faults = [_fault(told, KINDS) for told in fault or ()]
    cancel = _cancel_of(context)
    try:
        held = document(library) if library else None
        stash = SimulatedStash(held, profile, api_key, faults, media=media, cancel=cancel)
    except ValueError as error:
        raise typer.BadParameter(f"{library} holds no library: {error}.", param_hint="--library") from None
    try:
        if stash.folder is not None:
            _tell_left_out(stash.folder)
        serve(stash.app, port, cancel)
    finally:
        stash.close()


@app.command("media")
def sample_media(
    context: typer.Context, folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to put it into.")]
) -> None:
    """Write a small folder of media for `simulate stash --media`: a film, pictures and performers."""
    from stash_sense.samples.media import make_media

    with shown_progress() as progress:
        make_media(folder, progress, _cancel_of(context))
    typer.echo(f"A sample film, pictures and performers are in {folder}.")


@app.command("stashbox")
def simulate_stashbox(
    context: typer.Context,
    data: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="What it holds; nothing, if it is not told.")
    ] = None,
    profile: Annotated[BoxProfile, typer.Option(help="Which kind of stash-box it is.")] = BoxProfile.RECORDED,
    port: Port = _STASH_BOX_PORT,
    api_key: Annotated[
        str | None,
        typer.Option("--api-key", metavar="KEY", help="The only one that it takes; any, if it is not told."),
    ] = None,
    fault: Annotated[
        list[str] | None, typer.Option(metavar="FAULT[:N]", help=_PLAYED.format(", ".join(COMMON)))
    ] = None,
    most_per_minute: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Requests that it answers in a minute; more get status 429."),
    ] = None,
) -> None:
    """Answer as a stash-box does, until it is stopped with ctrl-C; nothing is kept."""
    try:
        state = State(document(data) if data else None)
    except ValueError as error:
        raise typer.BadParameter(f"{data} holds no stash-box: {error}.", param_hint="--data") from None
    faults = [_fault(told, COMMON) for told in fault or ()]
    server = StashBoxServer(state, profile, {api_key: User()} if api_key else None, faults=faults)
    server.rate = Rate(most_per_minute) if most_per_minute else None
    serve(server.app, port, _cancel_of(context))


def _tell_left_out(folder: MediaFolder) -> None:
    """Say on stderr which files of a folder are not in the library, and why."""
    for one in folder.left_out[:_MOST_LEFT_OUT]:
        typer.echo(f"Left out: {visible(str(one.path))}; it is {one.reason}.", err=True)
    if (more := len(folder.left_out) - _MOST_LEFT_OUT) > 0:
        typer.echo(f"Left out: {counted(more, 'more file')} that cannot be read.", err=True)
    if others := folder.others:
        kinds = sorted({one.suffix.lower() or one.name for one in others})
        shown = ", ".join(map(visible, kinds[:_MOST_KINDS])) + (", …" if len(kinds) > _MOST_KINDS else "")
        what = counted(len(others), "file that is", "files that are")
        typer.echo(f"Left out: {what} neither video nor picture ({shown}).", err=True)


def document(path: Path) -> Any:
    """Read what a server is to hold.

    Raises:
        typer.BadParameter: the file cannot be read, or is not JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be read ({error.strerror}).") from None
    except ValueError as error:
        raise typer.BadParameter(f"{path} is not JSON ({error}).") from None


def serve(server: ASGIApp, port: int, cancel: CancelToken) -> None:
    """Print where a server is, and serve it until it is stopped.

    Raises:
        typer.BadParameter: the port is taken.
        Cancelled: it was asked to stop before it had begun.
    """
    try:
        listener = listening(port)
    except OSError as error:
        raise typer.BadParameter(f"{port} cannot be used ({error.strerror}); choose another.") from None
    typer.echo(f"http://127.0.0.1:{listener.getsockname()[1]}")
    serve_until_interrupted(server, listener, cancel)


def _cancel_of(context: typer.Context) -> CancelToken:
    """Return what ctrl-C sets; a token that stays unset where the command was not called from a shell."""
    found = context.find_root().obj
    return found if isinstance(found, CancelToken) else CancelToken()


def _fault(text: str, known: Collection[str]) -> Fault:
    try:
        return Fault.read(text, known)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.", param_hint="--fault") from None
