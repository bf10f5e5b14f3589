"""Which builds would put something into use that its user may not mean."""

import shutil
from pathlib import Path

import pytest
from tests.fakes_faces import BLUE, GREEN, RED, save_picture
from tests.performers_builds import Workshop, portrait

from stash_sense.errors import GalleryMissing, GalleryWithoutPeople
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.building.build import BuildOptions
from stash_sense.performers.building.replacing import replacement_of
from stash_sense.performers.building.sources import FolderSource

COLOURS = {"Ann": RED, "Bea": GREEN, "Cem": BLUE}


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """Three people, built and in use."""
    workshop = Workshop(tmp_path)
    for name, colour in COLOURS.items():
        save_picture(workshop.people / name / "one.png", portrait(colour))
    workshop.build()
    return workshop


def asked(workshop: Workshop, folder: Path | None = None) -> object:
    return replacement_of(workshop.library, FolderSource(folder or workshop.people), CancelToken())


def people_in(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).mkdir(parents=True)
    return folder


def test_nothing_is_asked_where_nothing_is_in_use(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    people_in(workshop.people, "Ann")
    assert asked(workshop) is None


def test_nothing_is_asked_of_a_folder_that_has_grown_or_lost_a_few(workshop: Workshop) -> None:
    assert asked(workshop) is None
    people_in(workshop.people, "Eva", "Fay")
    assert asked(workshop) is None
    for name in ("Eva", "Fay"):
        (workshop.people / name).rmdir()
    shutil.rmtree(workshop.people / "Ann")
    assert asked(workshop) is None


def test_a_folder_that_has_lost_most_of_its_people_is_asked_about(workshop: Workshop) -> None:
    for name in ("Ann", "Bea"):
        shutil.rmtree(workshop.people / name)
    found = replacement_of(workshop.library, FolderSource(workshop.people), CancelToken())
    assert found is not None
    assert (found.people, found.performers) == (1, 3)


def test_another_folder_is_asked_about_however_many_are_in_it(workshop: Workshop, tmp_path: Path) -> None:
    assert asked(workshop, people_in(tmp_path / "others", *"abcdefgh")) is not None


def test_a_folder_with_nobody_in_it_is_said_and_not_asked_about(workshop: Workshop, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(GalleryWithoutPeople, match="The folder empty holds no folder with pictures"):
        asked(workshop, tmp_path / "empty")


def test_what_came_from_elsewhere_is_asked_about(workshop: Workshop) -> None:
    version = workshop.library.require().version
    (workshop.library.folder / f"{version}.origin.json").unlink()
    assert asked(workshop) is not None


def test_a_folder_that_is_not_there_is_said_and_not_asked_about(workshop: Workshop, tmp_path: Path) -> None:
    with pytest.raises(GalleryMissing):
        asked(workshop, tmp_path / "peple")


def test_a_version_that_cannot_be_used_is_replaced_without_a_question(workshop: Workshop, tmp_path: Path) -> None:
    (workshop.library.require().folder / "manifest.json").write_text("nonsense")
    assert asked(workshop, people_in(tmp_path / "others", "a")) is None


def test_a_version_written_aside_says_nothing_of_the_folder(workshop: Workshop, tmp_path: Path) -> None:
    other = Workshop(tmp_path / "other")
    save_picture(other.people / "Ann" / "one.png", portrait(RED))
    other.build(BuildOptions(out=tmp_path / "aside"))
    assert asked(other) is None
