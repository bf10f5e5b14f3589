"""POST /identify: one picture at a time, others in line, and whoever leaves gives up the place."""

import base64
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.queue_files import until
from tests.running_service import FakeServices, RunningService, fake_services, png, running

from stash_sense.identification.result import Alternative, Failure, Identification, NamedPerson, Sighting
from stash_sense.recognition.matching.modes import DEFAULT_MODE

PICTURE = png()


@pytest.fixture
def services(tmp_path: Path) -> FakeServices:
    return fake_services(tmp_path)


@pytest.fixture
def service(services: FakeServices) -> Iterator[RunningService]:
    with running(services) as service:
        yield service
        services.fake.go_on.set()


def post(service: RunningService, name: str = "", **form: Any) -> httpx2.Response:
    with service.client() as client:
        headers = {"x-request-id": name} if name else {}
        return client.post("/identify", files={"picture": ("a.png", PICTURE)}, data=form, headers=headers)


def test_an_upload_and_a_document_are_answered_as_the_command_prints(
    service: RunningService, services: FakeServices
) -> None:
    import numpy as np

    person = NamedPerson(
        sightings=(Sighting(None, (1.0, 2.0, 3.0, 4.0)),),
        crops=np.zeros((0, 96, 96, 3), np.uint8),
        alternatives=(Alternative("b:2", "Other", 0.25, 0.75),),
        person_id="a:1",
        name="Somebody",
        probability=0.98765,
        distance=0.12345,
    )
    services.fake.answer = Identification("", "lite", "template", width=4, height=3, persons=(person,))
    services.fake.go_on.set()
    uploaded = post(service, strict="true", top_k="7", tagged=["Ann", "Ben"]).json()
    with service.client() as client:
        text = base64.b64encode(PICTURE).decode()
        document = client.post("/identify", json={"image_base64": text, "mode": "clustered_frequency"}).json()
        data = client.post("/identify", json={"image_base64": f"data:image/png;base64,{text}"}).json()
    assert uploaded["schema"] == 1
    assert uploaded["complete"] is True
    (result,) = uploaded["results"]
    assert result["source"] == "a.png"
    assert result["persons"][0]["name"] == "Somebody"
    assert result["persons"][0]["probability"] == 0.9877
    assert document["results"][0]["source"] == data["results"][0]["source"] == "picture"
    (first, asked), (second, also), (third, plain) = services.fake.seen
    assert first == second == third == PICTURE
    assert (asked.strict, asked.top_k, asked.tagged) == (True, 7, frozenset({"Ann", "Ben"}))
    assert also.mode == "clustered_frequency"
    assert (plain.mode, plain.strict, plain.top_k, plain.tagged) == (DEFAULT_MODE, False, 3, frozenset())


def test_nothing_of_a_picture_is_left_behind(service: RunningService, services: FakeServices) -> None:
    services.fake.go_on.set()
    assert post(service).status_code == 200
    assert not services.fake.paths[0].parent.exists()


def test_one_picture_is_looked_at_at_a_time_and_all_get_their_turn(
    service: RunningService, services: FakeServices
) -> None:
    names = [f"n{number}" for number in range(6)]
    with ThreadPoolExecutor(len(names)) as senders:
        answers = []
        for name in names:
            answers.append(senders.submit(post, service, name))
            until(lambda: len(service.in_line()) == len(answers))
        with service.client() as client:
            line = client.get("/identify/queue").json()
            assert [(turn["request_id"], turn["position"]) for turn in line["turns"]] == [
                (name, place) for place, name in enumerate(names)
            ]
            assert line["waiting"] == 5
            assert b"stash_sense_identify_waiting 5.0" in client.get("/metrics").content
            assert client.get("/health/live").status_code == 200
        services.fake.go_on.set()
        assert [answer.result().status_code for answer in answers] == [200] * 6
    assert services.fake.most_at_once == 1
    assert service.in_line() == []


def test_who_leaves_while_waiting_gives_up_the_place(service: RunningService, services: FakeServices) -> None:
    with ThreadPoolExecutor(3) as senders:
        first = senders.submit(post, service, "first")
        until(lambda: service.in_line() == ["first"])
        with service.asking_for_names("left"):
            assert service.in_line() == ["first", "left"]
        until(lambda: service.in_line() == ["first"])
        last = senders.submit(post, service, "last")
        until(lambda: service.in_line() == ["first", "last"])
        services.fake.go_on.set()
        assert first.result().status_code == last.result().status_code == 200
    assert len(services.fake.seen) == 2


def test_pictures_that_wait_are_on_the_disk_and_not_in_memory(
    service: RunningService, services: FakeServices
) -> None:
    large = PICTURE + bytes(4_000_000)
    with ExitStack() as senders:
        senders.enter_context(service.asking_for_names("first"))
        tracemalloc.start()
        senders.callback(tracemalloc.stop)
        for number in range(6):
            senders.enter_context(service.asking_for_names(f"waiting-{number}", large))
        assert len(service.in_line()) == 7
        # The last one may be let go of a moment later; that of six would be 24 and more.
        until(lambda: tracemalloc.get_traced_memory()[0] < 4 * len(large))
    services.fake.go_on.set()


def test_who_leaves_while_being_looked_at_frees_the_slot(service: RunningService, services: FakeServices) -> None:
    with service.asking_for_names("left"):
        until(lambda: services.fake.at_once == 1)
    until(lambda: services.fake.cancelled == 1 and service.in_line() == [])
    services.fake.go_on.set()
    assert post(service).status_code == 200


def test_a_full_line_takes_nobody_else(service: RunningService, services: FakeServices) -> None:
    service.state.turns._most_waiting = 1
    with ThreadPoolExecutor(2) as senders:
        answers = []
        for _ in range(2):
            answers.append(senders.submit(post, service))
            until(lambda: len(service.in_line()) == len(answers))
        refused = post(service)
        assert refused.status_code == 429
        assert refused.json()["error"]["code"] == "too_many_waiting"
        services.fake.go_on.set()
        assert [answer.result().status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize(
    ("code", "status"),
    [("picture_damaged", 422), ("picture_too_large", 422), ("internal_fault", 500), ("resource_not_loaded", 503)],
)
def test_a_picture_that_fails_says_why_under_its_own_name(
    service: RunningService, services: FakeServices, code: str, status: int
) -> None:
    services.fake.go_on.set()
    services.fake.answer = Identification("", "lite", "template", failure=Failure(code, "why"))
    answer = post(service)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "input_empty"), (b"#EXTM3U\nhttp://localhost/x", "input_not_media"), (b"\0" * 100, "input_not_media")],
)
def test_only_pictures_are_looked_at(
    service: RunningService, services: FakeServices, content: bytes, code: str
) -> None:
    with service.client() as client:
        answer = client.post("/identify", files={"picture": ("../../evil name.png", content)})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == code
    assert answer.json()["error"]["message"].startswith("evil name.png ")
    assert services.fake.seen == []


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({}, "body"),
        ({"image_base64": "AAAA", "image_url": "http://a.example/"}, "body"),
        ({"image_base64": "AAAA", "top_k": 21}, "top_k"),
        ({"image_base64": "AAAA", "top_k": -1}, "top_k"),
        ({"image_base64": "AAAA", "top_k": "x"}, "top_k"),
        ({"image_base64": "AAAA", "strict": "perhaps"}, "strict"),
        ({"image_base64": "AAAA", "tagged": ["x"] * 201}, "tagged"),
        ({"image_base64": "AAAA", "unheard": 1}, "unheard"),
        ({"image_base64": 5}, "image_base64"),
        ({"image_base64": "*" * 8}, "image_base64"),
    ],
)
def test_a_request_that_cannot_be_understood_names_the_field(
    service: RunningService, document: dict[str, Any], field: str
) -> None:
    with service.client() as client:
        answer = client.post("/identify", json=document)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["code"] == "request_invalid"
    assert list(error["fields"]) == [field]


def test_other_bodies_are_not_taken(service: RunningService) -> None:
    with service.client() as client:
        assert client.post("/identify", content=PICTURE, headers={"content-type": "image/png"}).status_code == 415
        assert client.post("/identify").status_code == 415


def test_a_mode_that_there_is_not_is_told(tmp_path: Path) -> None:
    from tests.running_service import settings_in

    from stash_sense.bootstrap import build

    with running(build(settings_in(tmp_path))) as service:
        answer = post(service)
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "database_missing"
