"""`stash-sense db info|versions|list|verify|rollback`: what is installed, whether it is whole, and going back."""

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from stash_sense.bootstrap import Services
from stash_sense.cli.context import services_of
from stash_sense.cli.present import megabytes, print_json, print_shaped, print_warnings, say
from stash_sense.cli.program import as_typed
from stash_sense.cli.progress import shown_progress
from stash_sense.cli.serving import service_here
from stash_sense.errors import DatabaseError, DatabaseMissing
from stash_sense.performers.lookup import count, find
from stash_sense.performers.manifest import MANIFEST_NAME
from stash_sense.performers.versions.library import InstalledVersion
from stash_sense.releases.verification import folder_faults
from stash_sense.reports.installed import version_document, versions_document
from stash_sense.reports.wording import counted, visible

EXIT_DAMAGED = 1
_PAGE = 50

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]


def info(context: typer.Context, json: Json = False) -> None:
    """Tell which version of the performers database is in use, what is in it, and where it comes from."""
    services = services_of(context)
    installed = services.performers.require()
    document = version_document(installed, services.performers)
    if json:
        print_json(document)
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    document["bytes"] = megabytes(installed.manifest.size)
    document["signed"] = _signed_in_words(installed)
    for hidden in ("schema", "signed_by", "reduced_from", "built_here"):
        document.pop(hidden)
    for field, value in document.items():
        if value not in (None, "", []):
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            shown = f"{shown:,}" if isinstance(shown, int) else str(shown)
            table.add_row(field.replace("_", " "), Text(visible(shown)))
    print_shaped(table)


def list_versions(context: typer.Context, json: Json = False) -> None:
    """List the installed versions, newest first: what is in them, where they come from, and which one is in use."""
    library = services_of(context).performers
    document = versions_document(library)
    if json:
        print_json(document)
        return
    if not document["versions"]:
        raise DatabaseMissing
    table = Table(box=None, pad_edge=False)
    for heading in ("", "version", "performers", "faces", "pack", "size", "from"):
        table.add_column(heading, overflow="fold")
    for one in document["versions"]:
        mark = "*" if one["in_use"] else "<" if one["goes_back_to"] else ""
        counts = [f"{one[name]:,}" if one[name] is not None else "?" for name in ("performer_count", "face_count")]
        size = megabytes(one["bytes"]) if one["bytes"] is not None else "?"
        source = "damaged" if not one["whole"] else "built here" if one["built_here"] else one["installed_from"]
        cells = (mark, one["version"], *counts, one["pack"] or "?", size, source or "elsewhere")
        table.add_row(*(Text(visible(cell)) for cell in cells))
    print_shaped(table)
    say("* is in use, < is what `stash-sense db rollback` goes back to.")


def _signed_in_words(installed: InstalledVersion) -> str:
    origin = installed.origin
    if origin is not None and origin.signed_by is not None:
        if origin.reduced_from is None:
            return f"yes, by the key {origin.signed_by}"
        return f"no longer: {origin.reduced_from} was, by the key {origin.signed_by}, and people were left out here"
    if origin is not None and origin.built_here:
        return "no; it was built here"
    source = f" {origin.source}" if origin is not None else ""
    return f"no: nobody vouches for what came from{source or ' elsewhere'}"


def list_performers(
    context: typer.Context,
    search: Annotated[str, typer.Argument(help="Part of a name or alias; everybody without.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many to show.")] = _PAGE,
    after: Annotated[str, typer.Option(help="Go on after this id, the last one shown.")] = "",
    json: Json = False,
) -> None:
    """List who is in the performers database, in the order of their ids."""
    installed = services_of(context).performers.require()
    found = find(installed.folder, search, after, limit + 1)
    total = count(installed.folder, search)
    more, found = len(found) > limit, found[:limit]
    if json:
        people = list(map(asdict, found))
        print_json({"schema": 1, "performers": people, "next": found[-1].id if more else None, "total": total})
        return
    if not found:
        whom = f" whose name or alias has {search!r} in it" if search else ""
        say(f"Nobody{whom} is {'further on ' if after else ''}in version {installed.version}.")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "name", "faces"):
        table.add_column(heading, overflow="fold")
    for one in found:
        table.add_row(Text(visible(one.id)), Text(visible(one.name)), str(one.face_count))
    print_shaped(table)
    if more:
        say(f"These are {len(found):,} of {total:,}; go on with --after {shlex.quote(found[-1].id)}.")
    else:
        say(f"{counted(total, 'person', 'people')}.")


def verify(context: typer.Context, json: Json = False) -> None:
    """Check every byte of the version in use, and that searching it finds its own faces."""
    services = services_of(context)
    installed = services.performers.require()
    with shown_progress() as progress:
        found = folder_faults(installed.folder, installed.manifest, progress, services.cancel)
        faults = [str(fault) for fault in found]
        if not faults:
            try:
                services.prove(installed, services.performers.derived, services.cancel, progress)
            except DatabaseError as error:
                faults = [str(error)]
    remedy = _remedy(services, installed) if faults else None
    if json:
        told = {"version": installed.version, "ok": not faults, "faults": faults, "remedy": remedy}
        print_json({"schema": 1, **told})
    else:
        for fault in (*faults, *([remedy] if remedy else [])):
            typer.echo(f"stash-sense: {visible(as_typed(fault))}", err=True)
        if not faults:
            say(f"Version {installed.version} is whole, and searching it finds its own faces.")
    if faults:
        raise typer.Exit(EXIT_DAMAGED)


def _remedy(services: Services, damaged: InstalledVersion) -> str:
    """Say what to type about a damaged version."""
    origin = damaged.origin
    ways = []
    if origin is None or origin.built_here:
        ways += ["`stash-sense db build FOLDER` makes it anew"]
    else:
        place = Path(origin.source)
        is_file = place.suffix == ".zip" or (place / MANIFEST_NAME).is_file()
        command = "import --yes" if is_file else "update --from"
        ways += [f"`stash-sense db {command} {shlex.quote(origin.source)}` installs it anew"]
    if services.performers.previous() is not None:
        ways += ["`stash-sense db rollback` goes back to the one before"]
    return f"{'; '.join(ways)}."


def rollback(context: typer.Context, json: Json = False) -> None:
    """Go back to the version before; once more, and the newer one is in use again."""
    services = services_of(context)
    before = services.performers.name_in_use()
    installed, notes = _rolled_back(services)
    with shown_progress() as progress:
        print_warnings(notes, progress)
    if json:
        print_json({**version_document(installed, services.performers), "notes": notes})
    elif services.performers.previous() == before:
        say(f"Version {installed.version} is in use again instead of {before}, which is kept.")
    else:
        say(f"Version {installed.version} is in use again.")


def _rolled_back(services: Services) -> tuple[InstalledVersion, list[str]]:
    """Go back, and return the version and what the service says that answers from it."""
    library = services.performers
    if (service := service_here(services)) is not None:
        answer = service.send("POST", "/database/rollback")
        return library.require(), list(answer["notes"])
    with shown_progress() as progress, library.alone(services.cancel, progress):
        return library.rollback(services.cancel, progress), []
