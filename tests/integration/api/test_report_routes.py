"""GET and POST /report, and `stash-sense report` beside a service: the report is a job, and the last one is kept."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer.testing
from tests.made_fingerprints import person
from tests.queue_files import PATIENCE, until
from tests.running_service import FakeServices, RunningService, fake_services, running

from stash_sense.api.lock import service_lock
from stash_sense.cli.app import app
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener
from stash_sense.scanning.report_counting import Counting, TaggedHere
from stash_sense.scanning.report_document import LibraryReportDocument


def document(kinds: Sequence[str]) -> dict[str, Any]:
    counted = []
    for kind in kinds:
        counting = Counting(kind)
        ada = TaggedHere("1", "Ada [bold]Example[/]", frozenset({"box.org:ada"}), 3)
        reference = {"source": "box.org", "url": "https://box.org/zoe.jpg"}
        seen = [
            person("Ada", 0.9, person_id="box.org:ada"),
            person("Zoe", person_id="box.org:zoe", reference=reference),
        ]
        counting.add("1", [ada], seen[:1], {}, has_faces=True)
        counting.add("2", [ada], seen[1:], {"box.org:zoe": 1}, has_faces=True)
        counting.items.tagged, counting.items.not_scanned = 3, 1
        counted.append(counting.report())
    made_at = datetime(2026, 11, 23, tzinfo=UTC)
    return LibraryReportDocument(
        made_at=made_at, database="2026.11.22", pack="duo", mode="template", strict=False, kinds=counted
    ).to_json()


@dataclass(frozen=True)
class ReportingServices(FakeServices):
    """Services whose report is ready, once they may tell it."""

    may: threading.Event = field(default_factory=threading.Event)

    def check_report(self) -> None:
        """Always."""

    def report(self, kinds: Sequence[str], cancel: CancelToken, progress: ProgressListener) -> dict[str, Any]:
        progress(Progress("comparing scenes", 1, 3))
        assert self.may.wait(PATIENCE)
        return document(kinds)


@pytest.fixture
def services(tmp_path: Path) -> ReportingServices:
    return ReportingServices(**vars(fake_services(tmp_path)))


@pytest.fixture
def service(services: ReportingServices) -> Iterator[RunningService]:
    with service_lock(services.settings.data_dir) as lock, running(services) as service:
        lock.announce(service.url)
        yield service


def asked(service: RunningService, method: str, status: int = 200, document: Any = None) -> Any:
    with service.client() as client:
        answer = client.request(method, "/report", json=document)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_report_is_made_once_and_the_last_one_is_given(
    service: RunningService, services: ReportingServices
) -> None:
    nothing = {"report": None, "job_id": None, "made_at": None, "active_job_id": None}
    assert asked(service, "GET") == nothing
    begun = asked(service, "POST", 202, {"images": False})
    assert begun["new"] is True
    assert asked(service, "GET")["active_job_id"] == begun["job_id"]
    assert asked(service, "POST", 200, {"images": False})["new"] is False
    assert asked(service, "POST", 409)["error"]["code"] == "job_type_busy"
    services.may.set()
    until(lambda: asked(service, "GET")["report"] is not None)
    told = asked(service, "GET")
    assert (told["job_id"], told["active_job_id"]) == (begun["job_id"], None)
    assert told["report"] == document(["scene"])


def test_a_report_on_nothing_is_refused(service: RunningService) -> None:
    answer = asked(service, "POST", 422, {"scenes": False, "images": False})
    assert "nothing is left to report on" in str(answer)


def test_the_command_prints_what_the_service_found(
    service: RunningService, services: ReportingServices, tmp_path: Path
) -> None:
    services.may.set()
    environment = {
        "STASH_SENSE_DATA_DIR": str(services.settings.data_dir),
        "STASH_SENSE_MODELS_DIR": str(tmp_path / "models"),
        "COLUMNS": "160",
    }
    found = typer.testing.CliRunner().invoke(
        app, ["report", "--scenes"], obj=CancelToken(), env=environment, catch_exceptions=False
    )
    assert found.exit_code == 0, found.output
    for words in (
        "Database 2026.11.22 of the pack duo, by the mode template.",
        "3 scenes with performers: 2 compared.",
        "1 is not scanned yet",
        "1 of 2",
        "50.0 %",
        "Ada [bold]Example[/]",
        "seen as somebody else: Zoe (1)",
        "https://box.org/zoe.jpg",
    ):
        assert words in found.output, words
    as_json = typer.testing.CliRunner().invoke(
        app, ["report", "--images", "--json"], obj=CancelToken(), env=environment, catch_exceptions=False
    )
    assert LibraryReportDocument.model_validate_json(as_json.stdout).kinds[0].kind == "image"
