"""Tags made, updated and destroyed."""

from collections.abc import Mapping
from typing import Any

from stash_sense.fakes.graphql.engine import ResolverError
from stash_sense.fakes.stash.changes.ancestry import require_no_tag_cycle
from stash_sense.fakes.stash.changes.bulk import update_all
from stash_sense.fakes.stash.changes.custom_fields import write_custom_fields
from stash_sense.fakes.stash.changes.hooks import tell_created, tell_destroyed, tell_updated
from stash_sense.fakes.stash.changes.links import Link, linked, numbers, unlink
from stash_sense.fakes.stash.changes.names import write_names
from stash_sense.fakes.stash.changes.pictures import picture
from stash_sense.fakes.stash.changes.sparse import certain, of_creation, text, write
from stash_sense.fakes.stash.changes.stash_ids import write_stash_ids
from stash_sense.fakes.stash.fields import Arguments, Context, mutation
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import State, number

HOLDERS = tuple((table, "tags") for table in ("scenes", "images", "galleries", "performers", "studios"))
"""What is linked to tags, other tags aside."""

_COLUMNS = {
    **dict.fromkeys(("sort_name", "description"), text),
    **dict.fromkeys(("favorite", "ignore_auto_tag"), certain),
}
_PARENTS = Link("parent_ids", "parents", "tags", "tags_relations", "parent tag ids")
_CHILDREN = Link("child_ids", "children", "tags", "tags_relations", "child tag ids")


@mutation("tagCreate")
def create(context: Context, arguments: Arguments) -> Row:
    """Make a tag."""
    given = of_creation(arguments["input"])
    row = context.state.insert("tags")
    write_tag(context, row, given)
    tell_created(context, "Tag", row["id"], arguments["input"])
    return row


@mutation("tagUpdate")
def update(context: Context, arguments: Arguments) -> Row:
    """Change what is given of a tag."""
    given = arguments["input"]
    row = context.state.change("tags", number(given["id"], "converting id"))
    write_tag(context, row, given)
    tell_updated(context, "Tag", row["id"], given)
    return row


@mutation("bulkTagUpdate")
def update_many(context: Context, arguments: Arguments) -> list[Row]:
    """Change several tags alike."""
    return update_all(context, "tags", "Tag", arguments, write_tag)


@mutation("tagDestroy")
def destroy(context: Context, arguments: Arguments) -> bool:
    """Delete a tag; what had it loses it and nothing else."""
    given = arguments["input"]
    destroy_tag(context.state, number(given["id"], "converting id"))
    tell_destroyed(context, "Tag", number(given["id"]), given)
    return True


@mutation("tagsDestroy")
def destroy_many(context: Context, arguments: Arguments) -> bool:
    """Delete several tags, or none."""
    for row_id in numbers(arguments["ids"]):
        destroy_tag(context.state, row_id)
        tell_destroyed(context, "Tag", row_id, arguments)
    return True


def write_tag(context: Context, row: Row, given: Mapping[str, Any]) -> None:
    """Write what was given, as the input of any of the mutations, into a tag that is open for change.

    Raises:
        ResolverError: Stash refuses it.
    """
    state = context.state
    write(row, given, _COLUMNS)
    write_names(context, "tags", row, given)
    if "image" in given:
        row["picture"] = picture(given["image"])
    _write_relations(state, row, given)
    write_stash_ids(state, row, given)
    write_custom_fields(row, given)


def destroy_tag(state: State, row_id: int) -> None:
    """Delete a tag and the links to it.

    Raises:
        ResolverError: there is none.
    """
    if row_id not in state.tables["tags"]:
        raise ResolverError(f"id {row_id} does not exist in tags")
    unlink(state, (*HOLDERS, ("tags", "parents")), row_id)
    state.remove("tags", row_id)


def _write_relations(state: State, row: Row, given: Mapping[str, Any]) -> None:
    own = row["id"]
    present = {row_id for row_id, other in state.tables["tags"].items() if own in other["parents"]}
    parents, children = set(row["parents"]), set(present)
    if "parent_ids" in given:
        parents = linked(state, own, parents, given["parent_ids"], _PARENTS)
    if "child_ids" in given:
        children = linked(state, own, present, given["child_ids"], _CHILDREN)
    require_no_tag_cycle(state, row, sorted(parents - set(row["parents"])), sorted(children - present))
    row["parents"] = sorted(parents)
    for child in children ^ present:
        other = row if child == own else state.change("tags", child, touch=False)
        other["parents"] = sorted({*other["parents"], own} if child in children else {*other["parents"]} - {own})
