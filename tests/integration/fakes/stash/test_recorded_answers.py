import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.exchanges import (
    RECORDING,
    client_of,
    differences,
    exchanges_in,
    recorded,
    replay,
    send,
    with_the_recording,
)

from stash_sense.fakes.stash.faults import Fault
from stash_sense.fakes.stash.server import SimulatedStash, simulated_stash

FIRST = 35
"""Exchanges before it led to the library from which the simulator starts."""

OF_THE_CLOCK = re.compile(
    r"updated-at-greater|scan|generate|job|find-job|stop-job|media-sprite|media-vtt|"
    r"sort-scenes-updated_at|sort-scenes-created_at"
)
KNOWN = {
    line.split("#")[0].strip()
    for line in (Path(__file__).parents[3] / "data" / "stash_known_differences.txt").read_text("utf-8").splitlines()
}

pytestmark = with_the_recording


@pytest.fixture
def stash() -> Iterator[SimulatedStash]:
    with simulated_stash(library=recorded("library.json")) as running:
        yield running


def numbers(*spans: range) -> set[str]:
    return {f"{number:03}" for span in spans for number in span}


def test_the_recorded_session_is_answered_alike_in_its_order(stash: SimulatedStash) -> None:
    def wanted(exchange: Mapping[str, Any]) -> bool:
        return int(exchange["file"][:3]) >= FIRST and not OF_THE_CLOCK.match(exchange["name"])

    found = replay(stash.url, "stash", wanted)
    assert len(found) == 159
    assert {file: unlike for file, unlike in found.items() if unlike and file[4:] not in KNOWN} == {}
    assert stash.graphql.flaws == []


def test_an_empty_server_answers_and_refuses_alike() -> None:
    wanted = numbers(range(1, 3), range(4, 21), range(26, 29))
    with simulated_stash() as stash:
        found = replay(stash.url, "stash", lambda exchange: exchange["file"][:3] in wanted)
    assert len(found) == len(wanted)
    assert {name: unlike for name, unlike in found.items() if unlike} == {}


def test_a_server_that_was_never_set_up_answers_alike() -> None:
    with simulated_stash() as stash:
        stash.status = "SETUP"
        found = replay(stash.url, "setup", lambda _: True)
    assert len(found) == 7
    assert not any(found.values()), found


SECRETS = ("<api-key>", "<cookie>")


class Doors:
    """Sends the exchanges of the doors, with the key and the cookie that the server gave in place of the recorded."""

    def __init__(self, client: httpx2.Client) -> None:
        self.client = client
        self.own = {masked: masked for masked in SECRETS}

    def send(self, exchange: dict[str, Any]) -> list[str]:
        text = json.dumps(exchange["request"])
        for masked, own in self.own.items():
            text = text.replace(masked, own)
        self.client.cookies.clear()
        answer = send(self.client, json.loads(text))
        if "set-cookie" in answer.headers:
            self.own["<cookie>"] = answer.cookies["session"]
        if exchange["name"] == "generate-key-with-cookie":
            self.own["<api-key>"] = answer.json()["data"]["generateAPIKey"]
        content = answer.text
        for masked, own in self.own.items():
            content = content.replace(own, masked)
        headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
        told = httpx2.Response(answer.status_code, headers=headers, content=content.encode())
        return [
            *differences(exchange["response"], told),
            *self._headers(exchange["response"]["headers"], answer.headers),
        ]

    def _headers(self, recorded: dict[str, str], told: httpx2.Headers) -> Iterator[str]:
        for name in ("Location", "Www-Authenticate", "Cache-Control", "Vary"):
            if recorded.get(name) != told.get(name):
                yield f"{name}: {recorded.get(name)!r}, not {told.get(name)!r}"


NOT_SIMULATED = numbers(range(4, 11))
"""What Stash asks of a stash-box on its own: credentials, scraping, tagging."""

BEFORE: dict[str, Callable[[SimulatedStash], None]] = {
    "write-while-locked-1s": lambda stash: stash.faults.add(Fault("locked", 1)),
    "write-while-locked-20s": lambda stash: stash.faults.add(Fault("locked", 1)),
    "read-while-locked": lambda stash: stash.faults.add("locked"),
    "generate-key-without-user": lambda stash: stash.faults.clear(),
}


def test_the_doors_open_and_close_alike() -> None:
    library = json.loads((RECORDING / "library.json").read_text("utf-8"))
    library["tags"] = [{"id": 1, "name": "one"}, {"id": 2, "name": "two"}]
    library["performers"] = [{"id": 1, "name": "Ada"}]
    with simulated_stash(library=library) as stash, client_of(stash.url) as client:
        doors = Doors(client)
        found = {}
        for exchange in exchanges_in(RECORDING / "exchanges" / "doors"):
            if exchange["file"][:3] not in NOT_SIMULATED:
                if prepare := BEFORE.get(exchange["name"]):
                    prepare(stash)
                found[exchange["file"]] = doors.send(exchange)
    assert {name: unlike for name, unlike in found.items() if unlike} == {}
