"""Zips that hold more, or lead elsewhere, than a public release does."""

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from tests.public_release_files import MadeRelease, write_manifest, zip_release
from tests.security.performers.public_releases.conftest import Refused

from stash_sense.errors import (
    PublicReleaseDamaged,
    PublicReleaseIncomplete,
    PublicReleaseUnreadable,
    PublicReleaseUnsafe,
)
from stash_sense.performers.public.limits import PublicLimits


def rewritten(folder: Path, path: Path, entries: list[tuple[zipfile.ZipInfo | str, bytes]]) -> Path:
    """A zip of the release with more entries after its own."""
    zip_release(folder, path)
    with zipfile.ZipFile(path, "a") as archive:
        for info, content in entries:
            archive.writestr(info, content)
    return path


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
