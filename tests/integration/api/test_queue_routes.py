"""/queue: submitting, watching, stopping and retrying jobs, and their schedules."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict
from tests.queue_files import kind, until
from tests.running_service import RunningService, fake_services, running

from stash_sense.api.server import listening
from stash_sense.errors import AddressUnusable, InputMissing
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.job import Slot


class Count(BaseModel):
    """How far the job counts, and what it fails of."""

    model_config = ConfigDict(extra="forbid")

    to: int = 3
    fails: bool = False


@dataclass
class Counting:
    """A job that counts, one step each time it is let go on."""

    go_on: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    begins: list[int] = field(default_factory=list)

    def run(self, context: JobContext[Count]) -> dict[str, Any]:
        begin = context.cursor or 0
        self.begins.append(begin)
        for done in range(begin, context.payload.to):
            context.checkpoint(done, phase="counting", done=done, total=context.payload.to)
            while not self.go_on.acquire(timeout=0.01):
                context.cancel.raise_if_cancelled()
        if context.payload.fails:
            raise InputMissing(path="what it looked for")
        return {"counted": context.payload.to}


@dataclass
class Stage:
    """A running service, one of whose kinds of jobs counts."""

    service: RunningService
    counting: Counting

    def ask(self, method: str, path: str = "", status: int = 200, document: Any = None, query: Any = None) -> Any:
        with self.service.client() as client:
            answer = client.request(method, f"/queue{path}", json=document, params=query)
        assert answer.status_code == status, answer.text
        return answer.json()

    def submit(self, status: int = 202, **payload: Any) -> int:
        answer = self.ask("POST", status=status, document={"type": "count", "payload": payload})
        return int(answer["job"]["id"])

    def until(self, job_id: int, status: str) -> Any:
        until(lambda: self.ask("GET", f"/{job_id}")["status"] == status, f"job {job_id} never was {status}")
        return self.ask("GET", f"/{job_id}")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    services, counting = fake_services(tmp_path), Counting()
    catalogue = services.operations.catalogue
    catalogue.register(kind(counting.run, "count", Slot.GPU, payload=Count))
    catalogue.register(kind(counting.run, "count_alone", Slot.GPU, payload=Count, exclusive=True))
    with running(services) as service:
        yield Stage(service, counting)


def test_a_job_is_submitted_watched_and_done(stage: Stage) -> None:
    submitted = stage.ask("POST", status=202, document={"type": "count", "payload": {"to": 2}})
    job = submitted["job"]
    assert submitted["new"] is True
    assert (job["type"], job["title"], job["payload"]) == ("count", "Count", {"to": 2, "fails": False})
    until(lambda: stage.ask("GET", f"/{job['id']}")["phase"] == "counting")
    running_now = stage.ask("GET", f"/{job['id']}")
    assert (running_now["status"], running_now["done"], running_now["total"]) == ("running", 0, 2)
    assert stage.ask("GET", "/status")["slots"]["gpu"] == {"used": 1, "most": 1}
    for _ in range(2):
        stage.counting.go_on.release()
    done = stage.until(job["id"], "completed")
    assert done["result"] == {"counted": 2}
    assert done["completed_at"] is not None
    status = stage.ask("GET", "/status")
    assert (status["running"], status["trouble"], status["counts"]["completed"]) == (True, "", 1)


def test_one_slot_lets_others_wait_who_can_be_taken_out(stage: Stage) -> None:
    first = stage.submit()
    stage.until(first, "running")
    second, third = stage.submit(), stage.submit()
    assert [stage.ask("GET", f"/{job}")["place"] for job in (first, second, third)] == [None, 0, 1]
    assert stage.ask("DELETE", f"/{second}")["status"] == "cancelled"
    assert stage.ask("GET", f"/{third}")["place"] == 0
    assert stage.ask("DELETE", f"/{first}", 409)["error"]["code"] == "job_active"


def test_a_job_is_stopped_and_goes_on_from_its_checkpoint_when_retried(stage: Stage) -> None:
    job = stage.submit()
    stage.counting.go_on.release()
    until(lambda: stage.ask("GET", f"/{job}")["done"] == 1)
    assert stage.ask("POST", f"/{job}/stop")["status"] in ("stopping", "cancelled")
    stage.until(job, "cancelled")
    assert stage.ask("POST", f"/{job}/stop", 409)["error"]["code"] == "job_ended"
    assert stage.ask("POST", f"/{job}/retry", 202)["status"] in ("queued", "running")
    assert stage.ask("POST", f"/{job}/retry", 409)["error"]["code"] == "job_active"
    for _ in range(2):
        stage.counting.go_on.release()
    assert stage.until(job, "completed")["attempts"] == 2
    assert stage.counting.begins == [0, 1]


def test_a_job_that_fails_says_why(stage: Stage) -> None:
    job = stage.submit(to=0, fails=True)
    failed = stage.until(job, "failed")
    assert failed["error_code"] == "input_missing"
    assert "what it looked for" in failed["error_message"]


def test_a_second_submit_of_an_exclusive_kind_answers_with_the_first(stage: Stage) -> None:
    first = stage.ask("POST", status=202, document={"type": "count_alone"})
    second = stage.ask("POST", status=200, document={"type": "count_alone", "payload": {"to": 5}})
    assert (first["new"], second["new"]) == (True, False)
    assert second["job"]["id"] == first["job"]["id"]
    assert second["job"]["payload"]["to"] == 3


def test_what_cannot_be_submitted_is_refused_with_the_field(stage: Stage) -> None:
    error = stage.ask("POST", status=404, document={"type": "no_such"})["error"]
    assert error["code"] == "job_type_unknown"
    assert "maintenance" in error["message"]
    for document, code, name in (
        ({"type": "count", "payload": {"to": "x"}}, "job_payload_invalid", "to"),
        ({"type": "count", "payload": {"unheard": 1}}, "job_payload_invalid", "unheard"),
        ({"type": "count", "priority": 101}, "request_invalid", "priority"),
        ({"type": "count", "unheard": 1}, "request_invalid", "unheard"),
        ({"payload": {}}, "request_invalid", "type"),
    ):
        error = stage.ask("POST", status=422, document=document)["error"]
        assert (error["code"], list(error["fields"])) == (code, [name]), document


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("DELETE", ""), ("POST", "/stop"), ("POST", "/retry")])
def test_a_job_that_there_is_not_is_told(stage: Stage, method: str, path: str) -> None:
    assert stage.ask(method, f"/12345{path}", 404)["error"]["code"] == "job_unknown"
    assert stage.ask(method, f"/word{path}", 422)["error"]["code"] == "request_invalid"
    assert stage.ask(method, f"/{2**53}{path}", 422)["error"]["code"] == "request_invalid"


def test_the_list_is_given_in_pages_newest_first(stage: Stage) -> None:
    jobs = [stage.submit(to=0) for _ in range(5)]
    for job in jobs:
        stage.until(job, "completed")
    listed: list[int] = []
    query: dict[str, Any] = {"limit": 2, "type": "count"}
    for cursor in (True, True, False):
        page = stage.ask("GET", query=query)
        listed += [job["id"] for job in page["jobs"]]
        query["cursor"] = page["next"]
        assert (page["next"] is not None) is cursor
    assert listed == jobs[::-1]
    assert stage.ask("GET", query={"status": ["running", "failed"]})["jobs"] == []
    assert stage.ask("DELETE", "/history") == {"removed": 5}
    assert stage.ask("GET")["jobs"] == []


@pytest.mark.parametrize(
    ("name", "value"), [("cursor", "x"), ("limit", 0), ("limit", 501), ("status", "unheard"), ("cursor", "9" * 30)]
)
def test_a_list_that_there_is_not_is_refused(stage: Stage, name: str, value: Any) -> None:
    (field_name,) = stage.ask("GET", status=422, query={name: value})["error"]["fields"]
    assert field_name.startswith(name)


def test_the_kinds_of_jobs_say_what_they_do_and_take(stage: Stage) -> None:
    kinds = {one["name"]: one for one in stage.ask("GET", "/types")}
    ours = {
        "database_build",
        "database_check",
        "database_update",
        "gallery_identification",
        "library_report",
        "library_scan",
        "maintenance",
        "model_download",
    }
    assert set(kinds) == ours | {"count", "count_alone"}
    assert kinds["gallery_identification"]["payload"]["required"] == ["gallery_id"]
    assert all(one["what"].endswith(".") and one["title"] for one in kinds.values())


def test_only_the_check_for_updates_starts_by_itself_until_somebody_says_so(stage: Stage) -> None:
    schedules = {one["type"]: one for one in stage.ask("GET", "/schedules")}
    assert {name for name, one in schedules.items() if one["enabled"]} == {"database_check"}
    assert schedules["maintenance"]["next_run_at"] is None
    change = {"enabled": True, "cron": "0 4 * * 1", "timezone": "Europe/Berlin"}
    changed = stage.ask("PUT", "/schedules/maintenance", document=change)
    assert (changed["enabled"], changed["cron"], changed["interval_seconds"]) == (True, "0 4 * * 1", None)
    assert changed["next_run_at"] is not None
    assert changed in stage.ask("GET", "/schedules")
    wrongs: list[dict[str, Any]] = [{name: None} for name in ("enabled", "timezone", "jitter_seconds", "cron")]
    wrongs += [{"cron": "never"}, {"timezone": "Mars/Base"}, {"interval_seconds": -1}, {"unheard": 1}]
    for wrong in wrongs:
        told = stage.ask("PUT", "/schedules/maintenance", 422, wrong)
        assert list(told["error"]["fields"]) == list(wrong)
    assert changed in stage.ask("GET", "/schedules")
    for name in ("no_such", "count"):
        assert stage.ask("PUT", f"/schedules/{name}", 404, {"enabled": True})["error"]["code"] == "job_type_unknown"


def test_a_job_that_is_done_is_not_tried_again(stage: Stage) -> None:
    job = stage.submit(to=0)
    stage.until(job, "completed")
    assert stage.ask("POST", f"/{job}/retry", 409)["error"]["code"] == "job_completed"


@pytest.mark.parametrize(
    ("body", "fields", "reason"),
    [
        (
            b'{"kind": "count"}',
            {"type": "it is needed", "kind": "there is no such field"},
            "type: it is needed; kind: ",
        ),
        (b'{"type": ', {"body": "it is no JSON"}, "body: it is no JSON"),
        (b"", {"body": "it is needed"}, "body: it is needed"),
        (b'{"type": 3}', {"type": "it must be text"}, "type: it must be text"),
        (b"[]", {"body": "it must be an object"}, "body: it must be an object"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_in_plain_words(
    stage: Stage, body: bytes, fields: dict[str, str], reason: str
) -> None:
    with stage.service.client() as client:
        told = client.post("/queue", content=body, headers={"content-type": "application/json"}).json()["error"]
    assert told["fields"] == fields
    assert f"({reason}" in told["message"]


def test_a_setting_that_cannot_be_null_says_null(stage: Stage) -> None:
    with stage.service.client() as client:
        told = client.put("/settings/num_frames", json={"value": None}).json()["error"]
    assert told["message"].startswith("num_frames cannot be null: it must be a whole number from 10 to 200")


def test_a_picture_without_an_address_is_refused_with_what_was_given(stage: Stage) -> None:
    with stage.service.client() as client:
        told = client.post("/identify", json={"image_url": "nonsense-x"}).json()["error"]
    assert "No picture is fetched from nonsense-x (" in told["message"]


def test_a_port_that_is_taken_is_told_as_one_that_cannot_be_listened_at(stage: Stage) -> None:
    with pytest.raises(AddressUnusable, match=rf"cannot listen at 127\.0\.0\.1, port {stage.service.port} \("):
        listening("127.0.0.1", stage.service.port)
