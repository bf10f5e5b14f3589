"""Updates, builds, rollbacks and checks that want the same folder at the same time."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.integration.updates import made_versions as made
from tests.integration.updates.conftest import Stage
from tests.integration.updates.test_swapping import ROLLBACK, in_another_process

from stash_sense.errors import Cancelled, StashSenseError
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, silent
from stash_sense.performers.versions.library import new_origin
from stash_sense.releases.found import FoundRelease, Listing
from stash_sense.releases.ports import ReleaseSource
from stash_sense.releases.status import UpdateState
from stash_sense.releases.updater import Updater
from stash_sense.releases.verification import folder_faults

UPDATE = """
import sys
from pathlib import Path
from tests.integration.updates import made_versions as made
from stash_sense.adapters.http.client import HttpClient
from stash_sense.errors import StashSenseError
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.versions.library import PerformersLibrary
from stash_sense.releases.sources import source_of
try:
    source = source_of(sys.argv[2], HttpClient(proxies={}))
    made.updater_of(PerformersLibrary(Path(sys.argv[1]))).update(source, CancelToken())
except StashSenseError as error:
    print(error.code)
"""
ROOT = Path(__file__).parents[3]


@dataclass
class Gate:
    """A source that waits before it gives a release's archive."""

    source: ReleaseSource
    reached: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def is_here(self) -> bool:
        return self.source.is_here

    def releases(self, cancel: CancelToken) -> Listing:
        return self.source.releases(cancel)

    def read_small(self, release: FoundRelease, name: str, limit: int, cancel: CancelToken) -> bytes:
        return self.source.read_small(release, name, limit, cancel)

    def fetch(self, *what: Any) -> None:
        self.reached.set()
        self.go_on.wait()
        self.source.fetch(*what)


class Underway:
    """An update on a thread of its own."""

    def __init__(self, updater: Updater, source: ReleaseSource) -> None:
        self.waiting = threading.Event()
        self.cancel = CancelToken()
        self.ended: object = "not yet"
        self._thread = threading.Thread(target=self._run, args=(updater, source))
        self._thread.start()

    def _run(self, updater: Updater, source: ReleaseSource) -> None:
        try:
            self.ended = updater.update(source, self.cancel, self._listen)
        except StashSenseError as error:
            self.ended = error

    def _listen(self, report: Progress) -> None:
        if report.stage == "waiting":
            self.waiting.set()

    def join(self) -> object:
        self._thread.join()
        return self.ended


@pytest.fixture
def gate(stage: Stage) -> Iterator[Gate]:
    gate = Gate(stage.source("folder"))
    yield gate
    gate.go_on.set()


def update_in_another_process(stage: Stage) -> str:
    command = [sys.executable, "-c", UPDATE, str(stage.library.folder), str(stage.releases)]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def test_of_two_updates_at_once_the_second_is_told(stage: Stage, gate: Gate) -> None:
    first = Underway(stage.updater, gate)
    gate.reached.wait()
    before = stage.updater.status()
    assert before.state is UpdateState.DOWNLOADING
    assert update_in_another_process(stage) == "update_running"
    with pytest.raises(StashSenseError) as raised:
        stage.update()
    assert raised.value.code == "update_running"
    assert stage.updater.status() == before
    gate.go_on.set()
    assert first.join() is not None
    assert made.answer(stage.library) == made.NEW
    assert update_in_another_process(stage) == ""


def test_an_update_waits_for_a_build_and_goes_on(stage: Stage) -> None:
    with stage.library.alone():
        update = Underway(stage.updater, stage.source("folder"))
        update.waiting.wait()
        assert made.answer(stage.library) == made.OLD
    update.join()
    assert made.answer(stage.library) == made.NEW
    assert stage.updater.status().state is UpdateState.COMPLETE


def test_an_update_does_not_replace_what_a_build_made_newer_meanwhile(stage: Stage) -> None:
    with stage.library.alone():
        update = Underway(stage.updater, stage.source("folder"))
        update.waiting.wait()
        with stage.library.staging() as place:
            made.write_version(place / "version", "2026.12.24")
            stage.library.install(place / "version", new_origin("built", built_here=True))
    assert update.join() is None
    assert made.answer(stage.library) == "2026.12.24"
    assert stage.library.previous() == made.OLD
    status = stage.updater.status()
    assert (status.state, status.current) == (UpdateState.IDLE, "2026.12.24")
    assert stage.parts() == set()


def test_an_update_that_waits_can_be_stopped(stage: Stage) -> None:
    with stage.library.alone():
        update = Underway(stage.updater, stage.source("folder"))
        update.waiting.wait()
        update.cancel.cancel()
        assert isinstance(update.join(), Cancelled)
    assert stage.updater.status().state is UpdateState.IDLE
    assert made.answer(stage.library) == made.OLD


def test_a_rollback_during_an_update_is_where_that_goes_back_to(stage: Stage, gate: Gate) -> None:
    made.install(stage.library, "2026.9.2")
    update = Underway(stage.updater, gate)
    gate.reached.wait()
    in_another_process(ROLLBACK, stage.library)
    assert made.answer(stage.library) == made.OLD
    gate.go_on.set()
    update.join()
    assert made.answer(stage.library) == made.NEW
    in_another_process(ROLLBACK, stage.library)
    assert made.answer(stage.library) == made.OLD


def test_a_check_of_the_version_in_use_is_not_disturbed_by_an_update(stage: Stage) -> None:
    installed = stage.library.require()
    updated: list[object] = []

    def listen(report: Progress) -> None:
        if not updated:  # the check is under way
            updated.append(stage.update())

    assert list(folder_faults(installed.folder, installed.manifest, listen)) == []
    assert updated != [None]
    made.prover()(installed, stage.library.derived, CancelToken(), silent)
    assert made.answer(stage.library) == made.NEW


class Watched:
    """What the status says whenever something is reported."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.states: list[UpdateState] = []
        self.percent: list[float] = []
        stage.updater = made.updater_of(stage.library, reload=self.look, proving=self.look)

    def look(self, report: Progress | None = None) -> None:
        status = self.stage.updater.status()
        self.percent.append(status.percent)
        if self.states[-1:] != [status.state]:
            self.states.append(status.state)

    def releases(self, cancel: CancelToken) -> Listing:
        self.look()
        return self.stage.source("folder").releases(cancel)


@pytest.mark.parametrize("made_of", [{}, {"people": made.MANY // 100, "faces": 100}], ids=["small", "large"])
def test_every_state_is_seen_in_its_order_and_percent_never_goes_back(stage: Stage, made_of: dict[str, Any]) -> None:
    made.published(stage.place, "2026.11.1", **made_of)
    watched = Watched(stage)
    source = Gate(stage.source("folder"))
    source.go_on.set()
    source.releases = watched.releases  # type: ignore[method-assign]
    assert stage.updater.update(source, CancelToken(), watched.look) is not None
    watched.look()
    assert watched.states == [
        UpdateState.CHECKING,
        UpdateState.DOWNLOADING,
        UpdateState.EXTRACTING,
        UpdateState.VERIFYING,
        UpdateState.SWAPPING,
        UpdateState.RELOADING,
        UpdateState.COMPLETE,
    ]
    assert watched.percent == sorted(watched.percent)
    assert watched.percent[-1] == 100


def test_a_new_version_that_this_process_cannot_open_is_in_use_and_the_reason_is_told(stage: Stage) -> None:
    def fail() -> None:
        raise Cancelled

    stage.updater = made.updater_of(stage.library, reload=fail)
    with pytest.raises(Cancelled):
        stage.update()
    assert stage.updater.status().current == made.NEW
    assert made.answer(stage.library) == made.NEW
