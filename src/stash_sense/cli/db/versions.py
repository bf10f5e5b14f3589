"""`stash-sense db info|list|verify|rollback`: what is installed, whether it is whole, and going back."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stash_sense.bootstrap import Services
from stash_sense.cli.context import services_of
from stash_sense.cli.present import megabytes, print_json, say
from stash_sense.cli.progress import shown_progress
from stash_sense.cli.serving import service_here
from stash_sense.errors import DatabaseError
from stash_sense.performers.lookup import find
from stash_sense.performers.versions.library import InstalledVersion
from stash_sense.releases.verification import folder_faults
from stash_sense.reports.installed import version_document
from stash_sense.reports.wording import visible

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
    Console().print(table)


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
    more, found = len(found) > limit, found[:limit]
    if json:
        print_json({"schema": 1, "performers": list(map(asdict, found)), "next": found[-1].id if more else None})
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "name", "faces"):
        table.add_column(heading, overflow="fold")
    for one in found:
        table.add_row(Text(visible(one.id)), Text(visible(one.name)), str(one.face_count))
    Console().print(table)
    if more:
        say(f"There are more; go on with --after {found[-1].id!r}.")


def verify(context: typer.Context, json: Json = False) -> None:
    """Check every byte of the version in use, and that searching it finds its own faces."""
    services = services_of(context)
    installed = services.performers.require()
    with shown_progress() as progress:
        found = folder_faults(installed.folder, installed.manifest, progress, services.cancel)
        faults = [str(fault) for fault in found]
        if not faults:
            try:
                services.prove(installed, services.cancel, progress)
            except DatabaseError as error:
                faults = [str(error)]
    if json:
        print_json({"schema": 1, "version": installed.version, "ok": not faults, "faults": faults})
    else:
        for fault in faults:
            typer.echo(f"stash-sense: {visible(fault)}", err=True)
        if not faults:
            say(f"Version {installed.version} is whole, and searching it finds its own faces.")
    if faults:
        raise typer.Exit(EXIT_DAMAGED)


def rollback(context: typer.Context, json: Json = False) -> None:
    """Go back to the version before; once more, and the newer one is in use again."""
    services = services_of(context)
    before = services.performers.name_in_use()
    installed = _rolled_back(services)
    if json:
        print_json(version_document(installed, services.performers))
    elif services.performers.previous() == before:
        say(f"Version {installed.version} is in use again instead of {before}, which is kept.")
    else:
        say(f"Version {installed.version} is in use again.")


def _rolled_back(services: Services) -> InstalledVersion:
    library = services.performers
    if (service := service_here(services)) is not None:
        service.send("POST", "/database/rollback")
        return library.require()
    with shown_progress() as progress, library.alone(services.cancel, progress):
        return library.rollback()
