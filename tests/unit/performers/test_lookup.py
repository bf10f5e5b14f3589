from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.performers_files import EMBEDDERS, PACK, install_version, people

from stash_sense.errors import PerformerAmbiguous, PerformerUnknown
from stash_sense.performers.database import PackSpace, PerformersDatabase
from stash_sense.performers.lookup import find, find_one
from stash_sense.performers.records import Alias, StashBoxId
from stash_sense.performers.roster import KnownPerson, ListedRoster
from stash_sense.performers.search.int8_numpy import NumpyInt8Kernel
from stash_sense.performers.versions.library import InstalledVersion, PerformersLibrary
from stash_sense.recognition.space import Block, FaceSpace

NAMES = ["Jos\u00e9", "Zo\u0308e", "Stra\u00dfe", "100%_sure", "Ada"]
SPACE = PackSpace(PACK, tuple(name for name, _ in EMBEDDERS), FaceSpace.plain([Block(24, 0.5), Block(16, 0.5)]))
SPELLINGS = [
    ("JOS\u00c9", 0),
    ("jose\u0301", 0),
    ("JOSE\u0301", 0),
    ("z\u00f6e", 1),
    ("Z\u00d6E", 1),
    ("STRASSE", 2),
    ("100%_SURE", 3),
    ("ada", 4),
    ("test.org:00004", 4),
]


@pytest.fixture
def version(tmp_path: Path) -> InstalledVersion:
    members = [
        (replace(member[0], name=name, aliases=(Alias(f"\u00c9. {name}"),)), *member[1:])
        for member, name in zip(people(5), NAMES, strict=True)
    ]
    return install_version(PerformersLibrary(tmp_path / "performers"), members)


@pytest.mark.parametrize(("spelling", "number"), SPELLINGS)
def test_somebody_is_found_in_any_case_and_composition(version: InstalledVersion, spelling: str, number: int) -> None:
    found = find_one(version.folder, spelling)
    assert (found.id, found.name) == (f"test.org:{number:05d}", NAMES[number])
    if ":" not in spelling:
        assert [one.name for one in find(version.folder, spelling[1:])] == [NAMES[number]]
        assert find_one(version.folder, f"e\u0301. {spelling}").name == NAMES[number]


@pytest.mark.parametrize(("spelling", "number"), SPELLINGS)
def test_who_is_tagged_is_found_in_any_case_and_composition(
    version: InstalledVersion, tmp_path: Path, spelling: str, number: int
) -> None:
    with closing(PerformersDatabase.open(version, tmp_path, SPACE, NumpyInt8Kernel())) as database:
        assert database.roster.named({spelling}) == {number}
        listed = ListedRoster([KnownPerson(one.id, one.name) for one in database.roster])
    assert listed.named({spelling}) == {number}


def test_somebody_is_found_by_every_id_anywhere(tmp_path: Path) -> None:
    elsewhere = (StashBoxId("stashdb.org", "aaa"), StashBoxId("fansdb.cc", "bbb"))
    members = [
        (replace(member[0], stashbox_ids=elsewhere if number == 1 else ()), *member[1:])
        for number, member in enumerate(people(3))
    ]
    installed = install_version(PerformersLibrary(tmp_path / "performers"), members)
    with closing(PerformersDatabase.open(installed, tmp_path, SPACE, NumpyInt8Kernel())) as database:
        for ids, rows in (
            ({"fansdb.cc:bbb"}, {1}),
            ({"stashdb.org:aaa", "test.org:00001"}, {1}),
            ({"fansdb.cc:aaa", "stashdb.org:nobody", "aaa"}, set()),
            ({"test.org:00002"}, {2}),
            (set(), set()),
        ):
            assert database.roster.with_ids(ids) == rows
        listed = ListedRoster([KnownPerson(one.id, one.name) for one in database.roster])
    assert listed.with_ids({"test.org:00002", "fansdb.cc:bbb"}) == {2}


def test_everybody_is_listed_page_by_page(version: InstalledVersion) -> None:
    first = find(version.folder, most=2)
    assert [one.id for one in first] == ["test.org:00000", "test.org:00001"]
    assert [one.name for one in find(version.folder, after=first[-1].id, most=9)] == NAMES[2:]
    assert [one.name for one in find(version.folder, "%")] == ["100%_sure"]
    assert find(version.folder, "_x") == []


def test_who_is_meant_must_be_clear(tmp_path: Path) -> None:
    members = [
        (replace(member[0], name=name), *member[1:]) for member, name in zip(people(2), "\u00e9\u00c9", strict=True)
    ]
    folder = install_version(PerformersLibrary(tmp_path), members).folder
    with pytest.raises(PerformerAmbiguous, match=r"test\.org:00000, test\.org:00001"):
        find_one(folder, "e\u0301")
    with pytest.raises(PerformerUnknown):
        find_one(folder, "e")
