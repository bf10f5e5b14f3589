"""/recommendations over real HTTP: listing, accepting, dismissing, reopening."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.integration.api.deciding_service import Office, office, recommend
from tests.integration.recommendations.desk import person
from tests.made_fingerprints import fingerprint, kept
from tests.queue_files import until
from tests.running_service import fake_services, running
from tests.stash_library import snapshot

from stash_sense.api.background import settling_writes
from stash_sense.recommendations.journal.entry import Intent, Operation, Why
from stash_sense.recommendations.recommendation import Status
from stash_sense.recommendations.unidentified import UNIDENTIFIED_GALLERY, UNIDENTIFIED_IMAGE, SeenAt

CID, DORA = person("Cid", "3"), person("Dora")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as found:
        yield found


def test_what_there_is_to_decide_is_listed_counted_accepted_and_undone(here: Office) -> None:
    id_ = here.recommend(CID, DORA)
    (listed,) = here.asked("GET", "/recommendations", status="pending")["items"]
    assert (listed["id"], listed["target_type"], listed["target_id"]) == (id_, "scene", "2")
    assert [one["name"] for one in listed["details"]["people"]] == ["Cid", "Dora"]
    assert here.asked("GET", "/recommendations/counts")["all"] == {"pending": 1, "resolved": 0, "dismissed": 0}

    accepted = here.asked("POST", f"/recommendations/{id_}/accept")
    assert (accepted["performer_ids"], accepted["recommendation"]["status"]) == (["3"], "resolved")
    assert here.performers_of("scenes", 2) == {3}

    (entry,) = here.asked("GET", "/journal")["items"]
    assert (entry["operation"], entry["target_id"], entry["after"]) == ("add", "2", {"performer_ids": ["3"]})
    undone = here.asked("POST", f"/journal/groups/{accepted['recommendation']['group']}/undo")
    assert (undone["undone"], undone["refused"]) == ([entry["id"]], [])
    assert here.performers_of("scenes", 2) == set()
    assert here.asked("GET", f"/recommendations/{id_}")["status"] == "pending"


def test_a_list_is_read_page_by_page_filtered_and_sorted(here: Office) -> None:
    ids = [here.recommend(person("Cid", "3", 0.5 + number / 100), target=str(number)) for number in range(1, 8)]
    read, cursor = [], None
    while True:
        query: dict[str, Any] = {"limit": 3, "sort": "confidence", **({"cursor": cursor} if cursor else {})}
        page = here.asked("GET", "/recommendations", **query)
        read += [one["id"] for one in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert read == list(reversed(ids))
    (about,) = here.asked("GET", "/recommendations", target_type="scene", target_id="4")["items"]
    assert about["id"] == ids[3]
    assert here.asked("GET", "/recommendations", type="unidentified_image")["items"] == []
    assert here.asked("GET", "/recommendations", status="dismissed")["items"] == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"cursor": "nonsense"}, "recommendation_listing_invalid"),
        ({"target_type": "scene"}, "recommendation_listing_invalid"),
        ({"target_id": "1"}, "recommendation_listing_invalid"),
        ({"type": "unheard_of"}, "recommendation_type_unknown"),
        ({"limit": 0}, "request_invalid"),
        ({"sort": "colour"}, "request_invalid"),
        ({"status": "open"}, "request_invalid"),
    ],
)
def test_a_list_that_cannot_be_is_refused(here: Office, query: dict[str, Any], code: str) -> None:
    assert here.asked("GET", "/recommendations", 422, **query)["error"]["code"] == code


def test_every_type_is_described_and_counted(here: Office) -> None:
    names = [one["name"] for one in here.asked("GET", "/recommendations/types")]
    assert names == ["unidentified_scene", "unidentified_image", "unidentified_gallery"]
    here.recommend(CID)
    counts = here.asked("GET", "/recommendations/counts")["types"]
    assert list(counts) == names
    assert counts["unidentified_scene"] == {"pending": 1, "resolved": 0, "dismissed": 0}


def test_a_dry_run_lists_what_would_be_written_and_writes_nothing(here: Office) -> None:
    id_ = here.recommend(CID, DORA)
    before = snapshot(here.stash)
    choices = [{"person_id": CID.person_id}, {"person_id": DORA.person_id, "create": {"name": "Dora"}}]
    told = here.asked("POST", f"/recommendations/{id_}/accept", document={"choices": choices, "dry_run": True})
    assert [(one["operation"], one["kind"], one["target_id"]) for one in told["writes"]] == [
        ("create", "performer", ""),
        ("add", "scene", "2"),
    ]
    assert told["writes"][1]["after"] == {"performer_ids": ["3", "new: Dora"]}
    assert snapshot(here.stash) == before
    assert here.one(id_).status is Status.PENDING
    assert here.asked("GET", "/journal")["items"] == []


def test_what_is_written_is_no_news_to_the_service(here: Office) -> None:
    here.asked("POST", f"/recommendations/{here.recommend(CID)}/accept")
    assert len(here.services.own_writes) == 1


def test_what_is_dismissed_stays_so_until_it_is_reopened(here: Office) -> None:
    id_ = here.recommend(CID)
    dismissed = here.asked("POST", f"/recommendations/{id_}/dismiss", document={"reason": "not him"})
    assert (dismissed["status"], dismissed["reason"], dismissed["permanent"]) == ("dismissed", "not him", False)
    assert here.asked("POST", f"/recommendations/{id_}/dismiss", document={"permanent": True})["permanent"]
    refused = here.asked("POST", f"/recommendations/{id_}/accept", 409)
    assert refused["error"]["code"] == "recommendation_settled"
    assert here.asked("POST", f"/recommendations/{id_}/reopen")["status"] == "pending"
    assert here.asked("POST", "/recommendations/999/reopen", 404)["error"]["code"] == "recommendation_unknown"


def test_many_are_accepted_as_one_group_and_undone_together(here: Office) -> None:
    ids = [here.recommend(CID, target=target) for target in ("2", "99", "3")]
    told = here.asked("POST", "/recommendations/accept", document={"ids": ids})
    assert (told["done"], told["refused"]) == (2, 1)
    assert [one["error"] and one["error"]["code"] for one in told["items"]] == [None, "stash_id_unknown", None]
    assert here.performers_of("scenes", 2) == here.performers_of("scenes", 3) == {3}
    undone = here.asked("POST", f"/journal/groups/{told['group']}/undo")
    assert (len(undone["undone"]), undone["refused"]) == (2, [])
    assert here.performers_of("scenes", 2) == here.performers_of("scenes", 3) == set()
    assert {here.one(id_).status for id_ in ids} == {Status.PENDING}


def test_all_of_a_type_are_accepted_some_at_a_time_in_one_group(here: Office) -> None:
    ids = [here.recommend(person("Cid", "3", sure), target=str(n)) for n, sure in ((1, 0.9), (2, 0.6), (3, 0.95))]
    nobody = here.recommend(DORA, target="1", type_=UNIDENTIFIED_IMAGE)
    document = {"type": "unidentified_scene", "limit": 2, "least_confidence": 0.8}
    first = here.asked("POST", "/recommendations/accept", document=document)
    assert [one["id"] for one in first["items"]] == ids[:1]
    more = {**document, "cursor": first["next"], "group": first["group"]}
    second = here.asked("POST", "/recommendations/accept", document=more)
    assert [one["id"] for one in second["items"]] == ids[2:]
    assert (second["next"], second["group"]) == (None, first["group"])
    assert [here.one(id_).status.value for id_ in ids] == ["resolved", "pending", "resolved"]
    refused = here.asked("POST", "/recommendations/accept", document={"type": "unidentified_image"})
    assert refused["items"][0]["id"] == nobody
    assert refused["items"][0]["error"]["code"] == "recommendation_choice_invalid"


def test_many_are_dismissed(here: Office) -> None:
    ids = [here.recommend(CID, target=target) for target in ("1", "2", "3")]
    told = here.asked("POST", "/recommendations/dismiss", document={"ids": [*ids[:1], 999], "reason": "no"})
    assert (told["done"], told["refused"]) == (1, 1)
    told = here.asked("POST", "/recommendations/dismiss", document={"type": "unidentified_scene", "permanent": True})
    assert told["done"] == 2
    assert [here.one(id_).permanent for id_ in ids] == [False, True, True]


@pytest.mark.parametrize("path", ["accept", "dismiss"])
@pytest.mark.parametrize(
    "document",
    [{}, {"ids": []}, {"ids": [1], "type": "unidentified_scene"}, {"ids": list(range(101))}, {"ids": ["x"]}],
)
def test_of_many_it_must_be_clear_which(here: Office, path: str, document: dict[str, object]) -> None:
    refused = here.asked("POST", f"/recommendations/{path}", 422, document)
    assert refused["error"]["code"] == "request_invalid"


def test_people_of_a_gallery_are_added_to_its_images(here: Office) -> None:
    id_ = here.recommend(person("Cid", "3", image_ids=("1", "2")), target="1", type_=UNIDENTIFIED_GALLERY)
    here.asked("POST", f"/recommendations/{id_}/accept")
    assert [3 in here.performers_of(*where) for where in (("galleries", 1), ("images", 1), ("images", 2))] == [
        True
    ] * 3


def test_without_a_stash_it_can_be_listed_and_dismissed_and_not_accepted(tmp_path: Path) -> None:
    services = fake_services(tmp_path)
    with running(services) as service, service.client() as client:
        id_ = recommend(services, CID)
        assert len(client.get("/recommendations").json()["items"]) == 1
        answer = client.post(f"/recommendations/{id_}/accept")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "stash_not_set")
        assert client.post(f"/recommendations/{id_}/dismiss").json()["status"] == "dismissed"


def test_accepting_at_once_in_two_requests_is_accepting_once(here: Office) -> None:
    id_ = here.recommend(CID)
    with ThreadPoolExecutor(2) as threads:
        told = list(threads.map(lambda _: here.asked("POST", f"/recommendations/{id_}/accept"), range(2)))
    assert sorted(one["performer_ids"] for one in told) == [[], ["3"]]
    assert len(here.asked("GET", "/journal")["items"]) == 1


def test_a_service_that_starts_settles_what_a_killed_one_left_open(tmp_path: Path) -> None:
    with office(tmp_path) as here:
        intent = Intent(Operation.ADD, "scene", "2", {"performer_ids": []}, {"performer_ids": ["3"]})
        here.services.journal.begin([intent], Why("user"))
        with settling_writes(here.services), here.services.follow_stash():
            until(lambda: here.services.journal.unsettled() == [], "it was never settled")
        (entry,) = here.asked("GET", "/journal")["items"]
    assert (entry["state"], entry["error_code"]) == ("refused", "not_written")


def test_the_faces_of_a_recommendation_are_links_that_a_page_can_open(here: Office) -> None:
    faces = kept()
    shown = min(faces.crops)
    here.services.fingerprints.keep(fingerprint("2"), faces)
    seen = (SeenAt(t=1.0, box=(0.0, 0.0, 9.0, 9.0), face=shown), SeenAt(t=2.0, box=(0.0, 0.0, 9.0, 9.0)))
    id_ = here.recommend(CID.model_copy(update={"seen": seen}))
    (person_,) = here.asked("GET", f"/recommendations/{id_}")["details"]["people"]
    first, second = (one["crop"] for one in person_["seen"])
    assert second is None
    with httpx2.Client(base_url=here.client.base_url, trust_env=False) as stranger:
        assert stranger.get(first).content == faces.crops[shown]
        assert stranger.get(first.split("?")[0]).status_code == 401
