"""The service starts whatever state Stash is in, says so, and connects when it comes."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from tests.queue_files import PATIENCE, until
from tests.running_service import FakeServices, RunningService, fake_services, running

from stash_sense.connection.news import StashNews
from stash_sense.fakes.graphql.serving import listening
from stash_sense.fakes.stash.server import SimulatedStash, simulated_stash

STATES = {
    "silent": "stash_timed_out",
    "html": "stash_login_page",
    "setup": "stash_setup_needed",
    "migration": "stash_migration_needed",
    "exposed": "stash_exposed",
    "elsewhere": "stash_redirected",
    "reset": "stash_connection_lost",
}


def services_for(folder: Path, url: str | None, key: str | None = None) -> FakeServices:
    told = {"STASH_URL": url, "STASH_API_KEY": SecretStr(key) if key else None}
    return fake_services(folder, **{name: value for name, value in told.items() if value is not None})


@contextlib.contextmanager
def served(folder: Path, url: str | None, key: str | None = None) -> Iterator[tuple[RunningService, httpx2.Client]]:
    with running(services_for(folder, url, key)) as service, service.client() as client:
        service.state.background.begin()
        yield service, client


def stash_of(client: httpx2.Client, check: bool = False) -> dict[str, Any]:
    answer = client.post("/stash/check") if check else client.get("/stash")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def ready(client: httpx2.Client) -> dict[str, Any] | None:
    checks = client.get("/health/ready").json()["checks"]
    found: dict[str, Any] | None = next((check for check in checks if check["name"] == "stash"), None)
    return found


def free_port() -> int:
    with contextlib.closing(listening(0)) as listener:
        return int(listener.getsockname()[1])


def test_it_starts_while_stash_is_down_and_connects_when_it_comes(tmp_path: Path) -> None:
    port = free_port()
    with served(tmp_path, f"http://127.0.0.1:{port}") as (_, client):
        told = stash_of(client, check=True)
        assert not told["usable"]
        assert told["code"] == "stash_unreachable"
        check = ready(client)
        assert check is not None
        assert not check["ok"]
        assert check["reason"] == told["reason"]
        assert check["remedy"] == told["remedy"] == "start it, or set STASH_URL to where it is"
        with simulated_stash(port=port):
            until(lambda: stash_of(client)["usable"], "it never connected")  # by itself, within some seconds
            assert ready(client) == {"name": "stash", "ok": True, "reason": "", "remedy": ""}
            assert stash_of(client)["version"].startswith("v0.30")
            until(lambda: stash_of(client)["listening"] == "subscription")
        until(lambda: not stash_of(client)["usable"], "it never noticed that Stash is gone")


@pytest.mark.parametrize(("fault", "code"), STATES.items())
def test_it_starts_whatever_state_stash_is_in(tmp_path: Path, fault: str, code: str) -> None:
    seconds = 1.0 if fault == "silent" else PATIENCE
    with simulated_stash(faults=[fault]) as stash, patient(tmp_path, stash, seconds) as (_, client):
        told = stash_of(client, check=True)
        assert (told["usable"], told["code"]) == (False, code)
        capability = next(one for one in client.get("/capabilities").json()["capabilities"] if one["name"] == "stash")
        assert (capability["reason"], capability["remedy"]) == (told["reason"], told["remedy"])
        stash.faults.clear()
        until(lambda: stash_of(client, check=True)["usable"])


@contextlib.contextmanager
def patient(folder: Path, stash: SimulatedStash, seconds: float) -> Iterator[tuple[RunningService, httpx2.Client]]:
    """A service that waits so long for one that is silent."""
    from stash_sense.connection.watching import Pace, Watcher

    services = services_for(folder, stash.url)
    library = services.library
    services.__dict__["stash_watcher"] = Watcher(library.address, library.server.ready, Pace(patience=seconds))
    with running(services) as service, service.client() as client:
        service.state.background.begin()
        yield service, client


def test_a_wrong_key_and_a_missing_one_are_told_apart(tmp_path: Path) -> None:
    with simulated_stash(api_key="the.right.key") as stash:
        for key, code in ((None, "stash_key_missing"), ("wrong", "stash_key_wrong"), ("the.right.key", "")):
            with served(tmp_path, stash.url, key) as (_, client):
                assert stash_of(client, check=True)["code"] == code


def test_with_a_key_it_hears_what_happens(tmp_path: Path) -> None:
    with (
        simulated_stash(api_key="the.right.key") as stash,
        served(tmp_path, stash.url, "the.right.key") as (_, client),
    ):
        until(lambda: stash_of(client)["listening"] == "subscription")


@pytest.mark.parametrize("url", ["http://", "http://[::1", "http:///"])
def test_an_address_that_is_none_is_said_and_keeps_nothing_else_from_working(tmp_path: Path, url: str) -> None:
    with served(tmp_path, url) as (_, client):
        told = stash_of(client, check=True)
        assert told["code"] == "stash_address_invalid"
        assert client.get("/health/live").status_code == 200
        assert stash_of(client)["listening"] == "not"


def test_without_a_stash_nothing_is_missing(tmp_path: Path) -> None:
    with served(tmp_path, None) as (_, client):
        assert ready(client) is None
        told = stash_of(client, check=True)
        assert (told["usable"], told["code"]) == (False, "stash_not_set")
        assert told["remedy"].startswith("set STASH_URL to")


def test_scans_and_jobs_of_stash_are_heard_of(tmp_path: Path) -> None:
    with simulated_stash() as stash, served(tmp_path, stash.url) as (service, client):
        heard: list[StashNews] = []
        service.state.services.stash_news.follow(heard.append)
        until(lambda: stash_of(client)["listening"] == "subscription")
        number = service.state.services.ask(lambda library: library.jobs.scan())
        until(lambda: len([news for news in stash_of(client)["news"] if news["what"] != "listening_began"]) >= 2)
        news = {one["what"]: one for one in stash_of(client)["news"]}
        assert news["job_ended"]["id"] == number
        assert news["job_ended"]["state"] == "FINISHED"
        assert "scan_finished" in news
        assert len(heard) >= 2


def test_a_service_that_follows_stash_stops_and_leaves_no_thread(tmp_path: Path) -> None:
    with simulated_stash() as stash:
        with served(tmp_path, stash.url) as (_, client):
            until(lambda: stash_of(client)["listening"] == "subscription")
        until(lambda: "stash" not in {thread.name for thread in threading.enumerate()})


def test_a_service_whose_stash_is_silent_stops(tmp_path: Path) -> None:
    with simulated_stash(faults=["silent"]) as stash, served(tmp_path, stash.url):
        until(lambda: stash.requests)
    until(lambda: "stash" not in {thread.name for thread in threading.enumerate()})
