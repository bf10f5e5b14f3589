import hashlib
import os
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.security.releases import made_releases as made

from stash_sense.errors import (
    Cancelled,
    DatabaseTooNew,
    DiskFull,
    NotWritable,
    StashSenseError,
    VersionFileChanged,
    VersionFileMissing,
    VersionFileSizeWrong,
)
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress
from stash_sense.releases.archive import pack, unpack

NAMES = ["manifest.json", "performers.db", "vectors-first.npy"]


@pytest.fixture
def version(tmp_path: Path) -> Path:
    return made.version_folder(tmp_path / "version")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of 8 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_what_is_packed_is_what_is_unpacked(version: Path, tmp_path: Path) -> None:
    packed = pack(version, tmp_path / "a.zip")
    assert packed == made.entry((tmp_path / "a.zip").read_bytes())
    unpack(tmp_path / "a.zip", made.manifest(), tmp_path / "into")
    assert contents(tmp_path / "into") == contents(version)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.zip", "into", "version"]


def test_equal_versions_make_equal_archives(version: Path, tmp_path: Path) -> None:
    pack(version, tmp_path / "a.zip")
    other = made.version_folder(tmp_path / "elsewhere" / "other")
    for name in reversed(NAMES):
        os.utime(other / name, (1, 1))
        (other / name).chmod(0o600)
    pack(other, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_vectors_are_stored_and_the_rest_is_compressed(version: Path, tmp_path: Path) -> None:
    pack(version, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        members = archive.infolist()
    assert [member.filename for member in members] == NAMES
    assert [member.compress_type for member in members] == [zipfile.ZIP_DEFLATED] * 2 + [zipfile.ZIP_STORED]
    assert {member.date_time for member in members} == {(1980, 1, 1, 0, 0, 0)}
    assert {member.external_attr >> 16 for member in members} == {stat.S_IFREG | 0o644}


def test_a_file_that_is_not_in_the_manifest_is_not_packed(version: Path, tmp_path: Path) -> None:
    (version / "notes.txt").write_text("mine")
    pack(version, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == NAMES


def test_an_archive_that_was_there_is_replaced(version: Path, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"old")
    left, packing = tmp_path / ".a.zip.0123.part", tmp_path / ".a.zip.4567.part"
    left.write_bytes(b"what a program left that was killed yesterday")
    os.utime(left, (0, 0))
    packing.write_bytes(b"what another program packs")
    pack(version, tmp_path / "a.zip")
    unpack(tmp_path / "a.zip", made.manifest(), tmp_path / "into")
    assert not left.exists()
    assert packing.read_bytes() == b"what another program packs"


def test_two_programs_that_pack_the_same_do_not_write_into_each_other(version: Path, tmp_path: Path) -> None:
    once: list[Progress] = []

    def listen(report: Progress) -> None:
        if not once:
            once.append(report)
            pack(version, tmp_path / "a.zip")

    packed = pack(version, tmp_path / "a.zip", listen)
    assert hashlib.sha256((tmp_path / "a.zip").read_bytes()).hexdigest() == packed.sha256
    assert [file.name for file in tmp_path.iterdir() if "zip" in file.name] == ["a.zip"]


def test_what_went_wrong_is_told_even_where_it_cannot_be_cleared_away(version: Path, tmp_path: Path) -> None:
    def in_the_way(report: Progress) -> None:
        for part in tmp_path.glob(".a.zip.*.part"):
            part.unlink()
            part.mkdir()
        raise Cancelled

    with pytest.raises(Cancelled):
        pack(version, tmp_path / "a.zip", in_the_way)


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("performers.db", None, VersionFileMissing),
        ("performers.db", made.DATABASE + b"x", VersionFileSizeWrong),
        ("performers.db", made.DATABASE[:-1], VersionFileSizeWrong),
        ("vectors-first.npy", b"x" * len(made.VECTORS), VersionFileChanged),
        ("manifest.json", None, VersionFileMissing),
        ("manifest.json", made.manifest(requires="1000").to_json(), DatabaseTooNew),
    ],
)
def test_a_version_that_is_not_whole_is_not_packed(
    version: Path, tmp_path: Path, name: str, content: bytes | None, error: type[StashSenseError]
) -> None:
    (version / name).unlink()
    if content is not None:
        (version / name).write_bytes(content)
    (tmp_path / "a.zip").write_bytes(b"old")
    with pytest.raises(error):
        pack(version, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == b"old"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.zip", "version"]


def test_progress_is_told_from_nothing_to_all(version: Path, tmp_path: Path) -> None:
    files = {"performers.db": bytes(3_500_000), "vectors-first.npy": bytes(2_000_000)}
    manifest = made.manifest(files={name: made.entry(content) for name, content in files.items()})
    for name, content in {**files, "manifest.json": manifest.to_json()}.items():
        (version / name).write_bytes(content)
    told: list[Progress] = []
    pack(version, tmp_path / "a.zip", told.append)
    unpack(tmp_path / "a.zip", manifest, tmp_path / "into", progress=told.append)
    for stage in ("pack, MB", "unpack, MB"):
        reports = [report for report in told if report.stage == stage]
        done = [report.done for report in reports]
        assert (done[0], done[-1]) == (0, 6)
        assert done == sorted(set(done))
        assert {report.total for report in reports} == {6}


@pytest.mark.parametrize("megabyte", [0, 1, 4])
def test_stopping_leaves_nothing(version: Path, tmp_path: Path, megabyte: int) -> None:
    files = {"performers.db": os.urandom(3_500_000), "vectors-first.npy": os.urandom(2_000_000)}
    manifest = made.manifest(files={name: made.entry(content) for name, content in files.items()})
    for name, content in {**files, "manifest.json": manifest.to_json()}.items():
        (version / name).write_bytes(content)
    pack(version, tmp_path / "whole.zip")
    cancel = CancelToken()

    def stop(report: Progress) -> None:
        if report.done == megabyte:
            cancel.cancel()

    with pytest.raises(Cancelled):
        pack(version, tmp_path / "a.zip", stop, cancel)
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        unpack(tmp_path / "whole.zip", manifest, tmp_path / "into", progress=stop, cancel=cancel)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["version", "whole.zip"]


def test_a_full_disk_keeps_nothing_of_an_archive_or_of_a_version(
    version: Path, tmp_path: Path, small_disk: Path
) -> None:
    pack(version, tmp_path / "a.zip")
    with pytest.raises(DiskFull):
        unpack(tmp_path / "a.zip", made.manifest(), small_disk / "into")
    (small_disk / "more").write_bytes(bytes(4096))
    with pytest.raises(DiskFull):
        pack(version, small_disk / "a.zip")
    assert [file.name for file in small_disk.iterdir()] == ["more"]


def test_members_in_the_form_for_large_files_are_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for member, content in made.good_members():
            with archive.open(member, "w", force_zip64=True) as out:
                out.write(content)
    unpack(tmp_path / "a.zip", made.manifest(), tmp_path / "into")
    assert contents(tmp_path / "into") == {**made.FILES, "manifest.json": made.manifest().to_json()}


def test_a_place_that_cannot_be_written(version: Path, tmp_path: Path) -> None:
    pack(version, tmp_path / "a.zip")
    with pytest.raises(NotWritable):
        pack(version, tmp_path / "a.zip" / "b.zip")
    with pytest.raises(NotWritable):
        unpack(tmp_path / "a.zip", made.manifest(), tmp_path / "a.zip" / "into")


def test_a_large_release_takes_little_memory(tmp_path: Path) -> None:
    """100 MB of zeros through a process that grows by less than 40 MB."""
    script = f"""
import hashlib, resource, sys
from pathlib import Path
sys.path.insert(0, {str(Path(made.__file__).parents[3])!r})
from tests.security.releases import made_releases as made
from stash_sense.performers.manifest import FileEntry
from stash_sense.releases.archive import pack, unpack
folder = Path({str(tmp_path)!r}) / "version"
size, digest = 100_000_000, hashlib.sha256()
with open(made.version_folder(folder) / "vectors-first.npy", "wb") as out:
    out.truncate(size)
for _ in range(100):
    digest.update(bytes(1_000_000))
large = FileEntry(size=size, sha256=digest.hexdigest())
manifest = made.manifest(files={{"performers.db": made.entry(made.DATABASE), "vectors-first.npy": large}})
(folder / "manifest.json").write_bytes(manifest.to_json())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
pack(folder, folder.parent / "a.zip")
unpack(folder.parent / "a.zip", manifest, folder.parent / "into")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) < 40_000, "kibibytes"
