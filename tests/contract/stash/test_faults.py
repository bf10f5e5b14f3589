"""Each fault of a Stash against each call of the client: an error of ours, nothing half written, asked again only
where that is safe.
"""

import contextlib
import dataclasses
import socket
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.queue_files import PATIENCE, until
from tests.scripted_server import Told, graphql, scripted
from tests.stash_library import IMPATIENT, asked, library, snapshot

from stash_sense.adapters.stash.client import StashClient
from stash_sense.errors import StashError
from stash_sense.fakes.stash.faults import Fault
from stash_sense.fakes.stash.server import SimulatedStash, simulated_stash
from stash_sense.library.kinds import GALLERIES, IMAGES, PERFORMERS, SCENES, STUDIOS, TAGS
from stash_sense.library.reading import Watermark
from stash_sense.library.writing import Change, Outcome

KEY = "a-key-that-nobody-may-see"
Call = Callable[[StashClient], Awaitable[Any]]
LONG_AGO = Watermark(None, 0, {}, datetime(2026, 1, 1, tzinfo=UTC), is_settled=True)


async def first_page(client: StashClient, kind: Any) -> Any:
    async for page in client.reader.pages(kind):
        return page
    return None


READS: dict[str, Call] = {
    "ready": lambda client: client.server.ready(),
    "features": lambda client: client._connection.ask("features"),
    "configuration": lambda client: client.server.configuration(),
    "saved filters": lambda client: client.server.saved_filters(),
    "pages of scenes": lambda client: first_page(client, SCENES),
    "pages of images": lambda client: first_page(client, IMAGES),
    "pages of galleries": lambda client: first_page(client, GALLERIES),
    "pages of performers": lambda client: first_page(client, PERFORMERS),
    "pages of studios": lambda client: first_page(client, STUDIOS),
    "pages of tags": lambda client: first_page(client, TAGS),
    "count": lambda client: client.reader.count(SCENES),
    "one": lambda client: client.reader.one(SCENES, "1"),
    "by ids": lambda client: client.reader.by_ids(PERFORMERS, ["1", "2"]),
    "named": lambda client: client.reader.named(PERFORMERS, "Cid"),
    "watermark": lambda client: client.reader.watermark(SCENES),
    "changed": lambda client: client.reader.changed(SCENES, LONG_AGO),
    "duplicates": lambda client: client.reader.duplicates(0),
    "jobs": lambda client: client.jobs.jobs(),
    "job": lambda client: client.jobs.job("1"),
    "picture": lambda client: client.media.picture("/scene/1/screenshot"),
}
WRITES: dict[str, Call] = {
    "create a performer": lambda client: client.writer.create_performer({"name": "New"}),
    "create a tag": lambda client: client.writer.create_tag({"name": "New"}),
    "update a scene": lambda client: client.writer.update(SCENES, "1", {"title": "New"}),
    "update an image": lambda client: client.writer.update(IMAGES, "1", {"title": "New"}),
    "update a performer": lambda client: client.writer.update(PERFORMERS, "1", {"favorite": True}),
    "change many": lambda client: client.writer.change_many(SCENES, ["1", "2"], Change(performer_ids=("3",))),
    "destroy": lambda client: client.writer.destroy(PERFORMERS, ["3"]),
    "scan": lambda client: client.jobs.scan(),
    "generate": lambda client: client.jobs.generate(["1"]),
    "stop a job": lambda client: client.jobs.stop_job("1"),
}
MERGES: dict[str, Call] = {
    "merge performers": lambda client: client.writer.merge_performers(["2"], "1", {}),
    "merge scenes": lambda client: client.writer.merge_scenes(["2"], "1", {}),
    "merge tags": lambda client: client.writer.merge_tags(["2"], "1", {}),
}
"""They read first, so that they fail as reading does."""
EVERY = {**READS, **WRITES, **MERGES}
NO_DATABASE = ("scan", "generate", "stop a job")
"""Writes that the lock of a database does not concern."""
ANSWERED_IN_SETUP = ("ready", "features", "configuration", "jobs", "job", "picture", *NO_DATABASE)
"""Those that a Stash without a database may answer, or refuses otherwise."""

FAULTS: dict[str, tuple[Fault, str, str]] = {
    # So slow that no answer, and no write, comes while these tests last.
    "slow": (Fault("slow", seconds=3600.0), "stash_timed_out", "stash_write_uncertain"),
    "silent": (Fault("silent"), "stash_timed_out", "stash_write_uncertain"),
    "html": (Fault("html"), "stash_login_page", "stash_login_page"),
    "reset": (Fault("reset"), "stash_connection_lost", "stash_write_uncertain"),
    "reset in the middle": (Fault("reset", after=10), "stash_connection_lost", "stash_write_uncertain"),
    "exposed": (Fault("exposed"), "stash_exposed", "stash_exposed"),
    "large": (Fault("large"), "stash_answer_too_large", "stash_write_uncertain"),
    "elsewhere": (Fault("elsewhere"), "stash_redirected", "stash_redirected"),
}
LATE = ("slow", "silent")
NOTHING_REACHED_STASH = ("html", "exposed", "elsewhere", "large", *LATE)


@pytest.fixture(scope="module")
def running() -> Iterator[SimulatedStash]:
    with simulated_stash(library=library(), job_pause=0.0) as stash:
        yield stash


@pytest.fixture
def stash(running: SimulatedStash) -> Iterator[SimulatedStash]:
    """Give the one simulator of this file, and make it again what it was."""
    before = snapshot(running)
    yield running
    with running.state.lock:
        running.state.tables = before
        running.state.version += 1


@pytest.fixture(scope="module")
def guarded() -> Iterator[SimulatedStash]:
    with simulated_stash(library=library(), api_key=KEY) as stash:
        yield stash


def failure_of(stash: SimulatedStash, call: Call, fault: Fault | str, seconds: float = PATIENCE) -> StashError | None:
    """Make a call while a fault is played; the requests of the call alone are left in `stash.requests`."""

    async def work(client: StashClient) -> Any:
        await client.server.features()
        client._connection.limits = dataclasses.replace(IMPATIENT, seconds=seconds, slow_seconds=seconds)
        stash.requests.clear()
        stash.faults.add(fault)
        return await call(client)

    try:
        found = asked(stash.url, work)
    except StashError as error:
        if error.code in ("stash_timed_out", "stash_write_uncertain"):
            arrived(stash)
        return error
    finally:
        stash.faults.clear()
    if isinstance(found, Outcome) and found.refused:
        assert not found.done
        return next(iter(found.refused.values()))
    return None


def arrived(stash: SimulatedStash) -> None:
    """Wait for a request that nobody waits for any more: it must not come when the fault is played no more.

    Where the time was over before it was sent, as on a busy machine it may be, none comes.
    """
    with contextlib.suppress(AssertionError):
        until(lambda: stash.requests, seconds=1.0)


def code_of(work: Callable[[], Any]) -> str:
    """Say why something could not be done."""
    try:
        found = work()
    except StashError as error:
        return error.code
    assert isinstance(found, Outcome)
    return next(iter(found.refused.values())).code


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", [*READS, *MERGES])
def test_a_read_that_meets_a_fault_says_what_is_wrong(stash: SimulatedStash, call: str, fault: str) -> None:
    before = snapshot(stash)
    played, expected, _ = FAULTS[fault]
    error = failure_of(stash, EVERY[call], played, 0.1 if fault in LATE else PATIENCE)
    assert error is not None
    assert error.code == expected
    assert snapshot(stash) == before
    wanted = 2 if fault.startswith("reset") and call != "picture" else 1
    assert len(stash.requests) == wanted or (fault in LATE and not stash.requests)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", WRITES)
def test_a_write_that_meets_a_fault_is_sent_once_and_says_if_nobody_knows(
    stash: SimulatedStash, call: str, fault: str
) -> None:
    before = snapshot(stash)
    played, _, expected = FAULTS[fault]
    error = failure_of(stash, WRITES[call], played, 0.1 if fault in LATE else PATIENCE)
    assert error is not None
    assert error.code == expected
    assert len(stash.requests) == 1 or (fault in LATE and not stash.requests)
    if fault in NOTHING_REACHED_STASH:
        assert snapshot(stash) == before


@pytest.mark.parametrize("call", [call for call in READS if call not in ("features", "picture")])
def test_a_read_that_breaks_off_once_is_asked_again(stash: SimulatedStash, call: str) -> None:
    assert failure_of(stash, READS[call], Fault("reset", times=1)) is None


@pytest.mark.parametrize("call", [call for call in WRITES if call not in NO_DATABASE])
def test_a_write_is_tried_again_while_the_database_is_locked(stash: SimulatedStash, call: str) -> None:
    assert failure_of(stash, WRITES[call], "locked:2") is None
    assert len(stash.requests) == 3


@pytest.mark.parametrize("call", [*(call for call in WRITES if call not in NO_DATABASE), *MERGES])
def test_a_database_that_stays_locked_is_named_and_nothing_is_written(stash: SimulatedStash, call: str) -> None:
    before = snapshot(stash)
    error = failure_of(stash, EVERY[call], "locked")
    assert error is not None
    assert error.code == "stash_database_locked"
    assert snapshot(stash) == before


@pytest.mark.parametrize("call", READS)
def test_a_locked_database_does_not_keep_anybody_from_reading(stash: SimulatedStash, call: str) -> None:
    assert failure_of(stash, READS[call], "locked") is None


@pytest.mark.parametrize(
    ("fault", "code"), [("setup", "stash_setup_needed"), ("migration", "stash_migration_needed")]
)
@pytest.mark.parametrize("call", [*READS, *WRITES, *MERGES])
def test_a_stash_that_is_not_ready_says_what_it_needs(
    stash: SimulatedStash, call: str, fault: str, code: str
) -> None:
    before = snapshot(stash)
    error = failure_of(stash, EVERY[call], fault)
    if call not in ANSWERED_IN_SETUP or call == "ready":
        assert error is not None
        assert error.code == code
    assert snapshot(stash) == before


@pytest.mark.parametrize(("given", "code"), [("", "stash_key_missing"), ("wrong", "stash_key_wrong")])
@pytest.mark.parametrize("call", [*READS, *WRITES, *MERGES])
def test_who_has_no_key_or_a_wrong_one_is_told_so(guarded: SimulatedStash, call: str, given: str, code: str) -> None:
    before = snapshot(guarded)
    assert code_of(lambda: asked(guarded.url, EVERY[call], given)) == code
    assert snapshot(guarded) == before


@pytest.mark.parametrize("call", [*READS, *WRITES, *MERGES])
def test_nothing_there_is_tried_again_and_named(call: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert code_of(lambda: asked(url, EVERY[call])) == "stash_unreachable"


JSON = {"content-type": "application/json"}
OTHERS: dict[str, tuple[Told, str]] = {
    "another program": (Told(404, {"content-type": "text/plain"}, b"404 page not found"), "stash_misplaced"),
    "a web page": (Told(200, {"content-type": "text/html"}, b"<title>My NAS</title>"), "stash_misplaced"),
    "JSON of another kind": (Told(200, body=b'{"status": "ok"}'), "stash_misplaced"),
    "a list": (Told(200, body=b"[1, 2]"), "stash_misplaced"),
    "half of an answer": (Told(200, body=b'{"data": {"findSce'), "stash_misplaced"),
    "nested a million times": (Told(200, body=b'{"data":' + b"[" * 200_000), "stash_misplaced"),
    "nothing": (Told(200, body=b""), "stash_misplaced"),
    "no data": (graphql(None), "stash_misplaced"),
    "other data": (graphql({"something": "else"}), "stash_answer_odd"),
    "other data where ours should be": (graphql({"findScenes": 7}), "stash_answer_odd"),
    "null where something must be": (graphql({"findScenes": {"scenes": None}}), "stash_answer_odd"),
    "a row without fields": (graphql({"findScenes": {"scenes": [{}]}}), "stash_answer_odd"),
    "an overload": (Told(503, {"content-type": "text/html"}, b"<h1>Bad gateway</h1>"), "stash_broken"),
    "a fault": (Told(500, {"content-type": "text/plain"}, b""), "stash_broken"),
    "a redirect into nowhere": (Told(302, {}), "stash_redirected"),
    "another encoding": (
        Told(200, {"content-type": "application/json", "content-encoding": "br"}, b"x"),
        "stash_misplaced",
    ),
    "a damaged encoding": (
        Told(200, {"content-type": "application/json", "content-encoding": "gzip"}, b"x"),
        "stash_misplaced",
    ),
    "an unknown refusal": (graphql(None, "invalid sort: foo"), "stash_refused"),
    "an id that is gone": (graphql(None, "scene with id 7 not found"), "stash_id_unknown"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_whatever_answers_instead_of_stash_gives_an_error_of_ours(other: str) -> None:
    told, code = OTHERS[other]
    with scripted(lambda _: told) as server, pytest.raises(StashError) as caught:
        asked(server.url, READS["pages of scenes"])
    assert caught.value.code == code
    assert len(server.asked) == (2 if told.status == 503 else 1)


def test_a_write_that_a_proxy_could_not_hand_on_is_not_sent_twice() -> None:
    with scripted(lambda _: Told(502)) as server, pytest.raises(StashError) as caught:
        asked(server.url, lambda client: client.writer.update(SCENES, "1", {"title": "New"}))
    assert caught.value.code == "stash_write_uncertain"
    assert len(server.asked) == 1


def test_an_old_stash_is_told_to_be_updated() -> None:
    state = {"version": {"version": "v0.29.3"}, "systemStatus": {"appSchema": 72, "status": "OK", "os": "linux"}}
    with scripted(lambda _: graphql(state)) as server, pytest.raises(StashError) as caught:
        asked(server.url, READS["ready"])
    assert caught.value.code == "stash_too_old"
    assert "v0.29.3" in str(caught.value)


def test_another_graphql_server_is_not_taken_for_stash() -> None:
    refused = graphql(None, 'Cannot query field "systemStatus"', status=422, code="GRAPHQL_VALIDATION_FAILED")
    with scripted(lambda _: refused) as server, pytest.raises(StashError) as caught:
        asked(server.url, READS["pages of tags"])
    assert caught.value.code == "stash_misplaced"
