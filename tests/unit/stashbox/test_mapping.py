from typing import Any

import pytest

from stash_sense.adapters.stashbox.mapping import performer, removal, scene, studio, tag

ODD: tuple[Any, ...] = (None, 7, -1.5, "text", True, [], [None], [7], {}, {"id": None}, {"date": 7}, [[{}]])
NAMES = {
    performer: (
        *("name", "disambiguation", "aliases", "gender", "urls", "birth_date", "birthdate", "death_date"),
        *("ethnicity", "country", "eye_color", "hair_color", "height", "cup_size", "band_size", "waist_size"),
        *("hip_size", "measurements", "breast_type", "career_start_year", "career_end_year", "tattoos"),
        *("piercings", "images", "scene_count", "deleted", "merged_ids", "merged_into_id", "created", "updated"),
    ),
    studio: ("name", "aliases", "urls", "images", "deleted", "created", "updated"),
    tag: ("name", "description", "aliases", "category", "deleted", "created", "updated"),
    scene: (
        *("title", "details", "date", "release_date", "production_date", "code", "director", "duration", "urls"),
        *("images", "deleted", "created", "updated"),
    ),
}
SCENE: dict[str, Any] = {"id": "1", "title": "", "studio": None, "tags": [], "performers": [], "fingerprints": []}
BARE: dict[Any, dict[str, Any]] = {
    performer: {"id": "1", "name": ""},
    studio: {"id": "1", "name": "", "parent": None},
    tag: {"id": "1", "name": ""},
    scene: SCENE,
}


@pytest.mark.parametrize("reader", NAMES, ids=lambda reader: reader.__name__)
def test_what_a_server_has_no_fields_for_is_empty(reader: Any) -> None:
    assert reader(BARE[reader]).id == "1"


@pytest.mark.parametrize("reader", NAMES, ids=lambda reader: reader.__name__)
def test_values_of_another_kind_count_as_missing(reader: Any) -> None:
    for name in NAMES[reader]:
        for odd in ODD:
            assert reader({**BARE[reader], name: odd}).id == "1"


def test_a_performer_without_anything_is_a_performer() -> None:
    found = performer(BARE[performer])
    assert (found.aliases, found.height_cm, found.updated, found.deleted) == ((), None, None, False)


def test_a_picture_without_an_address_is_none() -> None:
    assert performer({**BARE[performer], "images": [{"id": "1", "url": ""}, {"id": "2"}]}).pictures == ()


@pytest.mark.parametrize(
    ("accuracy", "known"), [("YEAR", "1980"), ("MONTH", "1980-01"), ("DAY", "1980-01-02"), (None, "1980-01-02")]
)
def test_of_an_old_date_only_what_is_known_is_kept(accuracy: str | None, known: str) -> None:
    told = {"date": "1980-01-02", "accuracy": accuracy}
    assert performer({**BARE[performer], "birthdate": told}).birth_date == known


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01T00:00:00Z", "", "0"])
def test_a_moment_that_is_none_is_not_known(text: str) -> None:
    assert performer({**BARE[performer], "updated": text}).updated is None


def test_a_moment_without_a_zone_is_in_utc() -> None:
    found = performer({**BARE[performer], "updated": "2026-11-22T13:49:09.59089"}).updated
    assert found is not None
    assert found.isoformat() == "2026-11-22T13:49:09.590890+00:00"


def test_fingerprints_that_cannot_be_compared_are_left_out() -> None:
    told = [
        {"hash": "abc", "algorithm": "PHASH", "duration": 1},
        {"hash": "d41d8cd98f00b204e9800998ecf8427e", "algorithm": "MD5", "duration": 1},
        {"hash": "0", "algorithm": "PHASH", "duration": 1},
    ]
    assert len(scene({**SCENE, "fingerprints": told}).fingerprints) == 1


def test_an_edit_whose_target_is_no_more_tells_what_it_can() -> None:
    merge = {"id": "1", "operation": "MERGE", "closed": None, "target": None, "merge_sources": [{"id": "2"}]}
    assert (removal(merge).gone, removal(merge).into) == (("2",), "")
    assert removal({**merge, "operation": "DESTROY"}).gone == ()
