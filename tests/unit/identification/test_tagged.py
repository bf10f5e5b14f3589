"""Performers of Stash are found among the known people by their ids, else by their names."""

import dataclasses
from datetime import UTC, datetime

import pytest

from stash_sense.identification.tagged import rows_of
from stash_sense.library.media import StashId
from stash_sense.library.people import Performer
from stash_sense.performers.ids import stash_only_id
from stash_sense.performers.roster import KnownPerson, ListedRoster

AT = datetime(2026, 11, 20, tzinfo=UTC)
TEXTS = """
name disambiguation gender birthdate death_date country ethnicity eye_color hair_color measurements fake_tits
circumcised career career_start career_end tattoos piercings details picture
"""
BLANK = Performer(
    id="7",
    **dict.fromkeys(TEXTS.split(), ""),
    aliases=(),
    height_cm=None,
    weight=None,
    penis_length=None,
    urls=(),
    favorite=False,
    ignore_auto_tag=False,
    rating100=None,
    tag_ids=(),
    stash_ids=(),
    scene_count=0,
    image_count=0,
    gallery_count=0,
    created_at=AT,
    updated_at=AT,
    custom_fields={},
)
STASHDB, THEPORNDB = "https://stashdb.org/graphql", "https://theporndb.net/graphql"
ROSTER = ListedRoster(
    [
        KnownPerson("stashdb.org:aaa", "Ann"),
        KnownPerson("stashdb.org:bbb", "Ann"),
        KnownPerson("folder:Ben", "Ben"),
        KnownPerson("localhost:9998:ccc", "Cid"),
        KnownPerson(stash_only_id("6", AT), "Dora"),
        KnownPerson(stash_only_id("8", AT), "Eva"),
    ]
)


def performer(name: str, *ids: tuple[str, str]) -> Performer:
    return dataclasses.replace(BLANK, name=name, stash_ids=tuple(StashId(*one) for one in ids))


@pytest.mark.parametrize(
    ("name", "ids", "rows"),
    [
        ("Somebody Else", [(STASHDB, "bbb")], {1}),
        ("Ann", [(STASHDB, "aaa")], {0}),
        ("Cid C.", [("http://localhost:9998/graphql", "ccc")], {3}),
    ],
)
def test_ids_come_before_names(name: str, ids: list[tuple[str, str]], rows: set[int]) -> None:
    assert rows_of([performer(name, *ids)], ROSTER) == {"7": rows}


@pytest.mark.parametrize(
    ("name", "ids", "rows"),
    [
        ("Ann", [], {0, 1}),
        ("ann", [(THEPORNDB, "zzz")], {0, 1}),
        ("Ann", [(STASHDB, "zzz")], set()),  # the same endpoint knows both by other ids
        ("Ben", [(STASHDB, "zzz")], {2}),
        ("Nobody", [("http://[", "ccc")], set()),
        ("Eva", [], set()),  # another performer of Stash has that name, too
    ],
)
def test_who_is_known_by_no_id_is_found_by_name(name: str, ids: list[tuple[str, str]], rows: set[int]) -> None:
    assert rows_of([performer(name, *ids)], ROSTER) == {"7": rows}


def test_who_is_known_to_stash_alone_is_found_whatever_the_name() -> None:
    renamed = dataclasses.replace(performer("Theodora"), id="6")
    assert rows_of([renamed], ROSTER) == {"6": {4}}
