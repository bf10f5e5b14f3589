"""Servers that answer as no honest one does: nothing of it is believed, waited for without end, or told at length."""

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.releases.serving import QUICK

from stash_sense.adapters.http.client import HttpClient
from stash_sense.errors import (
    ConnectionLost,
    LargerThanAnnounced,
    RedirectRefused,
    ShorterThanAnnounced,
    SourceUnreadable,
    StashSenseError,
    TooSlow,
)
from stash_sense.fakes.release_answers import Fault
from stash_sense.fakes.release_server import ReleaseServer
from stash_sense.kernel.cancel import CancelToken
from stash_sense.releases.download import Download
from stash_sense.releases.sources import source_of

NAME = "performers-2026.11.22.zip"
CONTENT = hashlib.shake_128(b"an archive").digest(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
IMPATIENT = replace(QUICK, answer_seconds=0.5, deadline_seconds=30, small_deadline_seconds=30)
"""Everything else may take as long as a busy machine does."""
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ReleaseServer]:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / NAME).write_bytes(CONTENT)
    with ReleaseServer(folder) as running:
        yield running


@pytest.fixture
def download() -> Download:
    return Download(HttpClient(proxies={}), QUICK)


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "here" / NAME


def address(server: ReleaseServer) -> str:
    return f"{server.url}/{NAME}"


def short(error: StashSenseError) -> bool:
    """Whether an error can be shown, however much the server said."""
    return len(str(error)) < 500 and str(error).isprintable()


@pytest.mark.parametrize(
    "pieces",
    [
        itertools.chain([OK], itertools.repeat(b"X-More: and more\r\n")),
        itertools.chain([OK + b"X-Long: "], itertools.repeat(b"a")),
        itertools.repeat(b"HTTP/1.1 102 Processing\r\n\r\n"),
        itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    ],
    ids=["header after header", "one long header", "always at work", "always go on"],
)
@pytest.mark.parametrize("small", [True, False])
def test_an_answer_that_never_begins_is_not_waited_for(
    server: ReleaseServer, into: Path, pieces: Iterator[bytes], small: bool
) -> None:
    """Something always comes, so that the server is not silent, but never a byte of the file."""
    server.faults[NAME] = [Fault(pieces=pieces)]
    download = Download(HttpClient(proxies={}), IMPATIENT)
    with pytest.raises(TooSlow, match=r"under 2,000 bytes in 0\.5 s"):
        download.read(address(server), 1_000) if small else download.fetch(address(server), into)
    assert not into.exists()
    assert len(server.requests) == 1


def test_the_time_for_an_answer_is_not_that_for_the_file(server: ReleaseServer, into: Path) -> None:
    server.faults[NAME] = [Fault(drip=100_000, drip_seconds=0.4)]
    Download(HttpClient(proxies={}), IMPATIENT).fetch(address(server), into, size=len(CONTENT), sha256=SHA256)
    assert into.read_bytes() == CONTENT


@pytest.mark.parametrize("checksum", [SHA256, None])
@pytest.mark.parametrize(
    "headers",
    [
        {"ETag": '"\xe9"'},
        {"ETag": '"\xe9"', "Last-Modified": "gestern fr\xfch"},
        {"ETag": "W/\xff", "Last-Modified": "\xff"},
        {"ETag": '"' + "e" * 60_000 + '"'},
        {"ETag": "", "Last-Modified": ""},
        {"ETag": "bare words, and more"},
    ],
    ids=range(6),
)
def test_a_file_whose_state_has_an_odd_name_is_gone_on_with_or_begun_anew(
    server: ReleaseServer, download: Download, into: Path, headers: dict[str, str], checksum: str | None
) -> None:
    """What a server calls the state of its file is sent back to it, if it can be sent at all."""
    server.faults[NAME] = [Fault(headers=headers, reset_after=100_000)]
    assert download.fetch(address(server), into, sha256=checksum) == SHA256
    assert into.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("content_range", "length"),
    [
        ("bytes 100000-299999/400000", 200_000),
        ("bytes 100000-399999/*", 300_000),
        ("bytes 100000-399999/400000", 300_000),
    ],
)
def test_a_part_of_a_larger_file_than_was_announced_is_not_taken(
    server: ReleaseServer, download: Download, into: Path, content_range: str, length: int
) -> None:
    """The first answer said nothing of a size, so that only the announced one tells."""
    more = Fault(headers={"Content-Range": content_range, "Content-Length": str(length)})
    server.faults[NAME] = [Fault(without_length=True, reset_after=100_000), more]
    assert download.fetch(address(server), into, size=len(CONTENT)) == SHA256
    assert [request.range for request in server.requests] == [None, "bytes=100000-", None]


def test_a_file_that_is_said_to_end_before_what_came_of_it_is_begun_anew(
    server: ReleaseServer, download: Download, into: Path
) -> None:
    nothing_further = Fault(status=416, headers={"Content-Range": "bytes */50"})
    server.faults[NAME] = [Fault(without_length=True, reset_after=100_000), nothing_further]
    assert download.fetch(address(server), into) == SHA256
    assert [request.range for request in server.requests] == [None, "bytes=100000-", None]


@pytest.mark.parametrize(("size", "error"), [(10, LargerThanAnnounced), (10**6, ShorterThanAnnounced)])
def test_another_size_than_was_announced_is_refused_before_a_byte_of_it_comes(
    server: ReleaseServer, download: Download, into: Path, size: int, error: type[StashSenseError]
) -> None:
    server.faults[NAME] = [Fault(silent_after=0)]
    with pytest.raises(error):
        download.fetch(address(server), into, size=size)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"\x1b[2Jno server at all " * 4_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 " + b"very " * 10_000 + b"OK\r\n\r\n" * 2,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        OK + b"\x1b[2J\xff" * 1_000 + b": a\r\n\r\n",
        OK + b"X: " + b"a" * 5_000_000 + b"\r\n\r\n",
        OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffffffff\r\nhello",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: upgrade\r\n\r\n" + bytes(100),
        b"HTTP/1.1 000 Nothing\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=range(11),
)
def test_what_is_no_answer_is_told_in_a_line(
    server: ReleaseServer, download: Download, into: Path, answer: bytes
) -> None:
    server.faults[NAME] = [Fault(pieces=[answer])] * QUICK.attempts
    with pytest.raises(ConnectionLost) as refused:
        download.fetch(address(server), into, size=len(CONTENT), sha256=SHA256)
    assert short(refused.value)
    assert not into.exists()


@pytest.mark.parametrize(
    "to",
    [
        "http://127.0.0.1:1/" + "a" * 60_000,
        "http://" + "a" * 60_000 + "/",
        "/" + "a" * 8_200,
        "?" + "a" * 70_000,
        "file:///etc/passwd",
        "gopher://127.0.0.1:70/",
        "http://[::1",
        "http://0177.0.0.1/",
    ],
    ids=range(8),
)
def test_a_redirect_to_what_is_no_address_is_told_in_a_line(
    server: ReleaseServer, download: Download, into: Path, to: str
) -> None:
    location = b"Location: " + to.encode() + b"\r\n"
    server.faults[NAME] = [Fault(pieces=[b"HTTP/1.1 302 Found\r\n" + location + b"Content-Length: 0\r\n\r\n"])]
    with pytest.raises(RedirectRefused) as refused:
        download.fetch(address(server), into)
    assert short(refused.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"browser_download_url": "https://example.org/" + "a" * 1_000_000},
        {"size": -1},
        {"size": 1e400},
        {"name": None},
        {"browser_download_url": None},
    ],
    ids=range(5),
)
def test_an_asset_that_no_repository_has_is_refused_in_a_line(
    server: ReleaseServer, change: dict[str, object]
) -> None:
    entry = server.release("2026.12.1", [NAME])
    entry["assets"][0].update(change)  # type: ignore[index]
    server.extra_releases = [entry]
    with pytest.raises(SourceUnreadable) as refused:
        source_of(server.repository, HttpClient(proxies={}), QUICK, api=server.url).releases(CancelToken())
    assert short(refused.value)
