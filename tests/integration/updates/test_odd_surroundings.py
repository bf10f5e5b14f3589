"""Releases with odd names, and data folders in which somebody has put something else in the place of what is ours."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.updates import made_versions as made
from tests.integration.updates.conftest import Stage
from tests.public_release_files import make_release, zip_release

from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener
from stash_sense.performers.search.int8_numpy import NumpyInt8Kernel
from stash_sense.performers.versions.canary import plain_space
from stash_sense.performers.versions.canary import prove as canary
from stash_sense.performers.versions.library import InstalledVersion
from stash_sense.releases.checking import CachedCheck
from stash_sense.releases.updater import Updater

Refused = Callable[[str, Callable[[], object]], None]


def put(place: Path, kind: str, behind: Path) -> None:
    """Put a damaged file, a folder with something in it, or a link to `behind`, in the place of what was there."""
    place.unlink(missing_ok=True)
    if kind == "file":
        place.write_bytes(b"\xff{")
    elif kind == "folder":
        place.mkdir()
        (place / "something").write_text("else")
    else:
        place.symlink_to(behind)


@pytest.fixture
def public(stage: Stage) -> Stage:
    """A stage whose GitHub repository has one archive that nobody signed, under a tag that the test chooses."""
    for file in stage.release.files:
        file.unlink()
    zip_release(make_release(stage.place / "public", performers=8).folder, stage.releases / "data.zip")

    def prove(version: InstalledVersion, derived: Path, cancel: CancelToken, progress: ProgressListener) -> None:
        canary(version, plain_space(version.manifest), derived, NumpyInt8Kernel(), cancel, progress)

    check = CachedCheck(stage.library.folder)
    stage.updater = Updater(stage.library, check, lambda: stage.trusted, made.ED25519, prove)
    return stage


@pytest.mark.parametrize("version", ["2026.9.1.0", "2026.09.01", "2026.9.1.dev5", "2026.9.1rc9", "2026.9"])
def test_the_version_in_use_under_another_spelling_and_what_came_before_it_are_not_newer(
    stage: Stage, version: str
) -> None:
    for file in stage.release.files:
        file.unlink()
    made.published(stage.place, version)
    before = stage.everything()
    assert stage.update(prereleases=True) is None
    assert stage.everything() == before


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("V2026.12.1RC1", "2026.12.1rc1"),
        (" 2026.12.1-3\n", "2026.12.1.post3"),
        ("2026.12.1+own.2", "2026.12.1+own.2"),
    ],
)
def test_a_public_release_is_called_by_the_version_that_its_tag_means(public: Stage, tag: str, version: str) -> None:
    public.server.extra_releases = [public.server.release(tag, ["data.zip"])]
    assert public.update("GitHub", allow_unsigned=True, prereleases=True) is not None
    assert public.library.name_in_use() == version


@pytest.mark.parametrize("tag", ["1!0.1", "2026.12.1" * 8, "2026.12.1/../../x", "2026.12.1.dev" + "9" * 60, ""])
def test_a_public_release_whose_tag_can_be_no_version_here_is_passed_over_before_it_is_fetched(
    public: Stage, refused: Refused, tag: str
) -> None:
    public.server.extra_releases = [public.server.release(tag, ["data.zip"])]
    refused("source_empty", lambda: public.update("GitHub", allow_unsigned=True, prereleases=True))
    assert not [request for request in public.server.requests if request.path == "data.zip"]


def test_a_public_release_is_not_even_fetched_unless_that_is_allowed(public: Stage, refused: Refused) -> None:
    public.server.extra_releases = [public.server.release("2026.12.1", ["data.zip"])]
    refused("release_unsigned", lambda: public.update("GitHub"))
    assert not [request for request in public.server.requests if request.path == "data.zip"]


def test_a_public_release_larger_than_any_is_not_fetched(public: Stage, refused: Refused) -> None:
    entry = public.server.release("2026.12.1", ["data.zip"])
    entry["assets"][0]["size"] = 10**14  # type: ignore[index]
    public.server.extra_releases = [entry]
    refused("release_contradictory", lambda: public.update("GitHub", allow_unsigned=True))
    assert not [request for request in public.server.requests if request.path == "data.zip"]


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
@pytest.mark.parametrize(
    "name",
    [".checked.json", ".staging", ".downloads", made.NEW, f"{made.NEW}.origin.json", f".replaced-{made.NEW}"],
)
def test_an_update_makes_its_way_and_clears_nothing_behind_a_link(stage: Stage, name: str, kind: str) -> None:
    elsewhere = stage.place / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("the user's")
    put(stage.library.folder / name, kind, elsewhere)
    assert stage.update() is not None
    assert made.answer(stage.library) == made.NEW
    assert [file.name for file in elsewhere.iterdir()] == ["kept"]


@pytest.mark.parametrize("kind", ["folder", "link"])
@pytest.mark.parametrize("name", [".lock", ".update.lock"])
def test_where_nobody_can_be_kept_out_nothing_is_done(stage: Stage, name: str, kind: str) -> None:
    elsewhere = stage.place / "elsewhere"
    elsewhere.write_text("the user's")
    put(stage.library.folder / name, kind, elsewhere)
    with pytest.raises(Exception, match=r"performers cannot be written") as raised:
        stage.update()
    assert getattr(raised.value, "code", "") == "not_writable"
    assert made.answer(stage.library) == made.OLD
    assert elsewhere.read_text() == "the user's"


def test_what_dead_processes_left_of_their_locks_holds_up_nobody(stage: Stage) -> None:
    for name in (".lock", ".update.lock"):
        (stage.library.folder / name).write_text("4194304")
    assert stage.update() is not None
    assert made.answer(stage.library) == made.NEW
