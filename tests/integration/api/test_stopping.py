"""A service in a process of its own that is asked to stop while a long job runs, and the next one on its folder."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.children import surroundings
from tests.integration.api.counting_service import counting
from tests.queue_files import PATIENCE, until
from tests.running_service import fake_services

from stash_sense.adapters.service.client import ServiceClient
from stash_sense.api.lock import jobs_lock, running_service
from stash_sense.api.server import serve
from stash_sense.api.token import TokenFile
from stash_sense.cli.serving import jobs_of
from stash_sense.errors import Cancelled, ServiceRunning, ServiceUnreachable

SCRIPT = Path(__file__).with_name("counting_service.py")
ENDED = "ended while something was still at work"


@dataclass(frozen=True)
class Process:
    """A service that answers."""

    process: subprocess.Popen[bytes]
    folder: Path
    client: ServiceClient

    def submit(self) -> int:
        return int(self.client.send("POST", "/queue", {"type": "count"})["job"]["id"])

    def job(self, number: int) -> Any:
        return self.client.get(f"/queue/{number}")

    def counted(self) -> list[tuple[int, int]]:
        """The jobs and batches that this process has counted."""
        return [(job, batch) for job, batch, process in lines(self.folder) if process == self.process.pid]

    def events(self) -> list[str]:
        """What the log says, but for requests and jobs."""
        told = [json.loads(line) for line in (self.folder / "log").read_text().splitlines() if line.startswith("{")]
        return [line["event"] for line in told if line["event"] != "request" and "job_id" not in line]

    def ask_to_stop(self, number: int) -> None:
        stops = self.events().count("stopping")
        self.process.send_signal(number)
        until(lambda: self.events().count("stopping") == stops + 1)


def lines(folder: Path) -> list[tuple[int, ...]]:
    path = folder / "counted"
    written = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [tuple(map(int, line.split())) for line in written if line.endswith("\n")]


@contextmanager
def served(folder: Path) -> Iterator[Process]:
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen([sys.executable, SCRIPT, folder], env=surroundings(), stdout=log, stderr=log)
    try:
        data = folder / "data"

        def answers() -> bool:
            assert process.poll() is None, (folder / "log").read_text()
            record = running_service(data)
            return record is not None and record.pid == process.pid

        until(answers)
        record = running_service(data)
        assert record is not None
        yield Process(process, folder, ServiceClient(record.url, TokenFile.below(data).ensure().token))
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_service_that_is_asked_to_stop_keeps_what_a_job_has_done_and_the_next_one_goes_on(
    tmp_path: Path, number: int
) -> None:
    with served(tmp_path) as service:
        job, waiting = service.submit(), service.submit()
        until(lambda: len(service.counted()) > 3)
        service.process.send_signal(number)
        assert service.process.wait(PATIENCE) == 0  # an end that is forced after nine seconds has another code
        first = service.counted()
        assert service.events() == ["serving", "stopping", "stopped"]
    assert {number for number, _ in first} == {job}, "what waited was not begun any more"
    with served(tmp_path) as service:
        until(lambda: len(service.counted()) > 3)
        (tmp_path / "enough").touch()
        until(lambda: service.job(waiting)["status"] == "completed")
        done = service.job(job)
        second = [one for one in service.counted() if one[0] == job]
    batches = [batch for _, batch in (*first, *second)]
    assert batches == list(range(len(batches))), "nothing was done twice or left out"
    assert (done["status"], done["result"]) == ("completed", {"batches": len(batches)})


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_second_signal_ends_it_at_once_and_the_next_one_goes_on_from_the_last_checkpoint(
    tmp_path: Path, number: int, code: int
) -> None:
    with served(tmp_path) as service:
        job = service.submit()
        until(lambda: len(service.counted()) > 3)
        (tmp_path / "stubborn").touch()
        until(lambda: service.job(job)["done"] < len(service.counted()))
        service.ask_to_stop(number)
        service.process.send_signal(number)
        assert service.process.wait(PATIENCE) == code
        assert service.events()[-2:] == ["stopping", ENDED]
        first = [batch for _, batch in service.counted()]
    (tmp_path / "stubborn").unlink()
    with served(tmp_path) as service:
        until(lambda: len(service.counted()) > 3)
        second = [batch for _, batch in service.counted()]
    assert second[0] == first[-1], "only what was cut off is done again"


def test_a_service_that_cannot_end_in_order_is_ended_within_ten_seconds(tmp_path: Path) -> None:
    with served(tmp_path) as service:
        (tmp_path / "held").touch()
        service.submit()
        until(service.counted)
        service.process.terminate()
        assert service.process.wait(PATIENCE) == 128 + signal.SIGTERM
        assert service.events()[:3] == ["serving", "stopping", "stopped"]
        with pytest.raises(ServiceUnreachable):
            service.client.get("/health/live")


def test_a_service_that_begins_while_a_command_does_jobs_leaves_them_to_it(tmp_path: Path) -> None:
    services = counting(tmp_path)
    with jobs_of(services) as jobs:
        job = jobs.submit("count", {})["job"]["id"]
        assert not jobs.begin()
        until(lambda: len(lines(tmp_path)) > 3)
        with served(tmp_path) as service:
            until(lambda: service.client.get("/queue/status")["running"])
            before = len(lines(tmp_path))
            until(lambda: len(lines(tmp_path)) > before + 30)
            assert service.counted() == []
            (tmp_path / "enough").touch()
            until(lambda: service.job(job)["status"] == "completed")
            assert service.job(job)["attempts"] == 1
    services.close()
    batches = [batch for _, batch, _ in lines(tmp_path)]
    assert batches == list(range(len(batches)))


def test_a_command_does_no_jobs_of_a_service_that_is_just_beginning(tmp_path: Path) -> None:
    services = counting(tmp_path)
    with jobs_of(services) as jobs:
        jobs.submit("count", {})
        with jobs_lock(services.settings.data_dir, shared=False) as alone:
            assert alone
            with pytest.raises(ServiceRunning):
                jobs.begin()
        assert not jobs.begin()
        with jobs_lock(services.settings.data_dir, shared=False) as alone:
            assert not alone
        with jobs_lock(services.settings.data_dir, shared=True) as beside:
            assert beside
        (tmp_path / "enough").touch()
    services.close()


def test_a_service_that_was_asked_to_stop_before_it_began_does_not_begin(tmp_path: Path) -> None:
    services = fake_services(tmp_path)
    services.cancel.cancel()
    with pytest.raises(Cancelled):
        serve(services, "127.0.0.1", 0, lambda *_: None)
    assert running_service(services.settings.data_dir) is None
