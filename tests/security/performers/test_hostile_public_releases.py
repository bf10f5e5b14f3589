import io
import os
import sqlite3
import stat
import struct
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.public_release_files import (
    INDEXES,
    MadeRelease,
    change_manifest,
    change_tables,
    made_vectors,
    make_release,
    write_index,
    write_manifest,
    zip_release,
)

from stash_sense.errors import (
    InputMissing,
    InputUnreadable,
    PublicReleaseDamaged,
    PublicReleaseIncomplete,
    PublicReleaseUnchecked,
    PublicReleaseUnreadable,
    PublicReleaseUnsafe,
)
from stash_sense.performers.public.importing import write_public
from stash_sense.performers.public.limits import REQUIRED, PublicLimits

LISTED = [name for name in REQUIRED if name != "manifest.json"]
Refused = Callable[..., str]


@pytest.fixture
def made(tmp_path: Path) -> MadeRelease:
    return make_release(tmp_path / "release", performers=4, faces_each=2)


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    """Imports a release that must be refused with this error; returns what it says."""

    def run(path: Path, error: type[Exception], limits: PublicLimits | None = None) -> str:
        for name in ("version", "scratch", "outside"):
            (tmp_path / name).mkdir()
        with pytest.raises(error) as caught:
            write_public(
                path, tmp_path / "version", tmp_path / "scratch", datetime(2026, 1, 1, tzinfo=UTC), limits=limits
            )
        assert type(caught.value) is error
        assert not (tmp_path / "version" / "manifest.json").exists()
        assert {file.name for file in (tmp_path / "scratch").iterdir()} <= set(REQUIRED)
        assert list((tmp_path / "outside").iterdir()) == []
        return str(caught.value)

    return run


def rewritten(folder: Path, path: Path, entries: list[tuple[zipfile.ZipInfo | str, bytes]]) -> Path:
    """A zip of the release with more entries after its own."""
    zip_release(folder, path)
    with zipfile.ZipFile(path, "a") as archive:
        for info, content in entries:
            archive.writestr(info, content)
    return path


@pytest.mark.parametrize("name", LISTED)
def test_a_flipped_bit_in_any_file_is_found(made: MadeRelease, refused: Refused, name: str) -> None:
    content = bytearray((made.folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (made.folder / name).write_bytes(content)
    assert name in refused(made.folder, PublicReleaseDamaged)


@pytest.mark.parametrize("name", REQUIRED)
def test_a_truncated_file_is_found(made: MadeRelease, refused: Refused, name: str) -> None:
    content = (made.folder / name).read_bytes()
    (made.folder / name).write_bytes(content[: len(content) // 2])
    assert name in refused(made.folder, PublicReleaseDamaged)


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_file_is_named(made: MadeRelease, refused: Refused, tmp_path: Path, name: str) -> None:
    (made.folder / name).unlink()
    assert name in refused(zip_release(made.folder, tmp_path / "release.zip"), PublicReleaseIncomplete)


@pytest.mark.parametrize("name", LISTED)
def test_a_file_that_the_manifest_does_not_list_is_not_trusted(
    made: MadeRelease, refused: Refused, name: str
) -> None:
    change_manifest(made.folder, {name: None})
    assert name in refused(made.folder, PublicReleaseUnchecked)


@pytest.mark.parametrize("checksum", ["md5:" + "0" * 32, "0" * 64, "sha256:" + "0" * 63, "sha512:" + "0" * 128, ""])
def test_only_sha256_counts_as_a_checksum(made: MadeRelease, refused: Refused, checksum: str) -> None:
    change_manifest(made.folder, {"faces.json": checksum})
    assert "faces.json" in refused(made.folder, PublicReleaseUnchecked)


@pytest.mark.parametrize("name", ["face_adaface.voy", "more.bin", "../release/faces.json", "/etc/passwd"])
def test_a_listed_file_that_is_absent_is_an_error(made: MadeRelease, refused: Refused, name: str) -> None:
    change_manifest(made.folder, {name: "sha256:" + "0" * 64})
    assert name in refused(made.folder, PublicReleaseIncomplete)


def test_a_listed_optional_file_is_checked_too(made: MadeRelease, refused: Refused) -> None:
    (made.folder / "face_adaface.voy").write_bytes(b"this")
    write_manifest(made.folder)
    (made.folder / "face_adaface.voy").write_bytes(b"that")
    assert "face_adaface.voy" in refused(made.folder, PublicReleaseDamaged)


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"[]",
        b"[" * 100_000,
        b'{"version": "2026.1.1"',
        b'{"checksums": {}}',
        b'{"version": "../../etc"}',
        b'{"version": "1", "checksums": ["a"]}',
        b'{"version": "1", "version": "2", "checksums": {}}',
        b'{"version": "1", "checksums": {"a": 1}}',
        b'{"version": "1", "x": "' + b"a" * 2_000_000 + b'"}',
        b"\xff\xfe",
    ],
    ids=range(11),
)
def test_a_manifest_that_is_none_is_refused(made: MadeRelease, refused: Refused, manifest: bytes) -> None:
    (made.folder / "manifest.json").write_bytes(manifest)
    assert "manifest.json" in refused(made.folder, PublicReleaseDamaged)


@pytest.mark.parametrize(
    "name",
    [
        "../outside/evil",
        "/tmp/evil",  # noqa: S108
        "a/../../outside/evil",
        "..\\outside\\evil",
        "C:\\evil",
        "C:evil",
        "./faces.json",
        "a//b",
        "evil\x01",
        "evil\u202egnp",
        "..",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(
    made: MadeRelease, refused: Refused, tmp_path: Path, name: str
) -> None:
    path = rewritten(made.folder, tmp_path / "release.zip", [(name, b"evil")])
    assert "leads elsewhere" in refused(path, PublicReleaseUnsafe)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_are_refused(made: MadeRelease, refused: Refused, tmp_path: Path, kind: int) -> None:
    info = zipfile.ZipInfo("notes.txt")
    info.external_attr = (kind | 0o777) << 16
    path = rewritten(made.folder, tmp_path / "release.zip", [(info, b"/etc/passwd")])
    assert "link or a device" in refused(path, PublicReleaseUnsafe)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["faces.json", "manifest.json"])
def test_a_name_that_is_there_twice_is_refused(
    made: MadeRelease, refused: Refused, tmp_path: Path, name: str
) -> None:
    path = rewritten(made.folder, tmp_path / "release.zip", [(name, b"[]")])
    assert "twice" in refused(path, PublicReleaseUnsafe)


def test_two_releases_in_one_zip_are_refused(made: MadeRelease, refused: Refused, tmp_path: Path) -> None:
    path = rewritten(made.folder, tmp_path / "release.zip", [("other/manifest.json", b"{}")])
    assert "more than one place" in refused(path, PublicReleaseUnsafe)


def test_files_of_another_folder_are_not_taken(made: MadeRelease, refused: Refused, tmp_path: Path) -> None:
    path = tmp_path / "release.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in made.folder.iterdir():
            inside = "else" if file.name == "faces.json" else "data"
            archive.write(file, f"{inside}/{file.name}")
    assert "faces.json" in refused(path, PublicReleaseIncomplete)


def test_an_encrypted_entry_is_refused(made: MadeRelease, refused: Refused, tmp_path: Path) -> None:
    content = bytearray(zip_release(made.folder, tmp_path / "release.zip").read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    (tmp_path / "release.zip").write_bytes(content)
    assert "encrypted" in refused(tmp_path / "release.zip", PublicReleaseUnsafe)


def test_an_unknown_compression_is_refused(made: MadeRelease, refused: Refused, tmp_path: Path) -> None:
    content = bytearray(zip_release(made.folder, tmp_path / "release.zip").read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 10 : at + 12] = struct.pack("<H", 12)
    (tmp_path / "release.zip").write_bytes(content)
    assert "packed in a way" in refused(tmp_path / "release.zip", PublicReleaseUnsafe)


def test_a_file_that_unpacks_to_more_than_allowed_is_stopped(
    made: MadeRelease, refused: Refused, tmp_path: Path
) -> None:
    (made.folder / "faces.json").write_bytes(b" " * 30_000_000 + b"[]")
    write_manifest(made.folder)
    path = zip_release(made.folder, tmp_path / "release.zip")
    assert "more than" in refused(path, PublicReleaseUnsafe, PublicLimits(file_bytes=5_000_000))
    assert (tmp_path / "scratch" / "faces.json").stat().st_size <= 5_000_000


def test_a_size_that_a_zip_makes_up_is_not_believed(made: MadeRelease, refused: Refused, tmp_path: Path) -> None:
    content = bytearray(zip_release(made.folder, tmp_path / "release.zip").read_bytes())
    at = content.index(b"PK\x01\x02")
    struct.pack_into("<I", content, at + 24, 10)  # the size unpacked
    (tmp_path / "release.zip").write_bytes(content)
    refused(tmp_path / "release.zip", PublicReleaseDamaged)


def test_a_zip_with_very_many_entries_is_refused(made: MadeRelease, refused: Refused, tmp_path: Path) -> None:
    many: list[tuple[zipfile.ZipInfo | str, bytes]] = [(f"extra{number}", b"") for number in range(300)]
    path = rewritten(made.folder, tmp_path / "release.zip", many)
    assert "entries" in refused(path, PublicReleaseUnsafe, PublicLimits(archive_entries=100))


def test_a_long_list_of_entries_is_not_read(made: MadeRelease, refused: Refused, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"{number:0>100}", b"")
    (tmp_path / "release.zip").write_bytes(packed.getvalue())
    limits = PublicLimits(directory_bytes=1024 * 1024)
    assert "list of entries" in refused(tmp_path / "release.zip", PublicReleaseUnreadable, limits)


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all" * 1000, b"PK\x05\x06" + b"\xff" * 18], ids=range(4))
def test_what_is_no_zip_is_said_to_be_none(tmp_path: Path, refused: Refused, content: bytes) -> None:
    (tmp_path / "release.zip").write_bytes(content)
    refused(tmp_path / "release.zip", PublicReleaseUnreadable)


def test_a_zip_cut_short_is_refused(made: MadeRelease, refused: Refused, tmp_path: Path) -> None:
    content = zip_release(made.folder, tmp_path / "release.zip").read_bytes()
    (tmp_path / "release.zip").write_bytes(content[: len(content) * 2 // 3])
    refused(tmp_path / "release.zip", PublicReleaseUnreadable)


def test_a_folder_without_a_release_is_said_to_be_none(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", PublicReleaseUnreadable)


def test_what_is_not_there_is_said_to_be_missing(tmp_path: Path, refused: Refused) -> None:
    refused(tmp_path / "none.zip", InputMissing)


def test_a_pipe_is_not_waited_for(made: MadeRelease, refused: Refused) -> None:
    (made.folder / "faces.json").unlink()
    os.mkfifo(made.folder / "faces.json")
    refused(made.folder, PublicReleaseIncomplete)


def test_a_device_is_no_release(refused: Refused) -> None:
    refused(Path("/dev/null"), InputUnreadable)


@pytest.mark.parametrize(
    "faces",
    [
        b"{}",
        b"[1]",
        b'["no id"]',
        b'["stashdb.org:\\u0000"]',
        b"[[null]]",
        b"[" * 100_000,
        b'["' + b"a" * 100_000 + b'"]',
        b"[null",
        b"[null]x",
        b"\xff",
    ],
    ids=range(10),
)
def test_a_map_of_faces_that_is_none_is_refused(made: MadeRelease, refused: Refused, faces: bytes) -> None:
    (made.folder / "faces.json").write_bytes(faces)
    write_manifest(made.folder)
    assert "faces.json" in refused(made.folder, PublicReleaseDamaged)


def test_ten_million_entries_are_not_read(made: MadeRelease, refused: Refused) -> None:
    (made.folder / "faces.json").write_bytes(b"[" + b"null," * 9_999_999 + b"null]")
    write_manifest(made.folder)
    assert "entries" in refused(made.folder, PublicReleaseDamaged, PublicLimits(faces=10_000))


@pytest.mark.parametrize(
    "names", [b"[]", b'{"a": 1}', b'{"a": ' + b'{"a": ' * 50_000, b'{"a": {}', b"null"], ids=range(5)
)
def test_a_map_of_performers_that_is_none_is_refused(made: MadeRelease, refused: Refused, names: bytes) -> None:
    (made.folder / "performers.json").write_bytes(names)
    write_manifest(made.folder)
    assert "performers.json" in refused(made.folder, PublicReleaseDamaged)


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0" + b"\xff" * 4000, b"text"], ids=range(3))
def test_tables_that_are_none_are_refused(made: MadeRelease, refused: Refused, content: bytes) -> None:
    (made.folder / "performers.db").write_bytes(content)
    write_manifest(made.folder)
    error = PublicReleaseDamaged if content else PublicReleaseIncomplete
    assert "performers.db" in refused(made.folder, error)


def test_tables_with_damaged_pages_are_refused(made: MadeRelease, refused: Refused) -> None:
    content = bytearray((made.folder / "performers.db").read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 + 8 : page * 4096 + 64] = os.urandom(56)
    (made.folder / "performers.db").write_bytes(content)
    write_manifest(made.folder)
    assert "performers.db" in refused(made.folder, PublicReleaseDamaged)


@pytest.mark.parametrize(
    ("statement", "lacks"),
    [
        ("DROP TABLE faces", "the table faces"),
        ("ALTER TABLE faces DROP COLUMN arcface_index", "the column faces.arcface_index"),
        ("ALTER TABLE performers DROP COLUMN canonical_name", "the column performers.canonical_name"),
        ("DROP TABLE stashbox_ids", "the table stashbox_ids"),
    ],
)
def test_a_missing_table_or_column_is_named(made: MadeRelease, refused: Refused, statement: str, lacks: str) -> None:
    change_tables(made.folder, statement)
    assert lacks in refused(made.folder, PublicReleaseIncomplete)


def test_a_view_is_no_table(made: MadeRelease, refused: Refused) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS performer_id FROM n"
    change_tables(
        made.folder,
        "DROP TABLE faces",
        f"CREATE VIEW faces AS SELECT performer_id, 1 AS facenet_index, 1 AS arcface_index FROM ({endless})",  # noqa: S608
    )
    assert "the table faces" in refused(made.folder, PublicReleaseIncomplete)


def test_a_virtual_table_is_no_table(made: MadeRelease, refused: Refused) -> None:
    change_tables(
        made.folder,
        "DROP TABLE faces",
        "CREATE VIRTUAL TABLE faces USING fts5(performer_id, facenet_index, arcface_index)",
    )
    assert "the table faces" in refused(made.folder, PublicReleaseIncomplete)


def test_triggers_views_and_computed_columns_do_nothing(made: MadeRelease, tmp_path: Path) -> None:
    change_tables(
        made.folder,
        "CREATE TRIGGER evil AFTER INSERT ON faces BEGIN DELETE FROM performers; END",
        "CREATE VIEW aliases_of AS SELECT load_extension('evil') FROM aliases",
        "ALTER TABLE performers ADD COLUMN heavy GENERATED ALWAYS AS (hex(zeroblob(300000)))",
    )
    for name in ("version", "scratch"):
        (tmp_path / name).mkdir()
    result = write_public(made.folder, tmp_path / "version", tmp_path / "scratch", datetime(2026, 1, 1, tzinfo=UTC))
    assert (result.manifest.face_count, result.notes) == (8, ())
    with sqlite3.connect(tmp_path / "version" / "performers.db") as db:
        assert db.execute("SELECT count(*) FROM sqlite_master WHERE type IN ('trigger', 'view')").fetchone() == (0,)
    db.close()


def test_a_field_of_the_tables_that_is_too_long_is_refused(made: MadeRelease, refused: Refused) -> None:
    change_tables(made.folder, "UPDATE performers SET country = printf('%.*c', 3000000, 'x') WHERE id = 2")
    assert "too big" in refused(made.folder, PublicReleaseDamaged)


def test_more_rows_than_allowed_are_refused(made: MadeRelease, refused: Refused) -> None:
    change_tables(made.folder, "INSERT INTO faces (performer_id) VALUES (1)")
    assert "9 rows in faces" in refused(made.folder, PublicReleaseDamaged, PublicLimits(faces=8))


def test_more_vectors_than_allowed_are_refused(made: MadeRelease, refused: Refused) -> None:
    assert "8 vectors" in refused(made.folder, PublicReleaseDamaged, PublicLimits(faces=7))


@pytest.mark.parametrize("name", INDEXES)
def test_an_index_of_another_dimension_is_refused(made: MadeRelease, refused: Refused, name: str) -> None:
    write_index(made.folder / name, made_vectors(8, 1, 128))
    write_manifest(made.folder)
    assert "vectors of 128 numbers" in refused(made.folder, PublicReleaseDamaged)


@pytest.mark.parametrize("place", [8, 19, 35, 43, 51, 59])
def test_an_index_that_lies_about_its_size_is_refused(made: MadeRelease, refused: Refused, place: int) -> None:
    content = bytearray((made.folder / INDEXES[0]).read_bytes())
    struct.pack_into("<I", content, place, 0x7FFFFFFF)
    (made.folder / INDEXES[0]).write_bytes(content)
    write_manifest(made.folder)
    assert INDEXES[0] in refused(made.folder, PublicReleaseDamaged)


def test_the_tables_of_a_folder_are_never_written(made: MadeRelease, tmp_path: Path) -> None:
    before: dict[str, Any] = {file.name: file.read_bytes() for file in made.folder.iterdir()}
    for name in ("version", "scratch"):
        (tmp_path / name).mkdir()
    write_public(made.folder, tmp_path / "version", tmp_path / "scratch", datetime(2026, 1, 1, tzinfo=UTC))
    assert {file.name: file.read_bytes() for file in made.folder.iterdir()} == before
