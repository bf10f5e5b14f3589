import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.integration.fakes.stash.conftest import Visitor
from tests.queue_files import PATIENCE
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

Visit = Callable[..., Visitor]
JOBS = "subscription{jobsSubscribe{type job{id status description subTasks progress}}}"
SCANNED = "subscription{scanCompleteSubscribe}"
WORDS = {"graphql-transport-ws": ("subscribe", "next"), "graphql-ws": ("start", "data")}


@contextmanager
def connected(visitor: Visitor, protocol: str) -> Iterator[ClientConnection]:
    address = visitor.stash.url.replace("http", "ws") + "/graphql"
    with connect(address, subprotocols=[Subprotocol(protocol)], proxy=None, open_timeout=PATIENCE) as connection:
        connection.send(json.dumps({"type": "connection_init", "payload": {}}))
        assert told(connection) == {"type": "connection_ack"}
        if protocol == "graphql-ws":
            assert told(connection) == {"type": "ka"}
        yield connection


def told(connection: ClientConnection) -> Any:
    return json.loads(connection.recv(timeout=PATIENCE))


def subscribe(connection: ClientConnection, name: str, query: str) -> None:
    kind = WORDS[connection.subprotocol or ""][0]
    connection.send(json.dumps({"id": name, "type": kind, "payload": {"query": query}}))


def wait_until_heard(visitor: Visitor, listeners: int) -> None:
    while visitor.stash.jobs.listeners < listeners:
        visitor.ask("{version{hash}}")


@pytest.mark.parametrize("protocol", list(WORDS))
def test_a_scan_is_told_from_its_beginning_to_its_end(visit: Visit, protocol: str) -> None:
    visitor = visit()
    with connected(visitor, protocol) as connection:
        assert connection.subprotocol == protocol
        subscribe(connection, "1", JOBS)
        subscribe(connection, "2", SCANNED)
        wait_until_heard(visitor, 2)
        assert visitor.ask("mutation{metadataScan(input:{})}") == {"metadataScan": "1"}
        frames: list[Any] = []
        while True not in frames or not any(step is not True and step["type"] == "REMOVE" for step in frames):
            frame = told(connection)
            assert frame["type"] == WORDS[protocol][1]
            frames.append(next(iter(frame["payload"]["data"].values())))
    steps = [frame for frame in frames if isinstance(frame, dict)]
    assert [step["type"] for step in steps] == ["ADD", *["UPDATE"] * (len(steps) - 2), "REMOVE"]
    assert steps[0]["job"] == {
        "id": "1",
        "status": "READY",
        "description": "Scanning...",
        "subTasks": None,
        "progress": 0,
    }
    assert (steps[2]["job"]["subTasks"], steps[2]["job"]["progress"]) == (["Walking directory tree"], None)
    assert (steps[-1]["job"]["status"], steps[-1]["job"]["progress"]) == ("FINISHED", 1)


def test_a_wrong_subscription_is_refused_and_the_connection_lives_on(visit: Visit) -> None:
    with connected(visit(), "graphql-transport-ws") as connection:
        subscribe(connection, "1", "subscription{nonsense}")
        refused = told(connection)
        assert (refused["type"], refused["id"]) == ("error", "1")
        assert refused["payload"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        connection.send(json.dumps({"type": "ping"}))
        assert told(connection) == {"type": "pong"}


def test_queries_are_answered_once_over_a_socket(visit: Visit) -> None:
    with connected(visit(), "graphql-transport-ws") as connection:
        subscribe(connection, "1", "{findScenes{count}}")
        assert told(connection)["payload"] == {"data": {"findScenes": {"count": 3}}}
        assert told(connection) == {"id": "1", "type": "complete"}


def test_what_is_not_simulated_closes_the_socket_and_is_noted(visit: Visit) -> None:
    visitor = visit()
    with connected(visitor, "graphql-transport-ws") as connection:
        subscribe(connection, "1", '{findScenes(scene_filter:{is_missing:"soul"}){count}}')
        with pytest.raises(ConnectionClosedError, match="not simulated"):
            told(connection)
    assert visitor.stash.graphql.flaws


def test_a_subscription_that_was_ended_hears_nothing_more(visit: Visit) -> None:
    visitor = visit()
    with connected(visitor, "graphql-transport-ws") as connection:
        subscribe(connection, "1", JOBS)
        wait_until_heard(visitor, 1)
        connection.send(json.dumps({"id": "1", "type": "complete"}))
        connection.send(json.dumps({"type": "ping"}))
        assert told(connection) == {"type": "pong"}
        visitor.ask("mutation{metadataScan(input:{})}")
        connection.send(json.dumps({"type": "ping"}))
        assert told(connection) == {"type": "pong"}


def test_a_socket_needs_the_key_too(visit: Visit) -> None:
    visitor = visit(api_key="a-key")
    address = visitor.stash.url.replace("http", "ws") + "/graphql"
    with pytest.raises(InvalidStatus) as refused, connect(address, proxy=None, open_timeout=PATIENCE):
        pass
    assert refused.value.response.status_code == 401
    key = {"ApiKey": "a-key"}
    with connect(
        address, subprotocols=[Subprotocol("graphql-ws")], additional_headers=key, proxy=None, open_timeout=PATIENCE
    ):
        pass


def finished(visitor: Visitor, job: str) -> Any:
    query = "query($id:ID!){findJob(input:{id:$id}){status progress subTasks startTime endTime error}}"
    while True:
        found = visitor.ask(query, id=job)["findJob"]
        if found is None or found["endTime"] is not None:
            return found


def test_what_is_generated_changes_the_file_and_not_the_scene(visit: Visit) -> None:
    visitor = visit()
    with visitor.stash.state.transaction():
        file = visitor.stash.state.change("files", 1)
        file["fingerprints"] = file["fingerprints"][:1]
    scene = '{findScene(id:1){updated_at files{fingerprint(type:"phash")}}}'
    before = visitor.ask(scene)["findScene"]
    assert (before["files"], visitor.get("/scene/1/vtt/sprite").status_code) == ([{"fingerprint": None}], 404)
    job = visitor.ask("mutation{metadataGenerate(input:{sprites:true,phashes:true,previews:true,sceneIDs:[1]})}")
    assert finished(visitor, job["metadataGenerate"])["status"] == "FINISHED"
    after = visitor.ask(scene)["findScene"]
    assert after["files"][0]["fingerprint"]
    assert after["updated_at"] == before["updated_at"]
    for path in ("/scene/1/vtt/sprite", "/scene/1/preview"):
        assert visitor.get(path).status_code == 200


def test_jobs_wait_for_each_other_and_can_be_stopped(visit: Visit) -> None:
    visitor = visit()
    visitor.stash.jobs.go_on.clear()
    first, second = (visitor.ask("mutation{metadataScan(input:{})}")["metadataScan"] for _ in range(2))
    queue = visitor.ask("{jobQueue{id status}}")["jobQueue"]
    assert [job["id"] for job in queue] == [first, second]
    assert queue[1]["status"] == "READY"
    visitor.ask("mutation($id:ID!){stopJob(job_id:$id)}", id=first)
    visitor.stash.jobs.go_on.set()
    assert finished(visitor, second)["status"] == "FINISHED"
    assert finished(visitor, first)["status"] == "CANCELLED"
    assert visitor.ask("{jobQueue{id}}") == {"jobQueue": None}


def test_a_job_that_waits_is_gone_at_once_when_it_is_stopped(visit: Visit) -> None:
    visitor = visit()
    visitor.stash.jobs.go_on.clear()
    first, second = (visitor.ask("mutation{metadataScan(input:{})}")["metadataScan"] for _ in range(2))
    visitor.ask("mutation($id:ID!){stopJob(job_id:$id)}", id=second)
    assert [job["id"] for job in visitor.ask("{jobQueue{id}}")["jobQueue"]] == [first]
    assert finished(visitor, second)["status"] == "CANCELLED"
    visitor.stash.jobs.go_on.set()
    assert finished(visitor, first)["status"] == "FINISHED"


def test_a_job_that_breaks_fails_and_the_next_one_goes_on(visit: Visit) -> None:
    visitor = visit()

    def breaking() -> Iterator[tuple[str | None, float | None]]:
        yield "Walking", None
        raise RuntimeError("out of luck")

    broken = visitor.stash.jobs.add("Breaking...", breaking)
    after = visitor.ask("mutation{metadataScan(input:{})}")["metadataScan"]
    assert finished(visitor, after)["status"] == "FINISHED"
    told = finished(visitor, broken)
    assert (told["status"], told["error"]) == ("FAILED", "RuntimeError: out of luck")


def test_only_the_last_ten_finished_jobs_are_remembered(visit: Visit) -> None:
    visitor = visit(library={}, job_pause=0)
    jobs = [visitor.ask("mutation{metadataScan(input:{})}")["metadataScan"] for _ in range(12)]
    assert finished(visitor, jobs[-1])["status"] == "FINISHED"
    remembered = [finished(visitor, job) is not None for job in jobs]
    assert remembered == [False, False, *[True] * 10]
