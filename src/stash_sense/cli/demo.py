"""`stash-sense demo`: the whole way from nothing to a report, on public-domain portraits."""

from pathlib import Path
from typing import Annotated

import typer

from stash_sense import __version__
from stash_sense.cli.context import services_of
from stash_sense.cli.present import print_notes, show
from stash_sense.cli.progress import shown_progress
from stash_sense.identification.recognizer import Request
from stash_sense.samples import PEOPLE
from stash_sense.samples.film import make_film


def demo(
    context: typer.Context,
    report: Annotated[Path | None, typer.Option(help="Where to write the report.", show_default=False)] = None,
) -> None:
    """Recognise the sample people in a sample film and write a report.

    Installs the pack `lite` if no pack is there yet.
    """
    services = services_of(context)
    folder = services.settings.data_dir / "demo"
    film = folder / f"sample-film-{__version__}.mp4"
    with shown_progress() as progress:
        if services.packs.preferred() is None:
            services.installer.install("lite", progress=progress, cancel=services.cancel)
        if not film.exists():
            make_film(film, progress)
        recognizer = services.recognizer(None)
        enrolment = recognizer.enrol(PEOPLE, services.cancel, progress)
        print_notes(enrolment.notes)
        results = recognizer.identify([film], enrolment.gallery, Request(), services.cancel, progress)
        show(results, as_json=False, report=report or folder / "report.html")
    typer.echo(
        "Now your own: .venv/bin/stash-sense identify YOUR-VIDEOS --gallery FOLDER-OF-PEOPLE --report report.html"
    )
