"""Files of a public release that are damaged, missing, or not what they are called."""

import os
import struct
from pathlib import Path

import pytest
from tests.public_release_files import (
    INDEXES,
    MadeRelease,
    change_manifest,
    made_vectors,
    write_index,
    write_manifest,
    zip_release,
)
from tests.security.performers.public_releases.conftest import Refused

from stash_sense.errors import (
    InputMissing,
    InputUnreadable,
    PublicReleaseDamaged,
    PublicReleaseIncomplete,
    PublicReleaseUnchecked,
    PublicReleaseUnreadable,
)
from stash_sense.performers.public.limits import REQUIRED, PublicLimits

LISTED = [name for name in REQUIRED if name != "manifest.json"]


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
