"""A real disk that is too small, in every phase: nothing half-written is kept, and with room it goes well."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.updates import made_versions as made
from tests.integration.updates.conftest import Stage
from tests.public_release_files import make_release, zip_release

from stash_sense.errors import DiskFull, NotEnoughSpace, NotWritable
from stash_sense.fakes.release_server import ReleaseServer
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.search.int8_numpy import NumpyInt8Kernel
from stash_sense.performers.versions.canary import plain_space
from stash_sense.performers.versions.canary import prove as canary
from stash_sense.performers.versions.library import PerformersLibrary
from stash_sense.releases.importing import import_file
from stash_sense.releases.installing import ReleaseInstaller

PAGE = 4096
LARGE: dict[str, Any] = {"people": made.MANY // 100, "faces": 100}
"""A version for which a search matrix is derived, which takes room as well."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "data"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m,nr_inodes=200", "tmpfs", str(disk)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield disk
    if subprocess.run(["umount", str(disk)], check=False).returncode:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
        pytest.fail("a file of the disk was left open")


@pytest.fixture
def stage(tmp_path: Path, small_disk: Path) -> Iterator[Stage]:
    library = PerformersLibrary(small_disk / "performers")
    made.install(library, made.OLD)
    release = made.published(tmp_path, made.NEW, **LARGE)
    with ReleaseServer(tmp_path / "releases") as server:
        yield Stage(tmp_path, library, server, release)


def leave(disk: Path, free: int) -> None:
    """Fill a disk but for so many bytes."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        try:
            while file.write(bytes(64 * PAGE)):
                file.flush()
        except OSError:
            pass
    room = filler.stat().st_size - free
    with filler.open("r+b") as file:
        file.truncate(max(0, room))


def refusals(disk: Path, sizes: range, work: Callable[[], object], check: Callable[[], None]) -> list[str]:
    """Do a work with more and more room until it succeeds; return the errors' codes."""
    filler, codes = disk / "filler", []
    for free in sizes:
        leave(disk, free)
        try:
            work()
        except (DiskFull, NotEnoughSpace) as error:
            codes.append(error.code)
            check()
        else:
            filler.unlink()
            return codes
    raise AssertionError("it never succeeded")


def without(stage: Stage, fillers: str | tuple[str, ...]) -> dict[str, bytes]:
    """Every file of the data folder, but those that only take room."""
    return {name: kept for name, kept in stage.everything().items() if not Path(name).name.startswith(fillers)}


def test_an_update_on_a_disk_with_more_and_more_room(stage: Stage, small_disk: Path) -> None:
    before = stage.everything()
    kept: list[set[str]] = []

    def check() -> None:
        assert without(stage, ("filler", stage.archive)) == before
        assert made.answer(stage.library) == made.OLD
        assert not list(stage.library.folder.glob(".staging/*"))
        assert not list(stage.library.derived.glob("*"))
        kept.append(stage.parts())

    codes = refusals(small_disk, range(0, 4_000_000, 50_000), lambda: stage.update("folder"), check)
    # It is told beforehand; what is next to nothing, such as a lock, may be met on the way.
    assert {"not_enough_space"} <= set(codes) <= {"disk_full", "not_enough_space"}
    # What was fetched whole stays, and is not fetched again once there is room.
    assert {frozenset(parts) for parts in kept} == {frozenset(), frozenset({""})}
    assert stage.parts() == set()
    assert made.answer(stage.library, faces=100) == made.NEW


def test_a_version_that_is_put_again_answers_while_there_is_no_room_to_prove_it(
    stage: Stage, small_disk: Path
) -> None:
    stage.update("folder")
    before = stage.everything()
    assert any(str(stage.library.derived) in name for name in before)

    def check() -> None:
        assert without(stage, "filler") == before
        assert made.answer(stage.library, faces=100) == made.NEW

    room = small_disk / "filler"
    for free in range(0, 150_000, 50_000):
        installer = ReleaseInstaller(stage.library, made.prover(lambda free=free: leave(small_disk, free)))  # type: ignore[misc]
        with pytest.raises(DiskFull):
            import_file(stage.release.files[0], installer, stage.trusted, made.ED25519, CancelToken())
        check()
        room.unlink()
    stage.bring_in()
    assert made.answer(stage.library, faces=100) == made.NEW


def test_what_there_is_no_room_for_is_not_even_fetched(stage: Stage, small_disk: Path) -> None:
    leave(small_disk, 2 * stage.release.files[0].stat().st_size)
    with pytest.raises(NotEnoughSpace, match="are needed"):
        stage.update()
    assert stage.archive not in {request.path for request in stage.server.requests}
    assert made.answer(stage.library) == made.OLD


def test_what_there_is_no_room_for_is_not_even_unpacked(stage: Stage, small_disk: Path) -> None:
    leave(small_disk, stage.release.release.manifest.size * 5 // 4)
    with pytest.raises(NotEnoughSpace, match="are needed"):
        stage.bring_in()
    assert made.answer(stage.library) == made.OLD


def test_a_public_release_on_a_disk_with_more_and_more_room(stage: Stage, small_disk: Path) -> None:
    release = zip_release(make_release(stage.place / "public", performers=8).folder, stage.place / "p-2026.12.1.zip")
    before = stage.everything()
    installer = ReleaseInstaller(
        stage.library,
        lambda version, derived, cancel, progress: canary(
            version, plain_space(version.manifest), derived, NumpyInt8Kernel(), cancel, progress
        ),
    )

    def check() -> None:
        assert without(stage, "filler") == before
        assert not list(stage.library.folder.glob(".staging/*"))

    def work() -> None:
        import_file(release, installer, (), made.ED25519, CancelToken())

    codes = refusals(small_disk, range(0, 4_000_000, 20_000), work, check)
    assert set(codes) == {"disk_full", "not_enough_space"}
    assert stage.library.require().manifest.pack == "stash-sense"


def test_a_disk_without_room_for_another_name(stage: Stage, small_disk: Path) -> None:
    before = stage.everything()
    names = [small_disk / f"other{number}" for number in range(200)]
    for place, name in enumerate(names):
        try:
            name.touch()
        except OSError:
            del names[place:]
            break
    refused = 0
    while names:
        try:
            stage.update("folder")
            break
        except DiskFull:
            refused += 1
            assert without(stage, ("other", stage.archive)) == before
            assert not list(stage.library.folder.glob(".staging/*"))
            assert stage.parts() <= {""}
        names.pop().unlink()
    assert refused > 5
    assert made.answer(stage.library, faces=100) == made.NEW


def test_a_data_folder_that_cannot_be_written_answers_and_says_why_it_is_not_updated(
    stage: Stage, small_disk: Path
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(NotWritable, match="Read-only"):
        stage.update()
    with pytest.raises(NotWritable, match="Read-only"):
        stage.bring_in()
    with pytest.raises(NotWritable, match="Read-only"), stage.library.alone():
        pass
    assert made.answer(stage.library) == made.OLD
    assert stage.updater.check(stage.source("folder"), CancelToken()).newer
