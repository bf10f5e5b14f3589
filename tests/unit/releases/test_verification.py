import os
from pathlib import Path

import pytest
from tests.security.releases import made_releases as made

from stash_sense.errors import (
    ArchiveChanged,
    ArchiveSizeWrong,
    ArchiveUnreadable,
    Cancelled,
    VersionFileChanged,
    VersionFileError,
    VersionFileMissing,
    VersionFileSizeWrong,
    VersionFileUnexpected,
    VersionFileUnreadable,
)
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress
from stash_sense.releases.release_manifest import ArchiveEntry
from stash_sense.releases.verification import folder_faults, verify_archive


@pytest.fixture
def version(tmp_path: Path) -> Path:
    return made.version_folder(tmp_path / "version")


def only_fault(folder: Path) -> VersionFileError:
    (fault,) = folder_faults(folder, made.manifest())
    return fault


def test_a_whole_version_has_no_faults(version: Path) -> None:
    told: list[Progress] = []
    assert list(folder_faults(version, made.manifest(), told.append)) == []
    assert [report.done for report in told] == [0, 1]


@pytest.mark.parametrize("name", ["performers.db", "vectors-first.npy", "manifest.json"])
def test_a_file_that_is_missing(version: Path, name: str) -> None:
    (version / name).unlink()
    fault = only_fault(version)
    assert type(fault) is VersionFileMissing
    assert name in str(fault)


@pytest.mark.parametrize("name", ["performers.db-wal", "performers.db-journal", ".hidden", "more.npy", "folder"])
def test_a_file_too_many(version: Path, name: str) -> None:
    (version / name).mkdir() if name == "folder" else (version / name).write_bytes(b"")
    assert type(only_fault(version)) is VersionFileUnexpected


def test_a_file_of_another_size(version: Path) -> None:
    with (version / "performers.db").open("ab") as file:
        file.write(b"x")
    fault = only_fault(version)
    assert type(fault) is VersionFileSizeWrong
    assert str(fault).endswith("has 7,817 bytes instead of the 7,816 of its manifest.")


@pytest.mark.parametrize("place", [0, 3_000, -1])
@pytest.mark.parametrize("name", ["performers.db", "vectors-first.npy"])
def test_a_bit_that_flipped(version: Path, name: str, place: int) -> None:
    content = bytearray((version / name).read_bytes())
    content[place] ^= 4
    (version / name).write_bytes(content)
    assert type(only_fault(version)) is VersionFileChanged


@pytest.mark.parametrize("content", [b"", b"{}", made.manifest(face_count=1).to_json(), b" " * 5_000_000])
def test_a_manifest_that_is_another(version: Path, content: bytes) -> None:
    (version / "manifest.json").write_bytes(content)
    assert isinstance(only_fault(version), VersionFileChanged | VersionFileUnreadable)


def test_a_manifest_written_in_another_way_says_the_same(version: Path) -> None:
    (version / "manifest.json").write_text(made.manifest().model_dump_json(by_alias=True))
    assert list(folder_faults(version, made.manifest())) == []


def test_a_link_to_the_right_content_is_no_file(version: Path, tmp_path: Path) -> None:
    (version / "performers.db").rename(tmp_path / "elsewhere")
    (version / "performers.db").symlink_to(tmp_path / "elsewhere")
    assert type(only_fault(version)) is VersionFileMissing


@pytest.mark.parametrize("name", ["performers.db", "manifest.json"])
def test_a_pipe_or_a_folder_is_no_file_and_is_not_waited_for(version: Path, name: str) -> None:
    (version / name).unlink()
    os.mkfifo(version / name)
    assert type(only_fault(version)) is VersionFileMissing
    (version / name).unlink()
    (version / name).mkdir()
    assert type(only_fault(version)) is VersionFileMissing


def test_all_faults_are_found(version: Path) -> None:
    (version / "performers.db").write_bytes(made.DATABASE[::-1])
    (version / "vectors-first.npy").unlink()
    (version / "manifest.json").write_bytes(b"")
    (version / "more").write_bytes(b"")
    assert [type(fault) for fault in folder_faults(version, made.manifest())] == [
        VersionFileUnexpected,
        VersionFileChanged,
        VersionFileChanged,
        VersionFileMissing,
    ]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert type(only_fault(tmp_path / "nowhere")) is VersionFileUnreadable


def test_checking_can_be_stopped(version: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        list(folder_faults(version, made.manifest(), cancel=cancel))


def test_an_archive_is_checked_by_size_and_hash(tmp_path: Path) -> None:
    archive = tmp_path / "performers-1.zip"
    archive.write_bytes(b"archive")
    entry = ArchiveEntry(name=archive.name, **made.entry(b"archive").model_dump())
    verify_archive(archive, entry)
    archive.write_bytes(b"archivE")
    with pytest.raises(ArchiveChanged):
        verify_archive(archive, entry)
    archive.write_bytes(b"archives")
    with pytest.raises(ArchiveSizeWrong):
        verify_archive(archive, entry)
    archive.unlink()
    with pytest.raises(ArchiveUnreadable):
        verify_archive(archive, entry)
