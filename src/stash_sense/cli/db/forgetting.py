"""`stash-sense db forget|unforget`: taking people out of the database for good, and letting them come back."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from stash_sense.bootstrap import Services
from stash_sense.cli.asking import confirm
from stash_sense.cli.context import services_of
from stash_sense.cli.db.versions import Json
from stash_sense.cli.present import print_json, print_warnings, say
from stash_sense.cli.progress import ProgressDisplay, shown_progress
from stash_sense.errors import NotForgotten, PerformerUnknown, StashSenseError
from stash_sense.performers.ids import is_universal_id
from stash_sense.performers.lookup import FoundPerformer, find_one
from stash_sense.performers.versions.forgetting import forget as forget_performer
from stash_sense.performers.versions.forgotten import forgotten_as, forgotten_ids
from stash_sense.performers.versions.forgotten import unforget as unforget_performer
from stash_sense.performers.versions.installed import InstalledVersion
from stash_sense.reports.installed import version_document
from stash_sense.reports.wording import counted, visible


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
    before = services.performers.name_in_use()
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
        notes = [*forgotten.notes, *_not_ready(services, forgotten.version, progress)]
        print_warnings(notes, progress)
    if json:
        print_json(
            {
                "schema": 1,
                "id": forgotten.universal_id,
                "name": forgotten.name,
                "found": forgotten.version.version != before,
                "database": version_document(forgotten.version, services.performers),
                "notes": notes,
            }
        )
        return
    version = forgotten.version
    own = version.origin is not None and version.origin.built_here
    if version.version == before:
        say(f"Nobody in the version in use has the id {performer}: it is noted, and nothing will bring them.")
    else:
        say(f"{forgotten.name} is forgotten; version {version.version} is in use without them.")
    command = f"stash-sense db unforget {shlex.quote(forgotten.universal_id)}"
    say(f"`{command}` lets them come back with the next {'build' if own else 'update or import'}.")
    if own and services.keys.own.exists():
        say("What you have published still holds them; `stash-sense db release` publishes this one and names those.")


def _known(folder: Path, who: str) -> FoundPerformer | None:
    """Return whom the user means; None where nobody is called so, perhaps because forgetting them was interrupted."""
    try:
        return find_one(folder, who)
    except PerformerUnknown:
        return None


def _not_ready(services: Services, version: InstalledVersion, progress: ProgressDisplay) -> list[str]:
    """Make what searching the version needs; what hinders that is no failure, for the person is forgotten by now."""
    try:
        services.derive(version, progress)
    except StashSenseError as error:
        return [f"The version is in use and was not opened yet: {error}"]
    return []


def unforget(
    context: typer.Context,
    performer: Annotated[
        str | None,
        typer.Argument(help="The id, or the name of a person's folder; all that are forgotten are listed without."),
    ] = None,
    json: Json = False,
) -> None:
    """Let a person come back with the next build, update or import, or list who was forgotten."""
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
        found = forgotten_as(library.folder, performer)
        if found is None:
            raise NotForgotten(name=performer)
        unforget_performer(library.folder, found)
    if json:
        print_json({"schema": 1, "id": found, "found": True})
    else:
        say(f"{found} may come back.")
