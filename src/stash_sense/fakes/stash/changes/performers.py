"""Performers made, updated and destroyed."""

from collections.abc import Mapping
from typing import Any

from stash_sense.fakes.graphql.engine import ResolverError
from stash_sense.fakes.stash.changes.aliases import repeated, strings, without_repeated
from stash_sense.fakes.stash.changes.bulk import update_all
from stash_sense.fakes.stash.changes.careers import write_career
from stash_sense.fakes.stash.changes.custom_fields import write_custom_fields
from stash_sense.fakes.stash.changes.dates import date, first_day
from stash_sense.fakes.stash.changes.hooks import tell_created, tell_destroyed, tell_updated
from stash_sense.fakes.stash.changes.links import Link, numbers, unlink, write_links
from stash_sense.fakes.stash.changes.names import require_name
from stash_sense.fakes.stash.changes.pictures import picture
from stash_sense.fakes.stash.changes.sparse import Stored, certain, nullable, of_creation, text, write
from stash_sense.fakes.stash.changes.stash_ids import write_stash_ids
from stash_sense.fakes.stash.fields import Arguments, Context, mutation
from stash_sense.fakes.stash.profiles import Profile
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import State, number

HOLDERS = (("scenes", "performers"), ("images", "performers"), ("galleries", "performers"))
"""What is linked to performers."""

_COLUMNS: dict[str, Stored] = {
    **dict.fromkeys(("name", "disambiguation", "ethnicity", "country", "eye_color", "hair_color"), text),
    **dict.fromkeys(("measurements", "fake_tits", "career_length", "tattoos", "piercings", "details"), text),
    **dict.fromkeys(("gender", "height_cm", "weight", "penis_length", "circumcised", "rating100"), nullable),
    **dict.fromkeys(("favorite", "ignore_auto_tag"), certain),
    "birthdate": date("birthdate"),
    "death_date": date("death date"),
    "career_start": date("career start"),
    "career_end": date("career end"),
}
_TAGS = Link("tag_ids", "tags", "tags", "performers_tags", "tag ids")


@mutation("performerCreate")
def create(context: Context, arguments: Arguments) -> Row:
    """Make a performer."""
    given = of_creation(arguments["input"])
    row = context.state.insert("performers")
    _write_valid(context, row, given)
    tell_created(context, "Performer", row["id"], arguments["input"])
    return row


@mutation("performerUpdate")
def update(context: Context, arguments: Arguments) -> Row:
    """Change what is given of a performer."""
    given = arguments["input"]
    row = context.state.change("performers", number(given["id"], "converting id"))
    _write_valid(context, row, given)
    tell_updated(context, "Performer", row["id"], given)
    return row


@mutation("bulkPerformerUpdate")
def update_many(context: Context, arguments: Arguments) -> list[Row]:
    """Change several performers alike."""
    return update_all(context, "performers", "Performer", arguments, _write_valid)


@mutation("performerDestroy")
def destroy(context: Context, arguments: Arguments) -> bool:
    """Delete a performer; scenes, images and galleries lose it and nothing else."""
    given = arguments["input"]
    destroy_performer(context.state, number(given["id"], "converting id"))
    tell_destroyed(context, "Performer", number(given["id"]), given)
    return True


@mutation("performersDestroy")
def destroy_many(context: Context, arguments: Arguments) -> bool:
    """Delete several performers, or none."""
    for row_id in numbers(arguments["ids"]):
        destroy_performer(context.state, row_id)
        tell_destroyed(context, "Performer", row_id, arguments)
    return True


def write_performer(context: Context, row: Row, given: Mapping[str, Any]) -> None:
    """Write what was given, as the input of any of the mutations, into a performer that is open for change.

    Its name, aliases and dates are not checked: a merge takes what an update refuses.

    Raises:
        ResolverError: a date, picture or id is none.
    """
    write(row, given, _COLUMNS)
    for field, column in (("urls", "urls"), ("alias_list", "aliases")):
        if field in given:
            row[column] = strings(row[column], given[field])
    if "image" in given:
        row["picture"] = picture(given["image"])
    if context.server.profile is Profile.V0_31:
        write_career(row, given)
    write_links(context.state, row, given, [_TAGS])
    write_stash_ids(context.state, row, given)
    write_custom_fields(row, given)


def destroy_performer(state: State, row_id: int) -> None:
    """Delete a performer and the links to it.

    Raises:
        ResolverError: there is none.
    """
    if row_id not in state.tables["performers"]:
        raise ResolverError(f"id {row_id} does not exist in performers")
    unlink(state, HOLDERS, row_id)
    state.remove("performers", row_id)


def _write_valid(context: Context, row: Row, given: Mapping[str, Any]) -> None:
    write_performer(context, row, given)
    if context.server.profile is Profile.V0_31:
        row["aliases"] = without_repeated(row["name"], row["aliases"])
    if {"name", "disambiguation"} & given.keys():
        _require_own_name(context.state, row)
    if {"name", "alias_list"} & given.keys():
        _require_own_aliases(row)
    if {"birthdate", "death_date"} & given.keys():
        _require_order(row)
    row["aliases"].sort()


def _require_own_name(state: State, row: Row) -> None:
    require_name("performers", row["name"])
    for other in state.tables["performers"].values():
        if other["id"] != row["id"] and _same(other, row, "name") and _same(other, row, "disambiguation"):
            which = f" and disambiguation '{row['disambiguation']}'" if row["disambiguation"] else ""
            raise ResolverError(f"performer with name '{row['name']}'{which} already exists")


def _same(other: Row, row: Row, column: str) -> bool:
    return bool(other[column].lower() == row[column].lower())


def _require_own_aliases(row: Row) -> None:
    for alias in repeated(row["name"], row["aliases"]):
        raise ResolverError(f"performer contains duplicate alias '{alias}'")


def _require_order(row: Row) -> None:
    birth, death = row["birthdate"], row["death_date"]
    if birth and death and first_day(death) < first_day(birth):
        raise ResolverError(f"death date {death} should be after birthdate {birth}")
