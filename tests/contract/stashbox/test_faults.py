"""Each fault of the simulator against each call of the client: an error of ours, tried again only where it helps."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.stashbox_boxes import KEY, QUICK, Asked, listed

from stash_sense.adapters.stashbox.client import StashBoxClient
from stash_sense.errors import (
    StashBoxAnswerTooLarge,
    StashBoxBroken,
    StashBoxBusy,
    StashBoxConnectionLost,
    StashBoxError,
    StashBoxMisplaced,
    StashBoxRedirected,
    StashBoxTimedOut,
    StashBoxUnreachable,
)
from stash_sense.fakes.graphql.faults import COMMON, Fault
from stash_sense.fakes.stashbox.server import StashBoxServer
from stash_sense.fakes.stashbox.state import State
from stash_sense.stashbox.fingerprints import Algorithm, Fingerprint
from stash_sense.stashbox.kinds import PERFORMERS, SCENES, STUDIOS, TAGS, Kind

Call = Callable[[StashBoxClient], Awaitable[Any]]
KINDS: tuple[Kind[Any], ...] = (PERFORMERS, SCENES, STUDIOS, TAGS)
NOBODY = "00000000-0000-0000-0000-000000000001"


@dataclass(frozen=True)
class Expected:
    """What is made of a fault that stays, and how often it was asked in all."""

    error: type[StashBoxError]
    requests: int


EXPECTED: Mapping[str, Expected] = {
    "slow": Expected(StashBoxTimedOut, 2),
    "trickling": Expected(StashBoxTimedOut, 2),
    "silent": Expected(StashBoxTimedOut, 2),
    "reset": Expected(StashBoxConnectionLost, 3),
    "torn": Expected(StashBoxConnectionLost, 3),
    "html": Expected(StashBoxMisplaced, 1),
    "garbage": Expected(StashBoxMisplaced, 1),
    "large": Expected(StashBoxAnswerTooLarge, 1),
    "broken": Expected(StashBoxBroken, 3),
    "elsewhere": Expected(StashBoxRedirected, 1),
    "429": Expected(StashBoxBusy, 4),
}
LIMITS = replace(QUICK, answer_bytes=1_000_000)
LATE = ("slow", "trickling", "silent")


def calls() -> Iterator[tuple[str, Call]]:
    yield "account", lambda box: box.account()
    yield "matches", lambda box: box.matches([[Fingerprint(Algorithm.PHASH, 1)]])
    yield "removed", lambda box: listed(box.removed(PERFORMERS, None))
    for kind in KINDS:
        yield from calls_of(kind)


def calls_of(kind: Kind[Any]) -> Iterator[tuple[str, Call]]:
    yield f"by_ids {kind.name}", lambda box: box.by_ids(kind, [NOBODY])
    yield f"search {kind.name}", lambda box: box.search(kind, "x", 1)
    yield f"changed {kind.name}", lambda box: listed(box.changed(kind, None))


CALLS = dict(calls())


@pytest.fixture(scope="module")
def running() -> Iterator[StashBoxServer]:
    with StashBoxServer(State({"tags": [{"name": "Outdoor"}]})) as server:
        yield server


@pytest.fixture
def server(running: StashBoxServer) -> StashBoxServer:
    """Give the one server of this file, without a fault."""
    running.faults.clear()
    return running


def test_there_is_a_word_for_every_fault() -> None:
    assert EXPECTED.keys() == COMMON.keys()


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("trouble", EXPECTED)
def test_a_fault_that_stays_is_told_in_our_words(server: StashBoxServer, trouble: str, call: str) -> None:
    expected = EXPECTED[trouble]
    server.faults.add(trouble)
    asked = Asked(server.endpoint, limits=replace(LIMITS, seconds=0.2) if trouble in LATE else LIMITS)
    with pytest.raises(expected.error) as raised:
        asked.run(CALLS[call])
    # On a busy machine the time may be over before the server has looked.
    struck = server.faults.struck
    assert struck == expected.requests or (trouble in LATE and struck < expected.requests)
    assert type(raised.value) is expected.error
    assert server.url in str(raised.value)
    assert KEY not in str(raised.value)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("trouble", [one for one in EXPECTED if EXPECTED[one].requests > 1 and one not in LATE])
def test_a_fault_that_passes_is_not_noticed(server: StashBoxServer, trouble: str, call: str) -> None:
    server.faults.add(Fault(trouble, times=1))
    Asked(server.endpoint, limits=LIMITS).run(CALLS[call])
    assert server.faults.struck == 1


@pytest.mark.parametrize("trouble", LATE)
def test_an_answer_that_does_not_come_is_asked_for_again(server: StashBoxServer, trouble: str) -> None:
    server.faults.add(Fault(trouble, times=1))
    Asked(server.endpoint, limits=replace(LIMITS, seconds=1.5)).run(CALLS["by_ids performer"])
    assert server.faults.struck == 1


@pytest.mark.parametrize("call", CALLS)
def test_without_a_fault_every_call_is_answered(server: StashBoxServer, call: str) -> None:
    Asked(server.endpoint, limits=LIMITS).run(CALLS[call])
    assert server.flaws == []


@pytest.mark.parametrize("call", CALLS)
def test_a_server_that_is_not_there_is_told(call: str) -> None:
    with pytest.raises(StashBoxUnreachable):
        Asked("http://127.0.0.1:9/graphql", limits=LIMITS).run(CALLS[call])
