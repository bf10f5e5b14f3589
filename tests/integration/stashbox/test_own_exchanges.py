"""The simulator beside exchanges that are written down here: what recorded servers do, on a state of our own."""

import json
from pathlib import Path

from tests.exchanges import client_of, differences, send
from tests.stashbox_boxes import without_flaws

from stash_sense.fakes.stashbox.server import StashBoxServer
from stash_sense.fakes.stashbox.state import State

TOLD = json.loads((Path(__file__).parents[2] / "data" / "stashbox_exchanges.json").read_text("utf-8"))


def test_questions_are_answered_as_they_should_be() -> None:
    with without_flaws(StashBoxServer(State(TOLD["data"]))) as server, client_of(server.url) as client:
        found = {one["name"]: differences(one["response"], send(client, one["request"])) for one in TOLD["exchanges"]}
    assert len(found) == len(TOLD["exchanges"]) >= 15
    assert {name: unlike for name, unlike in found.items() if unlike} == {}
