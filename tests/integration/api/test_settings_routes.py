"""/settings: what holds and why, changing it while the service runs, and what is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.queue_files import until
from tests.running_service import RunningService, fake_services, running

from stash_sense.bootstrap import Services


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return fake_services(tmp_path)


@pytest.fixture
def service(services: Services) -> Iterator[RunningService]:
    with running(services) as service:
        yield service


def asked(service: RunningService, method: str, path: str, status: int = 200, document: Any = None) -> Any:
    with service.client() as client:
        answer = client.request(method, f"/settings{path}", json=document)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_all_settings_are_listed_with_what_programs_need_to_show_them(
    service: RunningService, services: Services
) -> None:
    listed = asked(service, "GET", "")["settings"]
    assert listed == [setting.document() for setting in services.configuration.all()]
    (frames,) = [setting for setting in listed if setting["key"] == "num_frames"]
    assert (frames["least"], frames["most"], frames["source"], frames["locked"]) == (10, 200, "fallback", False)
    assert asked(service, "GET", "/num_frames") == frames


def test_a_setting_holds_at_once_and_for_good_until_it_is_reset(services: Services) -> None:
    with running(services) as service:
        changed = asked(service, "PUT", "/num_frames", document={"value": 30})
        assert (changed["value"], changed["source"], changed["default"]) == (30, "user", 60)
        assert services.configuration.get("num_frames") == 30
    again = fake_services(services.settings.data_dir.parent)
    with running(again) as service:
        assert asked(service, "GET", "/num_frames")["value"] == 30
        assert asked(service, "DELETE", "/num_frames")["source"] == "fallback"
        assert asked(service, "GET", "/num_frames")["value"] == 60


def test_slots_follow_their_settings_while_the_service_runs(service: RunningService) -> None:
    asked(service, "PUT", "/light_slots", document={"value": 7})
    with service.client() as client:
        assert client.get("/queue/status").json()["slots"]["light"] == {"used": 0, "most": 7}


def test_what_another_process_sets_is_noticed_and_applied(service: RunningService, tmp_path: Path) -> None:
    other = fake_services(tmp_path)
    with service.client() as client:
        other.configuration.update({"light_slots": 7, "num_frames": 30})
        until(lambda: client.get("/queue/status").json()["slots"]["light"]["most"] == 7)
        assert asked(service, "GET", "/num_frames")["source"] == "user"
        other.configuration.reset(["light_slots"])
        until(lambda: client.get("/queue/status").json()["slots"]["light"]["most"] == 3)
    other.close()


def test_several_are_set_together_or_not_at_all_and_every_reason_is_told(service: RunningService) -> None:
    set_now = asked(service, "PUT", "", document={"settings": {"num_frames": 30, "strict": True}})["settings"]
    assert [(setting["key"], setting["value"]) for setting in set_now] == [("num_frames", 30), ("strict", True)]
    before = asked(service, "GET", "")
    wrong = {"num_frames": 9, "strict": "yes", "top_k": None, "pack": "other", "no_such": 1, "light_slots": 2}
    error = asked(service, "PUT", "", 422, {"settings": wrong})["error"]
    assert error["code"] == "setting_refused"
    assert error["fields"] == {
        "num_frames": "it must be a whole number from 10 to 200",
        "strict": "it must be true or false",
        "top_k": "it must be a whole number from 0 to 20",
        "pack": "it is read once at the start, from the variable STASH_SENSE_PACK",
        "no_such": "there is no such setting",
    }
    assert asked(service, "GET", "") == before


def test_a_whole_form_can_be_sent_back(service: RunningService) -> None:
    listed = asked(service, "GET", "")["settings"]
    form = {setting["key"]: setting["value"] for setting in listed}
    sent = asked(service, "PUT", "", document={"settings": form})["settings"]
    assert [setting["value"] for setting in sent] == list(form.values())


@pytest.mark.parametrize("value", ["null", "NaN", "Infinity", '"30"', "30.0", "true", "[30]", '{"a": 1}', "9", "201"])
def test_what_is_no_value_is_refused_with_its_field(service: RunningService, value: str) -> None:
    with service.client(**{"content-type": "application/json", "authorization": f"Bearer {service.token}"}) as client:
        one = client.put("/settings/num_frames", content=f'{{"value": {value}}}')
        many = client.put("/settings", content=f'{{"settings": {{"num_frames": {value}}}}}')
    for answer in (one, many):
        assert answer.status_code == 422
        assert list(answer.json()["error"]["fields"]) == ["num_frames"]


@pytest.mark.parametrize(
    ("path", "document", "field"),
    [
        ("/num_frames", {}, "value"),
        ("/num_frames", {"value": 30, "more": 1}, "more"),
        ("", {}, "settings"),
        ("", {"settings": [1]}, "settings"),
        ("", {"settings": {f"k{number}": 1 for number in range(201)}}, "settings"),
    ],
)
def test_a_body_of_another_form_is_refused(service: RunningService, path: str, document: Any, field: str) -> None:
    error = asked(service, "PUT", path, 422, document)["error"]
    assert (error["code"], list(error["fields"])) == ("request_invalid", [field])


def test_there_is_no_other_setting(service: RunningService) -> None:
    for method, document in (("GET", None), ("PUT", {"value": 1}), ("DELETE", None)):
        assert asked(service, method, "/no_such", 404, document)["error"]["code"] == "setting_unknown"


def test_what_the_environment_sets_is_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STASH_SENSE_NUM_FRAMES", "40")
    with running(fake_services(tmp_path)) as service:
        found = asked(service, "GET", "/num_frames")
        assert (found["value"], found["source"], found["locked"]) == (40, "environment", True)
        error = asked(service, "PUT", "/num_frames", 422, {"value": 30})["error"]
        assert error["fields"] == {"num_frames": "the variable STASH_SENSE_NUM_FRAMES sets it"}
        asked(service, "PUT", "/num_frames", document={"value": 40})
    error_of_start = "it is read once at the start"
    with running(fake_services(tmp_path)) as service:
        assert error_of_start in asked(service, "DELETE", "/device", 422)["error"]["fields"]["device"]
