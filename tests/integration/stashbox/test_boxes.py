import asyncio

import pytest
from tests.stashbox_boxes import without_flaws

from stash_sense.adapters.stashbox.boxes import StashBoxes
from stash_sense.adapters.stashbox.limiter import Limiters
from stash_sense.errors import StashBoxUnknown
from stash_sense.fakes.stashbox.asking import User
from stash_sense.fakes.stashbox.clock import SimulatedClock
from stash_sense.fakes.stashbox.server import StashBoxServer
from stash_sense.library.server import StashBoxEndpoint

ONE, OTHER = "https://one.example/graphql", "https://other.example/graphql"


def told(endpoint: str, key: str = "key", per_minute: int = 0) -> StashBoxEndpoint:
    return StashBoxEndpoint("box", endpoint, key, per_minute)


def test_an_endpoint_that_is_not_set_up_is_told() -> None:
    with pytest.raises(StashBoxUnknown, match="other"):
        StashBoxes().of(OTHER)


def test_an_endpoint_has_one_client_until_its_key_changes() -> None:
    boxes = StashBoxes(Limiters(SimulatedClock()), proxies={})
    boxes.refresh([told(ONE), told(OTHER)])
    assert boxes.endpoints == (ONE, OTHER)
    one, other = boxes.of(ONE), boxes.of(OTHER)
    boxes.refresh([told(OTHER, "another key"), told(ONE, per_minute=30)])
    assert boxes.of(ONE) is one
    assert boxes.of(OTHER) is not other
    asyncio.run(boxes.aclose())


def test_a_limit_that_changes_holds_at_once() -> None:
    limiters = Limiters(SimulatedClock())
    boxes = StashBoxes(limiters, proxies={})
    boxes.refresh([told(ONE)])
    assert limiters.of(ONE, 0).per_minute == 240
    boxes.refresh([told(ONE, per_minute=30)])
    assert limiters.of(ONE, 30).per_minute == 30


def test_an_endpoint_that_is_taken_away_is_no_more() -> None:
    boxes = StashBoxes(proxies={})
    boxes.refresh([told(ONE)])
    boxes.refresh([])
    with pytest.raises(StashBoxUnknown):
        boxes.of(ONE)


def test_whoever_is_asking_when_a_key_changes_may_go_on() -> None:
    with without_flaws(StashBoxServer(users={"a.b.c": User("before"), "d.e.f": User("after")})) as server:

        async def asked() -> list[str]:
            boxes = StashBoxes(Limiters(SimulatedClock()), proxies={})
            boxes.refresh([told(server.endpoint, "a.b.c")])
            before = boxes.of(server.endpoint)
            boxes.refresh([told(server.endpoint, "d.e.f")])
            names = [(await box.account()).name for box in (before, boxes.of(server.endpoint))]
            await boxes.aclose()
            return names

        assert asyncio.run(asked()) == ["before", "after"]


def test_the_key_is_not_shown() -> None:
    assert "secret" not in repr(told(ONE, "secret"))
