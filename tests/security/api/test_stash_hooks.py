"""Whatever is sent as a hook of Stash: it is understood, passed over or refused, and nothing secret in it is kept."""

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.running_service import RunningService, fake_services, running

from stash_sense.api.bodies import USUAL_BYTES
from stash_sense.api.logs import Scrubber, logging_to
from stash_sense.fakes.stash.server import simulated_stash

COOKIE = "MTc2Mzg1secretcookie"
KEY = "the.stash.secretkey"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    with running(fake_services(tmp_path_factory.mktemp("service"))) as service:
        yield service


def hook(**more: Any) -> dict[str, Any]:
    return {"hookContext": {"id": 2, "type": "Scene.Update.Post", "input": None, **more}}


def test_a_stranger_tells_us_nothing(service: RunningService) -> None:
    with service.stranger() as stranger:
        answer = stranger.post("/hooks/stash", json=hook(id=77777))
    assert answer.status_code == 401
    assert "77777" not in {mark.id for mark in service.state.services.stash_changes.read()}


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        {"args": {}},
        {"args": {"hookContext": None}},
        {"hookContext": {"id": 1}},
        hook(type=None),
        hook(type="Scene.Update"),
        hook(type="Scene.Update.Post.Post"),
        hook(type="Scene\u0000.Update.Post"),
        hook(type="../../etc.Update.Post"),
        hook(type="x" * 10_000),
        hook(id=-1),
        hook(id=2**63),
        hook(id=10**400),
        hook(id="1 OR 1=1"),
        hook(id=1.5),
        hook(id=[1]),
        hook(id=None),
    ],
)
def test_what_is_no_hook_is_refused(service: RunningService, body: Any) -> None:
    with service.client() as client:
        answer = client.post("/hooks/stash", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "request_invalid"


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        "text",
        {"name": "x" * 10_000},
        {"name": "<img onerror=alert(1)>"},
        {"name": "a\u0000b\u202eb"},
        {"name": ["no", "text"]},
        {"name": None, "cover_image": "data:image/jpeg;base64," + "A" * 100_000},
    ],
)
@pytest.mark.parametrize("kind", ["Performer.Create.Post", "Scene.Update.Post", "Group.Update.Post"])
def test_whatever_was_asked_of_stash_is_data(service: RunningService, kind: str, given: Any) -> None:
    with service.client() as client:
        answer = client.post("/hooks/stash", json=hook(type=kind, input=given))
    assert answer.status_code == 202


def test_a_body_that_is_too_large_or_too_deep_is_refused(service: RunningService) -> None:
    with service.client() as client:
        large = client.post("/hooks/stash", json=hook(input="x" * USUAL_BYTES))
        deep = '{"hookContext":{"id":1,"type":"Scene.Update.Post","input":' + "[" * 100_000 + "]" * 100_000 + "}}"
        nested = client.post("/hooks/stash", content=deep, headers={"content-type": "application/json"})
    assert large.status_code == 413
    assert nested.status_code in (400, 422)


def test_neither_the_cookie_of_stash_nor_its_key_is_logged_or_told(tmp_path: Path) -> None:
    stream = io.StringIO()
    told = {**hook(), "args": hook(), "server_connection": {"SessionCookie": {"Name": "session", "Value": COOKIE}}}
    with (
        simulated_stash(api_key="another") as stash,
        running(
            fake_services(tmp_path, STASH_URL=stash.url.replace("://", "://me:hunter2secret@"), STASH_API_KEY=KEY)
        ) as service,
        logging_to(stream, Scrubber(service.state.keeper.secrets), logging.DEBUG),
        service.client() as client,
    ):
        service.state.background.begin()
        answers = [client.post("/hooks/stash", json=told), client.post("/stash/check"), client.get("/health/ready")]
        answers += [client.get("/stash"), client.get("/capabilities")]
    for answer in answers:
        assert answer.status_code in (200, 202, 503)
    for secret in (COOKIE, KEY, "hunter2"):
        assert secret not in stream.getvalue()
        assert not [answer.text for answer in answers if secret in answer.text]
    assert "Stash cannot be used" in stream.getvalue()


def test_a_key_of_stash_that_a_library_would_log_is_hidden(tmp_path: Path) -> None:
    services = fake_services(tmp_path, STASH_API_KEY=KEY)
    clean = Scrubber(lambda: services.stash_secrets).clean
    assert clean(f"GET /scene/1/stream {KEY} 200") == "GET /scene/1/stream [hidden] 200"
    assert fake_services(tmp_path).stash_secrets == ()
    assert fake_services(tmp_path, STASH_API_KEY="scene").stash_secrets == ()
