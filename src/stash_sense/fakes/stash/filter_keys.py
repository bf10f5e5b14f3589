"""What keys of filters are made of: a column, a file, a relation or a count, with the criterion that judges it."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from stash_sense.fakes.graphql.engine import Flaw
from stash_sense.fakes.stash import criteria
from stash_sense.fakes.stash.finding import Judge
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import State

FilterKey = Callable[[State, Any], Judge]
"""(library, criterion) -> judge of rows."""


def words(column: str) -> FilterKey:
    """A text column by StringCriterionInput."""

    def key(_state: State, criterion: Any) -> Judge:
        claim = criteria.text(criterion)
        return lambda row: claim(row[column])

    return key


def listed(column: str) -> FilterKey:
    """A list of texts by StringCriterionInput, as urls and aliases."""

    def key(_state: State, criterion: Any) -> Judge:
        claim = criteria.any_text(criterion)
        return lambda row: claim(row[column])

    return key


def ordered(column: str) -> FilterKey:
    """A number or time column by the criterion of its type."""

    def key(_state: State, criterion: Any) -> Judge:
        claim = criteria.ordered(criterion)
        return lambda row: claim(row[column])

    return key


def dated(column: str) -> FilterKey:
    """A date by DateCriterionInput; "1980" stands for its first day."""

    def key(_state: State, criterion: Any) -> Judge:
        claim = criteria.ordered(criterion)
        return lambda row: claim(_whole(row[column]))

    return key


def year(column: str) -> FilterKey:
    """The year of a date by IntCriterionInput."""

    def key(_state: State, criterion: Any) -> Judge:
        claim = criteria.ordered(criterion)
        return lambda row: claim(int(row[column][:4]) if row[column] else None)

    return key


def flag(column: str) -> FilterKey:
    """A boolean column."""
    return lambda _state, wanted: lambda row: row[column] == wanted


def members(column: str) -> FilterKey:
    """A relation by MultiCriterionInput."""

    def key(_state: State, criterion: Any) -> Judge:
        claim = criteria.members(criterion)
        return lambda row: claim(ids_in(row[column]))

    return key


def below(column: str, table: str, parent: str) -> FilterKey:
    """A relation by HierarchicalMultiCriterionInput: an id stands for those below it too, as deep as is asked for.

    Args:
        column: the relation.
        table: related.
        parent: column of that table which holds its parents.
    """

    def key(state: State, criterion: Any) -> Judge:
        claim = criteria.members(
            criterion, lambda one: descendants(state, table, parent, one, criterion.get("depth"))
        )
        return lambda row: claim(ids_in(row[column]))

    return key


def back(table: str, column: str) -> FilterKey:
    """Who refers to the row, by MultiCriterionInput."""

    def key(state: State, criterion: Any) -> Judge:
        claim, referring = criteria.members(criterion), state.referring(table, column)
        return lambda row: claim(referring.get(row["id"], ()))

    return key


def count_of(column: str) -> FilterKey:
    """How many ids a column holds."""

    def key(_state: State, criterion: Any) -> Judge:
        claim = criteria.ordered(criterion)
        return lambda row: claim(len(row[column]))

    return key


def count_back(table: str, column: str) -> FilterKey:
    """How many rows of a table refer to the row."""

    def key(state: State, criterion: Any) -> Judge:
        claim, referring = criteria.ordered(criterion), state.referring(table, column)
        return lambda row: claim(len(referring.get(row["id"], ())))

    return key


def of_file(value: Callable[[Row], Any], judge: Callable[[Any], criteria.Claim]) -> FilterKey:
    """A value of the primary file."""

    def key(state: State, criterion: Any) -> Judge:
        claim = judge(criterion)
        return lambda row: bool(row["files"]) and claim(value(state.tables["files"][row["files"][0]]))

    return key


def of_files(values: Callable[[Row], Iterable[str]], judge: Callable[[Any], criteria.Claim]) -> FilterKey:
    """Texts of all files together."""

    def key(state: State, criterion: Any) -> Judge:
        claim, files = judge(criterion), state.tables["files"]
        return lambda row: claim([text for one in row["files"] for text in values(files[one])])

    return key


def some(column: str, table: str, judge: Callable[[State, Any], Judge]) -> FilterKey:
    """A filter of related rows: one of them must match."""

    def key(state: State, told: Any) -> Judge:
        related, rows = judge(state, told), state.tables[table]
        return lambda row: any(related(rows[one]) for one in ids_in(row[column]))

    return key


def some_back(table: str, column: str, judge: Callable[[State, Any], Judge]) -> FilterKey:
    """A filter of the rows that refer to the row: one of them must match."""

    def key(state: State, told: Any) -> Judge:
        related, rows, referring = judge(state, told), state.tables[table], state.referring(table, column)
        return lambda row: any(related(rows[one]) for one in referring.get(row["id"], ()))

    return key


def missing(**columns: str) -> FilterKey:
    """`is_missing`: the name of what must be empty, with the column that holds it."""

    def key(_state: State, name: str) -> Judge:
        if name not in columns:
            raise Flaw(f"is_missing {name} is not implemented")
        return lambda row: not row[columns[name]]

    return key


def plain(judge: Callable[[Any], criteria.Claim], column: str) -> FilterKey:
    """A column by a criterion of its own kind."""

    def key(_state: State, criterion: Any) -> Judge:
        claim = judge(criterion)
        return lambda row: claim(row[column])

    return key


def ids_in(value: Any) -> Collection[int]:
    """Return the ids of a column that holds one, several, or none."""
    return value if isinstance(value, list) else () if value is None else (value,)


def descendants(state: State, table: str, parent: str, top: int, depth: int | None) -> set[int]:
    """Return an id with those below it: none for a depth of 0, all for -1."""
    found, layer, children = {top}, {top}, state.referring(table, parent)
    left = depth or 0
    while layer and left:
        layer = {child for one in layer for child in children.get(one, ())} - found
        found |= layer
        left -= 1
    return found


def fingerprints(kind: str) -> Callable[[Row], list[str]]:
    """Return what reads the fingerprints of one type from a file."""
    return lambda file: [own["value"] for own in file["fingerprints"] if own["type"] == kind]


def _whole(date: str | None) -> str | None:
    return None if not date else date + "-01-01"[len(date) - 4 :]
