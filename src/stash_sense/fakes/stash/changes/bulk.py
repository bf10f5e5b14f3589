"""One input for many rows: all of them are changed or none."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from stash_sense.fakes.graphql.engine import ResolverError
from stash_sense.fakes.stash.changes.hooks import tell_bulk
from stash_sense.fakes.stash.changes.links import Link, insertion, numbers
from stash_sense.fakes.stash.fields import Arguments, Context
from stash_sense.fakes.stash.rows import Row

Write = Callable[[Context, Row, Mapping[str, Any]], None]
"""Writes what was given into a row that is open for change."""

_LISTS = ("urls", "alias_list", "aliases")


def update_all(
    context: Context, table: str, kind: str, arguments: Arguments, write: Write, blind: Iterable[Link] | None = None
) -> list[Row]:
    """Write one input into the rows of its ids.

    Args:
        context: of the request.
        table: of the rows.
        kind: as hooks call them: "Scene".
        arguments: of the mutation.
        write: of the kind.
        blind: links that Stash writes before it looks whether the row is there, where it does so.

    Returns:
        The rows, in the order of the ids.

    Raises:
        ResolverError: an id is no number or unknown, or what was given is refused; nothing is changed then.
    """
    given = arguments["input"]
    kept = {name: value for name, value in given.items() if value is not None or not _is_list(name)}
    rows = []
    for row_id in numbers(given.get("ids")):
        if blind is not None and row_id not in context.state.tables[table]:
            raise _missed(row_id, kept, blind)
        row = context.state.change(table, row_id)
        write(context, row, kept)
        rows.append(row)
        tell_bulk(context, kind, row_id, given)
    return rows


def _is_list(name: str) -> bool:
    """Tell whether null means "leave alone" in a bulk, where a single update would clear."""
    return name.endswith("_ids") or name in _LISTS


def _missed(row_id: int, given: Mapping[str, Any], blind: Iterable[Link]) -> ResolverError:
    for link in blind:
        change = given.get(link.field, {})
        if change.get("ids") and change["mode"] != "REMOVE":
            return insertion(link, row_id, change["ids"][0])
    return ResolverError("sql: no rows in result set")
