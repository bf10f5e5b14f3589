"""Every line of the log says which request or job it belongs to."""

import io
import json
import logging
from pathlib import Path
from typing import Any

from tests.queue_files import kind, until
from tests.running_service import fake_services, png, running

from stash_sense.api.logs import Scrubber, logging_to
from stash_sense.errors import InputMissing, ServerUnreachable
from stash_sense.jobs.context import JobContext

_LOG = logging.getLogger("stash_sense.anything")


def test_what_a_request_and_what_a_job_does_is_logged_under_their_names(tmp_path: Path) -> None:
    def work(context: JobContext[Any]) -> None:
        _LOG.warning("looks", extra={"at": "a picture"})
        context.checkpoint(1)
        raise ZeroDivisionError("by nobody")

    services = fake_services(tmp_path)
    services.fake.go_on.set()
    services.fake.answer = "no answer at all"  # type: ignore[assignment]
    services.operations.catalogue.register(kind(work, "look"))
    stream = io.StringIO()
    with running(services) as service, logging_to(stream, Scrubber()), service.client() as client:
        jobs = [client.post("/queue", json={"type": "look"}, headers={"x-request-id": "asks"}) for _ in range(2)]
        numbers = [answer.json()["job"]["id"] for answer in jobs]
        for number in numbers:
            until(lambda number=number: client.get(f"/queue/{number}").json()["status"] == "failed")  # type: ignore[misc]
        client.post("/identify", files={"picture": ("a.png", png())}, headers={"x-request-id": "fails"})
        until(lambda: '"status": 500' in stream.getvalue())
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    for number in numbers:
        told = [line["event"] for line in lines if line.get("job_id") == number]
        reason = "Look failed for a reason that nobody foresaw (by nobody)"
    assert told[:3] == [f"job {number} (look) begins", "looks", f"job {number} (look) met a fault"]
    assert told[3].startswith(f"job {number} (look) failed: {reason}")
    assert all(("job_id" in line) is not ("request_id" in line) for line in lines)
    assert [line["event"] for line in lines if line.get("request_id") == "fails"] == ["fault in a request", "request"]
    assert [line["status"] for line in lines if line.get("request_id") == "asks"] == [202, 202]


def test_a_job_that_a_killed_service_has_left_is_named_when_it_is_gone_on_with(tmp_path: Path) -> None:
    services = fake_services(tmp_path)
    services.operations.catalogue.register(kind(lambda context: None, "look"))
    job, _ = services.queue.submit("look")
    with services.store.write() as connection:  # as a process that was killed leaves it
        connection.exec_driver_sql(
            "UPDATE job_queue SET status = 'running', owner = 'killed', attempts = 1, lease_until = 0 WHERE id = ?",
            (job.id,),
        )
    stream = io.StringIO()
    with logging_to(stream, Scrubber()), running(services) as service, service.client() as client:
        until(lambda: client.get(f"/queue/{job.id}").json()["status"] == "completed")
        until(lambda: "gone on with" in stream.getvalue())
    (line,) = [json.loads(line) for line in stream.getvalue().splitlines() if "gone on with" in line]
    assert line["job_id"] == job.id


def test_the_log_says_when_a_job_begins_and_how_it_ends(tmp_path: Path) -> None:
    def stops(context: JobContext[Any]) -> None:
        while True:
            context.checkpoint(1)

    def fails(context: JobContext[Any]) -> None:
        raise InputMissing(path="what it looks for")

    def fails_for_a_while(context: JobContext[Any]) -> None:
        raise ServerUnreachable(address="example.org", reason="no route")

    works = {
        "does": lambda context: {"found": 3, "whole": True, "names": ["a"]},
        "fails": fails,
        "fails_for_a_while": fails_for_a_while,
        "stops": stops,
        "goes_back": stops,
    }
    services, stream, numbers = fake_services(tmp_path), io.StringIO(), dict[int, str]()
    for name, work in works.items():
        services.operations.catalogue.register(kind(work, name))
    with logging_to(stream, Scrubber()):
        with running(services) as service, service.client() as client:
            for name in works:
                numbers[client.post("/queue", json={"type": name}).json()["job"]["id"]] = name
                number, *_ = (number for number, kind in numbers.items() if kind == name)
                ends = {"stops": "running", "goes_back": "running", "does": "completed", "fails": "failed"}
                end = ends.get(name, "pending")
                until(lambda: client.get(f"/queue/{number}").json()["status"] == end)  # noqa: B023
                if name == "stops":
                    client.post(f"/queue/{number}/stop")
                    until(lambda: client.get(f"/queue/{number}").json()["status"] == "cancelled")  # noqa: B023
            assert client.get("/queue/999").status_code == 404
        until(lambda: "given back" in stream.getvalue())
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    said = {
        name: [line["event"] for line in lines if line.get("job_id") == number] for number, name in numbers.items()
    }
    for number, name in numbers.items():
        assert said[name].pop(0) == f"job {number} ({name}) begins"
    ((does,), (fails_so,), (again,), (stopped,), (back,)) = said.values()
    assert does.endswith("(does) is done: found 3, whole True")
    assert fails_so.endswith("(fails) failed: what it looks for does not exist; check the spelling.")
    assert "(fails_for_a_while) failed and will be tried again: " in again
    assert stopped.endswith("(stops) was stopped")
    assert back.endswith("(goes_back) was given back, to be gone on with")
    asked = [(line["path"], line["status"]) for line in lines if line.get("method") == "GET"]
    assert asked == [("/queue/999", 404)]


def test_who_wants_to_know_all_is_told_of_every_look_at_a_job(tmp_path: Path) -> None:
    services, stream = fake_services(tmp_path), io.StringIO()
    services.operations.catalogue.register(kind(lambda context: None, "look"))
    with logging_to(stream, Scrubber(), logging.DEBUG), running(services) as service, service.client() as client:
        number = client.post("/queue", json={"type": "look"}).json()["job"]["id"]
        client.get(f"/queue/{number}")
        until(lambda: f'"path": "/queue/{number}"' in stream.getvalue())
