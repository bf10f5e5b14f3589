"""Servers that fail in every way there is: the old version answers on, and the next update goes on where it can."""

from collections.abc import Callable
from itertools import repeat

import pytest
from tests.integration.releases.serving import SOON_LOST, SOON_TOO_SLOW
from tests.integration.updates import made_versions as made
from tests.integration.updates.conftest import Stage

from stash_sense.errors import ConnectionLost, StashSenseError
from stash_sense.fakes.release_answers import Fault
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress
from stash_sense.releases.status import UpdateState

Refused = Callable[[str, Callable[[], object]], None]
LIMITS = {"drips": SOON_TOO_SLOW, "falls silent": SOON_LOST, "never answers": SOON_LOST}
LISTS = {"web folder": "releases.json", "GitHub": "repos/someone/performers/releases"}

FAULTS = {
    "drips": (Fault(drip=10, drip_seconds=0.03), "too_slow"),
    "falls silent": (Fault(silent_after=100), "connection_lost"),
    "never answers": (Fault(silent=True), "connection_lost"),
    "resets": (Fault(reset_after=100), "connection_lost"),
    "ends too early": (Fault(closed_after=100), "connection_lost"),
    "refuses": (Fault(status=403), "access_refused"),
    "does not know it": (Fault(status=404), "not_on_server"),
    "was asked too often": (Fault(status=429), "too_many_requests"),
    "has broken down": (Fault(status=500), "server_broken"),
    "sends another file": (Fault(replaced=bytes(5_000)), None),
    "sends more and more": (Fault(extra=b"more", without_length=True), "larger_than_announced"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_server_that(stage: Stage, refused: Refused, name: str) -> None:
    fault, code = FAULTS[name]
    size = stage.release.files[0].stat().st_size
    stage.server.faults[stage.archive] = repeat(fault)
    stage.limits = LIMITS.get(name, stage.limits)
    refused(code or ("larger_than_announced" if size < 5_000 else "shorter_than_announced"), stage.update)
    assert stage.updater.status().state is UpdateState.FAILED


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize(
    ("status", "code"), [(403, "access_refused"), (429, "too_many_requests"), (500, "server_broken")]
)
def test_a_server_that_gives_no_list(stage: Stage, refused: Refused, kind: str, status: int, code: str) -> None:
    stage.server.faults[LISTS[kind]] = repeat(Fault(status=status))
    refused(code, lambda: stage.update(kind))


@pytest.mark.parametrize("file", [1, 2])
@pytest.mark.parametrize(("status", "code"), [(403, "access_refused"), (500, "server_broken")])
def test_a_server_that_gives_no_manifest_or_signature(
    stage: Stage, refused: Refused, file: int, status: int, code: str
) -> None:
    """A signature that cannot be asked for is not one that is missing."""
    stage.server.faults[stage.release.files[file].name] = repeat(Fault(status=status))
    refused(code, lambda: stage.update(allow_unsigned=True))


def test_the_next_update_goes_on_where_one_broke_off(stage: Stage) -> None:
    stage.server.faults[stage.archive] = [Fault(reset_after=1_000), *repeat(Fault(status=503), 5)]
    with pytest.raises(StashSenseError):
        stage.update()
    assert stage.parts() == {".part", ".part.json"}
    stage.server.faults[stage.archive] = []
    assert stage.update() is not None
    assert stage.server.requests[-1].range == "bytes=1000-"
    assert made.answer(stage.library) == made.NEW
    assert stage.parts() == set()


@pytest.mark.parametrize("ignore", ["ignore_range", "ignore_if_range"])
def test_a_file_that_changes_between_two_ranges_is_never_mixed(stage: Stage, ignore: str) -> None:
    good = stage.release.files[0].read_bytes()
    other = bytes(len(good))
    stage.server.faults[stage.archive] = [
        Fault(replaced=other, reset_after=1_000),
        Fault(replaced=good, **{ignore: True}),  # type: ignore[arg-type]
    ]
    assert stage.update() is not None
    assert made.answer(stage.library) == made.NEW


def test_a_server_that_answers_all_of_a_file_to_a_range_is_taken_from_the_start(stage: Stage) -> None:
    stage.server.faults[stage.archive] = [Fault(reset_after=1_000), Fault(ignore_range=True)]
    assert stage.update() is not None
    assert made.answer(stage.library) == made.NEW


def test_what_an_update_leaves_of_a_release_that_is_no_longer_the_newest_goes(stage: Stage) -> None:
    stage.server.faults[stage.archive] = [Fault(reset_after=1_000), *repeat(Fault(status=403), 3)]
    with pytest.raises(StashSenseError):
        stage.update()
    made.published(stage.place, "2026.10.2")
    stage.server.faults["performers-2026.10.2.zip"] = [Fault(reset_after=1_000), *repeat(Fault(status=403), 3)]
    with pytest.raises(StashSenseError):
        stage.update()
    names = {file.name for file in (stage.library.folder / ".downloads").iterdir()}
    assert names == {"performers-2026.10.2.zip.part", "performers-2026.10.2.zip.part.json"}


@pytest.mark.parametrize("at", ["download", "unpack, MB", "swapping"])
def test_an_update_that_is_stopped_is_idle_again_and_changes_nothing(stage: Stage, at: str) -> None:
    before = stage.everything()
    cancel = CancelToken()

    def listen(report: Progress) -> None:
        if report.stage == at:
            cancel.cancel()

    if at == "swapping":  # too late: the switch is not broken off
        assert stage.updater.update(stage.source("web folder"), cancel, listen) is not None
        assert made.answer(stage.library) == made.NEW
        return
    with pytest.raises(StashSenseError) as raised:
        stage.updater.update(stage.source("web folder"), cancel, listen)
    assert raised.value.code == "cancelled"
    status = stage.updater.status()
    assert (status.state, status.percent, status.code) == (UpdateState.IDLE, 0.0, "cancelled")
    assert made.answer(stage.library) == made.OLD
    assert {name: kept for name, kept in stage.everything().items() if ".downloads" not in name} == before
    assert not (stage.library.folder / ".staging").exists()


def test_what_was_fetched_whole_before_it_was_stopped_is_not_fetched_again(stage: Stage) -> None:
    cancel = CancelToken()

    def listen(report: Progress) -> None:
        if report.stage == "unpack, MB":
            cancel.cancel()

    with pytest.raises(StashSenseError):
        stage.updater.update(stage.source("web folder"), cancel, listen)
    stage.server.faults[stage.archive] = repeat(Fault(status=500))
    assert stage.update() is not None
    assert made.answer(stage.library) == made.NEW
    assert stage.parts() == set()


def test_what_was_fetched_whole_and_has_suffered_since_is_fetched_again(stage: Stage) -> None:
    downloads = stage.library.folder / ".downloads"
    downloads.mkdir()
    (downloads / stage.archive).write_bytes(bytes(stage.release.files[0].stat().st_size))
    assert stage.update() is not None
    assert made.answer(stage.library) == made.NEW


def test_a_source_that_has_nothing_is_told(stage: Stage, refused: Refused) -> None:
    for file in stage.release.files[:3]:
        file.unlink()
    stage.release.files[3].write_text('{"schema": 1, "releases": []}')
    refused("source_empty", stage.update)


def test_what_is_meant_for_trying_out_is_only_taken_when_asked_for(stage: Stage) -> None:
    made.published(stage.place, "2026.12.1rc1")
    assert stage.update() is not None
    assert made.answer(stage.library) == made.NEW
    assert stage.update() is None
    assert stage.update(prereleases=True) is not None
    assert made.answer(stage.library) == "2026.12.1rc1"


def test_a_connection_that_breaks_off_again_and_again_is_the_servers_fault(stage: Stage) -> None:
    stage.server.faults[stage.archive] = repeat(Fault(reset_after=0))
    with pytest.raises(ConnectionLost):
        stage.update()
