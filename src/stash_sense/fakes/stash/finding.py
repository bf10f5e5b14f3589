"""Finds rows: by ids, or by filter and search, sorted, a page of them."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from stash_sense.fakes.graphql.engine import Flaw, ResolverError
from stash_sense.fakes.stash.criteria import contains
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import State, number

Judge = Callable[[Row], bool]
Key = Callable[[State, Row], Any]

_PER_PAGE = 25
_SEEDED = "random_"
_NATURAL = re.compile(r"(\d+)")


def by_id(state: State, table: str, text: str | None) -> Row | None:
    """Return the row of one id, None if there is none.

    Raises:
        ResolverError: the id is not a number.
    """
    return None if text is None else state.tables[table].get(number(text))


def by_ids(state: State, table: str, ids: Iterable[str]) -> list[Row]:
    """Return the rows of some ids, in their order.

    Raises:
        ResolverError: one is no number, or has no row: that spoils them all.
    """
    return [state.row(table, number(one)) for one in ids]


def page_of(rows: list[Row], asked: Mapping[str, Any]) -> list[Row]:
    """Return a page: 25 rows unless told, all for less than none, and page 0 is page 1."""
    size = asked.get("per_page")
    size = _PER_PAGE if size is None else size
    if size < 0:
        return rows
    start = (max(asked.get("page") or 1, 1) - 1) * size
    return rows[start : start + size]


def sorted_rows(
    state: State, table: str, rows: list[Row] | None, asked: Mapping[str, Any], keys: Mapping[str, Key], default: str
) -> list[Row]:
    """Return rows in the order that was asked for; equal ones by name or title, then by id.

    Args:
        state: of the rows.
        table: of the rows.
        rows: to sort; None for the whole table, whose order is kept for the next page.
        asked: a FindFilterType.
        keys: by name of the sort; "" is that of equal rows.
        default: name of the sort where none is asked for.

    Raises:
        ResolverError: the sort is unknown, or its seed no number.
    """
    name, descending = asked.get("sort") or default, asked.get("direction") == "DESC"
    seed = _seed(state, name)
    if name not in keys and seed is None:
        raise ResolverError(f"invalid sort: {name}")

    def derive() -> list[Row]:
        found = list(state.tables[table].values() if rows is None else rows)
        if seed is not None:
            return sorted(found, key=shuffled(seed), reverse=descending)
        key, last = keys[name], keys[""]
        if name != "id":
            found.sort(key=lambda row: last(state, row))
        found.sort(key=lambda row: nullable(key(state, row)), reverse=descending)
        return found

    if rows is None and name != "random":
        return state.derived(("sorted", table, name, descending), derive)  # type: ignore[no-any-return]
    return derive()


def nullable(value: Any) -> tuple[bool, Any]:
    """Return a key by which NULL is the smallest."""
    return (False, 0) if value is None else (True, value)


@lru_cache(1 << 17)
def natural(text: str | None) -> Any:
    """Return a key that counts digits as numbers and no case."""
    if not text:
        return None
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in _NATURAL.split(text.lower()))


def _seed(state: State, name: str) -> int | None:
    """Return what a random order is made from; None for another sort.

    "random_1234" is always the same order, "random" a new one for every request: its pages do not fit together.
    """
    if name == "random":
        return state.another_seed()
    if not name.startswith(_SEEDED):
        return None
    seed = name.removeprefix(_SEEDED)
    if not (seed.isascii() and seed.isdecimal()):
        raise ResolverError(f"invalid random seed: {seed}")
    return int(seed)


def shuffled(seed: int) -> Callable[[Row], int]:
    """Return the key of a random order."""
    return lambda row: ((row["id"] + seed) * 2654435761 ^ seed) % 4294967291


def searched(words: str, texts: Callable[[Row], Iterable[str]]) -> Judge:
    """Return the search of a whole row: every word must be in some text; -word in none, "two words" as they stand."""
    found = re.findall(r'(-?)(?:"([^"]*)"|(\S+))', words)
    claims = [(minus == "", contains(quoted or word)) for minus, quoted, word in found if quoted or word]

    def judge(row: Row) -> bool:
        own = [text for text in texts(row) if text]
        return all(any(claim(text) for text in own) == wanted for wanted, claim in claims)

    return judge


def judged(table: Mapping[str, Callable[[State, Any], Judge]], state: State, told: Mapping[str, Any]) -> Judge:
    """Return a filter as one judge: all its keys hold, with the AND, OR and NOT of further filters.

    Raises:
        Flaw: it has a key that is not simulated.
    """
    judges: list[Judge] = []
    for key, value in told.items():
        if key in _JOINED or value is None:
            continue
        if key not in table:
            raise Flaw(f"the filter by {key} is not implemented")
        judges.append(table[key](state, value))
    judge = _all(judges) if judges else None
    for key, joined in _JOINED.items():
        if told.get(key) is not None:
            judge = joined(judge, judged(table, state, told[key]))
    return judge or _all([])


def _all(judges: list[Judge]) -> Judge:
    return lambda row: all(judge(row) for judge in judges)


def _and(one: Judge | None, other: Judge) -> Judge:
    return _all([one, other] if one else [other])


def _or(one: Judge | None, other: Judge) -> Judge:
    return other if one is None else lambda row: one(row) or other(row)


def _not(one: Judge | None, other: Judge) -> Judge:
    return lambda row: (one is None or one(row)) and not other(row)


_JOINED: Mapping[str, Callable[[Judge | None, Judge], Judge]] = {"AND": _and, "OR": _or, "NOT": _not}
