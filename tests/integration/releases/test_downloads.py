"""Downloads that go on where they broke off, over real HTTP on the loopback."""

import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.releases.serving import CONTENT, NAME, OTHER, QUICK, SHA256, names, place, ranges

from stash_sense.adapters.http.client import HttpClient
from stash_sense.errors import (
    AccessRefused,
    Cancelled,
    ChangedWhileDownloading,
    ChecksumMismatch,
    ConnectionLost,
    DeadlinePassed,
    LargerThanAnnounced,
    NotOnServer,
    RateLimitReached,
    ServerBroken,
    ShorterThanAnnounced,
    StashSenseError,
    TooManyRequests,
    TooSlow,
)
from stash_sense.fakes.release_answers import Fault
from stash_sense.fakes.release_server import ReleaseServer
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress
from stash_sense.releases.download import Download

WHOLE = None
"""As what is asked for: not a part."""


def test_a_file_arrives_whole_and_nothing_else_is_left(server: ReleaseServer, download: Download, into: Path) -> None:
    assert download.fetch(place(server), into, size=len(CONTENT), sha256=SHA256) == SHA256
    assert into.read_bytes() == CONTENT
    assert names(into.parent) == {into.name}


def test_a_file_of_which_nothing_is_known_arrives_with_its_checksum(
    server: ReleaseServer, download: Download, into: Path
) -> None:
    server.faults[NAME] = [Fault(without_length=True)]
    assert download.fetch(place(server), into) == SHA256
    assert into.read_bytes() == CONTENT


def test_progress_tells_bytes_from_the_first_to_the_last(
    server: ReleaseServer, download: Download, into: Path
) -> None:
    told: list[Progress] = []
    server.faults[NAME] = [Fault(drip=100_000, drip_seconds=0.25)]
    download.fetch(place(server), into, progress=told.append)
    assert [report.stage for report in told] == ["download"] * len(told)
    assert (told[0].done, told[-1].done) == (0, len(CONTENT))
    assert {report.total for report in told} == {len(CONTENT)}
    assert told[-1].note.endswith("MB/s")


@pytest.mark.parametrize(
    "fault",
    [
        Fault(reset_after=100_000),
        Fault(closed_after=100_000),
        Fault(silent_after=100_000),
    ],
    ids=["reset", "closed too early", "silent"],
)
def test_after_a_break_only_the_rest_is_asked_for(
    server: ReleaseServer, download: Download, into: Path, fault: Fault
) -> None:
    server.faults[NAME] = [fault]
    assert download.fetch(place(server), into, size=len(CONTENT), sha256=SHA256) == SHA256
    assert ranges(server) == [WHOLE, "bytes=100000-"]
    assert server.requests[1].headers["if-range"].startswith('"')


def test_many_breaks_that_each_gain_something_do_not_end_it(
    server: ReleaseServer, download: Download, into: Path
) -> None:
    server.faults[NAME] = [Fault(reset_after=30_000)] * 9
    assert download.fetch(place(server), into) == SHA256
    assert len(ranges(server)) == 10


def test_breaks_that_gain_nothing_end_it_and_the_next_run_asks_for_the_rest(
    server: ReleaseServer, download: Download, into: Path
) -> None:
    server.faults[NAME] = [Fault(reset_after=100_000), *[Fault(reset_after=0)] * 2]
    with pytest.raises(ConnectionLost, match=f"127.0.0.1:{server.port}/{NAME}"):
        download.fetch(place(server), into, sha256=SHA256)
    assert not into.exists()
    before = len(server.requests)
    assert download.fetch(place(server), into, sha256=SHA256) == SHA256
    assert ranges(server)[before:] == ["bytes=100000-"]


def test_a_killed_download_goes_on_where_it_was(server: ReleaseServer, download: Download, into: Path) -> None:
    server.faults[NAME] = [Fault(drip=20_000, drip_seconds=0.05)]
    program = (
        "import sys; from pathlib import Path\n"
        "from stash_sense.adapters.http.client import HttpClient\n"
        "from stash_sense.releases.download import Download\n"
        "Download(HttpClient(proxies={})).fetch(sys.argv[1], Path(sys.argv[2]))\n"
    )
    part = into.with_name(f"{into.name}.part")
    with subprocess.Popen([sys.executable, "-c", program, place(server), str(into)]) as child:
        while not (part.exists() and part.stat().st_size >= 60_000):
            assert child.poll() is None
            time.sleep(0.01)
        child.kill()
    there = part.stat().st_size
    assert 0 < there < len(CONTENT)
    assert download.fetch(place(server), into, size=len(CONTENT), sha256=SHA256) == SHA256
    assert ranges(server) == [WHOLE, f"bytes={there}-"]


def test_a_part_of_another_address_is_not_gone_on_with(server: ReleaseServer, download: Download, into: Path) -> None:
    (server.folder / "other.zip").write_bytes(OTHER)
    server.faults["other.zip"] = [Fault(reset_after=100_000), *[Fault(reset_after=0)] * 3]
    with pytest.raises(ConnectionLost):
        download.fetch(place(server, "other.zip"), into)
    assert download.fetch(place(server), into) == SHA256
    assert ranges(server) == [WHOLE]


@pytest.mark.parametrize("record", [b"", b"{", b"[]", b'{"url": 5}', b"\xff\xfe", None])
def test_a_part_that_nobody_vouches_for_is_begun_anew(
    server: ReleaseServer, download: Download, into: Path, record: bytes | None
) -> None:
    into.parent.mkdir()
    into.with_name(f"{into.name}.part").write_bytes(OTHER[:100_000])
    if record is not None:
        into.with_name(f"{into.name}.part.json").write_bytes(record)
    assert download.fetch(place(server), into) == SHA256
    assert ranges(server) == [WHOLE]


def test_a_part_that_was_damaged_meanwhile_is_found_out_and_fetched_anew(
    server: ReleaseServer, download: Download, into: Path
) -> None:
    server.faults[NAME] = [Fault(reset_after=100_000), *[Fault(status=403)]]
    with pytest.raises(AccessRefused):
        download.fetch(place(server), into, sha256=SHA256)
    part = into.with_name(f"{into.name}.part")
    part.write_bytes(bytes(part.stat().st_size))
    assert download.fetch(place(server), into, sha256=SHA256) == SHA256
    assert ranges(server)[2:] == ["bytes=100000-", WHOLE]


def test_a_password_in_the_address_is_sent_but_written_nowhere(
    server: ReleaseServer, download: Download, into: Path
) -> None:
    server.faults[NAME] = [Fault(reset_after=100_000), Fault(status=403)]
    secret = place(server).replace("http://", "http://reader:hunter2@")
    with pytest.raises(AccessRefused) as caught:
        download.fetch(secret, into, sha256=SHA256)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in into.with_name(f"{into.name}.part.json").read_text()
    assert download.fetch(secret, into, sha256=SHA256) == SHA256
    assert {request.headers["authorization"] for request in server.requests} == {"Basic cmVhZGVyOmh1bnRlcjI="}


def test_a_file_that_changes_in_between_is_begun_anew(server: ReleaseServer, download: Download, into: Path) -> None:
    server.faults[NAME] = [Fault(replaced=OTHER, reset_after=100_000), Fault(replaced=CONTENT)]
    assert download.fetch(place(server), into) == SHA256
    assert ranges(server) == [WHOLE, "bytes=100000-"]  # If-Range: the server saw for itself that all is needed


def test_a_changed_part_from_a_server_without_if_range_is_not_taken(
    server: ReleaseServer, download: Download, into: Path
) -> None:
    changed = Fault(replaced=CONTENT, ignore_if_range=True)
    server.faults[NAME] = [Fault(replaced=OTHER, reset_after=100_000), changed]
    assert download.fetch(place(server), into) == SHA256
    assert ranges(server) == [WHOLE, "bytes=100000-", WHOLE]


def test_a_file_that_changes_again_and_again_is_given_up(
    server: ReleaseServer, download: Download, into: Path
) -> None:
    server.faults[NAME] = [
        Fault(replaced=bytes([turn]) * 300_000, reset_after=100_000 if turn % 2 == 0 else None, ignore_if_range=True)
        for turn in range(20)
    ]
    with pytest.raises(ChangedWhileDownloading):
        download.fetch(place(server), into)
    assert names(into.parent) == set()


def test_a_server_that_always_sends_all_is_begun_anew_with(
    server: ReleaseServer, download: Download, into: Path
) -> None:
    server.faults[NAME] = [Fault(reset_after=200_000), Fault(ignore_range=True)]
    assert download.fetch(place(server), into, size=len(CONTENT), sha256=SHA256) == SHA256
    assert into.stat().st_size == len(CONTENT)


def test_a_server_that_names_no_state_is_gone_on_with_only_where_a_checksum_tells(
    server: ReleaseServer, download: Download, into: Path
) -> None:
    stateless = Fault(without_validators=True)
    server.faults[NAME] = [replace(stateless, reset_after=100_000), stateless] * 2
    assert download.fetch(place(server), into, sha256=SHA256) == SHA256
    assert download.fetch(place(server), into) == SHA256
    assert ranges(server) == [WHOLE, "bytes=100000-", WHOLE, WHOLE]


def test_two_files_mixed_by_a_server_that_names_no_state_are_found_out(
    server: ReleaseServer, download: Download, into: Path
) -> None:
    stateless = Fault(without_validators=True)
    server.faults[NAME] = [
        replace(stateless, replaced=OTHER, reset_after=100_000),
        replace(stateless, replaced=CONTENT),
    ]
    assert download.fetch(place(server), into, sha256=SHA256) == SHA256
    assert ranges(server) == [WHOLE, "bytes=100000-", WHOLE]


@pytest.mark.parametrize(
    "text",
    ["bytes 0-199999/300000", "bytes 100001-299999/300000", "bytes 100000-299999/400000", "100000-299999", ""],
)
def test_a_part_that_is_not_the_one_that_was_asked_for_is_not_taken(
    server: ReleaseServer, download: Download, into: Path, text: str
) -> None:
    server.faults[NAME] = [Fault(reset_after=100_000), Fault(headers={"Content-Range": text})]
    assert download.fetch(place(server), into) == SHA256
    assert ranges(server) == [WHOLE, "bytes=100000-", WHOLE]


def test_a_part_where_all_was_asked_for_is_refused(server: ReleaseServer, download: Download, into: Path) -> None:
    server.faults[NAME] = [Fault(status=206, headers={"Content-Range": "bytes 5-9/10"})]
    with pytest.raises(ServerBroken, match="a part of what was asked for"):
        download.fetch(place(server), into)


def test_a_file_without_length_that_was_whole_already_is_recognised(
    server: ReleaseServer, download: Download, into: Path
) -> None:
    """As after a kill between the last byte and the rename."""
    server.faults[NAME] = [Fault(without_length=True, silent_after=len(CONTENT))]
    assert download.fetch(place(server), into) == SHA256
    assert ranges(server) == [WHOLE, "bytes=300000-"]  # answered with 416 and the same size


def test_more_bytes_than_announced_are_refused_before_they_come(
    server: ReleaseServer, download: Download, into: Path
) -> None:
    with pytest.raises(LargerThanAnnounced, match="299,999"):
        download.fetch(place(server), into, size=len(CONTENT) - 1, sha256=SHA256)
    assert names(into.parent) == set()


def test_fewer_bytes_than_announced_are_refused(server: ReleaseServer, download: Download, into: Path) -> None:
    with pytest.raises(ShorterThanAnnounced, match="300,000 bytes where 300,001"):
        download.fetch(place(server), into, size=len(CONTENT) + 1, sha256=SHA256)
    assert names(into.parent) == set()


@pytest.mark.parametrize("size", [len(CONTENT), None], ids=["size known", "size unknown"])
def test_bytes_without_end_are_cut_off(
    server: ReleaseServer, download: Download, into: Path, size: int | None
) -> None:
    server.faults[NAME] = [Fault(without_length=True, extra=bytes(2_000_000))]
    with pytest.raises(LargerThanAnnounced, match="300,000" if size else "1,000,000"):
        download.fetch(place(server), into, size=size)
    assert names(into.parent) == set()


def test_fewer_bytes_without_a_length_are_refused(server: ReleaseServer, download: Download, into: Path) -> None:
    server.faults[NAME] = [Fault(without_length=True)]
    with pytest.raises(ShorterThanAnnounced, match="300,000 bytes where 400,000"):
        download.fetch(place(server), into, size=400_000, sha256=SHA256)


@pytest.mark.parametrize("length", ["299999", "300001", "12", "-5", "many", "9" * 30])
def test_a_wrong_length_never_becomes_a_file(
    server: ReleaseServer, download: Download, into: Path, length: str
) -> None:
    server.faults[NAME] = [Fault(headers={"Content-Length": length})] * 30
    with pytest.raises(StashSenseError):
        download.fetch(place(server), into, size=len(CONTENT), sha256=SHA256)
    assert not into.exists()


def test_bytes_that_come_compressed_are_refused(server: ReleaseServer, download: Download, into: Path) -> None:
    server.faults[NAME] = [Fault(headers={"Content-Encoding": "gzip"})]
    with pytest.raises(ServerBroken, match="compresses"):
        download.fetch(place(server), into)


def test_another_file_of_the_same_size_is_refused(server: ReleaseServer, download: Download, into: Path) -> None:
    server.faults[NAME] = [Fault(replaced=OTHER)]
    with pytest.raises(ChecksumMismatch):
        download.fetch(place(server), into, size=len(CONTENT), sha256=SHA256)
    assert names(into.parent) == set()
    assert len(server.requests) == 1


def test_a_server_that_breaks_off_and_lies_each_time_is_given_up(
    server: ReleaseServer, download: Download, into: Path
) -> None:
    server.faults[NAME] = [Fault(replaced=OTHER, reset_after=100_000), None] * 20
    with pytest.raises(ChecksumMismatch):
        download.fetch(place(server), into, size=len(CONTENT), sha256=SHA256)
    assert names(into.parent) == set()


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_that_is_broken_for_a_while_is_asked_again(
    server: ReleaseServer, download: Download, into: Path, status: int
) -> None:
    server.faults[NAME] = [Fault(status=status)] * 2
    assert download.fetch(place(server), into) == SHA256
    assert len(server.requests) == 3


def test_a_server_that_stays_broken_is_given_up(server: ReleaseServer, download: Download, into: Path) -> None:
    server.faults[NAME] = [Fault(status=503)] * 99
    with pytest.raises(ServerBroken, match="status 503"):
        download.fetch(place(server), into)
    assert len(server.requests) == QUICK.attempts


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, AccessRefused), (403, AccessRefused), (404, NotOnServer), (410, NotOnServer), (400, ServerBroken)],
)
def test_a_refusal_that_will_not_pass_is_told_at_once(
    server: ReleaseServer, download: Download, into: Path, status: int, error: type[StashSenseError]
) -> None:
    server.faults[NAME] = [Fault(status=status)]
    with pytest.raises(error, match=NAME):
        download.fetch(place(server), into)
    assert len(server.requests) == 1


def test_a_server_that_was_asked_too_often_is_asked_again_when_it_says(
    server: ReleaseServer, download: Download, into: Path
) -> None:
    server.faults[NAME] = [Fault(status=429, headers={"Retry-After": "0"}), Fault(status=429)]
    assert download.fetch(place(server), into) == SHA256


@pytest.mark.parametrize("after", ["3600", "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_a_wait_that_is_too_long_is_left_to_the_user(
    server: ReleaseServer, download: Download, into: Path, after: str
) -> None:
    server.faults[NAME] = [Fault(status=429, headers={"Retry-After": after})]
    with pytest.raises(TooManyRequests, match=r"try again in [\d,]+ s"):
        download.fetch(place(server), into)
    assert len(server.requests) == 1


def test_a_rate_limit_says_when_it_ends(server: ReleaseServer, download: Download, into: Path) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800"}
    server.faults[NAME] = [Fault(status=403, headers=headers)]
    with pytest.raises(RateLimitReached, match="after 2100-01-01 00:00 UTC"):
        download.fetch(place(server), into)


def test_a_server_that_drips_is_given_up_and_what_came_is_kept(
    server: ReleaseServer, download: Download, into: Path
) -> None:
    server.faults[NAME] = [Fault(drip=100)]
    with pytest.raises(TooSlow, match="under 2,000 bytes"):
        download.fetch(place(server), into)
    assert names(into.parent) == {f"{into.name}.part", f"{into.name}.part.json"}
    assert download.fetch(place(server), into) == SHA256
    assert ranges(server)[1] is not None


def test_a_server_that_never_answers_is_given_up(server: ReleaseServer, download: Download, into: Path) -> None:
    server.faults[NAME] = [Fault(silent=True)] * 99
    with pytest.raises(ConnectionLost, match="nothing came for"):
        download.fetch(place(server), into)
    assert len(server.requests) == QUICK.attempts


def test_all_of_it_together_has_a_deadline(server: ReleaseServer, into: Path) -> None:
    server.faults[NAME] = [Fault(drip=2_000)]
    limits = replace(QUICK, deadline_seconds=0.5)
    with pytest.raises(DeadlinePassed, match=r"within 0\.5 s"):
        Download(HttpClient(proxies={}), limits).fetch(place(server), into)


@pytest.mark.parametrize(
    "fault",
    [Fault(silent=True), Fault(silent_after=100_000), Fault(drip=1_000), Fault(status=503)],
    ids=["no answer", "silence", "drips", "waiting to ask again"],
)
def test_it_stops_soon_whatever_the_server_does(server: ReleaseServer, into: Path, fault: Fault) -> None:
    """With limits that would let it wait for much longer than any test does."""
    server.faults[NAME] = [fault] * 99
    patient = replace(QUICK, silence_seconds=600, slow_seconds=600, first_wait_seconds=600, longest_wait_seconds=600)
    cancel = CancelToken()
    threading.Timer(0.15, cancel.cancel).start()
    with pytest.raises(Cancelled):
        Download(HttpClient(proxies={}), patient).fetch(place(server), into, cancel=cancel)
    assert not into.exists()


def test_a_manifest_is_read_into_memory(server: ReleaseServer, download: Download) -> None:
    (server.folder / "small.json").write_bytes(b"{}")
    server.faults["small.json"] = [Fault(status=500), Fault(reset_after=1)]
    assert download.read(place(server, "small.json"), 2) == b"{}"


@pytest.mark.parametrize("fault", [None, Fault(without_length=True)], ids=["length told", "length not told"])
def test_a_manifest_that_is_too_large_is_not_read(
    server: ReleaseServer, download: Download, fault: Fault | None
) -> None:
    server.faults[NAME] = [fault]
    with pytest.raises(LargerThanAnnounced, match="1,000 bytes"):
        download.read(place(server), 1_000)
