"""What a stash-box has of somebody becomes fields of Stash: nothing is made up, nothing is mixed up."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.recommendations.people import at_box, in_stash

from stash_sense.recommendations.stashbox_fields import aliases, fields_of, measurements, missing_fields, portrait_of
from stash_sense.stashbox.entities import BodyMark, Link, Picture

BOX = "https://box.example/graphql"


def fields(**columns: Any) -> dict[str, Any]:
    return fields_of(at_box(**columns), BOX, has_career_years=False)


def test_all_that_is_there_is_written_as_stash_itself_writes_it() -> None:
    assert fields(
        name=" Somebody ",
        disambiguation="the elder",
        aliases=("S", "some body", "SOMEBODY", " s ", ""),
        gender="TRANSGENDER_FEMALE",
        links=(Link("https://example.org/1", "Own page"), Link("ftp://x", ""), Link("https://example.org/1", "")),
        birth_date="1981-05",
        death_date="2020",
        ethnicity="MIDDLE_EASTERN",
        country="US",
        eye_color="BLUE",
        hair_color="BLONDE",
        height_cm=170,
        cup_size="C",
        band_size=34,
        waist_size=24,
        hip_size=35,
        breast_type="NATURAL",
        career_start_year=2000,
        career_end_year=2010,
        tattoos=(BodyMark("Left arm", "rose"), BodyMark("", "Heart"), BodyMark("", "")),
        piercings=(BodyMark("Ear", ""),),
    ) == {
        "name": "Somebody",
        "disambiguation": "the elder",
        "alias_list": ["S", "some body"],
        "gender": "TRANSGENDER_FEMALE",
        "urls": ["https://example.org/1"],
        "birthdate": "1981-05",
        "death_date": "2020",
        "ethnicity": "Middle Eastern",
        "country": "US",
        "eye_color": "Blue",
        "hair_color": "Blonde",
        "height_cm": 170,
        "measurements": "34C-24-35",
        "fake_tits": "Natural",
        "career_length": "2000 - 2010",
        "tattoos": "Left arm, rose; Heart",
        "piercings": "Ear",
        "stash_ids": [{"endpoint": BOX, "stash_id": "0-1"}],
    }


def test_what_nobody_has_filled_in_is_left_out() -> None:
    assert fields() == {"name": "Somebody", "stash_ids": [{"endpoint": BOX, "stash_id": "0-1"}]}


@pytest.mark.parametrize(
    "columns",
    [
        {"birth_date": "yesterday"},
        {"birth_date": "1981-02-30"},
        {"birth_date": "1981-13"},
        {"height_cm": 0},
        {"height_cm": -3},
        {"gender": "SOMETHING"},
        {"breast_type": "NA"},
        {"career_start_year": 3},
    ],
)
def test_what_stash_would_refuse_or_means_nothing_is_left_out(columns: dict[str, Any]) -> None:
    assert fields(**columns) == fields()


@pytest.mark.parametrize(("birth", "death"), [("1981-05-01", "1980"), ("1981-05-01", "1981")])
def test_of_a_death_before_the_birth_only_the_birth_is_written(birth: str, death: str) -> None:
    found = fields(birth_date=birth, death_date=death)
    assert (found["birthdate"], found.get("death_date")) == (birth, None)


@pytest.mark.parametrize(
    ("band", "cup", "waist", "hip", "written"),
    [
        (34, "C", 24, 35, "34C-24-35"),
        (34, "c ", None, None, "34C"),
        (34, "", 24, None, "34-24"),
        (34, "C", None, 35, "34C"),
        (None, "C", 24, 35, ""),
        (None, "", 24, 35, ""),
        (34, "C cup, natural", 24, 35, "34-24-35"),
    ],
)
def test_measurements_have_no_gaps(band: int | None, cup: str, waist: Any, hip: Any, written: str) -> None:
    assert measurements(at_box(band_size=band, cup_size=cup, waist_size=waist, hip_size=hip)) == written


@pytest.mark.parametrize(("start", "end", "written"), [(2000, None, "2000 -"), (None, 2010, "- 2010")])
def test_a_career_may_be_known_in_part(start: int | None, end: int | None, written: str) -> None:
    assert fields(career_start_year=start, career_end_year=end)["career_length"] == written
    later = fields_of(at_box(career_start_year=start, career_end_year=end), BOX, has_career_years=True)
    assert {name: value for name, value in later.items() if "career" in name} == {
        name: str(year) for name, year in (("career_start", start), ("career_end", end)) if year is not None
    }


def test_only_a_picture_that_stash_can_fetch_is_named() -> None:
    pictures = (Picture("1", "file:///etc/passwd", 0, 0), Picture("2", "https://cdn.example/2.jpg", 0, 0))
    assert portrait_of(at_box(pictures=pictures)) == "https://cdn.example/2.jpg"
    assert portrait_of(at_box()) == ""


def test_filling_in_leaves_what_is_there_and_makes_lists_longer() -> None:
    ours = replace(in_stash("Ada"), aliases=("A",), urls=("https://one.example",), country="NL", career="2001 -")
    theirs = {
        "name": "Another",
        "alias_list": ["a", "ADA", "B"],
        "urls": ["https://two.example"],
        "country": "US",
        "height_cm": 170,
        "career_length": "2000 - 2010",
        "stash_ids": [],
    }
    assert missing_fields(ours, theirs) == {
        "alias_list": ["A", "B"],
        "urls": ["https://one.example", "https://two.example"],
        "height_cm": 170,
    }
    assert missing_fields(ours, {"alias_list": ["a"], "urls": ["https://one.example"]}) == {}


def test_aliases_are_each_there_once() -> None:
    assert aliases("Ada", ["ada", "B", " b", "", "C"]) == ["B", "C"]
