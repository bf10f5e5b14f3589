import dataclasses
from datetime import UTC, datetime

from stash_sense.library.media import Scene, ScenePaths, StashId
from stash_sense.library.merging import aliases_without_name, merged_performer, merged_scene, merged_tag
from stash_sense.library.people import Performer, Tag

AT = datetime(2026, 11, 20, tzinfo=UTC)
TEXTS = """
id name disambiguation gender birthdate death_date country ethnicity eye_color hair_color measurements fake_tits
circumcised career career_start career_end tattoos piercings details picture
"""
BLANK = Performer(
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
SCENE = Scene("1", "", "", "", "", "", (), None, False, AT, AT, (), ScenePaths("", "", ""), None, (), (), (), ())
TAG = Tag("1", "Outdoor", "", (), "", False, False, (), (), 0, AT, AT)


def performer(**fields: object) -> Performer:
    return dataclasses.replace(BLANK, **fields)  # type: ignore[arg-type]


def test_single_values_are_the_destinations_or_of_the_first_source_that_has_any() -> None:
    fields = merged_performer(
        performer(name="Ada", country="GB"),
        [performer(name="B", country="FR", gender="FEMALE"), performer(name="C", gender="MALE", height_cm=170)],
    )
    assert (fields["country"], fields["gender"], fields["height_cm"]) == ("GB", "FEMALE", 170)
    assert "hair_color" not in fields


def test_zero_is_a_value() -> None:
    assert merged_performer(performer(rating100=0), [performer(rating100=90)])["rating100"] == 0


def test_names_of_the_sources_become_aliases_and_no_name_comes_twice() -> None:
    fields = merged_performer(
        performer(name="Ada", aliases=("Addie",)),
        [performer(name="ADDIE"), performer(name="Eve", aliases=("ada ", " "))],
    )
    assert fields["alias_list"] == ["Addie", "Eve"]


def test_ids_elsewhere_are_united() -> None:
    one, other = StashId("https://a", "1"), StashId("https://a", "2")
    fields = merged_performer(performer(stash_ids=(one,)), [performer(stash_ids=(other, one))])
    assert fields["stash_ids"] == [
        {"endpoint": "https://a", "stash_id": "1"},
        {"endpoint": "https://a", "stash_id": "2"},
    ]


def test_a_career_is_taken_whole() -> None:
    old, new = performer(career="2001 - 2010"), performer(career="2003 -", career_start="2003")
    assert merged_performer(performer(), [old, new])["career_length"] == "2001 - 2010"
    fields = merged_performer(new, [old])
    assert (fields["career_start"], fields["career_end"], "career_length" in fields) == ("2003", None, False)


def test_the_users_own_fields_are_the_destinations_first() -> None:
    fields = merged_performer(performer(custom_fields={"a": 1}), [performer(custom_fields={"a": 2, "b": 3})])
    assert fields["custom_fields"] == {"partial": {"a": 1, "b": 3}}
    assert "custom_fields" not in merged_performer(performer(), [performer()])


def test_scenes_are_united() -> None:
    source = SCENE._replace(title="Title", studio_id="4", performer_ids=("2", "1"), tag_ids=("5",), organized=True)
    fields = merged_scene(SCENE._replace(performer_ids=("1",), urls=("https://x",)), [source])
    assert (fields["title"], fields["studio_id"], fields["performer_ids"]) == ("Title", "4", ["1", "2"])
    assert (fields["tag_ids"], fields["urls"], fields["organized"]) == (["5"], ["https://x"], False)


def test_a_tag_takes_over_only_what_stash_does_not() -> None:
    source = dataclasses.replace(TAG, id="2", description="Sand", favorite=True)
    assert merged_tag(TAG, [source]) == {"favorite": True, "description": "Sand"}
    assert (
        merged_tag(dataclasses.replace(TAG, description="Sun"), [dataclasses.replace(TAG, description="Rain")]) == {}
    )


def test_a_tags_own_name_is_taken_out_of_its_aliases() -> None:
    assert aliases_without_name(dataclasses.replace(TAG, aliases=("outdoor", "Outside"))) == ["Outside"]
    assert aliases_without_name(dataclasses.replace(TAG, aliases=("Outside",))) is None
