"""/events: one document by three ways, from the last one known on, and nobody is kept waiting or forgotten."""

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.queue_files import PATIENCE, until
from tests.running_service import RunningService, fake_services, running
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from stash_sense.api.audience import Audience
from stash_sense.api.token import TokenFile
from stash_sense.bootstrap import Services
from stash_sense.errors import TooManyWatching
from stash_sense.jobs.events import EventHub, ProgressEvent
from stash_sense.jobs.job import JobStatus, Slot


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return fake_services(tmp_path)


@pytest.fixture
def service(services: Services) -> Iterator[RunningService]:
    with running(services) as service:
        yield service


def tell(services: Services, job_id: int, status: JobStatus = JobStatus.RUNNING, done: int = 0) -> None:
    services.operations.events.publish(ProgressEvent(0, job_id, "look", status, attempt=1, phase="p", done=done))


def poll(service: RunningService, status: int = 200, **query: Any) -> Any:
    with service.client() as client:
        answer = client.get("/events", params=query)
    assert answer.status_code == status, answer.text
    return answer.json()


def streamed(service: RunningService, count: int, headers: Any = None, **query: Any) -> list[tuple[int, Any]]:
    """The first events of the stream: the number in their `id:` line, and the document."""
    events: list[tuple[int, Any]] = []
    number, document = 0, None
    with service.client() as client, client.stream("GET", "/events/stream", params=query, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if name == "id":
                number = int(value)
            elif name == "data":
                document = json.loads(value)
            elif not line and document is not None:
                events.append((number, document))
                document = None
                if len(events) == count:
                    return events
    return events


def socket_of(service: RunningService, query: str = "", **headers: str) -> Any:
    return connect(
        f"ws://127.0.0.1:{service.port}/events/socket{query}",
        additional_headers=headers,
        proxy=None,
        open_timeout=PATIENCE,
    )


def ticket(service: RunningService) -> str:
    with service.client() as client:
        return str(client.post("/tickets").json()["ticket"])


def test_the_three_ways_tell_the_same(service: RunningService, services: Services) -> None:
    for job_id in (1, 2):
        tell(services, job_id, done=job_id)
    polled = poll(service, after=0)
    assert [event["job_id"] for event in polled["events"]] == [1, 2]
    assert polled["last_id"] == polled["events"][-1]["id"]
    assert polled["events"][0] == {
        "id": polled["last_id"] - 1,
        "job_id": 1,
        "type": "look",
        "status": "running",
        "attempt": 1,
        "phase": "p",
        "done": 1,
        "total": None,
        "rate": None,
        "eta_seconds": None,
        "message": "",
        "at": polled["events"][0]["at"],
    }
    assert streamed(service, 2, after=0) == [(event["id"], event) for event in polled["events"]]
    with socket_of(service, f"?after=0&ticket={ticket(service)}") as socket:
        assert [json.loads(socket.recv(PATIENCE)) for _ in range(2)] == polled["events"]


def test_without_a_number_only_what_happens_from_now_on_is_told(service: RunningService, services: Services) -> None:
    tell(services, 1)
    polled = poll(service)
    assert polled["events"] == []
    tell(services, 2)
    assert [event["job_id"] for event in poll(service, after=polled["last_id"])["events"]] == [2]


def test_whoever_comes_back_goes_on_after_the_last_event(service: RunningService, services: Services) -> None:
    for job_id in (1, 2, 3):
        tell(services, job_id)
    first, second, third = poll(service, after=0)["events"]
    assert poll(service, after=first["id"])["events"] == [second, third]
    assert poll(service, after=third["id"]) == {"events": [], "last_id": third["id"]}
    told = {"last-event-id": str(second["id"])}
    assert streamed(service, 1, told) == [(third["id"], third)]
    assert streamed(service, 1, told, after=0) == [(third["id"], third)]
    with socket_of(service, f"?after={second['id']}&ticket={ticket(service)}") as socket:
        assert json.loads(socket.recv(PATIENCE)) == third


def test_a_number_of_an_earlier_service_or_from_nowhere_gets_the_latest_of_each_job(
    service: RunningService, services: Services
) -> None:
    tell(services, 1)
    for after in (0, 1, 2**53 - 1):
        assert [event["job_id"] for event in poll(service, after=after)["events"]] == [1]


def test_who_waits_is_told_at_once_of_a_real_job(service: RunningService) -> None:
    with ThreadPoolExecutor(3) as watchers:
        last = poll(service)["last_id"]
        waiting = watchers.submit(poll, service, after=last, wait=25)
        until(lambda: service.state.services.operations.events.watchers == 1)
        with service.client() as client:
            job = client.post("/queue", json={"type": "maintenance"}).json()["job"]
        events = waiting.result()["events"]
        assert [event["job_id"] for event in events] == [job["id"]]
        while events[-1]["status"] != "completed":
            events += poll(service, after=events[-1]["id"], wait=20)["events"]
    assert [event["id"] for event in events] == sorted({event["id"] for event in events})
    assert (events[-1]["phase"], events[-1]["done"], events[-1]["total"]) == ("vacuum", 4, 4)


def test_a_wait_ends_without_news(service: RunningService) -> None:
    assert poll(service, wait=0.05)["events"] == []


@pytest.mark.parametrize("query", [{"after": "x"}, {"after": -1}, {"after": 2**53}, {"wait": 26}, {"wait": "nan"}])
def test_what_cannot_be_asked_for_is_refused(service: RunningService, query: dict[str, Any]) -> None:
    assert list(poll(service, 422, **query)["error"]["fields"]) == list(query)


def test_a_ticket_opens_one_socket_once(service: RunningService, services: Services) -> None:
    word = ticket(service)
    with socket_of(service, f"?ticket={word}"):
        pass
    with pytest.raises(InvalidStatus) as refused, socket_of(service, f"?ticket={word}"):
        pass
    assert refused.value.response.status_code == 401
    with pytest.raises(InvalidStatus), socket_of(service, f"?after=x&ticket={ticket(service)}"):
        pass
    with socket_of(service, "?after=0", Authorization=f"Bearer {service.token}") as socket:
        tell(services, 7)
        assert json.loads(socket.recv(PATIENCE))["job_id"] == 7
    with service.stranger() as client:  # what a page's EventSource needs
        opened = client.get("/events", params={"ticket": ticket(service)})
    assert opened.status_code == 200


def test_what_a_client_says_into_the_socket_is_passed_over(service: RunningService, services: Services) -> None:
    with socket_of(service, f"?ticket={ticket(service)}") as socket:
        for word in ("{", b"\xff", "x" * 10_000):
            socket.send(word)
        tell(services, 1)
        assert json.loads(socket.recv(PATIENCE))["job_id"] == 1


def test_a_message_that_nobody_would_hear_may_not_be_large(service: RunningService) -> None:
    with socket_of(service, f"?ticket={ticket(service)}") as socket:
        socket.send("x" * 20_000)
        with pytest.raises(ConnectionClosed):
            socket.recv(PATIENCE)
    assert socket.close_code == 1009


def test_no_stream_is_kept_or_held_back_on_its_way(service: RunningService) -> None:
    with service.client() as client, client.stream("GET", "/events/stream") as answer:
        assert answer.headers.get_list("cache-control") == ["no-store"]
        assert answer.headers["x-accel-buffering"] == "no"


def test_who_watches_with_a_token_that_is_changed_is_sent_away(service: RunningService) -> None:
    hub = service.state.services.operations.events
    with ThreadPoolExecutor(2) as watchers, socket_of(service, f"?ticket={ticket(service)}") as socket:
        stream = watchers.submit(streamed, service, 100)
        waiting = watchers.submit(poll, service, wait=25)
        until(lambda: hub.watchers == 3)
        unused = ticket(service)
        TokenFile.below(service.data_dir).rotate()
        with pytest.raises(ConnectionClosed):
            socket.recv(PATIENCE)
        assert socket.close_code == 1008
        assert stream.result() == []
        assert waiting.result()["events"] == []
    with pytest.raises(InvalidStatus), socket_of(service, f"?ticket={unused}"):
        pass
    with socket_of(service, f"?ticket={ticket(service)}"):
        pass
    assert poll(service)["events"] == []


def test_who_comes_back_to_a_service_that_was_started_anew_is_told_how_all_jobs_are_and_then_what_is_new(
    tmp_path: Path,
) -> None:
    with running(fake_services(tmp_path)) as service, service.client() as client:
        first = client.post("/queue", json={"type": "maintenance"}).json()["job"]["id"]
        until(lambda: client.get(f"/queue/{first}").json()["status"] == "completed")
        service.state.services.dispatcher.set_slots({Slot.NETWORK: 0})
        second = client.post("/queue", json={"type": "database_check"}).json()["job"]["id"]
        known = poll(service, after=0)["last_id"]
    services = fake_services(tmp_path)
    services.dispatcher.set_slots({Slot.NETWORK: 0})
    with running(services) as service, service.client() as client:
        told = poll(service, after=known)
        assert [(one["job_id"], one["status"]) for one in told["events"]] == [
            (first, "completed"),
            (second, "queued"),
        ]
        assert all(one["id"] > known for one in told["events"])
        assert poll(service, after=0) == told
        assert [event for _, event in streamed(service, 2, {"last-event-id": str(known)})] == told["events"]
        client.delete(f"/queue/{second}")
        news = poll(service, after=told["last_id"], wait=25)["events"]
        assert [(one["job_id"], one["status"]) for one in news] == [(second, "cancelled")]


def test_who_leaves_is_forgotten(service: RunningService, services: Services) -> None:
    hub = services.operations.events
    tell(services, 1)
    streamed(service, 1, after=0)
    with socket_of(service, f"?after=0&ticket={ticket(service)}") as socket:
        socket.recv(PATIENCE)
    until(lambda: hub.watchers == 0)
    with service.client() as client, client.stream("GET", "/events/stream"):
        until(lambda: hub.watchers == 1)
    until(lambda: hub.watchers == 0)


def test_streams_and_sockets_end_when_the_service_stops(services: Services) -> None:
    hub = services.operations.events
    with ThreadPoolExecutor(2) as watchers, ExitStack() as opened:
        with running(services) as service:
            socket = opened.enter_context(socket_of(service, f"?ticket={ticket(service)}"))
            stream = watchers.submit(streamed, service, 100)
            waiting = watchers.submit(poll, service, wait=25)
            until(lambda: hub.watchers == 3)
        assert stream.result() == []
        assert waiting.result()["events"] == []
        with pytest.raises(ConnectionClosed):
            socket.recv(PATIENCE)
        assert socket.close_code in (1001, 1012)
    assert hub.watchers == 0


def test_a_state_that_cannot_be_opened_is_told_and_the_service_lives(tmp_path: Path) -> None:
    services = fake_services(tmp_path)
    services.settings.data_dir.mkdir(parents=True)
    services.state_path.write_bytes(b"no database at all" * 100)
    with running(services) as service, service.client() as client:
        for path in ("/events", "/events/stream", "/queue", "/settings"):
            answer = client.get(path)
            assert answer.status_code == 503, path
            assert answer.json()["error"]["code"].startswith("state_")
        with pytest.raises(InvalidStatus) as refused, socket_of(service, f"?ticket={ticket(service)}"):
            pass
        assert refused.value.response.status_code == 503
        assert client.get("/health/live").status_code == 200
        checks = {check["name"]: check for check in client.get("/health/ready").json()["checks"]}
    assert not checks["state"]["ok"]
    assert checks["state"]["reason"]


def event(job_id: int = 1, done: int = 0, status: JobStatus = JobStatus.RUNNING) -> ProgressEvent:
    return ProgressEvent(0, job_id, "look", status, attempt=1, done=done)


def test_a_slow_listener_gets_where_a_job_is_and_its_end_not_where_it_has_been() -> None:
    hub = EventHub()

    async def listen() -> list[ProgressEvent]:
        with Audience().join(hub, None) as listener:
            for done in range(1_000):
                hub.publish(event(done=done))
            hub.publish(event(done=1_000, status=JobStatus.COMPLETED))
            return await listener.next()

    (told,) = asyncio.run(listen())
    assert (told.done, told.status) == (1_000, JobStatus.COMPLETED)


def test_what_is_held_back_is_told_when_its_time_comes_and_all_threads_are_heard() -> None:
    hub = EventHub()

    def work() -> None:
        for done in range(20_000):
            hub.publish(event(done=done))

    async def listen() -> list[ProgressEvent]:
        told: list[ProgressEvent] = []
        with Audience().join(hub, None) as listener:
            worker = threading.Thread(target=work)
            worker.start()
            while not told or told[-1].done < 19_999:
                told += await listener.next(PATIENCE)
            worker.join()
        return told

    told = asyncio.run(listen())
    assert told[-1].done == 19_999
    assert [one.id for one in told] == sorted(one.id for one in told)
    assert hub.watchers == 0


def test_only_so_many_watch_at_once() -> None:
    hub = EventHub()

    async def join() -> None:
        audience = Audience(most=1)
        with audience.join(hub, None):
            with pytest.raises(TooManyWatching), audience.join(hub, None):
                pass
            audience.stop()
        with audience.join(hub, 0) as listener:
            hub.publish(event())
            assert await listener.next() == []

    asyncio.run(join())
    assert hub.watchers == 0
