"""What the plain routes answer, in whatever state the installation is."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.queue_files import until
from tests.running_service import RunningService, fake_services, running, settings_in

from stash_sense import __version__
from stash_sense.api.app import create_app
from stash_sense.api.openapi import as_text, describe
from stash_sense.bootstrap import build
from stash_sense.settings import Settings

KEPT = Path(__file__).parents[3] / "docs" / "reference" / "openapi.json"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RunningService]:
    with running(build(settings_in(tmp_path))) as service:
        yield service


def asked(service: RunningService, path: str, status: int = 200) -> Any:
    with service.client() as client:
        answer = client.get(path)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_the_description_in_the_documentation_is_that_of_the_routes() -> None:
    nowhere = Path("/nonexistent")
    found = as_text(describe(create_app(build(Settings(data_dir=nowhere, models_dir=nowhere)))))
    renew = "python -m stash_sense.api.openapi > docs/reference/openapi.json"
    assert json.loads(KEPT.read_text()) == json.loads(found), f"renew it: {renew}"
    assert KEPT.read_text() == found


def test_every_operation_is_described_and_says_who_may_ask() -> None:
    document = json.loads(KEPT.read_text())
    assert document["security"] == [{"token": []}]
    seen = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["description"], (method, path)
            assert operation["operationId"] not in seen
            seen.add(operation["operationId"])
            assert ("security" in operation) is (path == "/health/live")
            assert "HTTPValidationError" not in json.dumps(operation)


def test_an_empty_installation_is_live_but_not_ready_and_says_what_to_type(service: RunningService) -> None:
    assert asked(service, "/health/live") == {"status": "live"}
    document = asked(service, "/health/ready", 503)
    checks = {check["name"]: check for check in document["checks"]}
    assert document["ready"] is False
    assert (checks["pack"]["ok"], checks["pack"]["remedy"]) == (False, "stash-sense models install lite")
    assert (checks["database"]["ok"], checks["database"]["remedy"]) == (False, "stash-sense db build FOLDER")
    assert checks["state"] == {"name": "state", "ok": True, "reason": "", "remedy": ""}


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "performers"
    folder.mkdir(parents=True)
    (folder / "current.json").write_text("{")
    with running(build(settings_in(tmp_path))) as service:
        document = asked(service, "/health/ready", 503)
        assert asked(service, "/database/info", 503)["error"]["code"] == "database_damaged"
        asked_metrics = service.client()
        with asked_metrics:
            assert asked_metrics.get("/metrics").status_code == 200
    assert not next(check for check in document["checks"] if check["name"] == "database")["ok"]


def test_the_other_routes_answer_without_anything_installed(service: RunningService) -> None:
    assert asked(service, "/database/info", 503)["error"]["code"] == "database_missing"
    names = {one["name"]: one for one in asked(service, "/capabilities")["capabilities"]}
    assert names["identification"]["available"] is False
    assert names["identification"]["remedy"] == "stash-sense models install lite"
    packs = {pack["id"]: pack for pack in asked(service, "/models/status")["packs"]}
    assert packs["lite"]["state"] == "not installed"
    assert packs["lite"]["files"]
    system = asked(service, "/system/info")
    assert system["version"] == __version__
    assert system["hardware"]["cpus"] >= 1
    assert system["resources"] == []
    assert asked(service, "/identify/queue") == {"waiting": 0, "turns": []}


def test_prometheus_is_told_what_happened(service: RunningService) -> None:
    with service.client() as client:
        client.get("/identify/queue")
        client.get("/nothing")
        client.request("PROPFIND", "/nothing")
        until(
            lambda: 'method="OTHER"' in client.get("/metrics").text
        )  # a request is counted when it has been answered
        answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    text = answer.text
    assert 'stash_sense_requests_total{method="GET",route="/identify/queue",status="200"} 1.0' in text
    assert 'stash_sense_requests_total{method="GET",route="unmatched",status="404"} 1.0' in text
    assert 'stash_sense_requests_total{method="OTHER",route="unmatched",status="404"} 1.0' in text
    assert f'stash_sense_info{{version="{__version__}"}} 1.0' in text


def test_the_page_of_the_routes_loads_nothing_from_elsewhere(service: RunningService) -> None:
    with service.client() as client:
        answer = client.get("/docs")
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for word in ("POST /identify", "GET /health/ready"):
        assert word in answer.text
    for sign in ("<script", "src=", "href=", "http://", "https://"):
        assert sign not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/health/live/", 404, "not_found"),
        ("DELETE", "/identify/queue", 405, "method_not_allowed"),
        ("OPTIONS", "/identify/queue", 405, "method_not_allowed"),
    ],
)
def test_errors_have_one_form(service: RunningService, method: str, path: str, status: int, code: str) -> None:
    with service.client() as client:
        answer = client.request(method, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["message"].endswith(".")
    assert (answer.headers.get("allow") == "GET") is (status == 405)


def test_a_fault_of_ours_is_told_by_its_request_and_logged_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    services = fake_services(tmp_path)
    services.fake.go_on.set()
    services.fake.answer = "no answer at all"  # type: ignore[assignment]
    with running(services) as service, service.client() as client:
        answer = client.post(
            "/identify", files={"picture": ("a.png", png_bytes())}, headers={"x-request-id": "the-fault"}
        )
    assert answer.status_code == 500
    error = answer.json()["error"]
    assert error["code"] == "internal_fault"
    assert error["request_id"] == answer.headers["x-request-id"] == "the-fault"
    assert "replace() should be called on dataclass" in caplog.text
    assert "replace() should be called" not in answer.text


def png_bytes() -> bytes:
    from tests.running_service import png

    return png()
