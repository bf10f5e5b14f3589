"""The service fetches pictures from the public internet alone, whatever an address, a name or a redirect leads to."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.running_service import FakeRecognizer, FakeServices, RunningService, png, running, settings_in

from stash_sense.adapters.http.client import HttpClient
from stash_sense.adapters.http.gate import is_public
from stash_sense.api import recognising
from stash_sense.bootstrap import build
from stash_sense.releases.ports import HttpTransport

PICTURE = png()
REFUSED = "picture_place_refused"


class Internet(ThreadingHTTPServer):
    """A proxy that plays the public internet, and notes who asks for what."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answers(BaseHTTPRequestHandler):
    server: Internet

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.headers.append(dict(self.headers))
        status, headers, body = self.server.pages.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class ProxiedServices(FakeServices):
    """Services that reach the internet through a proxy, or directly without one."""

    proxy: str = ""
    fake: FakeRecognizer = field(default_factory=FakeRecognizer)

    @cached_property
    def http(self) -> HttpTransport:
        return HttpClient(proxies={"http": self.proxy} if self.proxy else {})


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    with Internet() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def service_with(folder: pytest.TempPathFactory, proxy: str) -> Iterator[RunningService]:
    services = ProxiedServices(**vars(build(settings_in(folder.mktemp("service")))), proxy=proxy)
    services.fake.go_on.set()
    with running(services) as service:
        yield service


@pytest.fixture(scope="module")
def direct(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    yield from service_with(tmp_path_factory, "")


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory, internet: Internet) -> Iterator[RunningService]:
    yield from service_with(tmp_path_factory, internet.url)


def asked_for(service: RunningService, url: str) -> tuple[int, str]:
    with service.client() as client:
        answer = client.post("/identify", json={"image_url": url})
    return answer.status_code, answer.json().get("error", {}).get("code", "")


HERE = [
    "http://127.0.0.1:{port}/x",
    "http://localhost:{port}/x",
    "http://LOCALHOST.:{port}/x",
    "http://2130706433:{port}/x",
    "http://0x7f000001:{port}/x",
    "http://0x7f.1:{port}/x",
    "http://017700000001:{port}/x",
    "http://127.1:{port}/x",
    "http://0:{port}/x",
    "http://0.0.0.0:{port}/x",
    "http://[::1]:{port}/x",
    "http://[::]:{port}/x",
    "http://[::ffff:127.0.0.1]:{port}/x",
    "http://[::ffff:7f00:1]:{port}/x",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/x",
    "http://[::127.0.0.1]:{port}/x",
    "http://[64:ff9b::127.0.0.1]:{port}/x",
    "http://[2002:7f00:1::]:{port}/x",
    "http://[fe80::1]:{port}/x",
    "http://[fd00::1]:{port}/x",
    "http://127.0.0.1:{port}@example.com/x",
    "http://example.com@127.0.0.1:{port}/x",
    "http://user:password@127.0.0.1:{port}/x",
    "http://10.0.0.1/x",
    "http://172.16.0.1/x",
    "http://192.168.0.1/x",
    "http://100.64.0.1/x",
    "http://169.254.169.254/latest/meta-data",
    "http://224.0.0.1/x",
    "http://255.255.255.255/x",
    "http://\u2460\u2461\u2466.0.0.1/x",
    "http://127\u30020\u30020\u30021:{port}/x",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/x",
    "ftp://127.0.0.1/x",
    "data:image/png;base64,AAAA",
    "http:///etc/passwd",
    "http://",
    "//127.0.0.1:{port}/x",
    "http://127.0.0.1:99999/x",
    "http://127.0.0.1:{port}\\@example.com/x",
    "http://exa mple.com/x",
    "http://example.com\r\nHost: localhost/x",
    "jar:http://127.0.0.1!/x",
]


@pytest.mark.parametrize("url", HERE)
def test_nothing_here_or_in_the_users_network_is_asked(
    direct: RunningService, proxied: RunningService, internet: Internet, url: str
) -> None:
    internet.asked.clear()
    wanted = url.format(port=internet.server_address[1])
    for service in (direct, proxied):
        status, code = asked_for(service, wanted)
        assert (status, code) in ((422, REFUSED), (422, "request_invalid"), (502, "server_unreachable")), wanted
    assert internet.asked == []


@pytest.mark.parametrize(
    "place",
    ["http://127.0.0.1:{port}/x", "http://localhost/x", "http://2130706433/x", "//[::1]/x", "http://10.0.0.1/"],
)
def test_a_redirect_into_the_users_network_is_not_followed(
    proxied: RunningService, internet: Internet, place: str
) -> None:
    location = place.format(port=internet.server_address[1])
    internet.pages["http://public.example/a"] = (302, {"location": location}, b"")
    internet.asked.clear()
    assert asked_for(proxied, "http://public.example/a") == (422, REFUSED)
    assert internet.asked == ["http://public.example/a"]


@pytest.mark.parametrize("place", ["file:///etc/passwd", "gopher://public.example/", "http://[", ""])
def test_a_redirect_to_no_address_is_not_followed(proxied: RunningService, internet: Internet, place: str) -> None:
    internet.pages["http://public.example/b"] = (302, {"location": place}, b"")
    status, code = asked_for(proxied, "http://public.example/b")
    assert status in (422, 502)
    assert code


def test_a_public_picture_is_fetched_and_redirects_there_are_followed(
    proxied: RunningService, internet: Internet
) -> None:
    internet.pages["http://public.example/c"] = (302, {"location": "http://other.example/portrait.png?x=1"}, b"")
    internet.pages["http://other.example/portrait.png?x=1"] = (200, {}, PICTURE)
    with proxied.client() as client:
        answer = client.post("/identify", json={"image_url": "http://public.example/c"})
    assert answer.status_code == 200, answer.text
    told = internet.headers[-1]
    assert not {name.lower() for name in told} & {"authorization", "cookie", "x-api-key"}
    assert proxied.token not in str(told)


def test_a_picture_that_is_too_large_is_not_kept(proxied: RunningService, internet: Internet) -> None:
    limit = recognising.FETCHED_BYTES
    internet.pages["http://public.example/large"] = (200, {}, b"\0" * (limit + 1))
    assert asked_for(proxied, "http://public.example/large") == (502, "larger_than_announced")


def test_what_is_fetched_is_no_more_than_a_picture(proxied: RunningService, internet: Internet) -> None:
    internet.pages["http://public.example/secret"] = (200, {}, b"root:x:0:0:root:/root:/bin/bash\n")
    with proxied.client() as client:
        answer = client.post("/identify", json={"image_url": "http://public.example/secret"})
    assert answer.status_code == 422
    assert "root:x" not in answer.text


@pytest.mark.parametrize(
    "address",
    [
        "::127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2002:a00:1::",
        "2001:db8::1",
        "2001::1",
        "::",
    ],
)
def test_these_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1"])
def test_these_addresses_are_public(address: str) -> None:
    assert is_public(address)
