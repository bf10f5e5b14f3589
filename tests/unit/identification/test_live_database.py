import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.integration.updates import made_versions as made

from stash_sense.errors import Cancelled, DatabaseMissing, PackNotInstalled
from stash_sense.identification.live_database import LiveDatabase
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.database import PerformersDatabase
from stash_sense.performers.versions.library import InstalledVersion, PerformersLibrary
from stash_sense.resources.registry import ResourceRegistry

FIRST, SECOND, THIRD = "2026.1.1", "2026.1.2", "2026.1.3"


class Opener:
    """Opens versions, and notes which; a hook may wait or raise before one is opened."""

    def __init__(self, library: PerformersLibrary) -> None:
        self._library = library
        self.opened: list[str] = []
        self.before: Callable[[str], object] = lambda version: None

    def __call__(self, version: InstalledVersion) -> PerformersDatabase:
        self.opened.append(version.version)
        self.before(version.version)
        return made.opened(self._library, version)


@pytest.fixture
def library(tmp_path: Path) -> PerformersLibrary:
    return PerformersLibrary(tmp_path / "performers")


@pytest.fixture
def opener(library: PerformersLibrary) -> Opener:
    return Opener(library)


@pytest.fixture
def registry() -> ResourceRegistry:
    return ResourceRegistry()


@pytest.fixture
def now() -> list[float]:
    """What the clock says."""
    return [0.0]


@pytest.fixture
def live(
    library: PerformersLibrary, opener: Opener, registry: ResourceRegistry, now: list[float]
) -> Iterator[LiveDatabase]:
    live = LiveDatabase(library, opener, registry, clock=lambda: now[0], patience=0)
    yield live
    opener.before = lambda version: None
    live.close()
    assert registry.status() == []


def answering(live: LiveDatabase) -> str:
    with live.lease() as database:
        return database.manifest.version


def prepared(live: LiveDatabase) -> None:
    """Wait until nothing is being opened aside."""
    for thread in threading.enumerate():
        if thread.name == "open-performers":
            thread.join()


def test_without_a_version_there_is_nothing_to_lend_until_one_is_installed(
    live: LiveDatabase, library: PerformersLibrary
) -> None:
    with pytest.raises(DatabaseMissing), live.lease():
        pass
    made.install(library, FIRST)
    assert answering(live) == FIRST


def test_however_many_ask_at_once_a_version_is_opened_once(
    live: LiveDatabase, library: PerformersLibrary, opener: Opener
) -> None:
    made.install(library, FIRST)
    count = 8
    asking = threading.Barrier(count + 1)
    go_on = threading.Event()
    opener.before = lambda version: go_on.wait()
    answers = []

    def ask() -> None:
        asking.wait()
        answers.append(answering(live))

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    asking.wait()
    go_on.set()
    for thread in threads:
        thread.join()
    assert answers == [FIRST] * count
    assert opener.opened == [FIRST]


def test_an_older_version_that_takes_long_to_open_never_takes_the_place_of_a_newer_one(
    live: LiveDatabase, library: PerformersLibrary, opener: Opener
) -> None:
    made.install(library, FIRST)
    at_work, go_on = threading.Event(), threading.Event()

    def wait(version: str) -> None:
        if version == FIRST:
            at_work.set()
            go_on.wait()

    opener.before = wait
    slow = threading.Thread(target=live.refresh)
    slow.start()
    at_work.wait()
    made.install(library, SECOND)
    fast = threading.Thread(target=live.refresh)
    fast.start()
    go_on.set()
    slow.join()
    fast.join()
    assert answering(live) == SECOND
    assert opener.opened == [FIRST, SECOND]


def test_while_the_new_version_is_opened_the_old_one_answers(
    live: LiveDatabase, library: PerformersLibrary, opener: Opener
) -> None:
    made.install(library, FIRST)
    assert answering(live) == FIRST
    at_work, go_on = threading.Event(), threading.Event()

    def wait(version: str) -> None:
        at_work.set()
        go_on.wait()

    opener.before = wait
    made.install(library, SECOND)
    assert answering(live) == FIRST
    at_work.wait()
    assert [answering(live) for _ in range(5)] == [FIRST] * 5
    go_on.set()
    prepared(live)
    assert answering(live) == SECOND
    assert opener.opened == [FIRST, SECOND]


def test_a_version_that_is_soon_open_answers_the_first_who_asks(
    library: PerformersLibrary, opener: Opener, registry: ResourceRegistry
) -> None:
    live = LiveDatabase(library, opener, registry, patience=600)
    made.install(library, FIRST)
    assert answering(live) == FIRST
    made.install(library, SECOND)
    assert answering(live) == SECOND
    live.close()


@pytest.mark.parametrize("again", [FIRST, SECOND])
def test_from_a_version_that_was_removed_nobody_is_answered(
    live: LiveDatabase, library: PerformersLibrary, opener: Opener, again: str
) -> None:
    """As after forgetting somebody; the version that is there now may have the name of the one that is gone."""
    made.install(library, FIRST)
    assert answering(live) == FIRST
    with library.alone():
        library.remove(FIRST)
    made.install(library, again, people=made.PEOPLE + 1)
    with live.lease() as database:
        assert database.manifest.version == again
        assert database.manifest.performer_count == made.PEOPLE + 1


def test_a_new_version_that_cannot_be_opened_leaves_the_old_one_and_is_tried_again_after_a_while(
    live: LiveDatabase, library: PerformersLibrary, opener: Opener, now: list[float]
) -> None:
    made.install(library, FIRST)
    assert answering(live) == FIRST

    def fail(version: str) -> None:
        raise PackNotInstalled(pack="tiny", missing="all of it")

    opener.before = fail
    made.install(library, SECOND)
    for _ in range(5):
        assert answering(live) == FIRST
        prepared(live)
    assert opener.opened == [FIRST, SECOND]
    with pytest.raises(PackNotInstalled):
        live.refresh()
    opener.before = lambda version: None
    now[0] += 61
    answering(live)
    prepared(live)
    assert answering(live) == SECOND


def test_another_version_is_tried_at_once_after_one_that_could_not_be_opened(
    live: LiveDatabase, library: PerformersLibrary, opener: Opener
) -> None:
    made.install(library, FIRST)
    assert answering(live) == FIRST

    def fail(version: str) -> None:
        if version == SECOND:
            raise PackNotInstalled(pack="tiny", missing="all of it")

    opener.before = fail
    made.install(library, SECOND)
    assert answering(live) == FIRST
    prepared(live)
    made.install(library, THIRD)
    assert answering(live) == THIRD


def test_a_version_that_was_unloaded_and_removed_meanwhile_is_not_missed(
    live: LiveDatabase, library: PerformersLibrary, opener: Opener, registry: ResourceRegistry
) -> None:
    made.install(library, FIRST)
    assert answering(live) == FIRST
    registry.unload_idle(0)
    made.install(library, SECOND)
    made.install(library, THIRD)
    assert FIRST not in library.versions()
    assert answering(live) == THIRD
    assert opener.opened == [FIRST, THIRD]


def test_a_version_that_is_removed_while_it_is_opened_is_followed_by_the_one_in_use(
    live: LiveDatabase, library: PerformersLibrary, opener: Opener
) -> None:
    made.install(library, FIRST)

    def replace(version: str) -> None:
        if version == FIRST:
            made.install(library, SECOND)
            made.install(library, THIRD)

    opener.before = replace
    assert answering(live) == THIRD


def test_who_waits_for_an_opening_can_be_stopped(
    live: LiveDatabase, library: PerformersLibrary, opener: Opener
) -> None:
    made.install(library, FIRST)
    at_work, go_on = threading.Event(), threading.Event()

    def wait(version: str) -> None:
        at_work.set()
        go_on.wait()

    opener.before = wait
    opening = threading.Thread(target=answering, args=(live,))
    opening.start()
    at_work.wait()
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled), live.lease(cancel):
        pass
    go_on.set()
    opening.join()
    assert answering(live) == FIRST


def test_closing_waits_for_what_is_being_opened_and_lets_go_of_it(
    live: LiveDatabase, library: PerformersLibrary, opener: Opener, registry: ResourceRegistry
) -> None:
    made.install(library, FIRST)
    assert answering(live) == FIRST
    at_work, go_on = threading.Event(), threading.Event()

    def wait(version: str) -> None:
        at_work.set()
        go_on.wait()

    opener.before = wait
    made.install(library, SECOND)
    assert answering(live) == FIRST
    at_work.wait()
    closing = threading.Thread(target=live.close)
    closing.start()
    go_on.set()
    closing.join()
    assert registry.status() == []


def test_following_opens_nothing_before_somebody_asked(
    live: LiveDatabase, library: PerformersLibrary, opener: Opener
) -> None:
    made.install(library, FIRST)
    live.follow()
    assert opener.opened == []
    assert answering(live) == FIRST
    made.install(library, SECOND)
    live.follow()
    assert opener.opened == [FIRST, SECOND]


def test_the_same_version_installed_once_more_is_opened_anew(
    live: LiveDatabase, library: PerformersLibrary, opener: Opener
) -> None:
    """It is installed again because something was wrong with it."""
    made.install(library, FIRST)
    assert answering(live) == FIRST
    made.install(library, FIRST)
    live.follow()
    assert opener.opened == [FIRST, FIRST]


def test_an_error_of_who_has_the_database_is_its_own(live: LiveDatabase, library: PerformersLibrary) -> None:
    made.install(library, FIRST)
    with pytest.raises(DatabaseMissing), live.lease():
        raise DatabaseMissing
    assert answering(live) == FIRST
