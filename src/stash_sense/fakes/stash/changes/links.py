"""Links from one row to others: lists of ids that are set, added to or removed from, all of which must exist."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stash_sense.fakes.graphql.engine import ResolverError
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import State, number


@dataclass(frozen=True)
class Link:
    """A field of an input that holds the ids of other rows.

    Attributes:
        field: of the input, as "performer_ids".
        column: of the row, as "performers".
        table: of the other rows.
        join: the table of pairs in which Stash keeps it, for the errors that name it.
        what: the ids are, for the error of one that is no number: "performer ids".
    """

    field: str
    column: str
    table: str
    join: str
    what: str


@dataclass(frozen=True)
class Reference:
    """A field of an input that holds the id of one other row.

    Attributes:
        field: of the input, as "studio_id".
        column: of the row, as "studio".
        table: of the other row.
        what: the id is, for the error of one that is no number: "studio id".
    """

    field: str
    column: str
    table: str
    what: str


def write_links(state: State, row: Row, given: Mapping[str, Any], links: Iterable[Link]) -> None:
    """Write the lists of ids that were given: a whole list, or {"ids", "mode"} of a bulk update.

    Raises:
        ResolverError: an id is no number, or no row has it.
    """
    for link in links:
        if link.field in given:
            row[link.column] = sorted(linked(state, row["id"], row[link.column], given[link.field], link))


def linked(state: State, own: int, present: Iterable[int], given: Any, link: Link) -> set[int]:
    """Return the ids that a row is linked to afterwards.

    Args:
        state: the library.
        own: id of the row.
        present: ids that it is linked to now.
        given: a list of ids, null, or {"ids", "mode"}.
        link: which one.
    """
    mode, texts = (given["mode"], given.get("ids")) if isinstance(given, Mapping) else ("SET", given)
    ids = numbers(texts, f"converting {link.what}")
    if mode == "REMOVE":
        return set(present) - set(ids)
    for other in ids:
        if other not in state.tables[link.table]:
            raise insertion(link, own, other)
    return set(ids) if mode == "SET" else {*present, *ids}


def write_reference(state: State, row: Row, given: Mapping[str, Any], reference: Reference) -> None:
    """Write the id of one other row, as studio_id; null and "" clear it.

    Raises:
        ResolverError: it is no number, or no row has it.
    """
    if reference.field not in given:
        return
    text = given[reference.field]
    other = number(text, f"converting {reference.what}") if text else None
    if other is not None and other not in state.tables[reference.table]:
        raise broken_reference(f"UPDATE SET `{reference.field}`=? WHERE (`id` = ?)", other, row["id"])
    row[reference.column] = other


def numbers(given: Iterable[str] | None, what: str = "converting ids") -> list[int]:
    """Return ids as numbers, each once, in their order.

    Raises:
        ResolverError: one is no number.
    """
    return list(dict.fromkeys(number(text, what) for text in given or ()))


def unlink(state: State, columns: Iterable[tuple[str, str]], gone: int) -> None:
    """Take the id of a row that goes away out of all rows that are linked to it; their updated_at stays.

    Args:
        state: the library.
        columns: (table, column) of lists that may hold the id.
        gone: the id.
    """
    for holder, column in columns:
        for row_id in holding(state, holder, column, gone):
            row = state.change(holder, row_id, touch=False)
            row[column] = [other for other in row[column] if other != gone]


def holding(state: State, holder: str, column: str, held: int) -> list[int]:
    """Return the rows that refer to one, but for those which the same transaction has removed."""
    return [row_id for row_id in state.referring(holder, column).get(held, ()) if row_id in state.tables[holder]]


def relink(state: State, columns: Iterable[tuple[str, str]], old: int, new: int) -> None:
    """Put one id in the place of another in all rows that are linked to it; their updated_at stays."""
    for holder, column in columns:
        for row_id in state.referring(holder, column).get(old, ()):
            row = state.change(holder, row_id, touch=False)
            row[column] = sorted({new, *row[column]} - {old})


def insertion(link: Link, own: int, other: object) -> ResolverError:
    """Return the error of a link between two rows of which one is not there."""
    return broken_reference(f"INSERT INTO {link.join} (?, ?) ON CONFLICT DO NOTHING", own, other)


def broken_reference(statement: str, *values: object) -> ResolverError:
    """Return the error of a statement that names a row which is not there."""
    return _failed(statement, values, "FOREIGN KEY constraint failed")


def broken_uniqueness(statement: str, column: str, *values: object) -> ResolverError:
    """Return the error of a statement that repeats what may be there once.

    Args:
        statement: that failed.
        column: as "tag_aliases.alias".
        values: of the statement.
    """
    return _failed(statement, values, f"UNIQUE constraint failed: {column}")


def _failed(statement: str, values: Iterable[object], why: str) -> ResolverError:
    return ResolverError(f"error executing `{statement}` [[{' '.join(map(str, values))}]]: {why}")
