"""The folder of a version, as a build writes it elsewhere, becomes the version in use; nothing else in it does."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.updates import made_versions as made
from tests.integration.updates.conftest import Stage

from stash_sense.errors import StashSenseError
from stash_sense.kernel.cancel import CancelToken
from stash_sense.releases.importing import import_file
from stash_sense.releases.installing import Installed, ReleaseInstaller


def bring_in(stage: Stage, folder: Path) -> Installed:
    installer = ReleaseInstaller(stage.library, made.prover())
    return import_file(folder, installer, (), made.ED25519, CancelToken())


@pytest.fixture
def folder(stage: Stage) -> Path:
    folder = stage.place / "built"
    made.write_version(folder, made.NEW)
    return folder


def test_a_folder_is_copied_and_put_into_use(stage: Stage, folder: Path) -> None:
    (folder / "notes.txt").write_text("the user's own")
    installed = bring_in(stage, folder).version
    assert made.answer(stage.library) == made.NEW
    assert sorted(file.name for file in installed.folder.iterdir()) == sorted(
        ["manifest.json", *installed.manifest.files]
    )
    assert (folder / "notes.txt").exists()
    assert installed.origin is not None
    assert (installed.origin.source, installed.origin.built_here) == (str(folder), False)


def changed(folder: Path) -> None:
    file = folder / "vectors-one.npy"
    file.write_bytes(file.read_bytes()[:-1] + b"\0")


def elsewhere(folder: Path) -> None:
    (folder / "vectors-one.npy").rename(folder.parent / "vectors-one.npy")
    (folder / "vectors-one.npy").symlink_to(folder.parent / "vectors-one.npy")


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (changed, "version_file_changed"),
        (elsewhere, "version_file_missing"),
        (lambda folder: (folder / "performers.db").unlink(), "version_file_missing"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "release_unreadable"),
        (lambda folder: (folder / "manifest.json").unlink(), "release_missing"),
    ],
)
def test_a_folder_that_is_not_as_it_should_be_is_refused(
    stage: Stage,
    folder: Path,
    refused: Callable[[str, Callable[[], object]], None],
    spoil: Callable[[Path], object],
    code: str,
) -> None:
    spoil(folder)
    refused(code, lambda: bring_in(stage, folder))


def test_a_folder_beside_the_release_it_came_in_is_imported(stage: Stage) -> None:
    folder = stage.releases / stage.archive.removesuffix(".zip")
    made.write_version(folder, made.NEW)
    assert stage.release.files[1].name == f"{folder.name}.release.json"
    bring_in(stage, folder)
    assert made.answer(stage.library) == made.NEW


@pytest.mark.parametrize("odd", [".", "/", "x" * 250])
def test_odd_names_of_folders_are_refused_in_words(stage: Stage, monkeypatch: pytest.MonkeyPatch, odd: str) -> None:
    monkeypatch.chdir(stage.place)
    with pytest.raises(StashSenseError):
        bring_in(stage, Path(odd))
