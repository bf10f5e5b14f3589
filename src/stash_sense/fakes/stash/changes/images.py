"""Images updated and destroyed."""

from collections.abc import Mapping
from typing import Any

from stash_sense.fakes.stash.changes.aliases import strings
from stash_sense.fakes.stash.changes.bulk import update_all
from stash_sense.fakes.stash.changes.custom_fields import write_custom_fields
from stash_sense.fakes.stash.changes.dates import date
from stash_sense.fakes.stash.changes.files import forget_files, put_first
from stash_sense.fakes.stash.changes.hooks import tell_destroyed, tell_updated
from stash_sense.fakes.stash.changes.links import Link, Reference, numbers, write_links, write_reference
from stash_sense.fakes.stash.changes.sparse import Stored, certain, nullable, text, write
from stash_sense.fakes.stash.fields import Arguments, Context, mutation
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import State, number

_COLUMNS: dict[str, Stored] = {
    **dict.fromkeys(("title", "code", "details", "photographer"), text),
    "date": date("date"),
    "rating100": nullable,
    "organized": certain,
}
_STUDIO = Reference("studio_id", "studio", "studios", "studio id")
_LINKS = (
    Link("performer_ids", "performers", "performers", "performers_images", "performer ids"),
    Link("tag_ids", "tags", "tags", "images_tags", "tag ids"),
    Link("gallery_ids", "galleries", "galleries", "galleries_images", "gallery ids"),
)


@mutation("imageUpdate")
def update(context: Context, arguments: Arguments) -> Row:
    """Change what is given of an image."""
    given = arguments["input"]
    row = context.state.change("images", number(given["id"], "converting id"))
    _write_image(context, row, given)
    tell_updated(context, "Image", row["id"], given)
    return row


@mutation("imagesUpdate")
def update_each(context: Context, arguments: Arguments) -> list[Row]:
    """Change several images, each as it is given."""
    return [update(context, {"input": given}) for given in arguments["input"]]


@mutation("bulkImageUpdate")
def update_many(context: Context, arguments: Arguments) -> list[Row]:
    """Change several images alike."""
    return update_all(context, "images", "Image", arguments, _write_image)


@mutation("imageDestroy")
def destroy(context: Context, arguments: Arguments) -> bool:
    """Delete an image."""
    given = arguments["input"]
    row_id = number(given["id"], "converting id")
    destroy_image(context.state, row_id, given)
    tell_destroyed(context, "Image", row_id, given)
    return True


@mutation("imagesDestroy")
def destroy_many(context: Context, arguments: Arguments) -> bool:
    """Delete several images, or none."""
    given = arguments["input"]
    for row_id in numbers(given["ids"]):
        destroy_image(context.state, row_id, given)
        tell_destroyed(context, "Image", row_id, given)
    return True


def destroy_image(state: State, row_id: int, given: Mapping[str, Any]) -> None:
    """Delete an image, and its files where "delete_file" or "destroy_file_entry" is given.

    Raises:
        ResolverError: there is none.
    """
    row = state.row("images", row_id)
    if given.get("delete_file") or given.get("destroy_file_entry"):
        forget_files(state, row["files"])
    for gallery in state.referring("galleries", "cover").get(row_id, ()):
        state.change("galleries", gallery, touch=False)["cover"] = None
    state.remove("images", row_id)


def _write_image(context: Context, row: Row, given: Mapping[str, Any]) -> None:
    write(row, given, _COLUMNS)
    if "urls" in given:
        row["urls"] = strings(row["urls"], given["urls"])
    put_first(row, given, "image")
    write_reference(context.state, row, given, _STUDIO)
    write_links(context.state, row, given, _LINKS)
    write_custom_fields(row, given)
