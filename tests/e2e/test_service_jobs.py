"""Long work of a running service, as a user starts it, watches it, stops it and loses it to a kill."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import COMMAND, PATIENCE, Run
from tests.e2e.test_service import Served, served

COPIES = 60
"""Of the picture of each of the three sample people: some seconds of work."""
BATCH = 16
"""Pictures that may be described twice after a kill."""

Serve = Callable[[], AbstractContextManager[Served]]


@pytest.fixture
def serve(tmp_path: Path, models_dir: Path) -> Serve:
    """Start the service of the folder that `run` has."""
    return partial(served, tmp_path / "data", STASH_SENSE_MODELS_DIR=str(models_dir))


@pytest.fixture
def many(people: Path) -> Path:
    """Many pictures of the sample people, every file another."""
    more(people, range(COPIES))
    return people


def more(people: Path, numbers: range) -> None:
    for portrait in sorted(people.glob("*/portrait.jpg")):
        for number in numbers:
            (portrait.parent / f"{number}.jpg").write_bytes(portrait.read_bytes() + number.to_bytes(2, "big"))


def job_when(service: Served, number: int, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait until a job is as wanted, and return it."""
    end = time.monotonic() + PATIENCE
    while True:
        job: dict[str, Any] = service.get(f"/queue/{number}").json()
        if wanted(job):
            return job
        assert time.monotonic() < end, job
        time.sleep(0.05)


def is_describing(at_least: int) -> Callable[[dict[str, Any]], bool]:
    return lambda job: job["phase"] == "describing" and job["done"] >= at_least


def has(status: str) -> Callable[[dict[str, Any]], bool]:
    return lambda job: bool(job["status"] == status)


def submit(run: Run, people: Path) -> dict[str, Any]:
    answer = run("jobs", "run", "database_build", f"folder={people}", "--no-wait", "--json")
    assert answer.code == 0, answer.err
    job: dict[str, Any] = answer.document["job"]
    return job


def test_a_build_is_watched_stopped_killed_with_the_service_and_goes_on_to_its_end(
    run: Run, serve: Serve, many: Path
) -> None:
    pictures = 3 * (COPIES + 1)
    with serve() as service:
        assert run("doctor").code == 0
        number = submit(run, many)["id"]
        job_when(service, number, is_describing(10))
        (listed,) = run("jobs", "list", "--json").document["jobs"]
        assert (listed["status"], listed["total"]) == ("running", pictures)
        assert run("jobs", "stop", str(number)).code == 0
        stopped = job_when(service, number, has("cancelled"))
        assert f"{pictures}" in run("jobs", "list").out
        assert stopped["done"] < pictures

        assert run("jobs", "retry", str(number)).code == 0
        before = job_when(service, number, is_describing(stopped["done"] + 20))
        assert before["done"] < pictures
        service.end(signal.SIGKILL)

    assert run("jobs", "list", "--json").document["jobs"][0]["id"] == number
    with serve() as service:
        watched = run("jobs", "watch", str(number))
        assert watched.code == 0, watched.err
        assert "is done: version" in watched.out
        result = job_when(service, number, has("completed"))["result"]
    assert result["described"] + result["reused"] == result["pictures"] == pictures
    assert result["reused"] >= before["done"] - BATCH


def test_a_service_that_is_asked_to_end_gives_its_job_back(run: Run, serve: Serve, many: Path) -> None:
    with serve() as service:
        number = submit(run, many)["id"]
        before = job_when(service, number, is_describing(10))
        assert service.end() == 0
    (job,) = run("jobs", "list", "--json").document["jobs"]
    assert (job["id"], job["status"]) == (number, "queued")
    with serve() as service:
        result = job_when(service, number, has("completed"))["result"]
    assert result["reused"] >= before["done"]


def test_what_a_command_is_asked_for_is_done_by_the_service(run: Run, serve: Serve, people: Path) -> None:
    more(people, range(6))
    alone = run("db", "build", people, "--json")
    with serve() as service:
        (people / "Joe Biden" / "one more.jpg").write_bytes((people / "Joe Biden" / "1.jpg").read_bytes() + b"more")
        by_service = run("db", "build", people, "--json")
        assert by_service.code == 0, by_service.err
        assert by_service.document.keys() == alone.document.keys()
        assert (by_service.document["described"], by_service.document["reused"]) == (1, alone.document["pictures"])
        again = run("db", "build", people)
        assert "Nothing has changed" in again.out
        assert "Still to be looked at: " in again.out
        assert "warning" not in again.err
        assert by_service.document["notes"] == run("db", "build", people, "--json").document["notes"] != []
        jobs = service.get("/queue").json()["jobs"]
        assert [(job["type"], job["triggered_by"], job["status"]) for job in jobs] == [
            ("database_build", "cli", "completed")
        ] * 3
        assert all("notes" not in job["result"] for job in jobs)  # they name people, who may be forgotten
        run("db", "build", people, "--out", people.parent / "version")
        assert len(service.get("/queue").json()["jobs"]) == 3
        assert run("identify", people / "Joe Biden" / "portrait.jpg").out.count("Joe Biden") >= 1


def test_a_database_of_others_is_replaced_through_the_service_only_where_that_is_said(
    run: Run, serve: Serve, people: Path, tmp_path: Path
) -> None:
    others = tmp_path / "others"
    others.mkdir()
    (people / "Joe Biden").rename(others / "Joe Biden")
    with serve():
        assert run("db", "build", people).code == 0
        refused = run("jobs", "run", "database_build", f"folder={others}", "--json")
        assert refused.code == 1
        assert "`replace`" in refused.err
        assert run("db", "build", others, "--json").document["error"]["code"] == "not_confirmed"
        assert run("db", "build", others, "--yes", "--json").document["performer_count"] == 1


def test_settings_and_going_back_are_told_to_the_service(run: Run, serve: Serve, people: Path) -> None:
    with serve() as service:
        first = run("db", "build", people, "--json").document["version"]
        (people / "Joe Biden" / "portrait.jpg").unlink()
        second = run("db", "build", people, "--json").document["version"]
        assert first != second
        assert "instead of" in run("db", "rollback").out
        assert service.get("/database/info").json()["version"] == first
        assert run("db", "rollback", "--json").document["version"] == second

        assert run("settings", "set", "light_slots", "2").out == "light_slots is 2 (you).\n"
        assert service.get("/settings/light_slots").json()["value"] == 2
        assert service.get("/queue/status").json()["slots"]["light"]["most"] == 2
        assert run("settings", "reset", "light_slots", "no_such").code == 1
        assert run("settings", "get", "light_slots").out == "2\n"
        assert run("settings", "reset", "light_slots").out == "light_slots is 3 (default).\n"
        assert service.get("/settings/light_slots").json()["value"] == 3


def test_an_update_is_done_by_the_service_and_fails_in_the_same_words(
    run: Run, serve: Serve, environment: dict[str, str], people: Path, tmp_path: Path
) -> None:
    here = environment["STASH_SENSE_DATA_DIR"]
    environment["STASH_SENSE_DATA_DIR"] = str(tmp_path / "publisher")
    key = run("db", "key", "new", "--json").document["public_key"]
    run("db", "build", tmp_path / "people", "--name", "2026.2.9")
    assert run("db", "release", "--out", tmp_path / "releases").code == 0
    environment["STASH_SENSE_DATA_DIR"] = here
    with serve() as service:
        refused = run("db", "update", "--from", "releases", cwd=tmp_path)
        assert refused.code == 1
        assert "db key trust" in refused.err
        run("db", "key", "trust", key)
        updated = run("db", "update", "--from", "releases", "--json", cwd=tmp_path).document
        assert (updated["version"], updated["updated"], updated["signed"]) == ("2026.2.9", True, True)
        assert "has no newer one" in run("db", "update", "--from", tmp_path / "releases").out
        assert [job["status"] for job in service.get("/queue").json()["jobs"]] == ["completed"] * 2 + ["failed"]
        installed = run("models", "install", "lite")
        assert "installed already" in installed.out
        assert service.get("/queue").json()["jobs"][0]["type"] == "model_download"


def test_ctrl_c_on_a_command_stops_the_job_of_the_service(
    run: Run, serve: Serve, environment: dict[str, str], many: Path
) -> None:
    with serve() as service:
        command = [str(COMMAND), "db", "build", str(many)]
        asking = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
        assert asking.stderr is not None
        seen = b""
        while b"describing" not in seen and asking.poll() is None:
            seen += os.read(asking.stderr.fileno(), 4096)
        other = run("db", "build", many.parent / "people" / "..", "--json")
        asking.send_signal(signal.SIGINT)
        assert asking.wait(PATIENCE) == 130
        assert "jobs retry 1` goes on with it" in asking.stderr.read().decode()
        asking.stderr.close()
        assert job_when(service, 1, has("cancelled"))["done"] < 3 * (COPIES + 1)
        assert other.code == 1
        assert json.loads(other.out)["error"]["code"] == "job_type_busy"


def test_a_job_is_not_given_a_folder_that_depends_on_where_one_is(run: Run, serve: Serve, people: Path) -> None:
    with serve():
        refused = run("jobs", "run", "database_build", "folder=peple", cwd=people.parent)
        assert refused.code == 1
        assert "/home/me/people" in refused.err
        sent = run("jobs", "run", "database_build", "folder=people", "--json", cwd=people.parent)
        assert sent.document["job"]["payload"]["folder"] == str(people)
        wrong = run("jobs", "run", "database_build", f"folder={people}", "version=no/version")
        assert (wrong.code, "(version: " in wrong.err) == (1, True)
        assert len(run("jobs", "list", "--json").document["jobs"]) == 1


def test_without_a_service_the_command_that_watches_does_the_job(run: Run, people: Path) -> None:
    submitted = run("jobs", "run", "database_build", f"folder={people}", "--no-wait")
    assert "no service runs" in submitted.out
    assert run("jobs", "list", "--json").document["jobs"][0]["status"] == "queued"
    assert "is done" in run("jobs", "watch", "1").out
    assert "jobs run database_build" in run("jobs", "retry", "1").err
    assert run("jobs", "run", "database_build", f"folder={people}", "--no-wait").code == 0
    assert "is cancelled" in run("jobs", "stop", "2").out
    assert "in the queue" in run("jobs", "retry", "2").out
    assert run("db", "info", "--json").document["performer_count"] == 3
