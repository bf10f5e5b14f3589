import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.updates import made_versions as made

from stash_sense.errors import (
    DatabaseDamaged,
    DatabaseMissing,
    DatabaseTooNew,
    DatabaseUnreadable,
    EarlierVersionDamaged,
    LibraryBusy,
    NoEarlierVersion,
    NotWritable,
    VersionTaken,
)
from stash_sense.kernel.progress import Progress
from stash_sense.performers.versions import derived
from stash_sense.performers.versions.library import SWAP_STEPS, PerformersLibrary, new_origin

FIRST, SECOND, THIRD = "2026.2.1", "2026.10.1", "2026.10.1.1"
KEYS = ("ab" * 16, "cd" * 16)
"""Of what is derived."""
BAD_POINTERS = [b"", b"{", b"[]", b'{"schema": 1, "current": "../x"}', b'{"schema": 2, "current": "1.0"}', b"\xff"]


@pytest.fixture
def library(tmp_path: Path) -> PerformersLibrary:
    return PerformersLibrary(tmp_path / "data" / "performers")


def roll_back(library: PerformersLibrary) -> str:
    with library.alone():
        return library.rollback().version


def damage(library: PerformersLibrary, content: bytes = b"{") -> None:
    (library.folder / "current.json").write_bytes(content)


def names(library: PerformersLibrary) -> set[str]:
    return {file.name for file in library.folder.iterdir()}


def test_the_version_before_is_kept_and_older_ones_go_with_all_that_is_theirs(library: PerformersLibrary) -> None:
    for version in (FIRST, SECOND, THIRD):
        made.install(library, version)
        (library.derived / f"{version}-{KEYS[0]}").mkdir(parents=True)
    assert library.versions() == [THIRD, SECOND]
    assert library.previous() == SECOND
    assert {folder.name for folder in library.derived.iterdir()} == {f"{THIRD}-{KEYS[0]}", f"{SECOND}-{KEYS[0]}"}
    origins = {f"{version}.origin.json" for version in (SECOND, THIRD)}
    assert names(library) == {THIRD, SECOND, "current.json", ".lock", ".search", *origins}


def test_going_back_twice_ends_where_it_began(library: PerformersLibrary) -> None:
    made.install(library, FIRST)
    made.install(library, SECOND)
    assert roll_back(library) == FIRST
    assert made.answer(library) == FIRST
    assert library.previous() == SECOND
    assert roll_back(library) == SECOND
    assert made.answer(library) == SECOND


def test_without_an_earlier_version_there_is_no_going_back(library: PerformersLibrary) -> None:
    with pytest.raises(DatabaseMissing):
        roll_back(library)
    made.install(library, FIRST)
    with pytest.raises(NoEarlierVersion):
        roll_back(library)
    assert made.answer(library) == FIRST


def test_an_earlier_version_that_is_not_whole_is_not_gone_back_to(library: PerformersLibrary) -> None:
    made.install(library, FIRST)
    made.install(library, SECOND)
    (library.folder / FIRST / "vectors-two.npy").unlink()
    assert library.previous() is None
    with pytest.raises(NoEarlierVersion):
        roll_back(library)
    assert made.answer(library) == SECOND


@pytest.mark.parametrize("content", BAD_POINTERS)
def test_a_damaged_pointer_is_told_and_going_back_mends_it(library: PerformersLibrary, content: bytes) -> None:
    made.install(library, FIRST)
    made.install(library, SECOND)
    damage(library, content)
    with pytest.raises(DatabaseDamaged, match="rollback"):
        library.current()
    assert library.name_in_use() == SECOND
    assert roll_back(library) == SECOND
    assert made.answer(library) == SECOND
    assert library.previous() == FIRST


def test_a_damaged_pointer_and_nothing_else_is_told(library: PerformersLibrary) -> None:
    library.folder.mkdir(parents=True)
    damage(library)
    with pytest.raises(DatabaseDamaged):
        roll_back(library)


def test_a_lost_pointer_is_made_anew_by_going_back(library: PerformersLibrary) -> None:
    made.install(library, FIRST)
    made.install(library, SECOND)
    (library.folder / "current.json").unlink()
    with library.alone():
        pass
    assert library.versions() == [SECOND, FIRST]
    assert roll_back(library) == SECOND
    assert library.previous() == FIRST


def test_the_newest_version_is_passed_over_for_a_lost_pointer_if_it_is_not_whole(library: PerformersLibrary) -> None:
    made.install(library, FIRST)
    made.install(library, SECOND)
    (library.folder / SECOND / "vectors-one.npy").write_bytes(b"")
    damage(library)
    assert roll_back(library) == FIRST


def test_installing_mends_a_damaged_pointer_and_keeps_the_newest_version(library: PerformersLibrary) -> None:
    made.install(library, FIRST)
    made.install(library, SECOND)
    damage(library)
    made.install(library, THIRD)
    assert made.answer(library) == THIRD
    assert library.previous() == SECOND


def test_a_version_whose_folder_was_deleted_is_told_and_does_not_take_the_place_of_the_one_before(
    library: PerformersLibrary,
) -> None:
    made.install(library, FIRST)
    made.install(library, SECOND)
    shutil.rmtree(library.folder / SECOND)
    with pytest.raises(DatabaseDamaged, match="manifest is missing"):
        library.current()
    made.install(library, THIRD)
    assert made.answer(library) == THIRD
    assert roll_back(library) == FIRST
    assert made.answer(library) == FIRST


def test_going_back_from_a_version_whose_folder_was_deleted(library: PerformersLibrary) -> None:
    made.install(library, FIRST)
    made.install(library, SECOND)
    shutil.rmtree(library.folder / SECOND)
    assert roll_back(library) == FIRST
    assert library.previous() is None


def test_a_folder_with_the_manifest_of_another_version_is_damaged(library: PerformersLibrary) -> None:
    made.install(library, FIRST)
    made.install(library, SECOND)
    manifest = (library.folder / FIRST / "manifest.json").read_bytes()
    (library.folder / SECOND / "manifest.json").write_bytes(manifest)
    with pytest.raises(DatabaseDamaged, match=FIRST):
        library.current()
    assert roll_back(library) == FIRST


def test_a_version_for_a_newer_program_can_be_left_and_is_kept(library: PerformersLibrary) -> None:
    made.install(library, FIRST)
    made.install(library, SECOND)
    manifest = library.folder / SECOND / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"requires": "0.1.0"', b'"requires": "99.0"'))
    with pytest.raises(DatabaseTooNew):
        library.current()
    assert roll_back(library) == FIRST
    with library.alone():
        assert library.versions() == [SECOND, FIRST]


def test_a_version_of_the_same_name_and_other_content_is_refused(library: PerformersLibrary) -> None:
    made.install(library, FIRST)
    with pytest.raises(VersionTaken):
        made.install(library, FIRST, people=2)
    assert made.answer(library) == FIRST
    assert library.require().manifest.performer_count == made.PEOPLE


def test_a_version_that_is_not_whole_is_replaced_by_another_of_its_name(library: PerformersLibrary) -> None:
    made.install(library, FIRST)
    (library.folder / FIRST / "vectors-one.npy").unlink()
    made.install(library, FIRST, people=2)
    assert library.require().manifest.performer_count == 2
    assert made.answer(library) == FIRST


def test_a_file_in_the_place_of_a_version_is_replaced(library: PerformersLibrary) -> None:
    library.folder.mkdir(parents=True)
    (library.folder / FIRST).write_text("")
    made.install(library, FIRST)
    assert made.answer(library) == FIRST
    assert not list(library.folder.glob(".replaced*"))


def test_where_a_version_comes_from_is_not_believed_of_another_of_its_name(library: PerformersLibrary) -> None:
    with library.alone(), library.staging() as stage:
        made.write_version(stage / "version", FIRST)
        library.install(stage / "version", new_origin("somewhere", signed_by="0123456789ABCDEF"))
    origin = library.require().origin
    assert origin is not None
    assert origin.signed_by == "0123456789ABCDEF"
    shutil.rmtree(library.folder / FIRST)
    made.write_version(library.folder / FIRST, FIRST, people=2)
    assert library.require().origin is None


def test_what_killed_processes_left_goes_when_the_next_one_begins(library: PerformersLibrary) -> None:
    made.install(library, FIRST)
    left = (
        *(library.folder / ".staging" / "0123" / "version", library.folder / ".removed-0123"),
        *(library.derived / f"2026.9.9-{KEYS[0]}", library.derived / f".2026.9.9-{KEYS[0]}.staged-cd"),
        *(library.derived / f".2026.9.9-{KEYS[0]}.replaced-cd", library.derived / ".2026.9.9-plain.staged-cd"),
        library.derived / ".proof-0123456789abcdef",
    )
    for folder in left:
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text("{}")
    (library.folder / ".current.json.0123456789abcdef").write_text("{")
    made.write_version(library.folder / SECOND, SECOND)  # named, and killed before the switch
    with library.alone():
        assert names(library) == {FIRST, f"{FIRST}.origin.json", "current.json", ".lock", ".search"}
        assert list(library.derived.iterdir()) == []
    assert made.answer(library) == FIRST


def test_what_another_process_is_deriving_is_left_to_it_unless_it_must_be_dead(library: PerformersLibrary) -> None:
    made.install(library, FIRST)
    fresh, old = library.derived / f".{FIRST}-{KEYS[0]}.staged-cd", library.derived / f".{FIRST}-{KEYS[0]}.staged-ef"
    for folder in (fresh, old):
        folder.mkdir(parents=True)
    os.utime(old, (0, 0))
    with library.alone():
        assert list(library.derived.iterdir()) == [fresh]


def test_folders_that_are_no_versions_are_left_alone(library: PerformersLibrary) -> None:
    for name in ("2025", "notes", ".build"):
        (library.folder / name).mkdir(parents=True)
    made.install(library, FIRST)
    made.install(library, SECOND)
    assert {"2025", "notes", ".build"} <= names(library)


def test_what_a_proof_derived_takes_the_place_of_all_that_was_derived_from_that_version(
    library: PerformersLibrary,
) -> None:
    same, other, of_another = (f"{FIRST}-{KEYS[0]}", f"{FIRST}-{KEYS[1]}", f"{FIRST}.1-{KEYS[0]}")
    for name in (same, other, of_another):
        (library.derived / name).mkdir(parents=True)
    with derived.proof(library.derived) as made_now:
        (made_now / same).mkdir(parents=True)
        (made_now / same / "faces").touch()
        derived.take(made_now, library.derived, FIRST)
    assert {folder.name for folder in library.derived.iterdir()} == {same, of_another}
    assert (library.derived / same / "faces").exists()


def test_one_process_at_a_time_changes_the_folder(library: PerformersLibrary) -> None:
    with library.alone(), pytest.raises(LibraryBusy), PerformersLibrary(library.folder).alone():
        pass
    with library.alone():
        pass


def test_each_step_is_told_before_it_is_taken(library: PerformersLibrary) -> None:
    made.install(library, FIRST)
    told: list[tuple[str, str | None]] = []

    def listen(report: Progress) -> None:
        told.append((report.note, made.answer(library)))

    with library.alone(), library.staging() as stage:
        made.write_version(stage / "version", SECOND)
        library.install(stage / "version", new_origin("here"), listen)
    old, new = [(step, FIRST) for step in SWAP_STEPS[:4]], [(SWAP_STEPS[4], SECOND), ("", SECOND)]
    assert told == old + new


def test_a_data_folder_behind_a_link_is_used(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "performers").symlink_to(tmp_path / "elsewhere")
    library = PerformersLibrary(tmp_path / "performers")
    made.install(library, FIRST)
    made.install(library, SECOND)
    assert made.answer(library) == SECOND
    assert roll_back(library) == FIRST
    assert (tmp_path / "performers").is_symlink()


def test_files_get_the_permissions_that_the_user_gives_to_new_ones(library: PerformersLibrary) -> None:
    before = os.umask(0o027)
    try:
        made.install(library, FIRST)
    finally:
        os.umask(before)
    files = [library.folder / "current.json", library.folder / f"{FIRST}.origin.json"]
    files += (library.folder / FIRST).iterdir()
    assert {file.stat().st_mode & 0o777 for file in files} == {0o640}
    assert (library.folder / FIRST).stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize(
    "look", [PerformersLibrary.current, PerformersLibrary.versions, PerformersLibrary.name_in_use]
)
def test_a_file_in_the_place_of_the_folder_is_an_error_of_ours(
    tmp_path: Path, look: Callable[[PerformersLibrary], object]
) -> None:
    (tmp_path / "performers").write_text("")
    library = PerformersLibrary(tmp_path / "performers")
    with pytest.raises(DatabaseUnreadable, match="Not a directory"):
        look(library)
    assert library.stamp() == (0, 0)
    with pytest.raises(NotWritable), library.alone():
        pass


def test_the_pointer_is_written_as_others_read_it(library: PerformersLibrary) -> None:
    made.install(library, FIRST)
    made.install(library, SECOND)
    document = json.loads((library.folder / "current.json").read_bytes())
    assert document == {"schema": 1, "current": SECOND, "previous": FIRST}


@pytest.mark.parametrize("name", ["current.json", f"{FIRST}/manifest.json"])
def test_what_may_not_be_read_is_not_called_damaged(library: PerformersLibrary, name: str) -> None:
    made.install(library, FIRST)
    file = library.folder / name
    file.rename(library.folder / "aside")
    file.mkdir()  # which reads as a file without the right to do so does: not at all
    with pytest.raises(DatabaseUnreadable, match="Is a directory"):
        library.require()


def test_what_may_not_be_read_is_not_replaced(library: PerformersLibrary) -> None:
    made.install(library, FIRST)
    pointer = library.folder / "current.json"
    pointer.rename(library.folder / "aside")
    pointer.mkdir()
    with pytest.raises(DatabaseUnreadable):
        roll_back(library)
    assert pointer.is_dir()
    assert library.versions() == [FIRST]


def test_what_is_somebody_elses_stays_where_the_folder_is_a_link_to_theirs(
    library: PerformersLibrary, tmp_path: Path
) -> None:
    photographs = tmp_path / "fast disk" / "photographs 2024-05"
    photographs.mkdir(parents=True)
    library.folder.mkdir(parents=True)
    library.derived.symlink_to(photographs.parent, target_is_directory=True)
    made.install(library, FIRST)
    made.install(library, SECOND)
    assert photographs.is_dir()


def test_what_is_derived_from_other_databases_stays_for_a_day(library: PerformersLibrary) -> None:
    made.install(library, FIRST)
    used, old = library.galleries / f"2026.9.9-{KEYS[0]}", library.galleries / f"2026.9.9-{KEYS[1]}"
    for folder in (used, old):
        folder.mkdir(parents=True)
    before = time.time() - 25 * 3600
    os.utime(old, (before, before))
    made.install(library, SECOND)
    assert list(library.galleries.iterdir()) == [used]


def test_what_is_only_kept_to_go_back_to_gives_way_to_another_of_its_name(library: PerformersLibrary) -> None:
    made.install(library, SECOND)
    made.install(library, FIRST)
    made.install(library, SECOND, people=2)
    assert made.answer(library) == SECOND
    assert library.require().manifest.performer_count == 2
    assert library.previous() == FIRST
    assert roll_back(library) == FIRST


def test_one_does_not_go_back_to_what_is_damaged(library: PerformersLibrary) -> None:
    made.install(library, FIRST)
    made.install(library, SECOND)
    vectors = library.folder / FIRST / "vectors-one.npy"
    content = vectors.read_bytes()
    vectors.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(EarlierVersionDamaged, match=rf"{FIRST}, is damaged; version {SECOND} stays"):
        roll_back(library)
    assert library.name_in_use() == SECOND
    vectors.write_bytes(content)
    assert roll_back(library) == FIRST


def test_an_install_that_fails_leaves_nothing_to_go_back_to_that_was_never_in_use(library: PerformersLibrary) -> None:
    made.install(library, SECOND)
    made.install(library, FIRST)

    class Full(Exception):
        pass

    def fail(report: Progress) -> None:
        if report.done == 3:
            raise Full

    with library.alone(), library.staging() as stage:
        made.write_version(stage / "version", SECOND, people=2)
        with pytest.raises(Full):
            library.install(stage / "version", new_origin("elsewhere"), fail)
    assert (library.name_in_use(), library.previous(), library.versions()) == (FIRST, None, [FIRST])
