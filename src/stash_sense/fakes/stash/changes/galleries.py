"""Galleries made, updated, filled and destroyed."""

from collections.abc import Mapping
from typing import Any

from stash_sense.fakes.graphql.engine import ResolverError
from stash_sense.fakes.stash.changes.aliases import strings
from stash_sense.fakes.stash.changes.bulk import update_all
from stash_sense.fakes.stash.changes.custom_fields import write_custom_fields
from stash_sense.fakes.stash.changes.dates import date
from stash_sense.fakes.stash.changes.files import forget_files, put_first
from stash_sense.fakes.stash.changes.hooks import tell_created, tell_destroyed, tell_updated
from stash_sense.fakes.stash.changes.links import (
    Link,
    Reference,
    linked,
    numbers,
    unlink,
    write_links,
    write_reference,
)
from stash_sense.fakes.stash.changes.sparse import Stored, certain, nullable, of_creation, text, write
from stash_sense.fakes.stash.fields import Arguments, Context, mutation
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import State, number

_HOLDERS = (("scenes", "galleries"), ("images", "galleries"))
_COLUMNS: dict[str, Stored] = {
    **dict.fromkeys(("title", "code", "details", "photographer"), text),
    "date": date("date"),
    "rating100": nullable,
    "organized": certain,
}
_STUDIO = Reference("studio_id", "studio", "studios", "studio id")
_LINKS = (
    Link("performer_ids", "performers", "performers", "performers_galleries", "performer ids"),
    Link("tag_ids", "tags", "tags", "galleries_tags", "tag ids"),
)
_SCENES = Link("scene_ids", "galleries", "scenes", "scenes_galleries", "scene ids")
_IMAGES = Link("image_ids", "galleries", "images", "galleries_images", "image ids")


@mutation("galleryCreate")
def create(context: Context, arguments: Arguments) -> Row:
    """Make a gallery of no file and no folder."""
    given = of_creation(arguments["input"])
    if not text(given["title"]):
        raise ResolverError("title must not be empty")
    row = context.state.insert("galleries")
    _write_gallery(context, row, given)
    tell_created(context, "Gallery", row["id"], arguments["input"])
    return row


@mutation("galleryUpdate")
def update(context: Context, arguments: Arguments) -> Row:
    """Change what is given of a gallery."""
    given = arguments["input"]
    row = context.state.change("galleries", number(given["id"], "converting id"))
    _write_gallery(context, row, given)
    if "title" in given and not (row["title"] or row["files"] or row["folder"]):
        raise ResolverError("title must not be empty for user-created galleries")
    tell_updated(context, "Gallery", row["id"], given)
    return row


@mutation("galleriesUpdate")
def update_each(context: Context, arguments: Arguments) -> list[Row]:
    """Change several galleries, each as it is given."""
    return [update(context, {"input": given}) for given in arguments["input"]]


@mutation("bulkGalleryUpdate")
def update_many(context: Context, arguments: Arguments) -> list[Row]:
    """Change several galleries alike."""
    return update_all(context, "galleries", "Gallery", arguments, _write_gallery, blind=(*_LINKS, _SCENES))


@mutation("addGalleryImages")
def add_images(context: Context, arguments: Arguments) -> bool:
    """Put images into a gallery."""
    return _fill(context, arguments["input"], "ADD")


@mutation("removeGalleryImages")
def remove_images(context: Context, arguments: Arguments) -> bool:
    """Take images out of a gallery."""
    return _fill(context, arguments["input"], "REMOVE")


@mutation("galleryDestroy")
def destroy(context: Context, arguments: Arguments) -> bool:
    """Delete galleries, or none of them; their images stay."""
    given, state = arguments["input"], context.state
    for row_id in numbers(given["ids"]):
        row = state.row("galleries", row_id)
        if given.get("delete_file") or given.get("destroy_file_entry"):
            forget_files(state, row["files"])
        unlink(state, _HOLDERS, row_id)
        state.remove("galleries", row_id)
        tell_destroyed(context, "Gallery", row_id, given)
    return True


def _write_gallery(context: Context, row: Row, given: Mapping[str, Any]) -> None:
    state = context.state
    write(row, given, _COLUMNS)
    if "urls" in given:
        row["urls"] = strings(row["urls"], given["urls"])
    put_first(row, given, "gallery")
    write_reference(state, row, given, _STUDIO)
    write_links(state, row, given, _LINKS)
    if "scene_ids" in given:
        _write_from_there(state, row["id"], given["scene_ids"], _SCENES)
    write_custom_fields(row, given)


def _fill(context: Context, given: Mapping[str, Any], mode: str) -> bool:
    row = context.state.change("galleries", number(given["gallery_id"], "converting gallery id"))
    _write_from_there(context.state, row["id"], {"ids": given["image_ids"], "mode": mode}, _IMAGES)
    return True


def _write_from_there(state: State, own: int, given: Any, link: Link) -> None:
    """Write a link that the other rows keep; their updated_at stays."""
    present = {row_id for row_id, other in state.tables[link.table].items() if own in other[link.column]}
    wanted = linked(state, own, present, given, link)
    for other_id in present ^ wanted:
        other = state.change(link.table, other_id, touch=False)
        other[link.column] = sorted(
            {*other[link.column], own} if other_id in wanted else {*other[link.column]} - {own}
        )
