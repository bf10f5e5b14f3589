"""A full disk in every phase of a download, on a real disk that is too small."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.releases.serving import CONTENT, NAME, SHA256, names, place

from stash_sense.adapters.http.client import HttpClient
from stash_sense.errors import DiskFull, NotEnoughSpace, NotWritable
from stash_sense.fakes.release_answers import Fault
from stash_sense.fakes.release_server import ReleaseServer
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import silent
from stash_sense.releases.download import Download
from stash_sense.releases.found import Announced, FoundRelease, PublicOffer, version_of
from stash_sense.releases.sources import source_of
from stash_sense.releases.space import require_space


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of 128 KiB; the file has 300 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128k,nr_inodes=6", "tmpfs", str(disk)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_fills_up_while_bytes_come_is_left_empty(
    server: ReleaseServer, download: Download, small_disk: Path
) -> None:
    with pytest.raises(DiskFull):
        download.fetch(place(server), small_disk / "archive.zip", sha256=SHA256)
    assert names(small_disk) == set()


def test_a_disk_that_fills_up_in_a_later_run_is_left_empty(
    server: ReleaseServer, download: Download, small_disk: Path
) -> None:
    server.faults[NAME] = [Fault(reset_after=60_000), Fault(status=403)]
    with pytest.raises(Exception, match="status 403"):
        download.fetch(place(server), small_disk / "archive.zip", sha256=SHA256)
    assert len(names(small_disk)) == 2
    with pytest.raises(DiskFull):
        download.fetch(place(server), small_disk / "archive.zip", sha256=SHA256)
    assert names(small_disk) == set()


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_disk_without_room_for_another_file_is_left_as_it_was(
    server: ReleaseServer, download: Download, small_disk: Path, left: int
) -> None:
    """For the folder, the part file, and the note beside it."""
    for number in range(5 - left):
        (small_disk / f"other{number}").touch()
    before = names(small_disk)
    with pytest.raises(DiskFull):
        download.fetch(place(server), small_disk / "new" / "archive.zip", sha256=SHA256)
    assert names(small_disk) - {"new"} == before
    assert names(small_disk / "new") == set()


def test_a_copy_from_a_folder_leaves_a_full_disk_empty(server: ReleaseServer, small_disk: Path) -> None:
    version = version_of("1.0")
    assert version is not None
    release = FoundRelease(version, False, PublicOffer(NAME, len(CONTENT)))
    source = source_of(str(server.folder), HttpClient(proxies={}))
    into = small_disk / "archive.zip"
    with pytest.raises(DiskFull):
        source.fetch(release, Announced(NAME), into, silent, CancelToken())
    assert names(small_disk) == set()


def test_a_disk_that_is_too_small_is_told_before_with_both_figures(small_disk: Path) -> None:
    with pytest.raises(NotEnoughSpace, match=r"131\.1 kB free where 250\.0 kB are needed"):
        require_space(small_disk / "performers", 100_000)
    require_space(small_disk / "performers", 50_000)


def test_a_place_that_cannot_be_written_is_told_and_what_came_is_kept(
    server: ReleaseServer, download: Download, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWritable):
        download.fetch(place(server), tmp_path / "file" / "archive.zip")
