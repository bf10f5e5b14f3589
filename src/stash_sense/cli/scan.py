"""`stash-sense scan`: who is in the scenes and images of Stash, and whom to tag there."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from stash_sense.bootstrap import Services
from stash_sense.cli.context import services_of
from stash_sense.cli.present import print_json, print_shaped, say
from stash_sense.cli.progress import ProgressDisplay, shown_progress
from stash_sense.cli.serving import Document, jobs_of, result_of, service_here, submitted, watched
from stash_sense.fingerprints.fingerprint import Fingerprint, Outcome
from stash_sense.library.kinds import IMAGES, SCENES
from stash_sense.operations.library_scan import LIBRARY_SCAN, ScanRequest
from stash_sense.reports.wording import counted
from stash_sense.scanning.scope import nothing_found

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
_BY = "name or id in Stash"


def scan(
    context: typer.Context,
    scenes: Annotated[bool, typer.Option("--scenes", help="Only scenes.")] = False,
    images: Annotated[bool, typer.Option("--images", help="Only images, and with them galleries.")] = False,
    saved_filter: Annotated[
        str, typer.Option("--filter", metavar="FILTER", help=f"Only what this saved filter finds; {_BY}.")
    ] = "",
    tag: Annotated[str, typer.Option(help=f"Only what has this tag, or one below it; {_BY}.")] = "",
    studio: Annotated[str, typer.Option(help=f"Only what is of this studio, or one below it; {_BY}.")] = "",
    path: Annotated[str, typer.Option(metavar="TEXT", help="Only files with this in their path in Stash.")] = "",
    unorganized: Annotated[bool, typer.Option("--unorganized", help="Leave out what is organized.")] = False,
    newest_first: Annotated[bool, typer.Option("--newest-first", help="Begin with what was added last.")] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Look at so many at most, not counting what is unchanged.")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Look again at what could not be looked at.")
    ] = False,
    from_start: Annotated[bool, typer.Option("--from-start", help="Look again at everything.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")] = False,
    failures: Annotated[
        bool, typer.Option("--failures", help="Only list what earlier scans could not look at, and why.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Watch it until it ends.")] = True,
    json: Json = False,
) -> None:
    """Look who is in the scenes and images of Stash that are new or have changed, and recommend whom to tag.

    Stopped at any time, the next scan goes on where this one was. Where a service runs on the data folder, it scans.
    """
    asked = ScanRequest(
        scenes=scenes or not images,
        images=images or not scenes,
        saved_filter=saved_filter,
        tag=tag,
        studio=studio,
        path=path,
        unorganized=unorganized,
        newest_first=newest_first,
        limit=limit,
        retry_failed=retry_failed,
        from_start=from_start,
    )
    services = services_of(context)
    if failures:
        _list_failures(services, [SCENES.name] * asked.scenes + [IMAGES.name] * asked.images, as_json=json)
        return
    with shown_progress() as progress:
        if dry_run:
            _preview(services, asked, progress, as_json=json)
            return
        with jobs_of(services) as jobs:
            answer = submitted(jobs, LIBRARY_SCAN, asked.model_dump(mode="json"))
            job = watched(services, jobs, answer["job"], progress) if wait else answer["job"]
    if json:
        print_json({"schema": 1, "job": job, "new": answer["new"]})
    elif wait:
        _say(result_of(job))
        _say_failed(services)
    else:
        who = "the service does it" if service_here(services) else "no service runs, so it waits for one"
        say(f"Job {job['id']} ({job['title']}) is in the queue; {who}.")


def _preview(services: Services, asked: ScanRequest, progress: ProgressDisplay, *, as_json: bool) -> None:
    again = {"retry_failed": asked.retry_failed, "from_start": asked.from_start}
    found = services.preview_scan(asked.scope(), progress, **again)
    progress.pause()
    nothing = None
    if not any(one.total for one in found):
        nothing = nothing_found(services.resolve_scan(asked.scope(), services.cancel))
    if as_json:
        kinds = [{**asdict(one), "total": one.total} for one in found]
        print_json({"schema": 1, "kinds": kinds, "nothing_found": nothing})
        return
    if nothing is not None:
        say(nothing)
        return
    table = Table(box=None, pad_edge=False)
    headings = ("", "all", "new", "again", "rematch", "known: faces", "no face", "failed", "unreadable")
    for heading in headings:
        table.add_column(heading, justify="right" if heading else "left")
    for one in found:
        numbers = (
            one.total, one.new, one.again, one.rematch, one.faces, one.no_face, one.failed, one.unreadable,
        )  # fmt: skip
        table.add_row(one.kind, *(f"{number:,}" for number in numbers))
    print_shaped(table)


def _say(result: Document) -> None:
    if result["nothing_found"]:
        say(result["nothing_found"])
    else:
        _say_counts(result)
    if result["gone"]:
        say(f"{result['gone']:,} {'is' if result['gone'] == 1 else 'are'} gone from Stash, or left alone by now.")
    new, withdrawn = counted(result["recommended"], "new recommendation"), result["withdrawn"]
    if not result["nothing_found"] or withdrawn:
        shown = "; `stash-sense recommendations list` shows them" if result["recommended"] else ""
        say(f"{new}, {withdrawn:,} withdrawn{shown}.")
    if result["keeps_what_is_gone"]:
        say(
            "Most of what was scanned before is not in this Stash; it is kept, for it may be the wrong one. "
            "`stash-sense scan --from-start` forgets it, and looks at everything again."
        )
    if newer := result["newer_database"]:
        say(f"The database was {result['database']}, and {newer} is in use by now: the next scan compares with it.")


def _say_counts(result: Document) -> None:
    say(
        f"{result['looked']:,} looked at, {result['rematched']:,} compared with the database again, "
        f"{result['unchanged']:,} unchanged."
    )
    if result["no_face"] or result["failed"]:
        say(f"{result['no_face']:,} of them without a face, {result['failed']:,} failed.")
    for code, count in result["failures"].items():
        say(f"  {code}: {count:,}")


def _say_failed(services: Services) -> None:
    """Say how many could not be looked at in this scan and those before."""
    if number := sum(1 for _ in _failed(services, (SCENES.name, IMAGES.name))):
        say(f"{number:,} cannot be looked at: `stash-sense scan --failures` says why, `--retry-failed` looks again.")


def _list_failures(services: Services, kinds: list[str], *, as_json: bool) -> None:
    found = list(_failed(services, kinds))
    if as_json:
        told = [
            {
                **one.item._asdict(),
                "title": one.title,
                "code": one.code,
                "message": one.message,
                "known": one.outcome is not Outcome.FAILED,
            }
            for one in found
        ]
        print_json({"schema": 1, "failures": told})
        return
    for one in found:
        known = "" if one.outcome is Outcome.FAILED else " (what was seen in it before is kept)"
        say(f"{one.item.kind} {one.item.id}{f': {one.title}' if one.title else ''}{known}")
        say(f"  {one.message}")
    if not found:
        say("Everything that was scanned could be looked at.")


def _failed(services: Services, kinds: Iterable[str]) -> Iterator[Fingerprint]:
    """Go through what could not be looked at the last time."""
    return (one for kind in kinds for page in services.fingerprints.pages(kind, failed=True) for one in page)
