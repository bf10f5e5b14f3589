"""Studios made, updated and destroyed."""

from collections.abc import Mapping
from typing import Any

from stash_sense.fakes.graphql.engine import ResolverError
from stash_sense.fakes.stash.changes.aliases import strings
from stash_sense.fakes.stash.changes.ancestry import require_no_studio_cycle
from stash_sense.fakes.stash.changes.bulk import update_all
from stash_sense.fakes.stash.changes.custom_fields import write_custom_fields
from stash_sense.fakes.stash.changes.hooks import tell_created, tell_destroyed, tell_updated
from stash_sense.fakes.stash.changes.links import Link, Reference, holding, numbers, write_links, write_reference
from stash_sense.fakes.stash.changes.names import write_names
from stash_sense.fakes.stash.changes.pictures import picture
from stash_sense.fakes.stash.changes.sparse import Stored, certain, nullable, of_creation, text, write
from stash_sense.fakes.stash.changes.stash_ids import write_stash_ids
from stash_sense.fakes.stash.fields import Arguments, Context, mutation
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import State, number

_HOLDERS = (("scenes", "studio"), ("images", "studio"), ("galleries", "studio"), ("studios", "parent"))
_COLUMNS: dict[str, Stored] = {
    "details": text,
    "rating100": nullable,
    **dict.fromkeys(("favorite", "ignore_auto_tag", "organized"), certain),
}
_TAGS = Link("tag_ids", "tags", "tags", "studios_tags", "tag ids")
_PARENT = Reference("parent_id", "parent", "studios", "parent id")


@mutation("studioCreate")
def create(context: Context, arguments: Arguments) -> Row:
    """Make a studio."""
    given = of_creation(arguments["input"])
    row = context.state.insert("studios")
    _write_studio(context, row, given)
    tell_created(context, "Studio", row["id"], arguments["input"])
    return row


@mutation("studioUpdate")
def update(context: Context, arguments: Arguments) -> Row:
    """Change what is given of a studio."""
    given = arguments["input"]
    row = context.state.change("studios", number(given["id"], "converting id"))
    _write_studio(context, row, given)
    tell_updated(context, "Studio", row["id"], given)
    return row


@mutation("bulkStudioUpdate")
def update_many(context: Context, arguments: Arguments) -> list[Row]:
    """Change several studios alike."""
    return update_all(context, "studios", "Studio", arguments, _write_studio)


@mutation("studioDestroy")
def destroy(context: Context, arguments: Arguments) -> bool:
    """Delete a studio; what was of it is of none, and its children have no parent."""
    given = arguments["input"]
    _destroy_studio(context.state, number(given["id"], "converting id"))
    tell_destroyed(context, "Studio", number(given["id"]), given)
    return True


@mutation("studiosDestroy")
def destroy_many(context: Context, arguments: Arguments) -> bool:
    """Delete several studios, or none."""
    for row_id in numbers(arguments["ids"]):
        _destroy_studio(context.state, row_id)
        tell_destroyed(context, "Studio", row_id, arguments)
    return True


def _write_studio(context: Context, row: Row, given: Mapping[str, Any]) -> None:
    state = context.state
    write(row, given, _COLUMNS)
    if "urls" in given:
        row["urls"] = strings(row["urls"], given["urls"])
    write_names(context, "studios", row, given)
    if "image" in given:
        row["picture"] = picture(given["image"])
    write_reference(state, row, given, _PARENT)
    require_no_studio_cycle(state, row)
    write_links(state, row, given, [_TAGS])
    write_stash_ids(state, row, given)
    write_custom_fields(row, given)


def _destroy_studio(state: State, row_id: int) -> None:
    if row_id not in state.tables["studios"]:
        raise ResolverError(f"id {row_id} does not exist in studios")
    for table, column in _HOLDERS:
        for holder in holding(state, table, column, row_id):
            state.change(table, holder, touch=False)[column] = None
    state.remove("studios", row_id)
