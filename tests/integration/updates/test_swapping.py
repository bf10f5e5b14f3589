"""Versions are switched under requests that never stop: none fails, and each is answered by one version alone."""

import gc
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from tests.integration.updates import made_versions as made
from tests.integration.updates.conftest import Stage

from stash_sense.errors import ArchiveError, CanaryFailed, Cancelled, TransferError
from stash_sense.fakes.release_answers import Fault
from stash_sense.identification.live_database import LiveDatabase
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener
from stash_sense.performers.versions.library import InstalledVersion, PerformersLibrary
from stash_sense.releases.importing import import_file
from stash_sense.releases.installing import ReleaseInstaller
from stash_sense.resources.registry import ResourceRegistry
from stash_sense.resources.resource import ResourceState

ROLLBACK = """
import sys
from pathlib import Path
from typing import Any
from stash_sense.performers.versions.library import PerformersLibrary
library = PerformersLibrary(Path(sys.argv[1]))
with library.alone():
    library.rollback()
"""


@pytest.fixture
def registry() -> ResourceRegistry:
    return ResourceRegistry()


@pytest.fixture
def live(stage: Stage, registry: ResourceRegistry) -> Iterator[LiveDatabase]:
    live = LiveDatabase(stage.library, lambda version: made.opened(stage.library, version), registry)
    stage.updater = made.updater_of(stage.library, reload=live.follow)
    yield live
    live.close()


def version_answering(live: LiveDatabase) -> str:
    """The version that answers, by the names of several people found one after the other."""
    with live.lease() as database:
        names = [made.name_found(database, person) for person in range(3)]
        (version,) = {name.partition(" of ")[2] for name in names}
        assert names == [f"{person} of {version}" for person in range(3)]
        assert database.manifest.version == version
        return version


class Askers:
    """Threads that ask all the time, and what they were answered."""

    def __init__(self, live: LiveDatabase, count: int = 4) -> None:
        self._live = live
        self._stop = threading.Event()
        self.answers: list[list[str]] = [[] for _ in range(count)]
        self.failures: list[BaseException] = []
        self._threads = [threading.Thread(target=self._ask, args=(mine,)) for mine in self.answers]

    def _ask(self, mine: list[str]) -> None:
        while not self._stop.is_set():
            try:
                mine.append(version_answering(self._live))
            except BaseException as error:  # noqa: BLE001 - the test fails with whatever it was
                self.failures.append(error)
                return

    def wait_for(self, done: Callable[[list[str]], bool]) -> None:
        """Wait until it is so for what each thread is answered from now on."""
        begun = [len(mine) for mine in self.answers]
        give_up = time.monotonic() + 60
        while not all(done(mine[start:]) for mine, start in zip(self.answers, begun, strict=True)):
            assert not self.failures
            assert time.monotonic() < give_up
            time.sleep(0.002)

    @contextmanager
    def asking(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join()


def in_another_process(script: str, library: PerformersLibrary) -> None:
    subprocess.run([sys.executable, "-c", script, str(library.folder)], check=True)


def test_requests_go_on_while_versions_are_switched_here_and_by_another_process(
    stage: Stage, live: LiveDatabase
) -> None:
    askers = Askers(live)
    with askers.asking():
        askers.wait_for(lambda answers: answers[-1:] == [made.OLD])
        assert stage.update() is not None
        assert version_answering(live) == made.NEW
        # Each thread may have had one request under way.
        askers.wait_for(lambda answers: len(answers) > 3)
        for last in (f"2026.11.{day}" for day in range(1, 4)):
            made.published(stage.place, last)
            assert stage.update() is not None
            assert version_answering(live) == last
        askers.wait_for(lambda answers: answers[-1:] == [last])
        in_another_process(ROLLBACK, stage.library)
        askers.wait_for(lambda answers: answers[-1:] == ["2026.11.2"])
        with stage.library.alone():
            stage.library.rollback()
        live.refresh()
        assert version_answering(live) == last
    assert askers.failures == []
    order = [made.OLD, made.NEW, "2026.11.1", "2026.11.2", "2026.11.3", "2026.11.2", "2026.11.3"]
    for answers in askers.answers:
        changes = [answer for answer, before in zip(answers, [None, *answers], strict=False) if answer != before]
        left = iter(order)  # one by one in this order, though a thread may miss one
        assert all(change in left for change in changes), changes


def test_a_request_that_began_before_the_switch_ends_on_its_version_though_that_is_removed_by_then(
    stage: Stage, live: LiveDatabase
) -> None:
    with live.lease() as database:
        assert stage.update() is not None
        made.published(stage.place, "2026.11.1")
        assert stage.update() is not None
        assert made.OLD not in stage.library.versions()
        assert version_answering(live) == "2026.11.1"
        assert made.name_found(database, 2) == f"2 of {made.OLD}"


def test_what_is_switched_from_is_let_go_of(stage: Stage, registry: ResourceRegistry) -> None:
    if not Path("/proc/self/maps").exists():
        pytest.skip("what a process holds open is read from /proc")
    large: dict[str, Any] = {"people": made.MANY // 100, "faces": 100}
    made.install(stage.library, "2026.9.2", **large)
    made.published(stage.place, "2026.10.2", **large)
    live = LiveDatabase(stage.library, lambda version: made.opened(stage.library, version), registry)
    updater = made.updater_of(stage.library, reload=live.follow)
    with live.lease() as database:
        assert made.name_found(database, faces=100) == "0 of 2026.9.2"
        assert held(stage.library, "2026.9.2") == {"descriptors", "maps"}
        updater.update(stage.source("web folder"), CancelToken())
        assert [one.state for one in registry.status()] == [ResourceState.LOADED] * 2
        del database
    gc.collect()
    assert held(stage.library, "2026.9.2") == set()
    (status,) = registry.status()
    assert "2026.10.2" in status.name
    live.close()
    gc.collect()
    assert registry.status() == []
    assert held(stage.library, "2026.10.2") == set()


def held(library: PerformersLibrary, version: str) -> set[str]:
    """How this process holds files of a version, or what is derived from it."""
    below = [f"{library.folder / version}/", f"{library.derived / version}-"]
    targets = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            targets.append(str(link.readlink()))
        except FileNotFoundError:  # the one that this list was read through
            continue
    found = {"descriptors"} if any(path in target for target in targets for path in below) else set()
    maps = Path("/proc/self/maps").read_text()
    return found | ({"maps"} if any(path in maps for path in below) else set())


def test_an_update_opens_nothing_that_nobody_has_asked_for(
    stage: Stage, live: LiveDatabase, registry: ResourceRegistry
) -> None:
    assert stage.update() is not None
    assert registry.status() == []
    assert version_answering(live) == made.NEW


def test_the_old_version_answers_all_the_while_a_new_one_is_refused(stage: Stage, live: LiveDatabase) -> None:
    def damaged(members: dict[str, bytes]) -> None:
        members["vectors-one.npy"] = members["vectors-one.npy"][:-1] + b"\0"

    def fetched_badly() -> None:
        stage.server.faults[stage.archive] = repeat(Fault(reset_after=100))
        with pytest.raises(TransferError):
            stage.update()
        stage.server.faults[stage.archive] = []

    def packed_badly() -> None:
        made.packed_again(stage.release, damaged)
        with pytest.raises(ArchiveError):
            stage.update()

    def not_found() -> None:
        made.published(stage.place, "2026.11.1", zeroed=True)
        with pytest.raises(CanaryFailed):
            stage.update()

    askers = Askers(live)
    with askers.asking():
        for refused in (fetched_badly, packed_badly, not_found):
            askers.wait_for(lambda answers: len(answers) > 3)
            refused()
        askers.wait_for(lambda answers: len(answers) > 3)
    assert askers.failures == []
    assert {answer for answers in askers.answers for answer in answers} == {made.OLD}


def test_who_asks_to_stop_when_a_version_is_proved_keeps_the_old_one(stage: Stage) -> None:
    def proved(version: InstalledVersion, derived: Path, cancel: CancelToken, progress: ProgressListener) -> None:
        made.prover()(version, derived, cancel, progress)
        cancel.cancel()

    installer = ReleaseInstaller(stage.library, proved)
    with pytest.raises(Cancelled):
        import_file(stage.release.files[0], installer, stage.trusted, made.ED25519, CancelToken())
    assert stage.library.name_in_use() == made.OLD
