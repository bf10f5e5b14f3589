import os
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.security.releases import made_releases as made

from stash_sense.errors import (
    ArchiveDamaged,
    ArchiveError,
    ArchiveOvercrowded,
    ArchiveUnreadable,
    MemberCompressionUnknown,
    MemberDamaged,
    MemberDuplicate,
    MemberEncrypted,
    MemberMisplaced,
    MemberMissing,
    MemberNameUnsafe,
    MemberNotFile,
    MemberSizeWrong,
    MemberUnexpected,
    NotWritable,
    ReleaseContradictory,
    StashSenseError,
)
from stash_sense.performers.manifest import Manifest
from stash_sense.releases.archive import unpack

DATABASE = "performers.db"


def refused(error: type[StashSenseError], archive: Path, manifest: Manifest | None = None) -> StashSenseError:
    """Make sure that an archive is refused with an error, and leaves nothing anywhere."""
    into = archive.parent / "staging" / "version"
    into.parent.mkdir()
    before = sorted(archive.parent.rglob("*"))
    with pytest.raises(error) as raised:
        unpack(archive, manifest or made.manifest(), into)
    assert type(raised.value) is error
    assert sorted(archive.parent.rglob("*")) == before
    assert "\n" not in str(raised.value)
    return raised.value


def test_an_archive_of_exactly_the_files_of_its_manifest_is_unpacked(tmp_path: Path) -> None:
    unpack(made.forged(tmp_path / "a.zip", made.good_members()), made.manifest(), tmp_path / "into")
    assert {file.name: file.read_bytes() for file in (tmp_path / "into").iterdir()} == {
        **made.FILES,
        "manifest.json": made.manifest().to_json(),
    }


@pytest.mark.parametrize(
    "name",
    [
        "../performers.db",
        "../../../../etc/cron.d/job",
        "..",
        "a/../../b",
        "./performers.db",
        "/etc/passwd",
        "//server/share",
        "C:performers.db",
        "C:\\windows\\system32\\evil.dll",
        "..\\performers.db",
        "folder/performers.db",
        "performers.db/",
        "performers.db/..",
        "performers.db:stream",
        "evil\0.db",
        "performers.db\0.npy",
        ".hidden",
        "-rf",
        "~root",
        "evil\n.db",
        "\x1b[2Jevil",
        "exe\u202efdp.db",
        "",
        " ",
        "vectorś.npy",
    ],
)
def test_a_name_that_leads_elsewhere(tmp_path: Path, name: str) -> None:
    error = MemberNotFile if name == "performers.db/" else MemberNameUnsafe
    members = [*made.good_members(), (made.file_member(name), b"")]
    if name == "performers.db/":
        members = [members[0], members[-1], members[2]]
    refused(error, made.forged(tmp_path / "a.zip", members))


def test_a_name_that_leads_elsewhere_in_one_place_and_not_in_the_other(tmp_path: Path) -> None:
    archive = made.forged(tmp_path / "a.zip", made.good_members())
    content = archive.read_bytes()
    at = made.entry_of(content, "vectors-first.npy").local + 30
    evil = b"../../../../evil"
    archive.write_bytes(content[:at] + evil + content[at + len(evil) :])
    refused(MemberDamaged, archive)


@pytest.mark.parametrize(
    "name",
    ["performers.db", "PERFORMERS.DB", "Performers.db", "performers.db.", "performers.db ", "performers\uff0edb",
     "pe\u24e1formers.db", "vectors-\ufb01rst.npy", "\uff4danifest.json", "manifest.json"],
)  # fmt: skip
def test_a_name_that_some_disk_takes_for_another(tmp_path: Path, name: str) -> None:
    for place in (0, 3):
        folder = tmp_path / str(place)
        folder.mkdir()
        members = made.good_members()
        members.insert(place, (made.file_member(name), made.DATABASE))
        refused(MemberDuplicate, made.forged(folder / "a.zip", members))


def test_a_manifest_whose_own_names_differ_by_case_only(tmp_path: Path) -> None:
    first = made.manifest().embedders[0]
    embedders = (first, first.model_copy(update={"id": "second", "file": "VECTORS-first.npy"}))
    files = {**made.manifest().files, "VECTORS-first.npy": made.entry(made.VECTORS)}
    manifest = made.manifest(embedders=embedders, files=files)
    members = [*made.good_members(manifest), (made.file_member("VECTORS-first.npy"), made.VECTORS)]
    refused(MemberDuplicate, made.forged(tmp_path / "a.zip", members), manifest)


def test_a_manifest_that_lists_itself(tmp_path: Path) -> None:
    vectors = made.manifest().embedders[0].model_copy(update={"file": "manifest.json"})
    files = {"performers.db": made.entry(made.DATABASE), "manifest.json": made.entry(made.VECTORS)}
    # Its model refuses it already; what gets past that is refused here.
    manifest = made.manifest().model_copy(update={"embedders": (vectors,), "files": files})
    refused(ReleaseContradictory, made.forged(tmp_path / "a.zip", made.good_members()), manifest)


@pytest.mark.parametrize(
    "kind", [stat.S_IFLNK, stat.S_IFBLK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFDIR, 0o030000]
)
@pytest.mark.parametrize("name", [DATABASE, "more"])
def test_a_member_that_is_no_file(tmp_path: Path, kind: int, name: str) -> None:
    members = [member for member in made.good_members() if getattr(member[0], "filename", "") != name]
    members.insert(0, (made.file_member(name, external_attr=(kind | 0o777) << 16), b"/etc/passwd"))
    refused(MemberNotFile, made.forged(tmp_path / "a.zip", members))


def test_a_folder_by_its_attribute_of_old(tmp_path: Path) -> None:
    members = [*made.good_members(), (made.file_member("more", external_attr=0x10, create_system=0), b"")]
    refused(MemberNotFile, made.forged(tmp_path / "a.zip", members))


def test_a_member_that_the_manifest_does_not_list(tmp_path: Path) -> None:
    members = [*made.good_members(), (made.file_member("stash_sense.db"), b"mine")]
    refused(MemberUnexpected, made.forged(tmp_path / "a.zip", members))


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_member_that_is_missing(tmp_path: Path, missing: int) -> None:
    members = made.good_members()
    del members[missing]
    refused(MemberMissing, made.forged(tmp_path / "a.zip", members))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (made.at_both(DATABASE, 6, 8, "<H", 0x1), MemberEncrypted),
        (made.at_both(DATABASE, 6, 8, "<H", 0x41), MemberEncrypted),
        (made.at_both(DATABASE, 6, 8, "<H", 0x2000), MemberEncrypted),
        (made.at_both(DATABASE, 8, 10, "<H", 12), MemberCompressionUnknown),
        (made.at_both(DATABASE, 8, 10, "<H", 14), MemberCompressionUnknown),
        (made.at_both(DATABASE, 8, 10, "<H", 99), MemberCompressionUnknown),
        (made.in_list(DATABASE, 24, "<L", len(made.DATABASE) - 1), MemberSizeWrong),
        (made.in_list(DATABASE, 24, "<L", 0xFFFFFFF0), MemberSizeWrong),
        (made.in_list(DATABASE, 42, "<L", 0xFFFFFFF0), MemberMisplaced),
        (made.in_list(DATABASE, 42, "<L", 0), MemberMisplaced),
        (made.in_list(DATABASE, 42, "<L", 1), MemberMisplaced),
        (made.in_list(DATABASE, 20, "<L", 0x7FFFFFFF), MemberMisplaced),
        (lambda content: made.patched(content, made.entry_of(content, DATABASE).local, "<L", 0), MemberMisplaced),
        (made.in_list("vectors-first.npy", 20, "<L", 100_000), MemberMisplaced),
        (made.in_list(DATABASE, 20, "<L", 3), MemberDamaged),
        (made.in_list(DATABASE, 16, "<L", 0x12345678), MemberDamaged),
        (made.in_list(DATABASE, 10, "<H", 0), MemberDamaged),
        (made.in_list(DATABASE, 6, "<H", 99), ArchiveDamaged),
        (made.in_list(DATABASE, 28, "<H", 60_000), ArchiveDamaged),
    ],
)
def test_a_list_that_lies(tmp_path: Path, change: Callable[[bytes], bytes], error: type[ArchiveError]) -> None:
    archive = made.forged(tmp_path / "a.zip", made.good_members())
    archive.write_bytes(change(archive.read_bytes()))
    refused(error, archive)


def test_a_member_that_ends_before_its_size(tmp_path: Path) -> None:
    members = made.good_members()
    members[1] = (members[1][0], made.DATABASE[:-5])
    archive = made.forged(tmp_path / "a.zip", members)
    archive.write_bytes(made.at_both(DATABASE, 22, 24, "<L", len(made.DATABASE))(archive.read_bytes()))
    refused(MemberSizeWrong, archive)


def test_members_that_share_their_bytes(tmp_path: Path) -> None:
    archive = made.forged(tmp_path / "a.zip", made.good_members())
    content = archive.read_bytes()
    shared = made.entry_of(content, DATABASE).local
    archive.write_bytes(made.in_list("vectors-first.npy", 42, "<L", shared)(content))
    assert "overlaps" in str(refused(MemberMisplaced, archive))


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    members = made.good_members()
    members[1] = (members[1][0], bytes(200_000_000))
    archive = made.forged(tmp_path / "a.zip", members)
    assert archive.stat().st_size < 300_000
    refused(MemberSizeWrong, archive)


def test_a_bomb_that_lies_about_its_size_fills_neither_disk_nor_memory(tmp_path: Path) -> None:
    members = made.good_members()
    members[1] = (members[1][0], bytes(200_000_000))
    archive = made.forged(tmp_path / "a.zip", members)
    archive.write_bytes(made.at_both(DATABASE, 22, 24, "<L", len(made.DATABASE))(archive.read_bytes()))
    tracemalloc.start()
    try:
        refused(MemberDamaged, archive)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_bomb_in_place_of_the_manifest(tmp_path: Path) -> None:
    members = made.good_members()
    members[0] = (members[0][0], b" " * 100_000_000)
    archive = made.forged(tmp_path / "a.zip", members)
    tracemalloc.start()
    try:
        refused(ReleaseContradictory, archive)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


def end(entries: int, length: int, start: int, *, large: bool = False, position: int = 0) -> bytes:
    """The record at the end of a zip, with what zip64 adds before it."""
    if not large:
        return struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, entries, entries, length, start, 0)
    first = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, entries, entries, length, start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, position, 1)
    return first + locator + end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)


def test_a_million_entries_are_not_counted_one_by_one(tmp_path: Path) -> None:
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"x"
    count = 1_000_000
    archive = tmp_path / "a.zip"
    archive.write_bytes(entry * count + end(count, len(entry) * count, 0, large=True, position=len(entry) * count))
    tracemalloc.start()
    try:
        assert "1,000,000" in str(refused(ArchiveOvercrowded, archive))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "claim",
    [
        end(65_535, 100, 0),
        end(3, 2**31, 0),
        end(2**40, 2**41, 0, large=True),
        end(3, 2**63, 0, large=True),
        end(0, 2**64 - 1, 2**64 - 1, large=True),
    ],
)
def test_a_list_of_absurd_length_is_not_read(tmp_path: Path, claim: bytes) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(claim)
    refused(ArchiveOvercrowded, archive)


def with_more_entries_than_it_says(content: bytes) -> bytes:
    return content[:-14] + struct.pack("<2H", 2, 2) + content[-10:]


@pytest.mark.parametrize(
    "change",
    [
        lambda content: b"",
        lambda content: b"PK\5\6",
        lambda content: b"\0" * 22,
        lambda content: b"#!/bin/sh\necho this is no zip but a program\n",
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: content + b"\0",
        lambda content: b"\0" + content,
        lambda content: b"MZ" * 512 + content,
        lambda content: content + content,
        lambda content: content[:-2] + b"\4\0note",
        lambda content: content[:-22] + b"gap" + content[-22:],
        lambda content: content[:-18] + b"\1\0" + content[-16:],
        with_more_entries_than_it_says,
        lambda content: content[:-22] + end(3, 0, len(content) - 22, large=True, position=0),
        lambda content: content[:-22] + end(3, 0, 0, large=True)[56:],
    ],
)  # fmt: skip
def test_what_is_no_whole_zip(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    archive = made.forged(tmp_path / "a.zip", made.good_members())
    archive.write_bytes(change(archive.read_bytes()))
    refused(ArchiveDamaged, archive)


def test_two_ends_that_contradict_each_other(tmp_path: Path) -> None:
    archive = made.forged(tmp_path / "a.zip", made.good_members())
    content = archive.read_bytes()
    entries, length, start = struct.unpack("<H2L", content[-12:-2])
    position = len(content) - 22
    both = content[:-22] + end(entries, length, start, large=True, position=position)
    archive.write_bytes(both)
    unpack(archive, made.manifest(), tmp_path / "large")
    archive.write_bytes(both[:-22] + end(entries + 1, length, start))
    refused(ArchiveDamaged, archive)


@pytest.mark.parametrize("changes", [{"version": "2026.11.21"}, {"face_count": 1_001}, {"content": "1" * 64}])
def test_the_manifest_of_another_version_inside(tmp_path: Path, changes: dict[str, Any]) -> None:
    archive = made.forged(tmp_path / "a.zip", made.good_members(made.manifest(**changes)))
    refused(ReleaseContradictory, archive)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"{", b'{"schema":1,"schema":1}', b"[" * 100_000])
def test_a_manifest_inside_that_is_none(tmp_path: Path, content: bytes) -> None:
    members = made.good_members()
    members[0] = (members[0][0], content)
    refused(ReleaseContradictory, made.forged(tmp_path / "a.zip", members))


@pytest.mark.parametrize("place", [1, 2])
def test_other_content_of_the_same_size(tmp_path: Path, place: int) -> None:
    members = made.good_members()
    member, content = members[place]
    members[place] = (member, content[:-1] + bytes([content[-1] ^ 1]))
    assert "SHA-256" in str(refused(MemberDamaged, made.forged(tmp_path / "a.zip", members)))


def test_a_folder_that_holds_something_is_not_filled(tmp_path: Path) -> None:
    archive = made.forged(tmp_path / "a.zip", made.good_members())
    into = tmp_path / "into"
    into.mkdir()
    (into / "mine").write_text("kept")
    with pytest.raises(NotWritable, match="not empty"):
        unpack(archive, made.manifest(), into)
    assert [file.name for file in into.iterdir()] == ["mine"]


def test_an_empty_folder_that_was_there_stays_when_its_archive_is_refused(tmp_path: Path) -> None:
    archive = made.forged(tmp_path / "a.zip", made.good_members()[1:])
    (tmp_path / "into").mkdir()
    with pytest.raises(MemberMissing):
        unpack(archive, made.manifest(), tmp_path / "into")
    assert list((tmp_path / "into").iterdir()) == []


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: None])
def test_an_archive_that_is_no_file(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "a.zip")
    refused(ArchiveUnreadable, tmp_path / "a.zip")


def test_python_would_have_taken_some_of_these(tmp_path: Path) -> None:
    """Why the list is read by rules of its own: zipfile opens archives with a program before them, and unpacks."""
    archive = made.forged(tmp_path / "a.zip", made.good_members())
    archive.write_bytes(b"MZ" * 512 + archive.read_bytes())
    with zipfile.ZipFile(archive) as opened:
        assert opened.read(DATABASE) == made.DATABASE
