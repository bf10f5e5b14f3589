"""`stash-sense jobs` beside a real service, beside one that goes away, and without one."""

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import typer.testing
from tests.queue_files import kind, until
from tests.running_service import fake_services, running, settings_in

from stash_sense.adapters.store.jobs import SqlJobStore
from stash_sense.api.lock import service_lock
from stash_sense.bootstrap import Services, build
from stash_sense.cli.app import app
from stash_sense.cli.serving import Document, LocalJobs, jobs_of, service_here, submitted, watched
from stash_sense.errors import (
    JobCompleted,
    JobLeftBehind,
    JobPayloadInvalid,
    JobStopped,
    ServiceGone,
    ServiceUnreachable,
)
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.job import SLOTS
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str | None]:
    return {
        "STASH_SENSE_DATA_DIR": str(tmp_path / "data"),
        "STASH_SENSE_MODELS_DIR": str(tmp_path / "models"),
        "STASH_SENSE_PACK": None,
        "STASH_SENSE_DEVICE": "cpu",
        "COLUMNS": "200",
    }


def run(environment: dict[str, str | None], *words: str) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, list(words), obj=CancelToken(), env=environment)


def steps(context: JobContext[Any]) -> None:
    """A job that goes on until it is stopped."""
    while True:
        context.checkpoint(1, phase="stepping", done=1, total=9)
        time.sleep(0.01)


@contextmanager
def served(folder: Path, work: Callable[[JobContext[Any]], Any] = steps) -> Iterator[Services]:
    """A service that commands find, with a kind of job called look."""
    services = fake_services(folder)
    services.operations.catalogue.register(kind(work, "look"))
    with service_lock(folder / "data") as lock, running(services) as service:
        lock.announce(service.url)
        yield services


def test_a_watcher_whose_service_goes_away_is_told_that_the_job_is_kept(tmp_path: Path) -> None:
    asking, service = build(settings_in(tmp_path)), contextlib.ExitStack()

    def told(_: Progress) -> None:
        service.close()

    with service:
        services = service.enter_context(served(tmp_path))
        job, _ = services.queue.submit("look")
        until(lambda: services.queue.get(job.id).phase)
        with jobs_of(asking) as jobs, pytest.raises(ServiceGone) as gone:
            watched(asking, jobs, jobs.job(job.id), told)
    said = str(gone.value)
    assert "(connection refused)" in said
    assert "Errno" not in said
    assert f"while job {job.id} (Look) was watched; the job is kept" in said
    assert "the next `stash-sense serve`" in said
    assert f"`stash-sense jobs watch {job.id}`" in said


def test_a_service_that_does_not_answer_is_told_in_words_of_the_system(tmp_path: Path) -> None:
    with served(tmp_path):
        client = service_here(build(settings_in(tmp_path)))
        assert client is not None
    with pytest.raises(ServiceUnreachable) as gone:
        client.get("/queue")
    assert gone.value.fields["reason"] == "connection refused"


def test_stopping_the_command_that_runs_a_job_says_how_to_go_on_with_it(tmp_path: Path) -> None:
    asking = build(settings_in(tmp_path))
    with served(tmp_path) as services:
        job, _ = services.queue.submit("look")
        with jobs_of(asking) as jobs, pytest.raises(JobStopped) as stopped:
            watched(asking, jobs, jobs.job(job.id), lambda _: asking.cancel.cancel())
        until(lambda: services.queue.get(job.id).status == "cancelled")
    assert str(stopped.value) == (
        f"Job {job.id} (Look) was asked to stop; `stash-sense jobs retry {job.id}` goes on with it."
    )


def test_a_watcher_is_told_only_what_is_new(tmp_path: Path) -> None:
    asking, looks, told = build(settings_in(tmp_path)), iter(range(5)), list[Progress]()

    class Jobs:
        """A job that stands still."""

        def begin(self) -> bool:
            return True

        def job(self, job_id: int) -> dict[str, Any]:
            status = "running" if next(looks) < 3 else "completed"
            fixed = {"phase": "reading", "done": 2, "total": 9, "message": "", "place": None, "deserted": False}
            return {"id": job_id, "title": "Look", "status": status, **fixed}

    watched(asking, Jobs(), Jobs().job(1), told.append)  # type: ignore[arg-type]
    assert told == [Progress("reading", 2, 9)]


def test_what_a_killed_process_left_is_told_to_wait_and_stopped_at_once(
    environment: dict[str, str | None], tmp_path: Path
) -> None:
    services, gone = build(settings_in(tmp_path)), subprocess.Popen(["true"])
    gone.wait()
    job, _ = services.queue.submit("maintenance")
    store = SqlJobStore(services.store.engine)
    assert store.claim(f"{gone.pid}-01234567", SLOTS, ["maintenance"]) is not None
    services.close()
    assert "running (waits for the service)" in run(environment, "jobs", "list").stdout
    (listed,) = json.loads(run(environment, "jobs", "list", "--json").stdout)["jobs"]
    assert (listed["status"], listed["deserted"]) == ("running", True)
    stopped = run(environment, "jobs", "stop", str(job.id))
    assert stopped.stdout == f"Job {job.id} (Look after the state) is cancelled.\n"
    assert "waits" not in run(environment, "jobs", "list").stdout


def test_a_job_that_a_process_is_at_is_not_told_to_wait(tmp_path: Path) -> None:
    with served(tmp_path) as services:
        job, _ = services.queue.submit("look")
        until(lambda: services.queue.get(job.id).phase)
        with jobs_of(build(settings_in(tmp_path))) as jobs:
            assert jobs.job(job.id)["deserted"] is False


def test_a_job_that_is_done_is_not_tried_again(environment: dict[str, str | None]) -> None:
    assert run(environment, "jobs", "run", "maintenance").exit_code == 0
    refused = run(environment, "jobs", "retry", "1").exception
    assert isinstance(refused, JobCompleted)
    assert "`stash-sense jobs run maintenance` does it anew" in str(refused)


def test_the_kinds_of_jobs_are_listed_with_what_they_take(environment: dict[str, str | None]) -> None:
    listed = run(environment, "jobs", "types").stdout
    lines = [" ".join(line.split()) for line in listed.splitlines()]
    assert any(line.startswith("folder= text; may be left out Whole path of a folder") for line in lines)
    assert any(line.startswith("replace= true or false; false by default") for line in lines)
    assert any(line.startswith("pack= text; may be left out Model pack") for line in lines)
    for one in json.loads(run(environment, "jobs", "types", "--json").stdout)["types"]:
        for name, field in one["payload"].get("properties", {}).items():
            assert field["description"].endswith("."), (one["name"], name)


FIELDS = "folder, from_stash, from_stashbox, mine, images, most_pictures, pack, version, replace"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (["pak=lite"], f"(pak: there is no such field; there are: {FIELDS})"),
        ([], "(folder: nothing is named to build of: give a folder, the Stash, or a stash-box)"),
        (["folder=/a", "mine=true"], "(mine: it is about people of a stash-box, and none is named)"),
        (["folder=7"], "(folder: it must be text)"),
        (["folder=people"], "(folder: it must be the whole path, like /home/me/people)"),
        (["folder=/a", "replace=perhaps"], "(replace: it must be true or false)"),
    ],
)
def test_what_a_job_cannot_be_given_is_refused_in_plain_words(
    environment: dict[str, str | None], fields: list[str], said: str
) -> None:
    refused = run(environment, "jobs", "run", "database_build", *fields).exception
    assert isinstance(refused, JobPayloadInvalid)
    assert str(refused) == f"database_build cannot be started {said}; `stash-sense jobs types` tells what it takes."


def test_a_check_without_a_source_says_how_to_set_one(environment: dict[str, str | None]) -> None:
    assert "`stash-sense settings set database_source …`" in run(environment, "jobs", "run", "database_check").stdout


def test_times_are_shown_with_their_zone(environment: dict[str, str | None]) -> None:
    run(environment, "jobs", "run", "database_check")
    here = datetime.now().astimezone().tzname()
    assert here is not None
    assert f" {here}" in run(environment, "jobs", "list").stdout


def test_a_job_that_a_killed_program_left_is_not_said_to_be_at_work(tmp_path: Path) -> None:
    asking = build(settings_in(tmp_path))
    asking.operations.catalogue.register(kind(steps, "look"))

    class Left(LocalJobs):
        """A queue whose jobs nobody is at."""

        def submit(self, kind: str, payload: Mapping[str, Any]) -> dict[str, Any]:
            answer = super().submit(kind, {})
            return {**answer, "job": {**answer["job"], "payload": {"number": 1}, "deserted": True}, "new": False}

    with contextlib.ExitStack() as held, pytest.raises(JobLeftBehind) as left:
        submitted(Left(asking, held), "look", {"number": 2})
    assert "`stash-sense jobs watch 1` goes on with it, `stash-sense jobs stop 1` ends it" in str(left.value)


def test_a_job_that_waits_to_be_tried_again_says_why(tmp_path: Path) -> None:
    services = fake_services(tmp_path)
    waiting: Document = {
        "id": 1, "status": "pending", "place": None, "deserted": False, "phase": "scenes", "done": 3, "total": 9,
        "message": "", "error_message": "Stash cannot be reached.",
    }  # fmt: skip

    class Queue(LocalJobs):
        def begin(self) -> bool:
            return True

        def job(self, job_id: int) -> Document:
            return {**waiting, "status": "completed"}

    told: list[Progress] = []
    with contextlib.ExitStack() as held:
        watched(services, Queue(services, held), waiting, told.append)
    assert [(one.stage, one.done, one.note) for one in told] == [
        ("waiting to be tried again", 3, "Stash cannot be reached.")
    ]
