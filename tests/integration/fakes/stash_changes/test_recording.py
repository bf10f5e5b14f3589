"""Changes held to the answers of a real Stash, where these are at hand."""

import json
from typing import Any

from tests.exchanges import RECORDING, recorded, replay, with_the_recording
from tests.integration.fakes.stash_changes.asking import Asking

from stash_sense.fakes.stash.server import simulated_stash

pytestmark = with_the_recording


def answered(name: str) -> Any:
    return recorded(f"exchanges/merges/{name}")["response"]["body"]["data"]


def before_the_merges() -> dict[str, Any]:
    """The library in which the merges were recorded, as far as their questions show it."""
    performers = answered("001-before.json")
    scenes = answered("005-scene-merge-before.json")
    for one in scenes.values():
        for file in one["files"]:
            file["duration"] = 1.0
    scenes["a"]["performers"] = [performers["b"]["id"]]
    box = "http://127.0.0.1:9998/graphql"
    ids = {
        name: [{"endpoint": box, "stash_id": f"bbbbbbbb-0000-0000-0000-00000000000{n}", "updated_at": "2026-01-01"}]
        for name, n in (("TT", 1), ("TS", 2))
    }
    return {
        "performers": [{"id": "2", "name": "Bob"}, {"id": "3", "name": "Dee"}, *performers.values()],
        "scenes": list(scenes.values()),
        "images": [{"id": "1", "performers": ["2", "3", performers["b"]["id"]]}],
        "tags": [
            {"id": "4", "name": "Over"},
            {"id": "5", "name": "TT", "aliases": ["tt1"], "stash_ids": ids["TT"]},
            {"id": "6", "name": "TS", "aliases": ["ts1"], "stash_ids": ids["TS"], "parents": ["4"]},
        ],
    }


def test_merges_are_answered_as_the_real_server_answered_them() -> None:
    with simulated_stash(library=before_the_merges()) as server:
        found = replay(server.url, "merges", lambda _: True)
        assert server.graphql.flaws == []
    assert len(found) == 7
    assert not any(found.values()), found


def test_plugins_are_told_what_a_real_plugin_was_told(stash: Asking) -> None:
    lines = (RECORDING / "plugin-stdin.jsonl").read_text("utf-8").splitlines()
    contexts = [json.loads(line)["stdin"]["args"].get("hookContext") for line in lines]
    wanted = [one for one in contexts if one and one["input"].get("name") != "Hooked Two"]
    with stash.state.transaction():
        stash.state.insert("performers", id=17, name="Before")

    made = stash.make("performer", "id", name="Hooked")["id"]
    stash.update("scene", id="2", title="hook")
    stash.bulk("scene", ids=["2"], performer_ids={"ids": [made], "mode": "ADD"})
    stash.update("performer", id=made, details="x")
    stash.ask("mutation($id:ID!){performerDestroy(input:{id:$id})}", id=made)
    stash.update("image", id="1", title="h")

    for hook, like in zip(stash.state.hooks, wanted, strict=True):
        assert (hook.type, hook.id) == (like["type"], like["id"])
        assert set(hook.input_fields) == set(like.get("inputFields", ()))
        assert hook.input is not None
        assert hook.input == {**dict.fromkeys(hook.input), **given(like["input"])}


def given(told: dict[str, Any]) -> dict[str, Any]:
    """What was given, without the fields that only the real server has, which are null."""
    return {name: value for name, value in told.items() if value is not None}
