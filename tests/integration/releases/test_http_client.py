"""Where the HTTP client goes and where not: redirects, private networks, proxies, certificates."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.releases.serving import CONTENT, NAME, QUICK, SHA256, place

from stash_sense import __version__
from stash_sense.adapters.http.client import HttpClient
from stash_sense.errors import (
    AddressPrivate,
    Cancelled,
    CertificateUntrusted,
    ProxyUnusable,
    RedirectRefused,
    ServerUnreachable,
)
from stash_sense.fakes.release_answers import Fault
from stash_sense.fakes.release_server import ReleaseServer
from stash_sense.kernel.cancel import CancelToken
from stash_sense.releases.download import Download
from stash_sense.releases.ports import Named

PUBLIC = "http://8.8.8.8"
"""An address of the public internet; it is only ever asked for through a proxy that is on the loopback."""
LARGE = 1_000_000


def redirect(to: str, status: int = 302) -> Fault:
    return Fault(status=status, headers={"Location": to})


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 and its key, in one file."""
    folder = tmp_path_factory.mktemp("certificate")
    names = ["-subj", "/CN=releases", "-addext", "subjectAltName=IP:127.0.0.1"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(folder / "key")]
    try:
        subprocess.run(
            ["openssl", "req", "-x509", *key, *names, "-days", "2", "-out", str(folder / "certificate")],
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        pytest.skip("there is no openssl to make a certificate with")
    both = folder / "both.pem"
    both.write_bytes((folder / "key").read_bytes() + (folder / "certificate").read_bytes())
    return both


@pytest.fixture
def secure(certificate: Path, server: ReleaseServer) -> Iterator[ReleaseServer]:
    """The same folder over https."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ReleaseServer(server.folder, certificate=context) as running:
        yield running


@pytest.fixture
def trusting(certificate: Path) -> Download:
    context = ssl.create_default_context(cafile=certificate)
    return Download(HttpClient(context, proxies={}), QUICK)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(server: ReleaseServer, download: Download, status: int) -> None:
    server.faults["there"] = [redirect(f"/{NAME}", status)]
    assert download.read(place(server, "there"), LARGE) == CONTENT


def test_five_redirects_are_followed_and_six_are_not(server: ReleaseServer, download: Download) -> None:
    server.faults["there"] = [redirect("/there")] * 4 + [redirect(f"/{NAME}")]
    assert download.read(place(server, "there"), LARGE) == CONTENT
    server.faults["again"] = [redirect("/again")] * 99
    with pytest.raises(RedirectRefused, match="more than 5 times"):
        download.read(place(server, "again"), LARGE)
    assert len([request for request in server.requests if request.path == "again"]) == 6


def test_the_rest_of_a_file_is_asked_for_behind_a_redirect_too(
    server: ReleaseServer, download: Download, into: Path
) -> None:
    server.faults[NAME] = [Fault(reset_after=100_000)]
    assert download.fetch(place(server, f"download/v1/{NAME}"), into) == SHA256
    assert server.requests[-1].range == "bytes=100000-"


@pytest.mark.parametrize("to", ["ftp://127.0.0.1/a", "file:///etc/passwd", "http://127.0.0.1:x/", "javascript:x"])
def test_a_redirect_to_something_else_is_refused(server: ReleaseServer, download: Download, to: str) -> None:
    server.faults["there"] = [redirect(to)]
    with pytest.raises(RedirectRefused, match="no address"):
        download.read(place(server, "there"), LARGE)


def test_a_redirect_without_a_place_is_an_answer_that_makes_no_sense(
    server: ReleaseServer, download: Download
) -> None:
    server.faults["there"] = [Fault(status=302)]
    with pytest.raises(Exception, match="status 302"):
        download.read(place(server, "there"), LARGE)


def test_a_password_is_not_carried_to_another_host(server: ReleaseServer, download: Download, tmp_path: Path) -> None:
    with ReleaseServer(server.folder) as other:
        server.faults["there"] = [redirect("/here")]
        server.faults["here"] = [redirect(place(other))]
        secret = place(server, "there").replace("http://", "http://reader:hunter2@")
        assert download.read(secret, LARGE) == CONTENT
        assert [("authorization" in request.headers) for request in server.requests] == [True, True]
        assert [("authorization" in request.headers) for request in other.requests] == [False]


def test_a_server_learns_our_name_and_gets_no_cookies_back(server: ReleaseServer, download: Download) -> None:
    server.faults[NAME] = [Fault(headers={"Set-Cookie": "follow=me"})]
    download.read(place(server), LARGE)
    download.read(place(server), LARGE)
    assert {request.headers["user-agent"] for request in server.requests} == {f"stash-sense/{__version__}"}
    assert not any("cookie" in request.headers for request in server.requests)


def test_what_a_public_source_names_on_this_machine_is_not_asked(server: ReleaseServer, download: Download) -> None:
    with pytest.raises(AddressPrivate, match=r"127\.0\.0\.1"):
        download.read(place(server), LARGE, named=Named(PUBLIC))
    assert server.requests == []


def test_a_name_that_means_this_machine_is_judged_by_its_address(server: ReleaseServer, download: Download) -> None:
    with pytest.raises(AddressPrivate, match="localhost"):
        download.read(f"http://localhost:{server.port}/{NAME}", LARGE, named=Named(PUBLIC))
    assert server.requests == []


def test_a_source_on_this_machine_may_name_more_of_its_host(server: ReleaseServer, download: Download) -> None:
    named = Named("http://127.0.0.1:1/releases")
    assert download.read(place(server), LARGE, named=named) == CONTENT


def test_a_source_on_this_machine_may_not_lead_to_another_private_host(
    server: ReleaseServer, download: Download
) -> None:
    server.faults["there"] = [redirect(place(server))]
    local = f"http://localhost:{server.port}/there"
    with pytest.raises(AddressPrivate, match=r"127\.0\.0\.1"):
        download.read(local, LARGE)
    assert [request.path for request in server.requests] == ["there"]


def test_a_name_that_was_public_at_first_does_not_lead_here_a_moment_later(
    server: ReleaseServer, download: Download
) -> None:
    named = Named(server.url, there=("8.8.8.8",))
    with pytest.raises(AddressPrivate):
        download.read(place(server), LARGE, named=named)
    assert server.requests == []


def test_a_public_source_may_not_redirect_to_this_machine(server: ReleaseServer, tmp_path: Path) -> None:
    with ReleaseServer(tmp_path) as proxy:
        proxy.faults["there"] = [redirect(place(server))]
        download = Download(HttpClient(proxies={"http": proxy.url}), QUICK)
        with pytest.raises(AddressPrivate):
            download.read(f"{PUBLIC}/there", LARGE)
    assert server.requests == []


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "192.168.1.1", "169.254.169.254", "127.1", "0x7f000001", "2130706433", "[::1]", "[fd00::1]"]
)
def test_a_proxy_is_not_asked_for_private_addresses_either(server: ReleaseServer, host: str) -> None:
    download = Download(HttpClient(proxies={"http": server.url}), QUICK)
    with pytest.raises(AddressPrivate):
        download.read(f"http://{host}/{NAME}", LARGE, named=Named(PUBLIC))
    assert server.requests == []


def test_the_environments_proxy_is_asked_for_what_is_elsewhere(server: ReleaseServer) -> None:
    client = HttpClient(proxies={"http": server.url.replace("http://", "http://me:mine@")})
    assert Download(client, QUICK).read(f"http://releases.invalid/{NAME}", LARGE) == CONTENT
    assert server.requests[0].headers["host"] == "releases.invalid"
    assert server.requests[0].headers["proxy-authorization"].startswith("Basic ")


def test_a_proxy_that_is_not_there_is_told(server: ReleaseServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    client = HttpClient(proxies={"http": f"http://127.0.0.1:{port}"})
    with pytest.raises(ServerUnreachable, match="Connection refused"):
        Download(client, QUICK).read(f"http://releases.invalid/{NAME}", LARGE)


def test_a_proxy_of_another_kind_is_told() -> None:
    client = HttpClient(proxies={"all": "socks5://127.0.0.1:1"})
    with pytest.raises(ProxyUnusable, match=r"ALL_PROXY .* only http and https"):
        Download(client, QUICK).read(f"http://releases.invalid/{NAME}", LARGE)


def test_a_server_that_is_not_there_is_told_at_once(server: ReleaseServer, download: Download) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    with pytest.raises(ServerUnreachable, match="Connection refused"):
        download.read(f"http://127.0.0.1:{port}/", LARGE)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/a", "http:///a", "nonsense", "http://[/"])
def test_what_is_no_address_is_told(download: Download, url: str) -> None:
    with pytest.raises(ServerUnreachable):
        download.read(url, LARGE)


def test_a_file_comes_over_https_even_with_pauses(secure: ReleaseServer, trusting: Download, into: Path) -> None:
    secure.faults[NAME] = [Fault(drip=150_000, drip_seconds=0.25), None]
    assert trusting.fetch(place(secure), into, size=len(CONTENT), sha256=SHA256) == SHA256
    assert len(secure.requests) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(secure: ReleaseServer, download: Download) -> None:
    with pytest.raises(CertificateUntrusted, match="self-signed"):
        download.read(place(secure), LARGE)
    assert secure.requests == []


def test_a_certificate_of_another_host_is_refused(secure: ReleaseServer, trusting: Download) -> None:
    with pytest.raises(CertificateUntrusted, match="localhost"):
        trusting.read(f"https://localhost:{secure.port}/{NAME}", LARGE)


def test_https_is_not_left_for_http(server: ReleaseServer, secure: ReleaseServer, trusting: Download) -> None:
    secure.faults["there"] = [redirect(place(server))]
    with pytest.raises(RedirectRefused, match="from https to http"):
        trusting.read(place(secure, "there"), LARGE)
    assert server.requests == []


def test_http_may_go_on_to_https(server: ReleaseServer, secure: ReleaseServer, trusting: Download) -> None:
    server.faults["there"] = [redirect(place(secure))]
    assert trusting.read(place(server, "there"), LARGE) == CONTENT


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_it_stops_while_a_machine_accepts_and_says_nothing(scheme: str) -> None:
    cancel = CancelToken()
    threading.Timer(0.15, cancel.cancel).start()
    download = Download(HttpClient(proxies={}), QUICK)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"{scheme}://127.0.0.1:{mute.getsockname()[1]}/"
        with pytest.raises(Cancelled):
            download.read(url, LARGE, cancel=cancel)


def test_a_handshake_that_never_comes_is_given_up() -> None:
    download = Download(HttpClient(proxies={}), replace(QUICK, connect_seconds=0.3))
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"https://127.0.0.1:{mute.getsockname()[1]}/"
        with pytest.raises(ServerUnreachable, match=r"too long to connect|no connection"):
            download.read(url, LARGE)
