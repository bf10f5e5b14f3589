"""`stash-sense db build`: making a database of pictures."""

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from stash_sense.bootstrap import Services
from stash_sense.cli.asking import confirm
from stash_sense.cli.context import services_of
from stash_sense.cli.db.versions import Json
from stash_sense.cli.notes import counts_in_words, first_of_each_kind
from stash_sense.cli.present import print_json, print_warnings, say
from stash_sense.cli.progress import ProgressDisplay, shown_progress
from stash_sense.cli.serving import Document, done_by_service
from stash_sense.errors import BuildStopped, Cancelled, DatabaseError
from stash_sense.kernel.paths import typed_path
from stash_sense.performers.building.build import BuildOptions
from stash_sense.performers.building.notes import ReferenceNote
from stash_sense.performers.building.replacing import Replacement, check_name, replacement_of
from stash_sense.performers.building.sources import FOLDER, PerformerSource
from stash_sense.performers.building.state import last_noticed
from stash_sense.performers.building.state_folder import path_of, states_of
from stash_sense.performers.building.wanted import Wanted
from stash_sense.reports.wording import counted, visible


def build(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="Folder with one folder of pictures for each person, named after them.",
            parser=typed_path,
            show_default=False,
        ),
    ] = None,
    from_stash: Annotated[
        bool, typer.Option("--from-stash", help="Build of the performers of your Stash and their images.")
    ] = False,
    from_stashbox: Annotated[
        list[str] | None,
        typer.Option(
            "--from-stashbox",
            metavar="ENDPOINT",
            help="Build of a stash-box that is set up in Stash: its address, domain or name; may be repeated.",
        ),
    ] = None,
    mine: Annotated[
        bool, typer.Option("--mine", help="Of the stash-box only the people whom your Stash has, too.")
    ] = False,
    no_images: Annotated[
        bool, typer.Option("--no-images", help="Of Stash only the performers' own pictures, no images of them.")
    ] = False,
    most_pictures: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1000,
            metavar="N",
            help="Pictures of one performer at most from each server; 40 of Stash and 10 of a stash-box without.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the version to this new or empty folder instead of installing it.",
            parser=typed_path,
            metavar="PATH",
            show_default=False,
        ),
    ] = None,
    pack: Annotated[str | None, typer.Option(help="Model pack to describe the faces with.")] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the version; that of the day without.", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before another database is replaced.")] = False,
    json: Json = False,
) -> None:
    """Build a performers database and install it: of a folder, your Stash, stash-boxes, or several of these together.

    Pictures are described once: stopped at any time, the next build goes on where this one was, and a later one
    fetches and describes only what is new or changed.
    """
    wanted = Wanted(folder, from_stash, tuple(from_stashbox or ()), mine, not no_images, most_pictures)
    if wanted.problem is not None:
        _, reason = wanted.problem
        raise typer.BadParameter(f"{reason}.")
    services = services_of(context)
    if name is not None:
        check_name(name, services.performers if out is None else None)
    services.require_pack(pack)
    people = services.performer_source(wanted)
    asked: Document = {**_asked(wanted), "pack": pack or services.settings.pack, "version": name}
    if out is None:
        replacement = replacement_of(services.performers, people, services.cancel)
        source = str(folder) if people.origins == {FOLDER} else f"the {people.title}"
        _confirm(replacement, source, yes=yes, json=json)
        asked["replace"] = replacement is not None
    options = BuildOptions(version=name, out=out)
    with shown_progress() as progress:
        if out is None and pack is None:
            print_warnings(_other_pack(services), progress)
        made, notes, counts = _built(services, people, asked, pack, options, progress)
        if not (made["unchanged"] or json):
            print_warnings(first_of_each_kind(notes, counts, "; --json lists all of them"), progress)
        if out is None:
            services.derive(services.performers.require(), progress)
    place = out or services.performers.folder / made["version"]
    if json:
        told = {"folder": str(place), "notes": [asdict(note) for note in notes], "note_counts": dict(counts)}
        print_json({"schema": 1, **made, **told})
    else:
        _say(made, place, services.performers.name_in_use() if out is None else None)
        if made["unchanged"] and counts:
            say(f"Still to be looked at: {counts_in_words(counts)}; --json lists all of them.")


def _other_pack(services: Services) -> Iterator[str]:
    """Say that a pack was installed that takes the place of the one that was used until now."""
    with contextlib.suppress(DatabaseError):  # what cannot be used is replaced
        current = services.performers.current()
        pack = services.packs.default_pack(services.settings.pack)
        if current is not None and current.manifest.pack != pack:
            before = current.manifest.pack
            usable = {one.pack_id for one in services.packs.packs() if one.is_usable}
            stay = f" `--pack {before}` stays with {before}." if before in usable else ""
            yield (
                f"Version {current.version} was made with {before}; this build uses {pack}, "
                f"and describes all pictures anew that were never described with it.{stay}"
            )


def _asked(wanted: Wanted) -> Document:
    """Say to a service what is wanted."""
    asked: Document = {"folder": str(wanted.folder.absolute())} if wanted.folder is not None else {}
    if wanted.stash:
        asked |= {"from_stash": True, "images": wanted.images}
    if wanted.boxes:
        asked |= {"from_stashbox": list(wanted.boxes), "mine": wanted.mine}
    return asked if wanted.most is None else {**asked, "most_pictures": wanted.most}


def _built(
    services: Services,
    people: PerformerSource,
    asked: Document,
    pack: str | None,
    options: BuildOptions,
    progress: ProgressDisplay,
) -> tuple[Document, Sequence[ReferenceNote], Counter[str]]:
    """Build, or have it done by the service of the data folder.

    Returns:
        What `BuildReport.summary` tells, what the user should know, and how many notes of each kind there are.
    """
    if options.out is None:
        result = done_by_service(services, "database_build", asked, progress)
        if result is not None:
            notes = last_noticed(path_of(states_of(services.performers), people))
            return result, notes, Counter(result["note_counts"])
    builder = services.builder(pack)
    try:
        report = builder.build(people, services.cancel, progress, options)
    except Cancelled as error:
        raise BuildStopped from error
    return report.summary(), report.notes, Counter(note.code for note in report.notes)


def _confirm(replacement: Replacement | None, source: str, *, yes: bool, json: bool) -> None:
    if replacement is None:
        return
    what = (
        f"Version {replacement.version} with {counted(replacement.performers, 'performer')} is in use; one with at "
        f"most {counted(replacement.people, 'person', 'people')} from {visible(source)} would take its place"
    )
    confirm(what, "Is that meant?", yes=yes, json=json)


def _say(made: Document, folder: Path, in_use: str | None) -> None:
    """Say what was built.

    Args:
        made: see `BuildReport.summary`.
        folder: of the version.
        in_use: the version that is in use by now; None where this one was written elsewhere.
    """
    say(_counts(made))
    who = (
        f"{counted(made['performer_count'], 'performer')} with {counted(made['face_count'], 'face')}, "
        f"made with {made['pack']}"
    )
    if in_use is None:
        say(f"Version {made['version']} is in {folder}: {who}.")
    elif in_use != made["version"]:
        say(f"Version {made['version']} was built, {who}; version {in_use} has taken its place since.")
    elif made["unchanged"]:
        say(f"Nothing has changed: version {in_use} stays in use, {who}.")
    else:
        say(f"Version {in_use} is in use: {who}.")


def _counts(made: Document) -> str:
    """Say what became of the pictures; each of the two halves adds up to all of them."""
    parts = [f"{made['described']:,} described", f"{made['reused']:,} known from before"]
    if copies := made["copies"]:
        parts.append(f"{copies:,} the same as another")
    if bad := made["left_out"].get("bad_picture"):
        parts.append(f"{bad:,} not readable")
    left_out = sum(made["left_out"].values())
    return (
        f"{counted(made['pictures'], 'picture')}: {', '.join(parts)}; "
        f"{made['pictures'] - left_out:,} used, {left_out:,} left out."
    )
