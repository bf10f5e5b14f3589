"""`stash-sense db build|forget|unforget`: making a database of pictures, and taking people out of it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from stash_sense.bootstrap import Services
from stash_sense.cli.asking import confirm
from stash_sense.cli.context import services_of
from stash_sense.cli.db.versions import Json
from stash_sense.cli.present import print_json, print_warnings, say
from stash_sense.cli.progress import ProgressDisplay, shown_progress
from stash_sense.cli.serving import Document, done_by_service
from stash_sense.errors import PerformerUnknown
from stash_sense.kernel.paths import typed_path
from stash_sense.performers.building.build import BuildOptions, BuildReport
from stash_sense.performers.building.notes import ReferenceNote
from stash_sense.performers.building.replacing import Replacement, replacement_of
from stash_sense.performers.building.sources import FOLDER, PerformerSource
from stash_sense.performers.building.wanted import Wanted
from stash_sense.performers.ids import is_universal_id
from stash_sense.performers.lookup import FoundPerformer, find_one
from stash_sense.performers.versions.forgetting import forget as forget_performer
from stash_sense.performers.versions.forgotten import forgotten_ids
from stash_sense.performers.versions.forgotten import unforget as unforget_performer
from stash_sense.performers.versions.installed import manifest_of
from stash_sense.reports.installed import version_document
from stash_sense.reports.wording import counted, visible

_NOTES_SHOWN = 10
"""Notes of one kind that are printed."""


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
    people = services.performer_source(wanted)
    asked: Document = {**_asked(wanted), "pack": pack or services.settings.pack, "version": name}
    if out is None:
        replacement = replacement_of(services.performers, people, services.cancel)
        source = str(folder) if people.origins == {FOLDER} else f"the {people.title}"
        _confirm(replacement, source, yes=yes, json=json)
        asked["replace"] = replacement is not None
    options = BuildOptions(version=name, out=out)
    with shown_progress() as progress:
        report, counts = _built(services, people, asked, pack, options, progress)
        print_warnings(_the_first_of_each_kind(report.notes, counts), progress)
        if out is None:
            services.derive(services.performers.require(), progress)
    if json:
        print_json({**_document(report), "note_counts": dict(counts)})
    else:
        _say_report(report, out)


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
) -> tuple[BuildReport, Counter[str]]:
    """Build, or have it done by the service of the data folder, which keeps only the first notes but counts all."""
    if options.out is None:
        result = done_by_service(services, "database_build", asked, progress)
        if result is not None:
            return _report_of(services, result), Counter(result["note_counts"])
    report = services.builder(pack).build(people, services.cancel, progress, options)
    return report, Counter(note.code for note in report.notes)


def _report_of(services: Services, result: Document) -> BuildReport:
    """Tell what a job of the service made as the build itself does."""
    folder = services.performers.folder / result["version"]
    told = {name: result[name] for name in ("unchanged", "pictures", "described", "reused", "left_out")}
    notes = tuple(ReferenceNote(**note) for note in result["notes"])
    return BuildReport(folder=folder, manifest=manifest_of(folder)[0], notes=notes, **told)


def _confirm(replacement: Replacement | None, source: str, *, yes: bool, json: bool) -> None:
    if replacement is None:
        return
    what = (
        f"Version {replacement.version} with {counted(replacement.performers, 'performer')} is in use; one with at "
        f"most {counted(replacement.people, 'person', 'people')} from {visible(source)} would take its place"
    )
    confirm(what, "Is that meant?", yes=yes, json=json)


def _the_first_of_each_kind(notes: Sequence[ReferenceNote], counts: Counter[str]) -> Iterator[str]:
    """Say what was noticed, but not the same thing of a thousand pictures."""
    said: Counter[str] = Counter()
    for note in notes:
        if said[note.code] < _NOTES_SHOWN:
            said[note.code] += 1
            yield note.message
    listed = "all of them" if len(notes) == counts.total() else f"the first {len(notes):,}"
    for code, count in (counts - said).items():
        yield f"{code.replace('_', ' ')}: {count:,} more such pictures or people; --json lists {listed}."


def _document(report: BuildReport) -> dict[str, Any]:
    manifest = report.manifest
    return {
        "schema": 1,
        "version": manifest.version,
        "pack": manifest.pack,
        "performer_count": manifest.performer_count,
        "face_count": manifest.face_count,
        "content": manifest.content,
        "folder": str(report.folder),
        "unchanged": report.unchanged,
        "pictures": report.pictures,
        "described": report.described,
        "reused": report.reused,
        "left_out": dict(report.left_out),
        "notes": [{"code": note.code, "person": note.person, "message": note.message} for note in report.notes],
    }


def _say_report(report: BuildReport, out: Path | None) -> None:
    manifest = report.manifest
    say(
        f"{report.pictures:,} pictures: {report.described:,} described, {report.reused:,} known from before, "
        f"{sum(Counter(report.left_out).values()):,} left out."
    )
    who = f"{manifest.performer_count:,} performers with {manifest.face_count:,} faces, made with {manifest.pack}"
    if out is not None:
        say(f"Version {manifest.version} is in {report.folder}: {who}.")
    elif report.unchanged:
        say(f"Nothing has changed: version {manifest.version} stays in use, {who}.")
    else:
        say(f"Version {manifest.version} is in use: {who}.")


def forget(
    context: typer.Context,
    performer: Annotated[str, typer.Argument(help="Id, name or alias; `db list` shows ids.", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Take a person out of the database for good: their faces go, and nothing brings them back.

    Older versions that hold the person are removed, too, so there is no rollback to them. By their id also somebody
    can be forgotten who is not in the version in use.
    """
    services = services_of(context)
    person = _known(services.performers.require().folder, performer)
    if person is not None:
        performer = person.id
        faces = counted(person.face_count, "face")
        what = f"{visible(person.name)} ({visible(person.id)}, {faces}) would be removed for good"
        confirm(what, "Is that meant?", yes=yes, json=json)
    elif is_universal_id(performer):
        what = f"{visible(performer)} is not in the version in use; all else that is known of them would go for good"
        confirm(what, "Is that meant?", yes=yes, json=json)
    with shown_progress() as progress:
        forgotten = forget_performer(services.performers, performer, services.cancel, progress)
        services.derive(forgotten.version, progress)
    if json:
        print_json(
            {
                "schema": 1,
                "id": forgotten.universal_id,
                "name": forgotten.name,
                "database": version_document(forgotten.version, services.performers),
            }
        )
        return
    say(f"{forgotten.name} is forgotten; version {forgotten.version.version} is in use without them.")
    say(f"`stash-sense db unforget {forgotten.universal_id}` lets them come back with the next build or update.")


def _known(folder: Path, who: str) -> FoundPerformer | None:
    """Return whom the user means; None where nobody is called so, perhaps because forgetting them was interrupted."""
    try:
        return find_one(folder, who)
    except PerformerUnknown:
        return None


def unforget(
    context: typer.Context,
    performer: Annotated[
        str | None, typer.Argument(help="The universal id; all that are forgotten are listed without.")
    ] = None,
    json: Json = False,
) -> None:
    """Let a person come back with the next build or update, or list who was forgotten."""
    services = services_of(context)
    library = services.performers
    if performer is None:
        ids = sorted(forgotten_ids(library.folder))
        if json:
            print_json({"schema": 1, "forgotten": ids})
            return
        for one in ids:
            say(one)
        if not ids:
            say("Nobody was forgotten.")
        return
    with shown_progress() as progress, library.alone(services.cancel, progress):
        found = unforget_performer(library.folder, performer)
    if json:
        print_json({"schema": 1, "id": performer, "found": found})
    else:
        say(f"{performer} {'may come back' if found else 'was not forgotten'}.")
