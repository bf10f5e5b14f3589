"""A source that has the very version in use: damage is mended, a signature that comes later is noted."""

import threading
from collections.abc import Callable

import pytest
from tests.integration.updates import made_versions as made
from tests.integration.updates.conftest import Stage

from stash_sense.errors import BuiltHere, NotWritable, OtherOfSameName, ReleaseUnsigned, SignerUntrusted, VersionTaken
from stash_sense.fakes.release_answers import Fault
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress
from stash_sense.performers.versions.forgetting import forget
from stash_sense.performers.versions.library import new_origin
from stash_sense.releases.installing import ReleaseInstaller
from stash_sense.releases.status import UpdateState


def damage(stage: Stage, name: str) -> Callable[[], bool]:
    """Change a byte of a file of the version in use; returns what tells whether it is as it was."""
    file = stage.library.require().folder / name
    before = file.read_bytes()
    file.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    return lambda: (stage.library.require().folder / name).read_bytes() == before


@pytest.mark.parametrize("name", ["performers.db", "vectors-one.npy"])
def test_a_changed_byte_is_mended(stage: Stage, name: str) -> None:
    stage.update()
    is_mended = damage(stage, name)
    derived = stage.library.derived / f"{made.NEW}-00"
    derived.mkdir(parents=True)  # of what was damaged
    assert stage.update() is not None
    assert is_mended()
    assert not derived.exists()
    assert stage.update() is None


def unsigned(stage: Stage) -> bytes:
    """Take the signature of the release away, and return it."""
    signature = stage.release.files[2]
    content = signature.read_bytes()
    signature.unlink()
    return content


def test_a_version_that_came_unsigned_is_signed_once_its_release_is(stage: Stage) -> None:
    signature = unsigned(stage)
    stage.update(allow_unsigned=True)
    assert stage.update() is None
    origin = stage.library.require().origin
    assert origin is not None
    assert origin.signed_by is None
    stage.release.files[2].write_bytes(signature)
    assert stage.update() is None
    origin = stage.library.require().origin
    assert origin is not None
    assert origin.signed_by == made.KEY.public.id


@pytest.mark.parametrize(("built_here", "remedy"), [(True, "--name 1.0"), (False, "ask its publisher")])
def test_another_database_of_the_same_name_is_told(stage: Stage, built_here: bool, remedy: str) -> None:
    made.install(stage.library, made.NEW, people=3, built_here=built_here)
    for kind in ("web folder", "folder"):
        found = stage.updater.check(stage.source(kind), CancelToken())
        assert (found.newer, isinstance(found.refusal, OtherOfSameName)) == (False, True)
        with pytest.raises(OtherOfSameName, match=remedy):
            stage.update(kind)
    origin = stage.library.require().origin
    assert origin is not None
    assert origin.signed_by is None
    made.install(stage.library, "1.0", people=3)
    assert stage.update() is not None
    assert made.answer(stage.library) == made.NEW
    assert stage.library.previous() == "1.0"


def test_what_was_built_here_is_not_said_to_be_signed(stage: Stage) -> None:
    made.install(stage.library, made.NEW)
    assert stage.update() is None
    origin = stage.library.require().origin
    assert origin is not None
    assert origin.signed_by is None


def test_a_check_tells_who_signed_and_what_would_be_refused(stage: Stage) -> None:
    found = stage.updater.check(stage.source("web folder"), CancelToken())
    assert (found.newer, found.signed_by, found.refusal) == (True, made.KEY.public.id, None)
    untrusting = made.updater_of(stage.library, ())
    refused = untrusting.check(stage.source("web folder"), CancelToken())
    assert (refused.newer, refused.signed_by) == (True, None)
    assert isinstance(refused.refusal, SignerUntrusted)
    unsigned(stage)
    assert isinstance(stage.updater.check(stage.source("folder"), CancelToken()).refusal, ReleaseUnsigned)
    allowed = stage.updater.check(stage.source("folder"), CancelToken(), allow_unsigned=True)
    assert (allowed.signed_by, allowed.refusal) == (None, None)


def test_what_was_built_here_gives_way_only_where_that_is_wanted(stage: Stage) -> None:
    with pytest.raises(BuiltHere, match=rf"{made.OLD} with 6 .* {made.NEW} from"):
        stage.update(replace=False)
    assert made.answer(stage.library) == made.OLD
    assert stage.update(replace=True) is not None
    made.published(stage.place, "2026.11.1")
    assert stage.update(replace=False) is not None  # what came from there is renewed without a question


def test_something_else_of_the_same_name_is_refused_before_it_is_proved(stage: Stage) -> None:
    stage.update()
    before = stage.everything()
    other = made.write_version(stage.place / "other", made.NEW, people=3)
    proved: list[str] = []
    installer = ReleaseInstaller(stage.library, made.prover(lambda: proved.append("it")))
    with pytest.raises(VersionTaken):
        installer.install_folder(stage.place / "other", other, new_origin("elsewhere"), CancelToken())
    assert proved == []
    assert stage.everything() == before


def test_what_somebody_put_beside_the_files_is_no_reason_to_fetch_them_again(stage: Stage) -> None:
    stage.update()
    (stage.library.require().folder / "@eaDir").mkdir()
    assert stage.update() is None


def test_an_update_that_has_nothing_to_do_does_not_fail_for_a_signature_that_cannot_be_fetched(stage: Stage) -> None:
    unsigned(stage)
    stage.update(allow_unsigned=True)
    stage.server.faults[stage.release.files[1].name] = [Fault(status=500)] * 20
    assert stage.update() is None
    assert stage.updater.status().state is UpdateState.IDLE


@pytest.mark.parametrize("kind", ["folder", "web folder"])
def test_who_is_forgotten_while_a_release_is_fetched_is_gone_from_that_and_it_is_fetched_again(
    stage: Stage, kind: str
) -> None:
    forgotten: list[str] = []

    def forget_somebody(report: Progress) -> None:
        if report.stage.startswith(("download", "copy")) and report.done and not forgotten:
            forgotten.append(forget(stage.library, "folder:00001", CancelToken()).universal_id)
            assert stage.parts() == set()

    assert stage.updater.update(stage.source(kind), CancelToken(), forget_somebody) is not None
    assert forgotten
    assert made.answer(stage.library) == made.NEW
    assert stage.library.require().manifest.performer_count == made.PEOPLE - 1


def test_who_is_forgotten_after_a_release_was_fetched_is_gone_from_that(stage: Stage) -> None:
    def fail() -> None:
        raise NotWritable(path=stage.place, reason="it is full")

    stage.updater = made.updater_of(stage.library, proving=fail)
    with pytest.raises(NotWritable):
        stage.update()
    assert stage.parts() == {""}
    forget(stage.library, "folder:00001", CancelToken())
    assert stage.parts() == set()


def test_what_went_while_an_update_waited_for_its_turn_is_fetched_again(stage: Stage) -> None:
    def forget_somebody(report: Progress) -> None:
        if report.stage == "waiting":
            for file in stage.library.downloads.iterdir():
                file.unlink()
            go_on.set()

    go_on, taken = threading.Event(), threading.Event()

    def hold() -> None:
        with stage.library.alone():
            taken.set()
            go_on.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    assert taken.wait(60)
    assert stage.updater.update(stage.source("web folder"), CancelToken(), forget_somebody) is not None
    thread.join()
    assert [request.path for request in stage.server.requests].count(stage.archive) == 2
