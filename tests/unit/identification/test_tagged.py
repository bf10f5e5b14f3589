"""Performers of Stash are found among the known people by their ids, else by their names."""

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest

from stash_sense.identification.tagged import rows_of
from stash_sense.library.media import StashId
from stash_sense.library.people import Performer
from stash_sense.performers.roster import KnownPerson, ListedRoster

STASHDB, THEPORNDB = "https://stashdb.org/graphql", "https://theporndb.net/graphql"
ROSTER = ListedRoster(
    [
        KnownPerson("stashdb.org:aaa", "Ann"),
        KnownPerson("stashdb.org:bbb", "Ann"),
        KnownPerson("folder:Ben", "Ben"),
        KnownPerson("localhost:9998:ccc", "Cid"),
    ]
)


def performer(name: str, *ids: tuple[str, str]) -> Performer:
    """Make a performer of whom nothing else is known."""
    plain: dict[str, Any] = {
        "str": "",
        "bool": False,
        "int": 0,
        "int | None": None,
        "float | None": None,
        "datetime": datetime(2026, 1, 1, tzinfo=UTC),
        "Mapping[str, Any]": {},
    }
    blank = {
        field.name: plain.get(str(getattr(field.type, "__name__", field.type)), ())
        for field in dataclasses.fields(Performer)
    }
    told = {"id": "7", "name": name, "stash_ids": tuple(StashId(*one) for one in ids)}
    return Performer(**{**blank, **told})


@pytest.mark.parametrize(
    ("name", "ids", "rows"),
    [
        ("Somebody Else", [(STASHDB, "bbb")], {1}),
        ("Ann", [(STASHDB, "aaa")], {0}),
        ("Ann", [], {0, 1}),
        ("ann", [(THEPORNDB, "zzz")], {0, 1}),
        ("Ann", [(STASHDB, "zzz")], set()),  # the same endpoint knows both by other ids
        ("Ben", [(STASHDB, "zzz")], {2}),
        ("Cid C.", [("http://localhost:9998/graphql", "ccc")], {3}),
        ("Nobody", [("http://[", "ccc")], set()),
    ],
)
def test_ids_come_before_names(name: str, ids: list[tuple[str, str]], rows: set[int]) -> None:
    assert rows_of([performer(name, *ids)], ROSTER) == {"7": rows}
