"""Every line of the log says which request or job it belongs to."""

import io
import json
import logging
from pathlib import Path
from typing import Any

from tests.queue_files import kind, until
from tests.running_service import fake_services, png, running

from stash_sense.api.logs import Scrubber, logging_to
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
        assert told == ["looks", f"job {number} (look) failed"]
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
