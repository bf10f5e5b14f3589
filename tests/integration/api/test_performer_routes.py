"""Performers over real HTTP: searched for, created as a simulated stash-box has them, linked, given a picture."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.integration.api.deciding_service import Office, office
from tests.integration.recommendations.desk import PNG, person
from tests.stash_library import snapshot

from stash_sense.fakes.stashbox.server import StashBoxServer
from stash_sense.fakes.stashbox.state import State
from stash_sense.recommendations.recommendation import Status

PICTURE = "00000000-0000-0000-0000-0000000000aa"
DORA = {
    "name": "Dora",
    "aliases": ["D."],
    "country": "NL",
    "images": [{"id": PICTURE, "width": 60, "height": 90}],
}
NAMESAKE = {"name": "Ada Example", "disambiguation": "another one"}


@dataclass
class Boxed:
    """A service whose Stash has a stash-box set up."""

    here: Office
    box: StashBoxServer

    @property
    def domain(self) -> str:
        return self.box.url.removeprefix("http://")

    def id_of(self, name: str) -> str:
        return next(str(row["id"]) for row in self.box.state.listed("performers") if row["name"] == name)

    def create(self, name: str, answers: int = 200, **more: Any) -> Any:
        document = {"endpoint": self.domain, "stash_id": self.id_of(name), **more}
        return self.here.asked("POST", "/stash/create-performer", answers, document)

    def link(self, name: str, answers: int = 200, **more: Any) -> Any:
        ids = [{"endpoint": self.box.endpoint, "stash_id": self.id_of(name)}]
        return self.here.asked("POST", "/stash/link-performer", answers, {"stash_ids": ids, **more})

    def performers(self) -> dict[int, Any]:
        found: dict[int, Any] = self.here.stash.state.tables["performers"]
        return found


@pytest.fixture
def boxed(tmp_path: Path) -> Iterator[Boxed]:
    with StashBoxServer(State({"performers": [DORA, NAMESAKE]})) as box, office(tmp_path) as here:
        set_up = {"name": "Box", "endpoint": box.endpoint, "api_key": "k", "max_requests_per_minute": 0}
        here.stash.state.configuration.general["stashBoxes"] = [set_up]
        yield Boxed(here, box)


def test_performers_are_found_by_name_and_alias_the_nearest_first(boxed: Boxed) -> None:
    found = boxed.here.asked("POST", "/stash/search-performers", document={"query": "ada"})["performers"]
    assert [(one["id"], one["name"], one["alias_list"]) for one in found] == [("1", "Ada Example", ["Ada E."])]
    found = boxed.here.asked("POST", "/stash/search-performers", document={"query": "bob_example"})["performers"]
    assert [one["stash_ids"][0]["stash_id"] for one in found] == ["b"]
    assert found[0]["image_path"] == ""
    refused = boxed.here.asked("POST", "/stash/search-performers", 422, {"query": ""})
    assert refused["error"]["code"] == "request_invalid"


@pytest.mark.parametrize("by", ["domain", "address", "escaped", "name"])
def test_a_performer_of_a_stash_box_is_shown_as_it_would_be_created(boxed: Boxed, by: str) -> None:
    named = {
        "domain": boxed.domain,
        "address": boxed.box.endpoint,
        "escaped": quote(boxed.box.endpoint, safe=""),
        "name": "box",
    }[by]
    told = boxed.here.asked("GET", f"/stashbox/performer/{named}/{boxed.id_of('Dora')}")
    assert (told["endpoint"], told["name"], told["performer_id"]) == (boxed.box.endpoint, "Dora", None)
    assert told["fields"]["alias_list"] == ["D."]
    assert [url.partition("?")[0] for url in told["images"]] == [f"{boxed.box.url}/images/{PICTURE}"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("elsewhere.example/x", 404, "stash_box_unknown"),
        ("box/00000000-0000-0000-0000-000000000001", 404, "performer_not_there"),
    ],
)
def test_who_is_not_there_is_not_shown(boxed: Boxed, path: str, status: int, code: str) -> None:
    assert boxed.here.asked("GET", f"/stashbox/performer/{path}", status)["error"]["code"] == code


def test_a_performer_is_created_with_its_picture_and_added_and_all_of_it_undone(boxed: Boxed) -> None:
    before = snapshot(boxed.here.stash)
    planned = boxed.create("Dora", scene_id="2", dry_run=True)
    assert [one["operation"] for one in planned["writes"]] == ["create", "update", "add"]
    assert snapshot(boxed.here.stash) == before

    made = boxed.create("Dora", scene_id="2")
    assert (made["name"], made["success"], made["new"], made["notes"]) == ("Dora", True, True, [])
    row = boxed.performers()[int(made["performer_id"])]
    assert (row["country"], row["aliases"]) == ("NL", ["D."])
    assert row["picture"].content.startswith(b"\xff\xd8")
    assert boxed.here.performers_of("scenes", 2) == {row["id"]}

    undone = boxed.here.asked("POST", f"/journal/groups/{made['group']}/undo")
    assert (len(undone["undone"]), undone["refused"]) == (3, [])
    assert row["id"] not in boxed.performers()


def test_asked_again_the_same_performer_is_answered(boxed: Boxed) -> None:
    first = boxed.create("Dora")
    second = boxed.create("Dora", scene_id="3")
    assert (second["performer_id"], second["new"]) == (first["performer_id"], False)
    assert boxed.here.performers_of("scenes", 3) == {int(first["performer_id"])}
    third = boxed.create("Dora", scene_id="3")
    assert (third["performer_id"], third["group"]) == (first["performer_id"], None)


def test_before_a_namesake_is_made_it_is_asked_and_told_who_that_is(boxed: Boxed) -> None:
    refused = boxed.create("Ada Example", 409)["error"]
    assert (refused["code"], refused["fields"]) == ("performer_named", {"1": "Ada Example"})
    made = boxed.create("Ada Example", even_if_named=True)
    assert boxed.performers()[int(made["performer_id"])]["disambiguation"] == "another one"


def test_nobody_is_created_for_what_is_not_there(boxed: Boxed) -> None:
    before = snapshot(boxed.here.stash)
    assert boxed.create("Dora", 404, scene_id="99")["error"]["code"] == "stash_id_unknown"
    assert snapshot(boxed.here.stash) == before


def test_a_performer_is_linked_filled_in_and_added(boxed: Boxed) -> None:
    told = boxed.link("Dora", performer_id="3", gallery_id="1", update_metadata=True)
    assert (told["performer_id"], told["name"], told["new"]) == ("3", "Cid", False)
    row = boxed.performers()[3]
    assert [one["stash_id"] for one in row["stash_ids"]] == [boxed.id_of("Dora")]
    assert (row["name"], row["country"], row["aliases"], row["gender"]) == ("Cid", "NL", ["D."], "MALE")
    assert 3 in boxed.here.performers_of("galleries", 1)
    assert boxed.link("Dora", performer_id="3", gallery_id="1", update_metadata=True)["group"] is None
    assert boxed.link("Dora", 409, performer_id="1")["error"]["fields"] == {"3": "Cid"}
    boxed.here.asked("POST", f"/journal/groups/{told['group']}/undo")
    assert (boxed.performers()[3]["stash_ids"], boxed.performers()[3]["country"]) == ([], "")


def test_an_id_can_be_given_while_the_stash_box_does_not_answer(boxed: Boxed) -> None:
    boxed.box.faults.add("broken")
    told = boxed.link("Dora", performer_id="3", dry_run=True)
    assert told["writes"][0]["after"]["stash_ids"][0]["endpoint"] == boxed.box.endpoint


def test_a_recommended_person_is_created_as_the_stash_box_has_it(boxed: Boxed) -> None:
    universal = f"{boxed.domain}:{boxed.id_of('Dora')}"
    id_ = boxed.here.recommend(person("Dora").model_copy(update={"person_id": universal}))
    choices = [{"person_id": universal, "create_from_stashbox": True}]
    told = boxed.here.asked("POST", f"/recommendations/{id_}/accept", document={"choices": choices})
    (performer_id,) = told["performer_ids"]
    assert boxed.performers()[int(performer_id)]["name"] == "Dora"
    assert boxed.here.one(id_).status is Status.RESOLVED


def test_a_face_becomes_the_picture_of_who_has_none(boxed: Boxed) -> None:
    document = {"performer_id": "3", "scene_id": "2", "t": 12.5, "box": [1, 2, 30, 40]}
    told = boxed.here.asked("POST", "/stash/set-performer-picture", document=document)
    assert boxed.performers()[3]["picture"].content == PNG
    refused = boxed.here.asked("POST", "/stash/set-performer-picture", 409, document)
    assert refused["error"]["code"] == "performer_pictured"
    again = boxed.here.asked("POST", "/stash/set-performer-picture", document={**document, "replace": True})
    assert again["group"] is None  # it is that picture already
    boxed.here.asked("POST", f"/journal/groups/{told['group']}/undo")
    assert boxed.performers()[3]["picture"] is None


@pytest.mark.parametrize(
    "change",
    [
        {"scene_id": None},
        {"image_id": "1"},
        {"scene_id": None, "image_id": "1"},
        {"box": [0, 0, 0, 0]},
        {"box": [-1, 0, 9, 9]},
        {"t": -1},
        {"performer_id": "x"},
    ],
)
def test_a_face_must_be_somewhere(boxed: Boxed, change: dict[str, Any]) -> None:
    document = {"performer_id": "3", "scene_id": "2", "t": 12.5, "box": [1, 2, 30, 40], **change}
    refused = boxed.here.asked("POST", "/stash/set-performer-picture", 422, document)
    assert refused["error"]["code"] == "request_invalid"
