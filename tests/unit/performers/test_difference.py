"""Two versions of the performers database side by side: who was added, removed or changed."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.performers_files import Person, people, person, write_version

from stash_sense.errors import Cancelled, PackDiffers
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.difference import difference
from stash_sense.performers.versions.installed import InstalledVersion


def version(folder: Path, members: Sequence[Person], pack: str = "made-up") -> InstalledVersion:
    return InstalledVersion(folder, write_version(folder, members, pack=pack), None)


def with_pictures(one: Person, *hashes: str | None, urls: Sequence[str | None] = (None, None)) -> Person:
    record, faces, parts = one
    named = zip(faces, hashes, urls, strict=True)
    return record, tuple(replace(face, image_hash=hash_, image_url=url) for face, hash_, url in named), parts


def test_a_version_does_not_differ_from_itself(tmp_path: Path) -> None:
    one = version(tmp_path / "1", people(5))
    found = difference(one, one)
    assert found.people == 0
    assert len(found.old_rows) == len(found.new_rows) == 0


def test_added_removed_and_changed_people_are_told_with_their_rows(tmp_path: Path) -> None:
    before = people(6)
    after = [*before[:2], with_pictures(before[2], "ab" * 32, "cd" * 32), *before[4:], person(9)]
    found = difference(version(tmp_path / "1", before), version(tmp_path / "2", after))
    told = (sorted(found.added), sorted(found.removed), sorted(found.changed))
    assert told == (["test.org:00009"], ["test.org:00003"], ["test.org:00002"])
    assert found.gone == {"test.org:00002", "test.org:00003"}
    assert (found.old_rows.tolist(), found.new_rows.tolist()) == ([2, 3], [2, 5])


def test_the_order_of_pictures_is_no_change_and_another_name_is_told_apart(tmp_path: Path) -> None:
    record, faces, parts = person(1)
    renamed: Person = (replace(record, name="Somebody Else"), faces[::-1], parts)
    found = difference(version(tmp_path / "1", [person(1)]), version(tmp_path / "2", [renamed]))
    assert found.people == 0
    assert found.renamed == {"test.org:00001": "Somebody Else"}


def test_a_picture_without_a_hash_is_known_by_its_address_and_without_both_by_nothing(tmp_path: Path) -> None:
    by_address = with_pictures(person(1), None, None, urls=("https://a.example/1", "https://a.example/2"))
    by_nothing = with_pictures(person(2), None, "ab" * 32)
    both = [by_address, by_nothing]
    found = difference(version(tmp_path / "1", both), version(tmp_path / "2", both))
    assert found.changed == {"test.org:00002"}


def test_who_has_no_face_cannot_be_found_and_is_in_neither(tmp_path: Path) -> None:
    nobody = person(1, faces=0)
    found = difference(version(tmp_path / "1", [nobody, person(2)]), version(tmp_path / "2", [person(1), person(2)]))
    assert (sorted(found.added), sorted(found.removed)) == (["test.org:00001"], [])


def test_versions_of_different_packs_are_not_compared(tmp_path: Path) -> None:
    with pytest.raises(PackDiffers):
        difference(version(tmp_path / "1", people(1)), version(tmp_path / "2", people(1), pack="other"))


def test_a_set_token_ends_it(tmp_path: Path) -> None:
    one = version(tmp_path / "1", people(1))
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        difference(one, one, token)
