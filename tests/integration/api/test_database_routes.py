"""/database and /models: what is installed, newer versions as jobs, going back, and fetching packs."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.integration.updates import made_versions as made
from tests.queue_files import PATIENCE, until
from tests.running_service import FakeServices, RunningService, fake_services, running, settings_in

from stash_sense.bootstrap import build
from stash_sense.errors import PackNotInstalled
from stash_sense.jobs.job import Slot
from stash_sense.performers.database import PackSpace


@pytest.fixture
def services(tmp_path: Path) -> FakeServices:
    services = fake_services(tmp_path)
    made.install(services.performers, made.OLD, built_here=False)
    services.keys.trust(str(made.KEY.public))
    return services


@pytest.fixture
def service(services: FakeServices) -> Iterator[RunningService]:
    with running(services) as service:
        yield service


def asked(service: RunningService, method: str, path: str, status: int = 200, document: Any = None) -> Any:
    with service.client() as client:
        answer = client.request(method, path, json=document)
    assert answer.status_code == status, answer.text
    return answer.json()


def ended(service: RunningService, job_id: int) -> Any:
    until(lambda: asked(service, "GET", f"/queue/{job_id}")["completed_at"] is not None)
    return asked(service, "GET", f"/queue/{job_id}")


def test_a_newer_version_is_found_and_taken_and_one_can_go_back(service: RunningService, tmp_path: Path) -> None:
    made.published(tmp_path, made.NEW)
    source = {"source": str(tmp_path / "releases")}
    assert asked(service, "GET", "/database/update/status") == {
        "state": "idle",
        "percent": 0.0,
        "current": made.OLD,
        "target": None,
        "code": "",
        "reason": "",
        "job_id": None,
    }
    found = ended(service, asked(service, "POST", "/database/check", 202, source)["job_id"])
    result = found["result"]
    assert (result["newer"], result["newest"], result["signed"], result["refusal"]) == (True, made.NEW, True, None)
    begun = asked(service, "POST", "/database/update", 202, source)
    assert begun["new"] is True
    assert ended(service, begun["job_id"])["result"]["version"] == made.NEW
    status = asked(service, "GET", "/database/update/status")
    assert (status["state"], status["percent"], status["current"]) == ("complete", 100.0, made.NEW)
    info = asked(service, "GET", "/database/info")
    assert (info["version"], info["previous"], info["signed"]) == (made.NEW, made.OLD, True)
    versions = asked(service, "GET", "/database/versions")["versions"]
    assert [(one["version"], one["in_use"], one["goes_back_to"], one["whole"]) for one in versions] == [
        (made.NEW, True, False, True),
        (made.OLD, False, True, True),
    ]
    assert [versions[0][name] for name in ("performer_count", "signed", "built_here")] == [made.PEOPLE, True, False]
    for version in (made.OLD, made.NEW):
        assert asked(service, "POST", "/database/rollback")["version"] == version
        assert asked(service, "GET", "/database/update/status")["current"] == version


def test_a_source_that_is_set_need_not_be_named(service: RunningService, tmp_path: Path) -> None:
    made.published(tmp_path, made.NEW)
    asked(service, "PUT", "/settings/database_source", document={"value": str(tmp_path / "releases")})
    begun = asked(service, "POST", "/database/update", 202)
    assert ended(service, begun["job_id"])["result"] == {"updated": True, "version": made.NEW, "notes": []}


def test_an_update_that_is_refused_says_why_and_changes_nothing(service: RunningService, tmp_path: Path) -> None:
    release = made.published(tmp_path, made.NEW)
    release.files[2].unlink()
    begun = asked(service, "POST", "/database/update", 202, {"source": str(tmp_path / "releases")})
    assert ended(service, begun["job_id"])["error_code"] == "release_unsigned"
    status = asked(service, "GET", "/database/update/status")
    assert (status["state"], status["code"], status["current"]) == ("failed", "release_unsigned", made.OLD)


def test_what_was_built_here_gives_way_where_that_is_said(
    service: RunningService, services: FakeServices, tmp_path: Path
) -> None:
    made.install(services.performers, "2026.9.2")
    made.published(tmp_path, made.NEW)
    source = {"source": str(tmp_path / "releases")}
    begun = asked(service, "POST", "/database/update", 202, source)
    assert ended(service, begun["job_id"])["error_code"] == "built_here"
    assert asked(service, "GET", "/database/info")["version"] == "2026.9.2"
    begun = asked(service, "POST", "/database/update", 202, {**source, "replace": True})
    assert ended(service, begun["job_id"])["result"]["version"] == made.NEW


def test_no_source_and_no_such_source_are_told_at_once(service: RunningService) -> None:
    for path in ("/database/check", "/database/update"):
        error = asked(service, "POST", path, 422)["error"]
        assert (error["code"], list(error["fields"])) == ("setting_invalid", ["source"])
        assert asked(service, "POST", path, 422, {"source": "/no/such"})["error"]["code"] == "source_unknown"
        error = asked(service, "POST", path, 422, {"unheard": 1})["error"]
        assert list(error["fields"]) == ["unheard"]
    for name in ("database_check", "database_update"):
        wrong = {"type": name, "payload": {"source": "/no/such"}}
        assert asked(service, "POST", "/queue", 422, wrong)["error"]["code"] == "source_unknown"
    assert asked(service, "POST", "/queue", 422, {"type": "database_update"})["error"]["code"] == "setting_invalid"
    assert asked(service, "GET", "/queue")["jobs"] == []


def test_an_update_that_is_at_work_is_answered_with_and_another_one_refused(
    services: FakeServices, tmp_path: Path
) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    with running(services) as service:
        services.dispatcher.set_slots({Slot.NETWORK: 0})  # what is submitted waits
        first = asked(service, "POST", "/database/update", 202, {"source": str(tmp_path / "one")})
        again = asked(service, "POST", "/database/update", 200, {"source": str(tmp_path / "one")})
        assert (again["job_id"], again["new"]) == (first["job_id"], False)
        assert asked(service, "GET", "/database/update/status")["job_id"] == first["job_id"]
        other = asked(service, "POST", "/database/update", 409, {"source": str(tmp_path / "two")})
        assert other["error"]["code"] == "job_type_busy"


def test_without_a_version_before_one_cannot_go_back(service: RunningService, tmp_path: Path) -> None:
    assert asked(service, "POST", "/database/rollback", 409)["error"]["code"] == "no_earlier_version"


def test_while_another_process_changes_the_folder_one_cannot_go_back(
    service: RunningService, services: FakeServices
) -> None:
    taken, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with services.performers.alone():
            taken.set()
            go_on.wait(PATIENCE)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert taken.wait(PATIENCE)
        assert asked(service, "POST", "/database/rollback", 409)["error"]["code"] == "library_busy"
    finally:
        go_on.set()
        thread.join()


def test_a_damaged_version_is_listed_as_such(service: RunningService, services: FakeServices) -> None:
    (services.performers.folder / made.OLD / "manifest.json").write_text("{")
    (version,) = asked(service, "GET", "/database/versions")["versions"]
    assert (version["version"], version["in_use"], version["whole"], version["pack"]) == (made.OLD, True, False, None)


def test_an_installation_without_versions_lists_none(tmp_path: Path) -> None:
    with running(fake_services(tmp_path)) as service:
        assert asked(service, "GET", "/database/versions") == {"schema": 1, "versions": []}
        assert asked(service, "GET", "/database/update/status")["current"] is None
        assert asked(service, "POST", "/database/rollback", 503)["error"]["code"] == "database_missing"


def build_of(folder: Path | str, **more: Any) -> dict[str, Any]:
    return {"type": "database_build", "payload": {"folder": str(folder), **more}}


def test_a_database_of_other_sources_is_replaced_only_where_that_is_said(
    service: RunningService, services: FakeServices, tmp_path: Path
) -> None:
    services.dispatcher.set_slots({Slot.CPU_HEAVY: 0})  # nothing is built here
    (tmp_path / "people" / "Ann").mkdir(parents=True)
    for payload in ({}, {"replace": False}):
        error = asked(service, "POST", "/queue", 409, build_of(tmp_path / "people", **payload))["error"]
        assert error["code"] == "replacement_unconfirmed"
        assert made.OLD in error["message"]
        assert "`replace`" in error["message"]
    assert asked(service, "GET", "/queue")["jobs"] == []
    submitted = asked(service, "POST", "/queue", 202, build_of(tmp_path / "people", replace=True))
    assert submitted["job"]["payload"]["replace"] is True


def test_where_nothing_is_installed_a_build_replaces_nothing(tmp_path: Path) -> None:
    services = fake_services(tmp_path)
    (tmp_path / "people" / "Ann").mkdir(parents=True)
    with running(services) as service:
        services.dispatcher.set_slots({Slot.CPU_HEAVY: 0})
        asked(service, "POST", "/queue", 202, build_of(tmp_path / "people"))


def test_a_build_with_a_pack_that_is_not_installed_is_not_begun(tmp_path: Path) -> None:
    (tmp_path / "people" / "Ann").mkdir(parents=True)
    with running(build(settings_in(tmp_path))) as service:
        error = asked(service, "POST", "/queue", 503, build_of(tmp_path / "people"))["error"]
        assert error["code"] == "pack_not_installed"
        assert "stash-sense models install lite" in error["message"]
        error = asked(service, "POST", "/queue", 404, build_of(tmp_path / "people", pack="nope"))["error"]
        assert error["code"] == "pack_unknown"


@pytest.mark.parametrize("folder", ["people", "", "/no/such/folder", "/etc/passwd", "~nobody-of-this-name/people"])
def test_what_is_no_folder_is_not_built_from(service: RunningService, folder: str) -> None:
    error = asked(service, "POST", "/queue", 422, build_of(folder, replace=True))["error"]
    assert (error["code"], list(error["fields"])) == ("job_payload_invalid", ["folder"])


def test_a_pack_is_fetched_by_a_job(services: FakeServices) -> None:
    with running(services) as service:
        services.dispatcher.set_slots({Slot.NETWORK: 0})  # nothing is fetched here
        assert asked(service, "GET", "/models/download-progress") == {"job": None}
        begun = asked(service, "POST", "/models/download/lite", 202)
        assert asked(service, "POST", "/models/download/lite", 200, {"accept_licence": True}) == {
            **begun,
            "new": False,
        }
        again = asked(service, "POST", "/queue", 200, {"type": "model_download", "payload": {"pack": "lite"}})
        assert (again["job"]["id"], again["new"]) == (begun["job_id"], False)
        assert asked(service, "POST", "/models/download/duo", 202)["new"]
        job = asked(service, "GET", "/models/download-progress")["job"]
        assert (job["id"], job["payload"]["pack"], job["status"]) == (begun["job_id"], "lite", "queued")


def test_a_pack_that_there_is_not_or_whose_licence_was_not_accepted_is_not_fetched(
    service: RunningService, services: FakeServices
) -> None:
    assert asked(service, "POST", "/models/download/no-such", 404)["error"]["code"] == "pack_unknown"
    strict = next(entry.id for entry in services.packs.catalogue if entry.must_accept)
    for document in (None, {"accept_licence": False}):
        refused = asked(service, "POST", f"/models/download/{strict}", 409, document)
        assert refused["error"]["code"] == "licence_not_accepted"
    assert asked(service, "POST", f"/models/download/{strict}", 422, {"accept_licence": "perhaps"})
    for pack, status in (("no-such", 404), (strict, 409)):
        asked(service, "POST", "/queue", status, {"type": "model_download", "payload": {"pack": pack}})
    assert asked(service, "GET", "/queue")["jobs"] == []


@dataclass(frozen=True)
class OpeningServices(FakeServices):
    """Services that have the made-up pack."""

    def pack_space(self, pack: str) -> PackSpace:
        if pack != made.SPACE.pack:
            raise PackNotInstalled(pack=pack)
        return made.SPACE


def test_going_back_to_what_cannot_be_opened_is_done_all_the_same_and_told(tmp_path: Path) -> None:
    services = OpeningServices(**vars(fake_services(tmp_path)))
    made.install(services.performers, made.OLD, pack="another")
    made.install(services.performers, made.NEW)
    with running(services) as service:
        with services.live.lease() as database:
            assert database.manifest.version == made.NEW
        answer = asked(service, "POST", "/database/rollback")
        assert answer["version"] == services.performers.name_in_use() == made.OLD
        (note,) = answer["notes"]
        assert "cannot open it" in note
        assert asked(service, "POST", "/database/rollback")["notes"] == []
        with services.live.lease() as database:
            assert database.manifest.version == made.NEW
