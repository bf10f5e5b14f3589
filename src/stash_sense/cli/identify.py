"""`stash-sense identify`: who is in these videos and pictures."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from stash_sense.cli.context import services_of
from stash_sense.cli.identify_library import Asked, identified, read_asked, show_gallery, shown_by_service
from stash_sense.cli.people import recognition
from stash_sense.cli.present import print_warnings, show
from stash_sense.cli.progress import shown_progress
from stash_sense.cli.report_file import checked_report
from stash_sense.configuration.catalogue import MOST_CANDIDATES
from stash_sense.identification.galleries import MOST_IN_REQUEST
from stash_sense.identification.requesting import request_of
from stash_sense.identification.subject import FramesFrom
from stash_sense.kernel.limits import MAX_FRAMES, MIN_FRAMES
from stash_sense.kernel.paths import typed_path
from stash_sense.performers.known import KnownPeople
from stash_sense.recognition.matching.modes import MODES

EXIT_SOME_FAILED = 1
_LONGEST_ID = 18
_ELSE = "As the settings say without."


def known_mode(mode: str | None) -> str | None:
    """Return the mode as it is, for use as an option's callback.

    Raises:
        typer.BadParameter: there is no such mode.
    """
    if mode is not None and mode not in MODES:
        raise typer.BadParameter(f"there are {' and '.join(MODES)}.")
    return mode


def stash_id(text: str | None) -> str | None:
    """Return an id of Stash as it is, for use as an option's callback.

    Raises:
        typer.BadParameter: it is none.
    """
    if text is not None and not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_ID):
        raise typer.BadParameter(f"{text} is no id of Stash, which is a number as in /scenes/12.")
    return text


def stash_ids(texts: list[str] | None) -> list[str] | None:
    """Return ids of Stash likewise."""
    for text in texts or ():
        stash_id(text)
    return texts


def identify(
    context: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="Videos, pictures, folders of them, and addresses on the web.", show_default=False),
    ] = None,
    scene: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", callback=stash_ids, help="A scene of Stash, by its id; can be repeated."),
    ] = None,
    image: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", callback=stash_ids, help="An image of Stash, by its id; can be repeated."),
    ] = None,
    gallery_id: Annotated[
        str | None,
        typer.Option(
            metavar="ID", callback=stash_id, help="A gallery of Stash, by its id: who is in all of its images."
        ),
    ] = None,
    frames_from: Annotated[
        FramesFrom | None,
        typer.Option(
            help="Where the frames of scenes come from. Without: the file where path_map leads to it, else the "
            "stream of Stash, else its sprites."
        ),
    ] = None,
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
    crops: Annotated[
        bool, typer.Option("--crops", help="With --json: also the best faces of everybody, as JPEG in base64.")
    ] = False,
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

    Of what is in Stash, who is tagged there already is marked, and found a little more easily; a scene's cover is
    looked at, too.
    """
    asked = Asked(tuple(scene or ()), tuple(image or ()), frames_from)
    if gallery_id is None and not paths and not asked:
        raise typer.BadParameter("name a video or picture, or something of Stash: --scene, --image, --gallery-id.")
    if gallery_id is not None and (paths or asked):
        raise typer.BadParameter("a gallery is identified alone.", param_hint="--gallery-id")
    if gallery_id is not None and report is not None:
        raise typer.BadParameter("there is no report of a gallery.", param_hint="--report")
    if crops and not json:
        raise typer.BadParameter("faces are printed with --json only.", param_hint="--crops")
    services = services_of(context)
    request = request_of(
        services.configuration, frames=frames, mode=mode, strict=strict, top_k=top_k, tagged=tagged or ()
    )
    read = read_asked(services, asked)
    images = None if gallery_id is None else services.read_gallery(gallery_id)
    if images is not None and gallery is None and len(images.images) > MOST_IN_REQUEST and not crops:
        given = {"pack": pack, "mode": mode, "strict": strict, "top_k": top_k, "tagged": list(tagged or ())}
        complete = shown_by_service(services, images, given, json)
        if complete is not None:
            raise typer.Exit(0 if complete else EXIT_SOME_FAILED)
    with shown_progress() as progress, recognition(services, gallery, pack, progress) as known:
        print_warnings(_unknown_tags(request.tagged, known.people), progress)
        places = [services.place_of(path) for path in paths or ()]
        if images is not None:
            complete = show_gallery(services, known, request, images, json, progress, crops)
        else:
            files = known.recognizer.identify(places, known.people, request, services.cancel, progress)
            library = identified(services, known, request, read, progress) if read else ()
            complete = show(chain(files if places else (), library), json, report, progress, crops)
    if not complete:
        raise typer.Exit(EXIT_SOME_FAILED)


def _unknown_tags(tagged: frozenset[str], people: KnownPeople) -> Iterator[str]:
    for name in sorted(tagged):
        if not people.roster.named({name}):
            yield f'--tagged "{name}" names nobody who is known.'
