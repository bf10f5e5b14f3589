"""Filters, sorts and pages of lists, as the real server's: names by a part of them, unknown values last."""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from stash_sense.fakes.graphql.engine import Flaw
from stash_sense.fakes.stashbox.state import Row, instant

Arguments = Mapping[str, Any]
Test = Callable[[Row, Any], bool]
Key = Callable[[Row], Any]
"""By which rows are sorted."""

_DEFAULT_PAGE = 25
_OF_PAGES = {"page", "per_page", "direction", "sort"}
"""What every list is asked for that is no filter."""


def has_part(field: str) -> Test:
    """Test whether a text has a part, in either case."""
    return lambda row, wanted: wanted.lower() in (row[field] or "").lower()


def is_one_of(field: str) -> Test:
    """Test whether a field has a value; UNKNOWN stands for none."""
    return lambda row, wanted: (row[field] or "UNKNOWN") == wanted


def is_linked(ids_of: Callable[[Row], Iterable[str]]) -> Test:
    """Test what a row is linked to against a criterion of ids."""

    def test(row: Row, criterion: Arguments) -> bool:
        linked, wanted = set(ids_of(row)), {text.lower() for text in criterion.get("value") or ()}
        match criterion["modifier"]:
            case "INCLUDES":
                return bool(linked & wanted)
            case "INCLUDES_ALL":
                return wanted <= linked
            case "EXCLUDES":
                return not linked & wanted
            case "IS_NULL":
                return not linked
            case "NOT_NULL":
                return bool(linked)
            case other:
                raise Flaw(f"the modifier {other} of ids is not implemented")

    return test


def narrowed(rows: Iterable[Row], told: Arguments, tests: Mapping[str, Test]) -> list[Row]:
    """Return the rows that pass the tests of all that was asked for; null and "" ask for nothing.

    Raises:
        Flaw: there is no test for what was asked for.
    """
    asked = {name: wanted for name, wanted in told.items() if name not in _OF_PAGES and wanted not in (None, "")}
    if unknown := asked.keys() - tests.keys():
        raise Flaw(f"the filter by {', '.join(sorted(unknown))} is not implemented")
    return [row for row in rows if all(tests[name](row, wanted) for name, wanted in asked.items())]


def page(rows: Iterable[Row], told: Arguments, keys: Mapping[str, Key]) -> list[Row]:
    """Sort rows and return one page.

    Args:
        rows: to list.
        told: page, per_page, direction and sort.
        keys: of the sorts that are implemented; a row whose key is None comes last in either direction.
    """
    if told["sort"] not in keys:
        raise Flaw(f"the sort {told['sort']} is not implemented")
    key, backwards = keys[told["sort"]], told["direction"] == "DESC"
    by_id = sorted(rows, key=lambda row: row["id"], reverse=backwards)
    # Sorting backwards keeps the order of equal rows, so ids run backwards among them too, as recorded.
    known = sorted((row for row in by_id if key(row) is not None), key=key, reverse=backwards)
    listed = [*known, *(row for row in by_id if key(row) is None)]
    size = told["per_page"] if told["per_page"] > 0 else _DEFAULT_PAGE
    first = (max(told["page"], 1) - 1) * size
    return listed[first : first + size]


def text_key(field: str) -> Key:
    """Return a key that sorts texts as people do."""
    return lambda row: None if row[field] is None else unicodedata.normalize("NFKD", row[field]).casefold()


def value_key(field: str) -> Key:
    """Return a key that sorts by a value itself."""
    return lambda row: row[field]


def time_key(field: str) -> Key:
    """Return a key that sorts by a moment."""
    return lambda row: instant(row[field])


TIMES = {"CREATED_AT": time_key("created"), "UPDATED_AT": time_key("updated")}
"""The sorts that every list has."""


def found(rows: Iterable[Row], term: str, names_of: Callable[[Row], Iterable[str | None]], limit: int) -> list[Row]:
    """Search rows by words: by all of their names, those with most words of the term first; an id is found alone."""
    rows = list(rows)
    if alone := [row for row in rows if row["id"] == term.strip().lower()]:
        return alone
    words = set(term.lower().split())

    def score(row: Row) -> tuple[int, int, str]:
        names = " ".join(name for name in names_of(row) if name).lower().split()
        return -len(words & set(names)), len(names), row["id"]

    ranked = sorted((score(row), row["id"], row) for row in rows if score(row)[0])
    return [row for _, _, row in ranked][:limit]
