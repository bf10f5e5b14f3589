"""Keys, addresses and limits: who is let in, and how often."""

import asyncio
from collections.abc import Iterator

import pytest
from tests.stashbox_boxes import KEY, QUICK, Asked, without_flaws

from stash_sense.adapters.stashbox.client import StashBoxClient
from stash_sense.errors import StashBoxAddressInvalid, StashBoxBusy, StashBoxKeyMissing, StashBoxKeyWrong
from stash_sense.fakes.graphql.faults import Fault
from stash_sense.fakes.stashbox.asking import User
from stash_sense.fakes.stashbox.rate import Rate
from stash_sense.fakes.stashbox.server import StashBoxServer
from stash_sense.fakes.stashbox.state import State
from stash_sense.stashbox.entities import Account
from stash_sense.stashbox.kinds import PERFORMERS


def crowd(count: int) -> State:
    return State({"performers": [{"name": f"Person {number:03}"} for number in range(count)]})


def ids(state: State) -> list[str]:
    return [row["id"] for row in state.listed("performers")]


@pytest.fixture
def server() -> Iterator[StashBoxServer]:
    with without_flaws(StashBoxServer()) as running:
        yield running


def test_the_account_of_a_key_is_told() -> None:
    with without_flaws(StashBoxServer(users={KEY: User("reader", ("READ",))})) as server:
        assert Asked(server.endpoint).run(lambda box: box.account()) == Account("reader", ("READ",))


@pytest.mark.parametrize(
    ("key", "error"),
    [
        ("", StashBoxKeyMissing),
        ("nonsense", StashBoxKeyWrong),
        ("x.y.z", StashBoxKeyWrong),
        ("powerless", StashBoxKeyWrong),
    ],
)
def test_a_key_that_does_not_open_is_told(key: str, error: type[Exception]) -> None:
    with without_flaws(StashBoxServer(crowd(60), users={"a.b.c": User(), "powerless": User("nobody", ())})) as server:
        for work in (lambda box: box.account(), lambda box: box.by_ids(PERFORMERS, ids(server.state))):
            asked = Asked(server.endpoint, key=key)
            with pytest.raises(error) as raised:
                asked.run(work)
            assert not key or key not in str(raised.value)


@pytest.mark.parametrize("address", ["", "box.example", "ftp://box.example/graphql", "http://", "https://[", "\0"])
def test_an_address_that_is_none_is_told(address: str) -> None:
    with pytest.raises(StashBoxAddressInvalid):
        Asked(address).run(lambda box: box.account())


def test_jobs_wait_for_as_long_as_the_server_asks(server: StashBoxServer) -> None:
    server.faults.add(Fault("429", times=2, retry_after="20"))
    asked = Asked(server.endpoint)

    async def two_jobs(box: StashBoxClient) -> None:
        await asyncio.gather(box.account(), box.account())

    asked.run(two_jobs)
    assert asked.clock.now() >= 20.0
    assert len(server.documents) == 2


def test_a_server_that_asks_for_too_long_is_given_up_and_left_alone(server: StashBoxServer) -> None:
    server.faults.add(Fault("429", times=1, retry_after="3600"))
    asked = Asked(server.endpoint)
    for _ in range(3):
        with pytest.raises(StashBoxBusy, match="3,600 s"):
            asked.run(lambda box: box.account())
    assert not server.documents  # the one that was refused was the only request


def test_a_server_that_refuses_again_and_again_is_given_up(server: StashBoxServer) -> None:
    server.faults.add(Fault("429", retry_after="5"))
    asked = Asked(server.endpoint)
    with pytest.raises(StashBoxBusy):
        asked.run(lambda box: box.account())
    assert asked.clock.now() == 5.0 * QUICK.holds


def test_a_server_that_counts_requests_never_has_to_refuse_any() -> None:
    state = crowd(60)
    with without_flaws(StashBoxServer(state)) as server:
        asked = Asked(server.endpoint, per_minute=24, batches=(1,))
        server.rate = Rate(24, asked.clock.now)
        assert len(asked.run(lambda box: box.by_ids(PERFORMERS, ids(state))).items) == 60
        assert len(server.documents) == 60  # those that are refused are not read
    assert asked.clock.now() == 59 * 2.5
