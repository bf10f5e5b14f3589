import errno
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stash_sense.errors import DiskFull, NotWritable
from stash_sense.files import staged_folder, storage_errors, write_atomically

LARGE = 1_000_000
"""Bytes that do not fit on the disks below."""


def everything_below(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() if file.is_file() else b"" for file in folder.rglob("*")}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of 64 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_file_is_written_whole_with_the_folders_above_it(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "state.json"
    write_atomically(file, b"content")
    assert everything_below(tmp_path) == {"a": b"", "a/b": b"", "a/b/state.json": b"content"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_a_file_that_was_there_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    write_atomically(file, b"old and longer")
    write_atomically(file, b"new")
    assert everything_below(tmp_path) == {"state.json": b"new"}


def test_who_has_the_old_file_open_reads_the_old_content_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    write_atomically(file, b"old")
    with file.open("rb") as reader:
        write_atomically(file, b"new")
        assert reader.read() == b"old"


@pytest.mark.parametrize("name", ["a" * 255, "ü" * 127, "宮" * 85, "👩" * 63, ".hidden", os.fsdecode(b"caf\xe9")])
def test_any_name_that_the_disk_takes_can_be_written(tmp_path: Path, name: str) -> None:
    try:
        (tmp_path / name).touch()
    except (OSError, UnicodeEncodeError) as error:
        pytest.skip(f"this file system has no such name: {error}")
    write_atomically(tmp_path / name, b"content")
    assert everything_below(tmp_path) == {name: b"content"}


def test_in_the_place_of_a_folder_nothing_is_written_and_nothing_left(tmp_path: Path) -> None:
    (tmp_path / "state.json").mkdir()
    with pytest.raises(NotWritable, match="it is not a file"):
        write_atomically(tmp_path / "state.json", b"content")
    assert everything_below(tmp_path) == {"state.json": b""}


def test_below_a_file_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(NotWritable):
        write_atomically(tmp_path / "file" / "state.json", b"content")
    with pytest.raises(NotWritable), staged_folder(tmp_path / "file" / "pack"):
        pass
    assert everything_below(tmp_path) == {"file": b"x"}


def test_a_full_disk_is_said_and_leaves_the_old_file(small_disk: Path) -> None:
    file = small_disk / "state.json"
    write_atomically(file, b"old")
    with pytest.raises(DiskFull, match="free some space") as caught:
        write_atomically(file, bytes(LARGE))
    assert str(file) in str(caught.value)
    assert everything_below(small_disk) == {"state.json": b"old"}
    write_atomically(file, b"small enough")
    assert file.read_bytes() == b"small enough"


def test_a_full_disk_leaves_the_old_folder(small_disk: Path) -> None:
    with staged_folder(small_disk / "pack") as stage:
        (stage / "model").write_bytes(b"old")
    with pytest.raises(DiskFull), staged_folder(small_disk / "pack") as stage:
        write_atomically(stage / "model", bytes(LARGE))
    assert everything_below(small_disk) == {"pack": b"", "pack/model": b"old"}


def test_a_device_that_is_full_is_a_full_disk() -> None:
    device = Path("/dev/full")
    if not device.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(DiskFull, match="/dev/full"), storage_errors(device):
        device.write_bytes(b"x")


WRITES_TOO_MUCH = f"""
import pathlib, sys
from stash_sense.errors import NotWritable
from stash_sense.files import write_atomically
try:
    write_atomically(pathlib.Path(sys.argv[1]), bytes({LARGE}))
except NotWritable as error:
    print(error)
"""


def test_a_file_larger_than_the_process_may_write_leaves_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    write_atomically(file, b"old")
    child = subprocess.run(
        [sys.executable, "-c", WRITES_TOO_MUCH, str(file)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LARGE // 2, LARGE // 2)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert child.stderr == ""
    assert "File too large" in child.stdout
    assert everything_below(tmp_path) == {"state.json": b"old"}


def test_a_quota_used_up_is_a_full_disk_and_another_error_is_not() -> None:
    with pytest.raises(DiskFull), storage_errors(Path("a")):
        raise OSError(errno.EDQUOT, "Disk quota exceeded")
    with pytest.raises(NotWritable, match="Read-only file system"), storage_errors(Path("a")):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
    with pytest.raises(NotWritable, match="OSError"), storage_errors(Path("a")):
        raise OSError


def test_a_folder_that_may_not_be_written_to_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        if os.access(tmp_path, os.W_OK):
            pytest.skip("this user may write everywhere, as root may")
        with pytest.raises(NotWritable, match="Permission denied"):
            write_atomically(tmp_path / "state.json", b"content")
        with pytest.raises(NotWritable, match="Permission denied"), staged_folder(tmp_path / "pack"):
            pass
    finally:
        tmp_path.chmod(stat.S_IRWXU)


def test_a_staged_folder_takes_its_place_whole(tmp_path: Path) -> None:
    target = tmp_path / "packs" / "lite"
    with staged_folder(target) as stage:
        (stage / "deep").mkdir()
        (stage / "deep" / "model").write_bytes(b"x")
        assert not target.exists()
        assert stage.parent == target.parent
        assert stage.name.startswith(".")
    assert everything_below(tmp_path) == {
        "packs": b"",
        "packs/lite": b"",
        "packs/lite/deep": b"",
        "packs/lite/deep/model": b"x",
    }
    assert stat.S_IMODE(target.stat().st_mode) == 0o755


def test_a_staged_folder_replaces_the_old_one_with_nothing_of_it_left(tmp_path: Path) -> None:
    target = tmp_path / "lite"
    for name in ("old", "new"):
        with staged_folder(target) as stage:
            (stage / name).write_bytes(name.encode())
    assert everything_below(tmp_path) == {"lite": b"", "lite/new": b"new"}


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, OSError])
def test_a_block_that_fails_leaves_the_old_folder_and_nothing_else(
    tmp_path: Path, failure: type[BaseException]
) -> None:
    target = tmp_path / "lite"
    with staged_folder(target) as stage:
        (stage / "old").write_bytes(b"old")

    def fail(stage: Path) -> None:
        (stage / "new").write_bytes(b"new")
        raise failure

    with pytest.raises(failure), staged_folder(target) as stage:
        fail(stage)
    assert everything_below(tmp_path) == {"lite": b"", "lite/old": b"old"}


def test_a_stage_that_has_gone_is_said_and_the_old_folder_stays(tmp_path: Path) -> None:
    target = tmp_path / "lite"
    with staged_folder(target) as stage:
        (stage / "old").write_bytes(b"old")
    with pytest.raises(NotWritable), staged_folder(target) as stage:
        stage.rmdir()
    assert everything_below(tmp_path) == {"lite": b"", "lite/old": b"old"}


def test_a_folder_can_take_the_place_of_a_link_or_a_file_with_nothing_left(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "old").write_bytes(b"old")
    (tmp_path / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "file").write_bytes(b"old")
    for name in ("linked", "file"):
        with staged_folder(tmp_path / name) as stage:
            (stage / "new").write_bytes(b"new")
    assert everything_below(tmp_path) == {
        "elsewhere": b"",
        "elsewhere/old": b"old",
        "linked": b"",
        "linked/new": b"new",
        "file": b"",
        "file/new": b"new",
    }


def test_a_link_in_a_circle_cannot_be_written(tmp_path: Path) -> None:
    link = tmp_path / "report.html"
    link.symlink_to(link)
    with pytest.raises(NotWritable):
        write_atomically(link, b"new")
    assert link.is_symlink()


def test_a_dangling_link_is_replaced_too(tmp_path: Path) -> None:
    (tmp_path / "lite").symlink_to(tmp_path / "nothing")
    with staged_folder(tmp_path / "lite") as stage:
        (stage / "new").write_bytes(b"new")
    assert everything_below(tmp_path) == {"lite": b"", "lite/new": b"new"}
