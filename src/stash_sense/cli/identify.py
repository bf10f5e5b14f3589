"""`stash-sense identify`: who is in these videos and pictures."""

from pathlib import Path
from typing import Annotated

import typer

from stash_sense.cli.context import services_of
from stash_sense.cli.present import print_notes, show
from stash_sense.cli.progress import shown_progress
from stash_sense.identification.recognizer import Request
from stash_sense.media.plan import SamplingPlan
from stash_sense.recognition.matching.modes import DEFAULT_MODE, MODES

EXIT_SOME_FAILED = 1


def identify(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Videos, pictures, and folders of them.", show_default=False)],
    gallery: Annotated[
        Path, typer.Option(help="Folder with one folder of pictures for each known person, named after them.")
    ],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write a self-contained HTML report to this file.")] = None,
    pack: Annotated[str | None, typer.Option(help="Model pack; `stash-sense models list` shows them.")] = None,
    mode: Annotated[str, typer.Option(help=f"How names are decided: {' or '.join(MODES)}.")] = DEFAULT_MODE,
    frames: Annotated[int, typer.Option(help="Frames of a video to look at, 10 to 200.")] = 60,
    top_k: Annotated[int, typer.Option(min=0, max=20, help="Other likely people to list for each person.")] = 3,
    tagged: Annotated[
        list[str] | None, typer.Option(help="Somebody tagged in these files already, by name; can be repeated.")
    ] = None,
) -> None:
    """Recognise who is in videos and pictures.

    Prints a table for each file: person, probability, first and last seen, frames. The exit code is 1 only when a
    file could not be processed.
    """
    services = services_of(context)
    request = Request(SamplingPlan(num_frames=frames), mode, top_k, frozenset(tagged or ()))
    with shown_progress() as progress:
        recognizer = services.recognizer(pack)
        enrolment = recognizer.enrol(gallery, services.cancel, progress)
        print_notes(enrolment.notes)
        results = recognizer.identify(paths, enrolment.gallery, request, services.cancel, progress)
        complete = show(results, json, report)
    if not complete:
        raise typer.Exit(EXIT_SOME_FAILED)
