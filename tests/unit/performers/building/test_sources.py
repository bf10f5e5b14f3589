import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.fakes_faces import RED, save_picture
from tests.performers_builds import portrait

from stash_sense.errors import Cancelled, GalleryMissing
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.building.sources import FolderSource, SourcePicture, folder_id
from stash_sense.performers.ids import is_universal_id
from stash_sense.performers.records import Alias, BodyMark, PerformerRecord, StashBoxId


def listed(folder: Path) -> dict[str, list[SourcePicture]]:
    source = FolderSource(folder)
    return {performer.place: list(performer.pictures) for performer in source.performers(CancelToken())}


def record_of(folder: Path, said: Mapping[str, object] | str) -> tuple[PerformerRecord, tuple[str, ...]]:
    """What a source says of `folder/Red` with this `performer.json`."""
    save_picture(folder / "Red" / "a.png", portrait(RED))
    (folder / "Red" / "performer.json").write_text(said if isinstance(said, str) else json.dumps(said))
    (performer,) = FolderSource(folder).performers(CancelToken())
    return performer.record, performer.faults


def test_a_picture_is_named_by_its_path_below_the_folder(tmp_path: Path) -> None:
    save_picture(tmp_path / "Red" / "2024" / "a.png", portrait(RED))
    ((picture,),) = listed(tmp_path).values()
    assert (picture.key, picture.url) == (str(Path("Red/2024/a.png")), "Red/2024/a.png")
    source = FolderSource(tmp_path)
    with source.opened(picture) as path:
        assert path == tmp_path / "Red" / "2024" / "a.png"
    assert source.where(picture) == str(path)


def test_a_fingerprint_stays_until_the_picture_is_written_or_replaced(tmp_path: Path) -> None:
    path = save_picture(tmp_path / "Red" / "a.png", portrait(RED))

    def fingerprint() -> str:
        return listed(tmp_path)["Red"][0].fingerprint

    first = fingerprint()
    assert fingerprint() == first
    os.utime(path, (1, 1))
    touched = fingerprint()
    assert touched != first
    twin = save_picture(tmp_path / "twin.png", portrait(RED))
    os.utime(twin, (1, 1))
    twin.replace(path)
    assert fingerprint() != touched


def test_people_come_by_the_names_of_their_folders_and_nothing_is_listed_ahead(tmp_path: Path) -> None:
    for name in ("c", "a", "b"):
        save_picture(tmp_path / name / "1.png", portrait(RED))
    people = FolderSource(tmp_path).performers(CancelToken())
    assert next(people).place == "a"
    (tmp_path / "b" / "1.png").rename(tmp_path / "b" / "2.png")
    second = next(people)
    assert [picture.url for picture in second.pictures] == ["b/2.png"]


def test_listing_stops_when_asked(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    cancel = CancelToken()
    people = FolderSource(tmp_path).performers(cancel)
    next(people)
    cancel.cancel()
    with pytest.raises(Cancelled):
        next(people)


def test_a_source_is_the_same_whichever_way_its_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "people")
    plain = FolderSource(tmp_path / "people")
    assert FolderSource(tmp_path / "link").identity == plain.identity
    assert FolderSource(tmp_path).identity != plain.identity
    assert plain.title == "folder people"  # not where it lies: databases are published


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GalleryMissing):
        list(FolderSource(tmp_path / "nowhere").performers(CancelToken()))


def test_a_link_back_to_the_folder_is_no_person(tmp_path: Path) -> None:
    save_picture(tmp_path / "people" / "Red" / "a.png", portrait(RED))
    (tmp_path / "people" / "again").symlink_to(tmp_path / "people")
    (tmp_path / "people" / "above").symlink_to(tmp_path)
    (tmp_path / "people" / "nowhere").symlink_to(tmp_path / "not there")
    assert list(listed(tmp_path / "people")) == ["Red"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ada Lovelace", "folder:Ada Lovelace"),
        ("Zoe\u0308", "folder:Zo\u00eb"),
        ("line\nbreak", "folder:line%0Abreak"),
        ("100% Anna", "folder:100% Anna"),
        ("100%25", "folder:100%2525"),
        (os.fsdecode(b"caf\xe9"), "folder:caf%E9"),
    ],
)
def test_every_name_of_a_folder_makes_a_universal_id(name: str, expected: str) -> None:
    assert folder_id(name) == expected
    assert is_universal_id(expected)


def test_names_that_escape_alike_or_are_long_keep_ids_of_their_own() -> None:
    names = ["a%0Ab", "a\nb", "\n" * 250, "\n" * 251, "x" * 255]
    ids = [folder_id(name) for name in names]
    assert len(set(ids)) == len(names)
    assert all(map(is_universal_id, ids))


def test_a_performer_file_says_everything_but_the_faces(tmp_path: Path) -> None:
    record, faults = record_of(
        tmp_path,
        {
            "name": "Ada",
            "aliases": ["Countess"],
            "stashbox_ids": [
                {"endpoint": "https://stashdb.org/graphql", "id": "0a-1"},
                {"endpoint": "theporndb", "id": "7"},
            ],
            "country": "GB",
            "birth_date": "1815-12",
            "height_cm": 165,
            "tattoos": [{"location": "arm", "description": "a card"}],
            "urls": ["https://example.org/ada"],
        },
    )
    assert faults == ()
    assert record == PerformerRecord(
        universal_id="stashdb.org:0a-1",
        name="Ada",
        country="GB",
        birth_date="1815-12",
        height_cm=165,
        stashbox_ids=(StashBoxId("stashdb.org", "0a-1"), StashBoxId("theporndb.net", "7")),
        aliases=(Alias("Countess"),),
        tattoos=(BodyMark("arm", "a card"),),
        urls=("https://example.org/ada",),
    )


def test_a_performer_file_without_a_stash_box_id_leaves_the_id_of_the_folder(tmp_path: Path) -> None:
    record, _ = record_of(tmp_path, {"name": "Ada"})
    assert (record.universal_id, record.name) == ("folder:Red", "Ada")


IDS = [{"endpoint": "stashdb.org", "id": "1"}]


@pytest.mark.parametrize(
    ("field", "said", "reason"),
    [
        ("height_cm", 99999999999999999999, "a whole number from 30 to 300"),
        ("birth_date", "yesterday", 'a date such as 1815-12-10, 1815-12 or 1815; it is "yesterday"'),
        ("birth_date", "2026-02-30", "a date"),
        ("birth_date", "2026-13", "a date"),
        ("birth_date", "0000", "a date"),
        ("birth_date", "\u0661\u0669\u0669\u0669", "a date"),
        ("career_start_year", 12, "a year from 1800 to 2200"),
        ("name", "", "one line of text"),
        ("name", "a\x1b[31mb", "one line of text"),
        ("name", "a\x85b", "one line of text"),
        ("country", ["GB"], "one line of text"),
        ("aliases", "Countess", "a list, of at most 1,000 of these: one line of text"),
        ("aliases", [1], "one line of text"),
        ("tattoos", [{"location": "arm", "description": "a\nb"}], '{"location": "left arm"'),
        ("tattoos", [{"description": "a card"}], '{"location": "left arm"'),
        ("urls", ["javascript:alert(1)"], "begins with http:// or https://"),
        ("urls", ["file:///etc/passwd"], "http://"),
        ("urls", ["https://"], "http://"),
        ("urls", ["https://a.org/ b"], "http://"),
        ("urls", [], None),
        ("nmae", "Ada", "nmae; name is meant, perhaps"),
        ("shoe_size", 38, "shoe_size"),
    ],
)
def test_one_bad_field_is_said_and_costs_no_other_one(
    tmp_path: Path, field: str, said: object, reason: str | None
) -> None:
    record, faults = record_of(tmp_path, {"stashbox_ids": IDS, "eye_color": "GREEN", field: said})
    expected = PerformerRecord(
        "stashdb.org:1", "Red", eye_color="GREEN", stashbox_ids=(StashBoxId("stashdb.org", "1"),)
    )
    assert record == expected
    assert all(str(tmp_path / "Red" / "performer.json") in fault for fault in faults)
    assert len(faults) == (0 if reason is None else 1)
    assert all(reason is not None and reason in fault for fault in faults)


def test_every_bad_field_is_said_at_once(tmp_path: Path) -> None:
    _, faults = record_of(tmp_path, {"birth_date": "1", "height_cm": "tall", "nmae": "Ada", "hair": "red"})
    for field, fault in zip(("birth_date", "height_cm", "nmae", "hair"), faults, strict=True):
        assert field in fault


def test_good_entries_of_a_list_are_kept_beside_bad_ones(tmp_path: Path) -> None:
    said = {
        "aliases": ["Countess", 1, "", "Augusta"],
        "stashbox_ids": [{"endpoint": "no domain!", "id": "1"}, {"endpoint": "stashdb.org", "id": "7"}],
        "tattoos": [{"location": "arm", "descripton": "a card"}],
    }
    record, faults = record_of(tmp_path, said)
    assert [alias.name for alias in record.aliases] == ["Countess", "Augusta"]
    assert record.universal_id == "stashdb.org:7"
    assert record.tattoos == (BodyMark("arm", ""),)
    assert len(faults) == 3
    assert any("2 entries of aliases" in fault for fault in faults)


def test_who_loses_the_only_id_by_a_fault_is_told_who_they_are_instead(tmp_path: Path) -> None:
    for entry in ({"endpoint": "stashdb.org", "id": "a\nb"}, {"endpoint": "stashdb.org"}, "stashdb.org:1"):
        record, (fault,) = record_of(tmp_path, {"name": "Ada", "stashbox_ids": [entry]})
        assert (record.universal_id, record.name) == ("folder:Red", "Ada")
        assert '{"endpoint": "stashdb.org", "id": ' in fault
        assert "folder:Red" in fault


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("{", "JSON"),
        ("[]", "object"),
        ('{"name": "\\ud800"}', "JSON"),
        ("[" * 100_000, "JSON"),
        (" " * 2_000_000, "larger than"),
    ],
)
def test_a_file_of_which_nothing_can_be_used_is_said_and_the_folder_name_used(
    tmp_path: Path, said: str, reason: str
) -> None:
    record, (fault,) = record_of(tmp_path, said)
    assert record == PerformerRecord("folder:Red", "Red")
    assert str(tmp_path / "Red" / "performer.json") in fault
    assert reason in fault


def test_a_performer_file_that_is_a_pipe_or_a_folder_is_said(tmp_path: Path) -> None:
    for name in ("pipe", "folder"):
        save_picture(tmp_path / name / "a.png", portrait(RED))
    os.mkfifo(tmp_path / "pipe" / "performer.json")
    (tmp_path / "folder" / "performer.json").mkdir()
    people = FolderSource(tmp_path).performers(CancelToken())
    assert all(len(performer.faults) == 1 for performer in people)
