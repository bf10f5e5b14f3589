"""The job that builds a database, where it must not go on."""

from pathlib import Path

import pytest
from tests.integration.updates import made_versions as made

from stash_sense.errors import GalleryMissing, JobPayloadInvalid, ReplacementUnconfirmed
from stash_sense.jobs.context import JobContext
from stash_sense.kernel.cancel import CancelToken
from stash_sense.operations.database_build import BuildRequest, check_build, database_build
from stash_sense.performers.building.sources import FolderSource
from stash_sense.performers.building.wanted import Wanted
from stash_sense.performers.versions.library import PerformersLibrary


class Begun(Exception):
    """The build has begun."""


def begin(pack: str | None) -> object:
    raise Begun(pack)


@pytest.fixture
def library(tmp_path: Path) -> PerformersLibrary:
    return PerformersLibrary(tmp_path / "performers")


@pytest.fixture
def people(tmp_path: Path) -> Path:
    folder = tmp_path / "people"
    (folder / "Ann").mkdir(parents=True)
    return folder


def run(library: PerformersLibrary, **payload: object) -> None:
    kind = database_build(begin, source_of, begin, lambda _: None, lambda: library, CancelToken())  # type: ignore[arg-type]
    kind.run(JobContext(1, kind.read(payload)))


def source_of(wanted: Wanted) -> FolderSource:
    assert wanted.folder is not None
    return FolderSource(wanted.folder)


def check(asked: BuildRequest, library: PerformersLibrary) -> None:
    check_build(asked, source_of(asked.wanted), library, CancelToken())


def test_a_build_that_has_waited_looks_again_what_it_would_replace(library: PerformersLibrary, people: Path) -> None:
    with pytest.raises(Begun):
        run(library, folder=str(people))
    made.install(library, made.OLD)
    with pytest.raises(ReplacementUnconfirmed, match=made.OLD):
        run(library, folder=str(people))
    with pytest.raises(Begun):
        run(library, folder=str(people), replace=True)


def test_a_folder_that_went_while_a_build_waited_is_told(library: PerformersLibrary, people: Path) -> None:
    (people / "Ann").rmdir()
    people.rmdir()
    with pytest.raises(JobPayloadInvalid) as refused:
        check(BuildRequest(folder=str(people)), library)
    assert isinstance(refused.value.__cause__, GalleryMissing)
    assert refused.value.fields["field"] == "folder"


def test_the_home_folder_may_be_meant(
    library: PerformersLibrary, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(people.parent))
    check(BuildRequest(folder="~/people"), library)
