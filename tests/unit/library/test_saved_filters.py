"""Filters that Stash's page has saved, as criteria that its lists take."""

from typing import Any

import pytest
from graphql import GraphQLInputObjectType
from graphql.utilities import validate_input_value
from tests.stash_schemas import schema, schemas

from stash_sense.errors import SavedFilterUnusable
from stash_sense.library.saved_filters import scope_of
from stash_sense.library.server import SavedFilter

TAGS = {
    "modifier": "INCLUDES_ALL",
    "value": {
        "items": [{"id": "1", "label": "Outdoor"}],
        "excluded": [{"id": "2", "label": "Beach"}],
        "depth": -1,
    },
}
OF_BOTH: dict[str, tuple[Any, Any]] = {
    "tags": (TAGS, {"value": ["1"], "excludes": ["2"], "modifier": "INCLUDES_ALL", "depth": -1}),
    "studios": (
        {"modifier": "INCLUDES", "value": {"items": [{"id": "3", "label": "House"}], "excluded": [], "depth": 0}},
        {"value": ["3"], "modifier": "INCLUDES", "depth": 0},
    ),
    "performer_tags": ({"modifier": "IS_NULL"}, {"value": [], "modifier": "IS_NULL"}),
    "performers": (
        {"modifier": "INCLUDES", "value": {"items": [{"id": "1", "label": "Ada"}], "excluded": []}},
        {"value": ["1"], "modifier": "INCLUDES"},
    ),
    "galleries": (
        {"modifier": "EXCLUDES", "value": [{"id": "5", "label": "Set"}]},
        {"value": ["5"], "modifier": "EXCLUDES"},
    ),
    "organized": ({"modifier": "EQUALS", "value": "false"}, False),
    "performer_favorite": ({"modifier": "EQUALS", "value": "true"}, True),
    "is_missing": ({"modifier": "EQUALS", "value": "performers"}, "performers"),
    "path": ({"modifier": "INCLUDES", "value": "/new"}, {"value": "/new", "modifier": "INCLUDES"}),
    "title": ({"modifier": "NOT_NULL"}, {"value": "", "modifier": "NOT_NULL"}),
    "rating100": (
        {"modifier": "BETWEEN", "value": {"value": 20, "value2": 60}},
        {"value": 20, "value2": 60, "modifier": "BETWEEN"},
    ),
    "tag_count": ({"modifier": "GREATER_THAN", "value": 3}, {"value": 3, "modifier": "GREATER_THAN"}),
    "performer_count": (
        {"modifier": "EQUALS", "value": {"value": 0, "value2": None}},
        {"value": 0, "modifier": "EQUALS"},
    ),
    "date": (
        {"modifier": "LESS_THAN", "value": {"value": "2020-01-01"}},
        {"value": "2020-01-01", "modifier": "LESS_THAN"},
    ),
    "created_at": (
        {"modifier": "GREATER_THAN", "value": {"value": "2026-11-01 10:00"}},
        {"value": "2026-11-01T10:00", "modifier": "GREATER_THAN"},
    ),
    "resolution": (
        {"modifier": "GREATER_THAN", "value": "720p"},
        {"value": "STANDARD_HD", "modifier": "GREATER_THAN"},
    ),
    "orientation": ({"modifier": "EQUALS", "value": ["Landscape"]}, {"value": ["LANDSCAPE"]}),
}
OF_SCENES: dict[str, tuple[Any, Any]] = {
    "duration": (
        {"modifier": "LESS_THAN", "value": {"value": 600}},
        {"value": 600, "modifier": "LESS_THAN"},
    ),
    "has_markers": ({"modifier": "EQUALS", "value": "true"}, "true"),
    "interactive": ({"modifier": "EQUALS", "value": "true"}, True),
    "groups": (
        {"modifier": "INCLUDES", "value": {"items": [{"id": "9", "label": "G"}], "excluded": [], "depth": 1}},
        {"value": ["9"], "modifier": "INCLUDES", "depth": 1},
    ),
    "stash_id_endpoint": (
        {"modifier": "NOT_NULL", "value": {"endpoint": "https://a.example", "stashID": ""}},
        {"endpoint": "https://a.example", "modifier": "NOT_NULL"},
    ),
    "phash_distance": (
        {"modifier": "EQUALS", "value": {"value": "abc", "distance": 4}},
        {"value": "abc", "distance": 4, "modifier": "EQUALS"},
    ),
    "video_codec": ({"modifier": "EQUALS", "value": "h264"}, {"value": "h264", "modifier": "EQUALS"}),
    "last_played_at": ({"modifier": "IS_NULL", "value": {"value": ""}}, {"value": "", "modifier": "IS_NULL"}),
}
TABLES = {"SCENES": OF_BOTH | OF_SCENES, "IMAGES": OF_BOTH}


def saved(mode: str, criteria: Any, words: str = "") -> SavedFilter:
    return SavedFilter("1", "Mine", mode, words, "date", descending=True, criteria=criteria)


@pytest.mark.parametrize(("mode", "key"), [(mode, key) for mode, table in TABLES.items() for key in table])
def test_what_the_page_shows_becomes_what_lists_take(mode: str, key: str) -> None:
    kept, criterion = TABLES[mode][key]
    assert scope_of(saved(mode, {key: kept})).where == {key: criterion}


@pytest.mark.parametrize("name", [name for name in schemas() if not name.startswith("simulated")])
@pytest.mark.parametrize(("mode", "type_name"), [("SCENES", "SceneFilterType"), ("IMAGES", "ImageFilterType")])
def test_every_schema_takes_it(name: str, mode: str, type_name: str) -> None:
    where = scope_of(saved(mode, {key: kept for key, (kept, _) in TABLES[mode].items()})).where
    type_ = schema(name).get_type(type_name)
    assert isinstance(type_, GraphQLInputObjectType)
    faults: list[str] = []
    validate_input_value(dict(where), type_, lambda error, path: faults.append(f"{path}: {error}"))
    assert faults == []


def test_words_are_kept_and_an_empty_filter_means_everything() -> None:
    assert scope_of(saved("SCENES", {}, "beach")).words == "beach"
    assert scope_of(saved("IMAGES", {})).where == {}


@pytest.mark.parametrize(
    ("mode", "criteria", "reason"),
    [
        ("PERFORMERS", {}, "performers"),
        ("SCENES", {"captions": {"modifier": "INCLUDES", "value": "English"}}, "captions"),
        ("IMAGES", {"duration": {"modifier": "EQUALS", "value": {"value": 1}}}, "duration"),
        ("SCENES", {"resolution": {"modifier": "EQUALS", "value": "9p"}}, "resolution"),
        ("SCENES", {"organized": {"modifier": "EQUALS", "value": "perhaps"}}, "organized"),
        ("SCENES", {"organized": {"modifier": "NOT_EQUALS", "value": "true"}}, "organized"),
        ("SCENES", {"tags": {"value": []}}, "tags"),
        ("SCENES", {"tags": {"modifier": "INCLUDES", "value": {"items": [{"label": "no id"}]}}}, "tags"),
        ("SCENES", {"rating100": {"modifier": "EQUALS", "value": {"value": "high"}}}, "rating100"),
        ("SCENES", {"created_at": {"modifier": "LESS_THAN", "value": {"value": "yesterday"}}}, "created_at"),
        ("SCENES", {"title": "bare"}, "title"),
        ("SCENES", {"title": None}, "title"),
    ],
)
def test_what_is_not_known_is_refused_and_named(mode: str, criteria: Any, reason: str) -> None:
    with pytest.raises(SavedFilterUnusable, match=reason) as refused:
        scope_of(saved(mode, criteria))
    assert "Mine" in str(refused.value)
