"""`stash-sense identify`: who is in these videos and pictures."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from stash_sense.cli.context import services_of
from stash_sense.cli.people import recognition
from stash_sense.cli.present import print_warnings, show
from stash_sense.cli.progress import shown_progress
from stash_sense.cli.report_file import checked_report
from stash_sense.configuration.catalogue import MOST_CANDIDATES
from stash_sense.identification.requesting import request_of
from stash_sense.kernel.limits import MAX_FRAMES, MIN_FRAMES
from stash_sense.kernel.paths import typed_path
from stash_sense.performers.known import KnownPeople
from stash_sense.recognition.matching.modes import MODES

EXIT_SOME_FAILED = 1
_ELSE = "As the settings say without."


def known_mode(mode: str | None) -> str | None:
    """Return the mode as it is, for use as an option's callback.

    Raises:
        typer.BadParameter: there is no such mode.
    """
    if mode is not None and mode not in MODES:
        raise typer.BadParameter(f"there are {' and '.join(MODES)}.")
    return mode


def identify(
    context: typer.Context,
    paths: Annotated[
        list[str],
        typer.Argument(help="Videos, pictures, folders of them, and addresses on the web.", show_default=False),
    ],
    gallery: Annotated[
        Path | None,
        typer.Option(
            help="Folder with one folder of pictures for each known person, named after them, or of a performers "
            "database; the installed database without.",
            parser=typed_path,
            metavar="PATH",
            show_default=False,
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")] = False,
    report: Annotated[
        Path | None, typer.Option(callback=checked_report, help="Write a self-contained HTML report to this file.")
    ] = None,
    pack: Annotated[str | None, typer.Option(help="Model pack; `stash-sense models list` shows them.")] = None,
    mode: Annotated[
        str | None,
        typer.Option(callback=known_mode, help=f"How names are decided: {' or '.join(MODES)}. {_ELSE}"),
    ] = None,
    frames: Annotated[
        int | None, typer.Option(min=MIN_FRAMES, max=MAX_FRAMES, help=f"Frames of a video to look at. {_ELSE}")
    ] = None,
    strict: Annotated[
        bool | None,
        typer.Option("--strict/--not-strict", help=f"Give only the surest names; fewer people get one. {_ELSE}"),
    ] = None,
    top_k: Annotated[
        int | None,
        typer.Option(min=0, max=MOST_CANDIDATES, help=f"Other likely people to list for each person. {_ELSE}"),
    ] = None,
    tagged: Annotated[
        list[str] | None, typer.Option(help="Somebody tagged in these files already, by name; can be repeated.")
    ] = None,
) -> None:
    """Recognise who is in videos and pictures.

    Prints a table for each file: person, probability, first and last seen, frames. A file that cannot be processed
    says why and does not stop the others; the exit code is then 1. Of a video on the web only the parts that are
    looked at are fetched; in its place the WebVTT of its sprites can be named.
    """
    services = services_of(context)
    request = request_of(
        services.configuration, frames=frames, mode=mode, strict=strict, top_k=top_k, tagged=tagged or ()
    )
    with shown_progress() as progress, recognition(services, gallery, pack, progress) as known:
        print_warnings(_unknown_tags(request.tagged, known.people), progress)
        places = [services.place_of(path) for path in paths]
        results = known.recognizer.identify(places, known.people, request, services.cancel, progress)
        complete = show(results, json, report, progress)
    if not complete:
        raise typer.Exit(EXIT_SOME_FAILED)


def _unknown_tags(tagged: frozenset[str], people: KnownPeople) -> Iterator[str]:
    for name in sorted(tagged):
        if not people.roster.named({name}):
            yield f'--tagged "{name}" names nobody who is known.'
