"""Nobody comes in without the token, from a foreign page, or under a foreign name."""

import contextlib
import re
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.routing import Route
from tests.queue_files import PATIENCE
from tests.running_service import RunningService, running, settings_in
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from stash_sense.api.hosts import AllowedHosts, hosts_in, is_same_origin
from stash_sense.api.links import signed_link
from stash_sense.bootstrap import build
from stash_sense.errors import SettingInvalid

UNKNOWN = ("/", "/nothing", "/health", "/health/live/", "/health//live", "/Health/Live", "/%2e%2e/x")
OPEN = "/health/live"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    folder = tmp_path_factory.mktemp("service")
    with running(build(settings_in(folder, allowed_hosts="sense.lan, [fd00::7]:6960"))) as service:
        yield service


def every_route(service: RunningService) -> list[tuple[str, str]]:
    with service.client() as client:
        document = client.get("/openapi.json").json()
    described = [(method.upper(), path) for path, found in document["paths"].items() for method in found]
    plain = [
        (method, route.path)
        for route in service.app.routes
        if isinstance(route, Route)
        for method in route.methods or ()
    ]
    named = {(method, re.sub(r"\{[^}]*\}", "1", path)) for method, path in [*described, *plain]}
    return sorted(named | {("GET", path) for path in UNKNOWN} | {("DELETE", "/nothing"), ("OPTIONS", "/identify")})


def test_the_walk_finds_the_routes(service: RunningService) -> None:
    routes = every_route(service)
    assert ("POST", "/identify") in routes
    assert ("GET", "/docs") in routes
    assert len(routes) >= 15


def test_without_the_token_everything_but_live_health_answers_401(service: RunningService) -> None:
    with service.stranger() as client:
        for method, path in every_route(service):
            answer = client.request(method, path)
            if path == OPEN:
                assert answer.status_code in (200, 405), (method, path)
                continue
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"
            if method != "HEAD":
                assert answer.json()["error"]["code"] == "token_missing"


def test_a_person_with_a_browser_is_told_how_to_send_the_token(service: RunningService) -> None:
    with service.stranger(accept="text/html,application/xhtml+xml,*/*;q=0.8") as client:
        answer = client.get("/docs", params={"x": "<1>"})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert error["code"] == "browser_needs_token"
    assert (
        f'`curl -H "Authorization: Bearer $(stash-sense token)" {service.url}/docs > page.html`' in error["message"]
    )


def test_a_foreign_host_is_turned_away_everywhere_with_and_without_the_token(service: RunningService) -> None:
    for client in (service.stranger(), service.client()):
        with client:
            for method, path in [*every_route(service), ("GET", OPEN)]:
                answer = client.request(method, path, headers={"host": "rebound.example:6960"})
                assert answer.status_code == 421, (method, path)


@pytest.mark.parametrize(
    "host",
    [
        "rebound.example",
        "127.0.0.1.nip.io",
        "localhost.example",
        "notlocalhost",
        "0.0.0.0",  # noqa: S104 - what a page calls this machine by
        "0",
        "192.168.1.2",
        "[::]",
        "169.254.169.254",
        "2130706433",
        "0x7f000001",
        "",
        "localhost/",
        "user@localhost",
        "localhost:6960:1",
        "sense.lan.example",
    ],
)
def test_these_hosts_are_foreign(service: RunningService, host: str) -> None:
    with service.stranger(host=host) as client:
        answer = client.get(OPEN)
    assert answer.status_code in (421, 400)  # the library itself answers 400 to what is no header
    assert answer.status_code == 421 or "error" not in answer.text


def test_who_is_turned_away_for_the_name_is_told_what_to_set(service: RunningService) -> None:
    told = {
        "nas.lan:16960": "STASH_SENSE_ALLOWED_HOSTS=sense.lan,[fd00::7],nas.lan.",
        "192.168.1.2:6960": "STASH_SENSE_ALLOWED_HOSTS=sense.lan,[fd00::7],192.168.1.2.",
        "[fd00::8]:1": "STASH_SENSE_ALLOWED_HOSTS=sense.lan,[fd00::7],[fd00::8].",
        "a b": "STASH_SENSE_ALLOWED_HOSTS=sense.lan,[fd00::7],NAME.",
    }
    for host, setting in told.items():
        with service.stranger(host=host) as client:
            message = client.get(OPEN).json()["error"]["message"]
        assert message.endswith(setting), message
        assert host in message
    assert hosts_in("sense.lan,[fd00::7],192.168.1.2") == ["sense.lan", "[fd00::7]", "192.168.1.2"]


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:1",
        "localhost.",
        "a.localhost",
        "127.0.0.1:6960",
        "127.8.9.1",
        "[::1]:6960",
        "sense.lan",
        "SENSE.lan:80",
        "[fd00::7]",
        "[FD00:0::7]:1",
    ],
)
def test_these_hosts_are_ours(service: RunningService, host: str) -> None:
    with service.stranger(host=host) as client:
        assert client.get(OPEN).status_code == 200


def test_two_hosts_in_one_request_are_none(service: RunningService) -> None:
    answer = raw(service, b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nHost: rebound.example\r\n\r\n")
    assert answer.startswith((b"HTTP/1.1 421", b"HTTP/1.1 400"))


def test_a_request_without_a_host_is_turned_away(service: RunningService) -> None:
    assert raw(service, b"GET /health/live HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 421")


def test_where_the_service_listens_at_all_addresses_it_is_called_by_the_one_that_was_reached() -> None:
    hosts = AllowedHosts("0.0.0.0")  # noqa: S104
    assert hosts.is_ours("192.168.1.5:6960", "192.168.1.5")
    assert not hosts.is_ours("192.168.1.6", "192.168.1.5")
    assert not hosts.is_ours("0.0.0.0", "192.168.1.5")  # noqa: S104
    assert AllowedHosts("box.lan").is_ours("box.lan", "192.168.1.5")


@pytest.mark.parametrize("wrong", ["*", "http://sense.lan", "a b/c", "*.lan", "name:port"])
def test_a_setting_with_what_is_no_host_is_refused(wrong: str) -> None:
    with pytest.raises(SettingInvalid, match="ALLOWED_HOSTS"):
        hosts_in(wrong)


@pytest.mark.parametrize(
    "origin",
    ["http://rebound.example", "null", "https://localhost.example", "http://localhost:1", "file://", "http://["],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_pages_of_other_origins_are_turned_away(service: RunningService, origin: str, method: str) -> None:
    with service.client() as client:
        answer = client.request(method, "/identify/queue", headers={"origin": origin})
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "origin_foreign"
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_our_own_pages_are_not_turned_away(service: RunningService) -> None:
    with service.client() as client:
        answer = client.get("/identify/queue", headers={"origin": service.url})
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_behind_a_proxy_with_tls_the_usual_port_is_left_out() -> None:
    assert is_same_origin("https://sense.lan", "sense.lan")
    assert is_same_origin("https://sense.lan:443", "Sense.LAN.")
    assert not is_same_origin("https://sense.lan:444", "sense.lan")


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer wrong",
        "Basic {token}",
        "{token}",
        "Bearer {token}x",
        "Bearer x{token}",
        "Bearer {short}",
        "Bearer {token} {token}",
        "Bearer {upper}",
        "Bearer \xe4\xf6",
        "Token {token}",
    ],
)
def test_only_the_token_itself_is_the_token(service: RunningService, authorization: str) -> None:
    token = service.token
    offered = authorization.format(token=token, short=token[:-1], upper=token.swapcase())
    with service.stranger() as client:
        answer = client.get("/identify/queue", headers={b"authorization": offered.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert token not in answer.text


def test_two_tokens_in_one_request_are_none(service: RunningService) -> None:
    right = f"Authorization: Bearer {service.token}\r\n"
    asked = f"GET /identify/queue HTTP/1.1\r\nHost: localhost\r\n{right}{right}\r\n"
    assert raw(service, asked.encode()).startswith(b"HTTP/1.1 401")


def test_the_token_is_taken_in_any_spelling_of_bearer(service: RunningService) -> None:
    for word in ("Bearer", "bearer", "BEARER"):
        with service.stranger(authorization=f"{word} {service.token}") as client:
            assert client.get("/identify/queue").status_code == 200


@pytest.mark.parametrize(
    "name", ["token", "access_token", "api_key", "apikey", "ApiKey", "api-key", "password", "authorization", "secret"]
)
def test_a_secret_in_the_address_is_refused(service: RunningService, name: str) -> None:
    for client in (service.client(), service.stranger()):
        with client:
            answer = client.get("/identify/queue", params={name: "hunter2"})
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "secret_in_address"
        assert "hunter2" not in answer.text


def test_the_token_itself_is_refused_anywhere_in_the_address(service: RunningService) -> None:
    token = service.token
    spelled = "".join(f"%{ord(letter):02x}" for letter in token)
    for path in (f"/identify/queue?x={token}", f"/{token}", f"/{spelled}", f"/identify/queue?x=a{spelled}"):
        with service.client() as client:
            answer = client.get(path)
        assert answer.json()["error"]["code"] == "secret_in_address", path
        assert token not in answer.text


def test_an_address_or_headers_without_end_are_refused(service: RunningService) -> None:
    with service.client() as client:
        assert client.get("/" + "a" * 9_000).status_code == 414
        assert client.get("/identify/queue?x=" + "a" * 9_000).status_code == 414
        assert client.get("/identify/queue", headers={"x-much": "a" * 40_000}).status_code == 431
    head = b"GET /identify/queue HTTP/1.1\r\nHost: localhost\r\nX-Much: " + b"a" * 400_000
    with contextlib.suppress(ConnectionError):  # cut off while still sending
        assert raw(service, head).startswith((b"HTTP/1.1 4", b""))


def test_no_answer_may_be_kept_or_framed(service: RunningService) -> None:
    with service.stranger() as client:
        for path in (OPEN, "/nothing"):
            headers = client.get(path).headers
            assert headers["cache-control"] == "no-store"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert "server" not in headers


def test_event_sockets_pass_the_same_door(service: RunningService) -> None:
    place = f"ws://127.0.0.1:{service.port}/events"
    ticket = "word"
    refused: list[tuple[dict[str, str], str, int]] = [
        ({}, place, 401),
        ({}, f"{place}?ticket={ticket}", 401),
        ({"Authorization": "Bearer wrong"}, place, 401),
        ({"Origin": "http://rebound.example"}, place, 403),
        ({}, f"{place}?token={service.token}", 400),
    ]
    for headers, address, status in refused:
        with (
            pytest.raises(InvalidStatus) as told,
            connect(address, additional_headers=headers, proxy=None, open_timeout=PATIENCE),
        ):
            pass
        assert told.value.response.status_code == status, (headers, address)
    with (
        pytest.raises(InvalidStatus) as told,
        socket.create_connection(("127.0.0.1", service.port)) as line,
        connect(f"ws://rebound.example:{service.port}/events", sock=line, proxy=None, open_timeout=PATIENCE),
    ):
        pass
    assert told.value.response.status_code == 421


def test_a_signed_link_needs_no_token_and_opens_nothing_else(service: RunningService) -> None:
    link = signed_link("/crops/a b.jpg", service.token, time.time())
    with service.stranger() as client:
        assert client.get(link).status_code == 404  # past the door; there is no such picture
        assert client.get(link.replace("/crops/", "/identify/")).status_code == 401
        assert client.get(link.replace("a%20b", "c")).status_code == 401
        assert client.get(link[:-1] + ("0" if link[-1] != "0" else "1")).status_code == 401
        assert client.get("/crops/a?expires=99999999999&signature=").status_code == 401
        later = re.sub(r"expires=\d+", "expires=99999999999", link)
        assert client.get(later).status_code == 401
        assert client.get(signed_link("/crops/a", service.token, time.time() - 4_000)).status_code == 401
        assert client.get(signed_link("/crops/a", secrets.token_urlsafe(), time.time())).status_code == 401


def raw(service: RunningService, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE) as line:
        line.sendall(request)
        return line.recv(4096)


def test_no_token_file_means_that_nobody_comes_in(tmp_path: Path) -> None:
    with running(build(settings_in(tmp_path))) as service, service.client() as client:
        (service.data_dir / "token").unlink()
        assert client.get("/identify/queue").status_code == 401
        assert client.get("/identify/queue", headers={"authorization": "Bearer None"}).status_code == 401
