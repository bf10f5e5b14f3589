from collections.abc import Callable

import httpx2
import pytest
from tests.integration.fakes.stash.conftest import Visitor
from tests.queue_files import PATIENCE, until

from stash_sense.fakes.stash.faults import Fault

Visit = Callable[..., Visitor]
QUERY = {"query": "{findScenes{count}}"}


def test_a_locked_database_refuses_writes_and_leaves_nothing_of_them(visit: Visit) -> None:
    visitor = visit(faults=["locked:1"])
    write = {"query": 'mutation{tagCreate(input:{name:"New"}){id}}'}
    assert visitor.http.post("/graphql", json=QUERY).json()["data"]["findScenes"]["count"] == 3
    refused = visitor.http.post("/graphql", json=write).json()
    assert refused["errors"][0]["message"] == "beginning transaction: database is locked"
    assert visitor.ask("{findTags{count}}")["findTags"]["count"] == 2
    assert visitor.http.post("/graphql", json=write).json() == {"data": {"tagCreate": {"id": "3"}}}


def test_a_slow_server_answers_late_and_a_silent_one_never(visit: Visit) -> None:
    visitor = visit(faults=[Fault("slow", 1, seconds=3.0), Fault("silent", 1)])
    visitor.http.timeout = httpx2.Timeout(PATIENCE, read=0.3)
    for _ in range(2):
        with pytest.raises(httpx2.ReadTimeout):
            visitor.http.post("/graphql", json=QUERY)
    visitor.http.timeout = httpx2.Timeout(PATIENCE)
    assert visitor.http.post("/graphql", json=QUERY).status_code == 200


def test_a_proxy_that_wants_a_login_answers_with_a_page(visit: Visit) -> None:
    answer = visit(faults=["html"]).http.post("/graphql", json=QUERY)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize("after", [0, 10, 100_000])
def test_a_reset_breaks_the_answer_off(visit: Visit, after: int) -> None:
    visitor = visit(faults=[Fault("reset", 1, after=after)])
    with pytest.raises((httpx2.ReadError, httpx2.RemoteProtocolError)):
        visitor.get("/scene/1/stream")
    assert len(visitor.get("/scene/1/stream").content) == 900_000


def test_a_server_that_is_not_set_up_says_so_and_nothing_else(visit: Visit) -> None:
    visitor = visit(faults=["setup:2"])
    status = {"query": "{systemStatus{status databaseSchema}}"}
    assert visitor.http.post("/graphql", json=status).json()["data"]["systemStatus"]["status"] == "SETUP"
    assert "Internal system error" in visitor.http.post("/graphql", json=QUERY).json()["errors"][0]["message"]
    assert visitor.http.post("/graphql", json=status).json()["data"]["systemStatus"]["status"] == "OK"


def test_a_server_that_waits_for_its_migration_says_so(visit: Visit) -> None:
    told = visit(faults=["migration"]).ask("{systemStatus{status databaseSchema appSchema}}")["systemStatus"]
    assert told == {"status": "NEEDS_MIGRATION", "databaseSchema": 74, "appSchema": 75}


def test_an_exposed_server_answers_nothing_but_that_it_lives(visit: Visit) -> None:
    visitor = visit(faults=["exposed"])
    answer = visitor.http.post("/graphql", json=QUERY)
    assert answer.status_code == 403
    assert "exposed to the public internet" in answer.text
    assert visitor.get("/healthz").text == "."


def test_an_answer_without_end_goes_on_until_the_client_leaves(visit: Visit) -> None:
    visitor = visit(faults=["large:1"])
    with visitor.http.stream("POST", "/graphql", json=QUERY) as answer:
        received = 0
        for chunk in answer.iter_raw():
            received += len(chunk)
            if received > 3_000_000:
                break
    assert visitor.http.post("/graphql", json=QUERY).status_code == 200


def test_a_redirect_leads_to_another_host(visit: Visit) -> None:
    answer = visit(faults=["elsewhere"]).http.post("/graphql", json=QUERY)
    assert answer.is_redirect
    assert answer.headers["location"].startswith("http://elsewhere.invalid/")


def test_a_fault_can_be_of_one_path_alone_and_come_later(visit: Visit) -> None:
    visitor = visit()
    visitor.stash.faults.add(Fault("html", path="/scene/"))
    assert visitor.http.post("/graphql", json=QUERY).json()["data"]
    assert visitor.get("/scene/1/screenshot").headers["content-type"].startswith("text/html")
    visitor.stash.faults.clear()
    assert visitor.get("/scene/1/screenshot").headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize("kind", ["silent", "reset", "torn", "html", "garbage", "broken", "elsewhere", "429"])
def test_a_fault_of_an_answer_never_lets_the_right_one_through(visit: Visit, kind: str) -> None:
    visitor = visit(faults=[Fault(kind, 1)])
    visitor.http.timeout = httpx2.Timeout(PATIENCE, read=0.3 if kind == "silent" else PATIENCE)
    try:
        answer = visitor.http.post("/graphql", json=QUERY)
        assert answer.status_code != 200 or b"findScenes" not in answer.content
    except (httpx2.TransportError, httpx2.TimeoutException):
        pass
    until(lambda: visitor.stash.faults.struck == 1)
    visitor.http.timeout = httpx2.Timeout(PATIENCE)
    assert visitor.http.post("/graphql", json=QUERY).json()["data"]["findScenes"]["count"] == 3


@pytest.mark.parametrize("path", ["/scene/1/screenshot", "/image/1/image", "/studio/1/image", "/tag/1/image"])
def test_a_server_that_is_not_set_up_has_no_media(visit: Visit, path: str) -> None:
    assert visit(faults=["setup"]).get(path).status_code == 500


def test_what_is_not_simulated_is_no_answer_at_all(visit: Visit) -> None:
    visitor = visit()
    answer = visitor.http.post("/graphql", json={"query": '{findScenes(scene_filter:{is_missing:"soul"}){count}}'})
    assert answer.status_code == 500
    assert visitor.stash.graphql.flaws
