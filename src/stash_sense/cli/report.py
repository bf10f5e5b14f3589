"""`stash-sense report`: does it work on my library?"""

from typing import Annotated

import typer

from stash_sense.cli.context import services_of
from stash_sense.cli.present import print_json
from stash_sense.cli.progress import shown_progress
from stash_sense.cli.serving import jobs_of, result_of, submitted, watched
from stash_sense.operations.library_report import LIBRARY_REPORT, ReportRequest


def report(
    context: typer.Context,
    scenes: Annotated[bool, typer.Option("--scenes", help="Only scenes.")] = False,
    images: Annotated[bool, typer.Option("--images", help="Only images.")] = False,
    most: Annotated[int, typer.Option(min=1, max=100, help="Lines of each list.")] = 10,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")] = False,
) -> None:
    """Say how well people are recognised in what is tagged in Stash already.

    What was scanned is compared with the database once more, as if nobody were tagged; no video is opened, and
    nothing is written.
    """
    services = services_of(context)
    asked = ReportRequest(scenes=scenes or not images, images=images or not scenes)
    with shown_progress() as progress, jobs_of(services) as jobs:
        answer = submitted(jobs, LIBRARY_REPORT, asked.model_dump(mode="json"))
        document = result_of(watched(services, jobs, answer["job"], progress))
    if json:
        print_json(document)
        return
    from stash_sense.cli.report_tables import print_report
    from stash_sense.scanning.report_document import LibraryReportDocument

    print_report(LibraryReportDocument.model_validate(document), most)
