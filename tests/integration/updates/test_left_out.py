"""Updates and people who were forgotten: nobody comes back uncalled, nobody's takedown is missed."""

from tests.integration.updates import made_versions as made
from tests.integration.updates.conftest import Stage

from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.lookup import find
from stash_sense.performers.versions.forgetting import forget
from stash_sense.performers.versions.forgotten import unforget
from stash_sense.performers.versions.library import InstalledVersion
from stash_sense.releases.archive import pack
from stash_sense.releases.publishing import listing_of
from stash_sense.releases.release_manifest import LISTING_NAME, ReleaseManifest, archive_name
from stash_sense.releases.signing import sign


def ids(version: InstalledVersion) -> list[int]:
    """The numbers of those who are in a version."""
    return [int(one.id.removeprefix("folder:")) for one in find(version.folder)]


def let_back(stage: Stage, person: int) -> None:
    with stage.library.alone():
        assert unforget(stage.library.folder, f"folder:{person:05}")


def published_by_an_older_program(stage: Stage, version: str, people: int) -> None:
    """Publish a version of a name that is kept for this machine's own ones by now."""
    folder = stage.place / "older"
    manifest = made.write_version(folder, version, people=people)
    release = ReleaseManifest.of(manifest, pack(folder, stage.releases / archive_name(version)))
    described = stage.releases / release.name
    described.write_bytes(release.to_json())
    described.with_name(f"{release.name}.minisig").write_bytes(
        sign(release.to_json(), made.KEY, made.ED25519, "a comment")
    )
    (stage.releases / LISTING_NAME).write_bytes(listing_of(stage.releases).to_json())


def test_what_people_were_left_out_of_is_as_new_as_what_it_was_made_of(stage: Stage) -> None:
    stage.update()
    forget(stage.library, "folder:00001", CancelToken())
    assert stage.update() is None
    assert stage.library.require().version == f"{made.NEW}+without.1"
    assert not stage.updater.check(stage.source("folder"), CancelToken()).newer


def test_who_may_come_back_does_so_with_the_next_update(stage: Stage) -> None:
    stage.update()
    for person in (1, 2):
        forget(stage.library, f"folder:{person:05}", CancelToken())
    let_back(stage, 2)
    assert stage.update() is not None
    assert ids(stage.library.require()) == [0, 2, 3, 4, 5]
    assert stage.update() is None
    let_back(stage, 1)
    assert stage.updater.check(stage.source("folder"), CancelToken()).newer
    assert stage.update() is not None
    whole = stage.library.require()
    assert (whole.version, ids(whole)) == (made.NEW, [0, 1, 2, 3, 4, 5])
    assert stage.update() is None


def test_who_was_left_out_of_a_release_on_its_way_comes_back_likewise(stage: Stage) -> None:
    forget(stage.library, "folder:00001", CancelToken())
    stage.update()
    assert ids(stage.library.require()) == [0, 2, 3, 4, 5]
    assert stage.update() is None
    let_back(stage, 1)
    assert stage.update() is not None
    assert stage.library.require().version == made.NEW


def test_a_takedown_is_not_missed_for_a_version_of_the_same_name_that_was_made_here(stage: Stage) -> None:
    stage.update()
    forget(stage.library, "folder:00001", CancelToken())
    mine = stage.library.require().version
    published_by_an_older_program(stage, mine, people=5)  # the last one is gone
    assert stage.update() is not None
    assert ids(stage.library.require()) == [0, 2, 3, 4]
    assert stage.update() is None


def test_a_takedown_of_the_publisher_is_newer_than_all_they_have(stage: Stage) -> None:
    made.install(stage.library, made.NEW)
    with stage.library.alone():
        stage.library.rollback()
    assert stage.library.require().version == made.OLD
    assert forget(stage.library, "folder:00001", CancelToken()).version.version == f"{made.NEW}.1"
