"""Scenes made and updated."""

from collections.abc import Mapping
from typing import Any

from stash_sense.fakes.graphql.engine import ResolverError
from stash_sense.fakes.stash.changes.aliases import strings
from stash_sense.fakes.stash.changes.bulk import update_all
from stash_sense.fakes.stash.changes.custom_fields import write_custom_fields
from stash_sense.fakes.stash.changes.dates import date
from stash_sense.fakes.stash.changes.files import put_first, take_files
from stash_sense.fakes.stash.changes.hooks import tell_created, tell_updated
from stash_sense.fakes.stash.changes.links import (
    Link,
    Reference,
    broken_reference,
    numbers,
    write_links,
    write_reference,
)
from stash_sense.fakes.stash.changes.pictures import picture
from stash_sense.fakes.stash.changes.sparse import Stored, certain, nullable, of_creation, text, write
from stash_sense.fakes.stash.changes.stash_ids import write_stash_ids
from stash_sense.fakes.stash.fields import Arguments, Context, mutation
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import number

_COLUMNS: dict[str, Stored] = {
    **dict.fromkeys(("title", "code", "details", "director"), text),
    "date": date("date"),
    "rating100": nullable,
    **dict.fromkeys(("organized", "resume_time", "play_duration"), certain),
}
_STUDIO = Reference("studio_id", "studio", "studios", "studio id")
_LINKS = (
    Link("performer_ids", "performers", "performers", "performers_scenes", "performer ids"),
    Link("tag_ids", "tags", "tags", "scenes_tags", "tag ids"),
    Link("gallery_ids", "galleries", "galleries", "scenes_galleries", "gallery ids"),
)


@mutation("sceneCreate")
def create(context: Context, arguments: Arguments) -> Row:
    """Make a scene, of files or without any."""
    given, state = of_creation(arguments["input"]), context.state
    files = numbers(given.get("file_ids"), "converting file ids")
    if not files and not text(given.get("title")):
        raise ResolverError("title must be set if scene has no files")
    row = state.insert("scenes")
    take_files(state, row, files)
    write_scene(context, row, given)
    tell_created(context, "Scene", row["id"], arguments["input"])
    return row


@mutation("sceneUpdate")
def update(context: Context, arguments: Arguments) -> Row:
    """Change what is given of a scene; its updated_at moves even if that is nothing."""
    given = arguments["input"]
    row = context.state.change("scenes", number(given["id"], "converting id"))
    write_scene(context, row, given)
    tell_updated(context, "Scene", row["id"], given)
    return row


@mutation("scenesUpdate")
def update_each(context: Context, arguments: Arguments) -> list[Row]:
    """Change several scenes, each as it is given."""
    return [update(context, {"input": given}) for given in arguments["input"]]


@mutation("bulkSceneUpdate")
def update_many(context: Context, arguments: Arguments) -> list[Row]:
    """Change several scenes alike."""
    return update_all(context, "scenes", "Scene", arguments, write_scene, blind=_LINKS)


def write_scene(context: Context, row: Row, given: Mapping[str, Any]) -> None:
    """Write what was given, as the input of any of the mutations, into a scene that is open for change.

    Raises:
        ResolverError: Stash refuses it.
    """
    state = context.state
    write(row, given, _COLUMNS)
    if "urls" in given:
        row["urls"] = strings(row["urls"], given["urls"])
    if "cover_image" in given:
        row["cover"] = picture(given["cover_image"], "cover image")
    for group in given.get("groups") or ():  # there are no groups
        raise broken_reference("INSERT INTO groups_scenes (?, ?)", row["id"], group["group_id"])
    put_first(row, given, "scene")
    write_reference(state, row, given, _STUDIO)
    write_links(state, row, given, _LINKS)
    write_stash_ids(state, row, given)
    write_custom_fields(row, given)
