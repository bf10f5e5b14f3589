"""Saved filters: kept as they are given, once for each name of a mode."""

from collections.abc import Mapping
from typing import Any

from stash_sense.fakes.graphql.engine import ResolverError
from stash_sense.fakes.stash.changes.links import broken_uniqueness
from stash_sense.fakes.stash.changes.sparse import text
from stash_sense.fakes.stash.fields import Arguments, Context, mutation, of, query
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import number

_FINDING = ("q", "page", "per_page", "sort", "direction")
_KEPT = ("mode", "find_filter", "object_filter", "ui_options")


@query("findSavedFilter")
def find_one(context: Context, arguments: Arguments) -> Row | None:
    """A filter, or nothing."""
    return context.state.tables["saved_filters"].get(number(arguments["id"]))


@query("findSavedFilters")
def find_all(context: Context, arguments: Arguments) -> list[Row]:
    """The filters of a mode, or of all."""
    rows = context.state.tables["saved_filters"].values()
    mode = arguments.get("mode")
    return sorted((row for row in rows if mode in (None, row["mode"])), key=lambda row: row["name"].lower())


@mutation("saveFilter")
def save(context: Context, arguments: Arguments) -> Row:
    """Save a filter, over the one whose id is given."""
    given, state = arguments["input"], context.state
    name = text(given["name"])
    if not name:
        raise ResolverError("name must be non-empty")
    row = state.change("saved_filters", number(given["id"])) if given.get("id") else state.insert("saved_filters")
    for other in state.tables["saved_filters"].values():
        if other["id"] != row["id"] and (other["mode"], other["name"]) == (given["mode"], name):
            column = "saved_filters.mode, saved_filters.name"
            raise broken_uniqueness("INSERT INTO saved_filters (?, ?)", column, given["mode"], name)
    row.update({"name": name, **{key: given.get(key) for key in _KEPT}})
    return row


@of("SavedFilter.find_filter")
def find_filter(row: Row, _context: Context, _arguments: Arguments) -> Mapping[str, Any] | None:
    """How it finds, with null for what was not said."""
    told = row["find_filter"]
    return None if told is None else {key: told.get(key) for key in _FINDING}
