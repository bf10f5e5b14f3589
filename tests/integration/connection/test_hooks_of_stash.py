"""What Stash's hooks tell is marked; what we write ourselves is not."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from tests.exchanges import RECORDING
from tests.running_service import RunningService, fake_services, running

from stash_sense.connection.news import EntityChanged, How, StashNews
from stash_sense.errors import StashIdUnknown
from stash_sense.fakes.stash.server import SimulatedStash, simulated_stash
from stash_sense.library.kinds import PERFORMERS, SCENES, TAGS
from stash_sense.library.writing import Change

LIBRARY = {
    "scenes": [{"id": str(number), "title": f"scene {number}"} for number in range(1, 6)],
    "performers": [{"id": "1", "name": "Ada"}, {"id": "2", "name": "Ben"}],
    "tags": [{"id": "1", "name": "red"}, {"id": "2", "name": "crimson"}],
}


@pytest.fixture
def stash() -> Iterator[SimulatedStash]:
    with simulated_stash(library=LIBRARY) as stash:
        yield stash


@pytest.fixture
def service(stash: SimulatedStash, tmp_path: Path) -> Iterator[RunningService]:
    with running(fake_services(tmp_path, STASH_URL=stash.url)) as service:
        service.state.background.begin()
        yield service


def tell(service: RunningService, stash: SimulatedStash) -> list[str]:
    """Send what plugins were told since, as a plugin would; return what was made of it."""
    hooks = list(stash.state.hooks)
    stash.state.hooks.clear()
    heard = []
    with service.client() as client:
        for hook in hooks:
            context = {"id": hook.id, "type": hook.type, "input": hook.input, "inputFields": list(hook.input_fields)}
            answer = client.post("/hooks/stash", json={"hookContext": context})
            assert answer.status_code == 202, answer.text
            heard.append(f"{hook.type.split('.')[0]} {hook.id} {answer.json()['heard']}")
    return heard


def by_hand(stash: SimulatedStash, mutation: str) -> None:
    """Change something as the user does, on Stash's own page."""
    answer = httpx2.post(f"{stash.url}/graphql", json={"query": f"mutation {{ {mutation} }}"}, trust_env=False)
    assert "errors" not in answer.json(), answer.text


def changes(service: RunningService) -> dict[str, int]:
    with service.client() as client:
        told: dict[str, int] = client.get("/stash").json()["changes"]
        return told


def test_what_the_user_changes_is_marked(service: RunningService, stash: SimulatedStash) -> None:
    by_hand(stash, 'sceneUpdate(input: {id: 2, title: "x"}) { id }')
    by_hand(stash, "bulkSceneUpdate(input: {ids: [2, 3], performer_ids: {ids: [1], mode: ADD}}) { id }")
    by_hand(stash, 'performerCreate(input: {name: "Cleo"}) { id }')
    by_hand(stash, "performerDestroy(input: {id: 2})")
    assert set(tell(service, stash)) == {
        "Scene 2 marked",
        "Scene 3 marked",
        "Performer 3 marked",
        "Performer 2 marked",
    }
    assert changes(service) == {"scene": 2, "performer": 2}


def test_what_we_write_is_not(service: RunningService, stash: SimulatedStash) -> None:
    ask = service.state.services.ask
    ask(lambda library: library.writer.update(SCENES, "1", {"title": "new"}))
    ask(lambda library: library.writer.change_many(SCENES, ["2", "3", "4"], Change(performer_ids=("1",))))
    ask(lambda library: library.writer.create_performer({"name": " Dora "}))
    ask(lambda library: library.writer.create_tag({"name": "green"}))
    ask(lambda library: library.writer.destroy(PERFORMERS, ["2"]))
    heard = tell(service, stash)
    assert len(heard) >= 7
    assert [one for one in heard if not one.endswith("own")] == []
    assert changes(service) == {}


def test_what_the_user_changes_right_after_us_is_marked(service: RunningService, stash: SimulatedStash) -> None:
    service.state.services.ask(lambda library: library.writer.update(SCENES, "1", {"title": "new"}))
    by_hand(stash, 'sceneUpdate(input: {id: 1, title: "newer"}) { id }')
    assert tell(service, stash) == ["Scene 1 own", "Scene 1 marked"]


def test_of_a_change_that_stash_refuses_in_part_the_rest_is_ours(
    service: RunningService, stash: SimulatedStash
) -> None:
    outcome = service.state.services.ask(
        lambda library: library.writer.change_many(SCENES, ["1", "99"], Change(performer_ids=("1",)))
    )
    assert isinstance(outcome.refused["99"], StashIdUnknown)
    by_hand(stash, 'sceneUpdate(input: {id: 1, title: "by hand"}) { id }')
    assert tell(service, stash) == ["Scene 1 own", "Scene 1 marked"]


def test_a_merge_of_tags_is_ours(service: RunningService, stash: SimulatedStash) -> None:
    service.state.services.ask(lambda library: library.writer.merge_tags(["2"], "1", {}))
    assert [one for one in tell(service, stash) if one.startswith("Tag") and not one.endswith("own")] == []
    assert TAGS.name not in changes(service)


def test_marks_are_there_after_a_restart(stash: SimulatedStash, tmp_path: Path) -> None:
    by_hand(stash, 'sceneUpdate(input: {id: 2, title: "x"}) { id }')
    with running(fake_services(tmp_path, STASH_URL=stash.url)) as service:
        assert tell(service, stash) == ["Scene 2 marked"]
    with running(fake_services(tmp_path, STASH_URL=stash.url)) as service:
        assert changes(service) == {"scene": 1}
        (mark,) = service.state.services.stash_changes.read()
        assert (mark.kind, mark.id, mark.how) == ("scene", "2", "updated")


def test_news_is_heard_by_those_who_follow_it(service: RunningService, stash: SimulatedStash) -> None:
    heard: list[StashNews] = []
    service.state.services.stash_news.follow(heard.append)
    by_hand(stash, "tagDestroy(input: {id: 2})")
    tell(service, stash)
    assert EntityChanged("tag", "2", How.DESTROYED) in heard


@pytest.mark.skipif(not RECORDING.is_dir(), reason=f"no recorded answers in {RECORDING}")
@pytest.mark.parametrize("whole", [True, False])
def test_what_a_real_stash_gave_to_a_plugin_is_understood(tmp_path: Path, whole: bool) -> None:
    lines = (RECORDING / "plugin-stdin.jsonl").read_text("utf-8").splitlines()
    given = [json.loads(line)["stdin"] for line in lines]
    hooks = [one for one in given if "hookContext" in one["args"]]
    assert len(hooks) > 5
    with running(fake_services(tmp_path)) as service, service.client() as client:
        for hook in hooks:
            answer = client.post("/hooks/stash", json=hook if whole else hook["args"])
            assert (answer.status_code, answer.json()) == (202, {"heard": "marked"})
    marks = fake_services(tmp_path)
    found = {(mark.kind, mark.id, mark.how) for mark in marks.stash_changes.read()}
    marks.close()
    assert found == {
        ("performer", "18", "destroyed"),
        ("performer", "19", "created"),
        ("scene", "2", "updated"),
        ("image", "1", "updated"),
    }
