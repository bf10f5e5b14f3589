"""Whatever is asked or goes wrong: no secret is ever in the log."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.queue_files import until
from tests.running_service import RunningService, running, settings_in
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from stash_sense.api.logs import Scrubber, logging_to
from stash_sense.bootstrap import build

HIDDEN = "[hidden]"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(params=["file", "terminal"])
def stream(request: pytest.FixtureRequest) -> io.StringIO:
    return Terminal() if request.param == "terminal" else io.StringIO()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RunningService]:
    with running(build(settings_in(tmp_path))) as service:
        yield service


def test_no_request_leaves_a_secret_in_the_log(service: RunningService, stream: io.StringIO) -> None:
    token = service.token
    with logging_to(stream, Scrubber(service.state.keeper.secrets), logging.DEBUG):
        with service.client() as client:
            ticket = client.post("/tickets").json()["ticket"]
            client.get(f"/identify/queue?token={token}")
            client.get("/identify/queue?password=hunter2secret")
            client.get(f"/{token}/x?api_key=hunter2secret")
            client.get("/identify/queue", headers={"x-api-key": "hunter2secret", "cookie": f"a={token}"})
            client.post("/identify", json={"image_url": "http://user:hunter2secret@127.0.0.1/x.jpg"})
            client.post("/identify", content=b"hunter2secret", headers={"content-type": "application/json"})
            client.get("/nothing", params={"ticket": ticket})
        with service.stranger(authorization="Basic dXNlcjpodW50ZXIyc2VjcmV0") as client:
            client.get("/identify/queue", headers={"authorization": "Bearer hunter2secret"})
            client.get("/identify/queue")
        with (
            pytest.raises(InvalidStatus),
            connect(f"ws://127.0.0.1:{service.port}/events?ticket=x{ticket}", proxy=None),
        ):
            pass
        until(lambda: "WEBSOCKET" in stream.getvalue())  # the last one: a request is logged when it has been answered
    text = stream.getvalue()
    assert "/identify/queue" in text
    for secret in (token, ticket, "hunter2secret", "dXNlcjpodW50ZXIyc2VjcmV0", "uthorization"):
        assert secret not in text, secret


def test_the_log_hides_what_modules_say_unawares(stream: io.StringIO) -> None:
    log = logging.getLogger("stash_sense.anything")
    with logging_to(stream, Scrubber(lambda: ["verysecrettoken"])):
        log.warning("asked %s", "http://user:pass1word@host/x?token=abcdef&y=1")
        log.warning("sent Authorization: Bearer abcdef.ghi")
        log.warning("it is verysecrettoken", extra={"detail": {"password": "pass1word", "deep": ["verysecrettoken"]}})
        log.warning("x", extra={"ticket": "abcdef", "stash_api_key": "abcdef"})
        try:
            raise ValueError("in a traceback: verysecrettoken")
        except ValueError:
            log.exception("fault")
    text = stream.getvalue()
    assert HIDDEN in text
    assert "Traceback" in text
    for secret in ("verysecrettoken", "pass1word", "abcdef"):
        assert secret not in text


def test_every_line_is_a_json_object_with_the_name_of_its_request(service: RunningService) -> None:
    stream = io.StringIO()
    with logging_to(stream, Scrubber()), service.client() as client:
        named = client.get("/nothing", headers={"x-request-id": "mine-1"})
        given = client.get("/nothing", headers={"x-request-id": 'no"word'})
        until(lambda: stream.getvalue().count("\n") == 2)  # a request is logged when it has been answered
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert named.headers["x-request-id"] == "mine-1"
    assert [line["request_id"] for line in lines] == ["mine-1", given.headers["x-request-id"]]
    assert {line["status"] for line in lines} == {404}
    assert all(line["event"] == "request" and line["level"] == "info" for line in lines)


def test_a_terminal_is_not_steered_by_what_others_send() -> None:
    stream = Terminal()
    with logging_to(stream, Scrubber()):
        logging.getLogger("x").warning("seen %s", "\x1b[2J\x07evil", extra={"path": "\x1b]0;evil"})
    assert "\x1b[2J" not in stream.getvalue()
    assert "\x1b]0" not in stream.getvalue()
    assert "evil" in stream.getvalue()


def test_the_log_is_as_it_was_before() -> None:
    root = logging.getLogger()
    before = list(root.handlers), root.level
    with logging_to(io.StringIO(), Scrubber()):
        assert list(root.handlers) != before[0]
    assert (list(root.handlers), root.level) == before
