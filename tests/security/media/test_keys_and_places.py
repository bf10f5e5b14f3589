"""What is fetched for the user: where it may lead, and who gets to know the key."""

import http.server
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.video.network import address, files, frames_at
from tests.media_files import write_video
from tests.running_service import png

from stash_sense.adapters.http.client import HttpClient
from stash_sense.adapters.http.remote_file import RemoteFiles
from stash_sense.errors import AddressPrivate, InputLocked, ServerUnreachable, StashSenseError
from stash_sense.fakes.release_answers import Fault
from stash_sense.fakes.release_server import ReleaseServer
from stash_sense.identification.sources import place_of
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.media.address import Address

SECRET = "0f1e2d3c-key"  # noqa: S105  what must not be seen anywhere
KEY = {"ApiKey": SECRET}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ReleaseServer]:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "a.png").write_bytes(png())
    write_video(folder / "a.mp4")
    with ReleaseServer(folder) as running:
        yield running


@pytest.fixture
def other(server: ReleaseServer) -> Iterator[ReleaseServer]:
    with ReleaseServer(server.folder) as running:
        yield running


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/a.png", "http://localhost:{port}/a.png", "http://[::ffff:7f00:1]:{port}/a.png"]
)
def test_what_nobody_named_is_not_asked_for_in_the_users_network(server: ReleaseServer, url: str) -> None:
    with pytest.raises((AddressPrivate, ServerUnreachable)):
        frames_at(Address(url.format(port=server.port)))
    assert server.requests == []


def test_a_named_server_does_not_vouch_for_another_host(server: ReleaseServer) -> None:
    with pytest.raises(AddressPrivate):
        frames_at(Address(f"{server.url}/a.png", named="http://stash.example:9999"))
    assert server.requests == []


def test_a_redirect_into_the_network_is_not_followed_from_outside(server: ReleaseServer) -> None:
    class Outside(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", f"{server.url}/a.png")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Outside) as proxy:
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        try:
            client = HttpClient(proxies={"http": f"http://127.0.0.1:{proxy.server_address[1]}"})
            place = Address("http://public.example/a.png", KEY, "http://public.example/")
            with (
                pytest.raises(AddressPrivate),
                RemoteFiles(client, Limits()).open(place, CancelToken()),
            ):
                pass
        finally:
            proxy.shutdown()
            thread.join()
    assert server.requests == []


def test_the_key_goes_to_its_own_server_alone(server: ReleaseServer, other: ReleaseServer) -> None:
    server.faults["a.png"] = [Fault(status=302, headers={"Location": f"{other.url}/a.png"})]
    frames_at(address(server, "a.png", KEY))
    assert [request.headers.get("apikey") for request in server.requests] == [SECRET]
    assert [request.headers.get("apikey") for request in other.requests] == [None]


def test_a_password_in_the_address_goes_to_its_own_server_alone(server: ReleaseServer, other: ReleaseServer) -> None:
    url = server.url.replace("http://", f"http://me:{SECRET}@")
    server.faults["a.png"] = [Fault(status=302, headers={"Location": f"{other.url}/a.png"})]
    frames_at(Address(f"{url}/a.png", named=url))
    assert server.requests[0].headers["authorization"].startswith("Basic ")
    assert "authorization" not in other.requests[0].headers


@pytest.mark.parametrize(
    "fault",
    [None, Fault(status=401), Fault(status=500), Fault(closed_after=3), Fault(headers={"Content-Type": "text/html"})],
)
@pytest.mark.parametrize("name", ["a.mp4", "a.png", "missing"])
def test_no_error_and_no_log_has_the_key(
    server: ReleaseServer, caplog: pytest.LogCaptureFixture, name: str, fault: Fault | None
) -> None:
    server.faults[name] = [fault] * 20
    url = server.url.replace("http://", f"http://me:{SECRET}@")
    place = Address(f"{url}/{name}?apikey={SECRET}", KEY, url)
    said = [repr(place), str(place), place.name]
    with caplog.at_level(logging.DEBUG):
        try:
            frames_at(place)
        except StashSenseError as error:
            cause: BaseException | None = error
            while cause is not None:
                said += [str(cause), repr(cause)]
                cause = cause.__cause__
    assert SECRET not in "\n".join(said) + caplog.text


@pytest.mark.parametrize("key", [f"{SECRET}\n", f"{SECRET}\r\nHost: x", f"{SECRET}\u00e9", f"{SECRET}\0"])
def test_a_key_that_cannot_be_sent_is_not_shown(server: ReleaseServer, key: str) -> None:
    with pytest.raises(InputLocked) as caught:
        frames_at(address(server, "a.png", {"ApiKey": key}))
    assert SECRET not in str(caught.value)
    assert server.requests == []


def test_cookies_are_neither_kept_nor_sent(server: ReleaseServer) -> None:
    server.faults["a.mp4"] = [Fault(headers={"Set-Cookie": "session=1"})] * 20
    with files().open(address(server, "a.mp4"), CancelToken()) as file:
        file.content(10_000_000)
    assert not any("cookie" in request.headers for request in server.requests)


def test_what_the_user_types_is_an_address_or_a_path() -> None:
    named = place_of("HTTP://127.0.0.1:9999/scene/1/stream?apikey=x")
    assert isinstance(named, Address)
    assert str(named) == "http://127.0.0.1:9999/scene/1/stream"
    for text in ("a.mp4", "http:/a", "ftp://a/b", "file:///etc/passwd", "concat:a|b"):
        assert isinstance(place_of(text), Path)
