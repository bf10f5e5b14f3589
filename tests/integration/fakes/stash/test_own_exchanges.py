import json
from pathlib import Path

import httpx2
from tests.exchanges import differences, send

from stash_sense.fakes.stash.server import simulated_stash

TOLD = json.loads((Path(__file__).parents[3] / "data" / "stash_exchanges.json").read_text("utf-8"))


def test_a_session_is_answered_as_it_should_be_in_its_order() -> None:
    with (
        simulated_stash(library=TOLD["library"]) as stash,
        httpx2.Client(base_url=stash.url, trust_env=False) as client,
    ):
        found = {one["name"]: differences(one["response"], send(client, one["request"])) for one in TOLD["exchanges"]}
    assert len(found) >= 30
    assert {name: unlike for name, unlike in found.items() if unlike} == {}
    assert stash.graphql.flaws == []
