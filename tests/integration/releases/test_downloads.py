"""Downloads that go on where they broke off, over real HTTP on the loopback."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.releases.serving import CONTENT, NAME, OTHER, QUICK, SHA256, names, place, ranges
from tests.queue_files import until

from stash_sense.adapters.http.client import HttpClient
from stash_sense.errors import AccessRefused, ConnectionLost
from stash_sense.fakes.release_answers import Fault
from stash_sense.fakes.release_server import ReleaseServer
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
    ("fault", "silence"),
    # Silence is told by its length alone: here it is one that no busy machine makes.
    [(Fault(reset_after=100_000), 60), (Fault(closed_after=100_000), 60), (Fault(silent_after=100_000), 2)],
    ids=["reset", "closed too early", "silent"],
)
def test_after_a_break_only_the_rest_is_asked_for(
    server: ReleaseServer, into: Path, fault: Fault, silence: float
) -> None:
    download = Download(HttpClient(proxies={}), replace(QUICK, silence_seconds=silence))
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
    server.faults[NAME] = [Fault(silent_after=60_000)]
    program = (
        "import sys; from pathlib import Path\n"
        "from stash_sense.adapters.http.client import HttpClient\n"
        "from stash_sense.releases.download import Download\n"
        "Download(HttpClient(proxies={})).fetch(sys.argv[1], Path(sys.argv[2]))\n"
    )
    part = into.with_name(f"{into.name}.part")
    with subprocess.Popen([sys.executable, "-c", program, place(server), str(into)]) as child:
        until(lambda: child.poll() is not None or (part.exists() and part.stat().st_size >= 60_000))
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


def test_a_file_without_length_that_was_whole_already_is_recognised(server: ReleaseServer, into: Path) -> None:
    """As after a kill between the last byte and the rename."""
    download = Download(HttpClient(proxies={}), replace(QUICK, silence_seconds=2))
    server.faults[NAME] = [Fault(without_length=True, silent_after=len(CONTENT))]
    assert download.fetch(place(server), into) == SHA256
    assert ranges(server) == [WHOLE, "bytes=300000-"]  # answered with 416 and the same size


def test_a_manifest_is_read_into_memory(server: ReleaseServer, download: Download) -> None:
    (server.folder / "small.json").write_bytes(b"{}")
    server.faults["small.json"] = [Fault(status=500), Fault(reset_after=1)]
    assert download.read(place(server, "small.json"), 2) == b"{}"


def test_what_somebody_removes_while_it_is_fetched_is_fetched_anew(
    server: ReleaseServer, download: Download, into: Path
) -> None:
    removed: list[int] = []

    def remove(report: Progress) -> None:
        if report.done and not removed:
            removed.append(report.done)
            for file in into.parent.iterdir():
                file.unlink()

    server.faults[NAME] = [Fault(drip=100_000, drip_seconds=0.25)]
    assert download.fetch(place(server), into, size=len(CONTENT), sha256=SHA256, progress=remove) == SHA256
    assert removed
    assert into.read_bytes() == CONTENT
    assert ranges(server) == [WHOLE, WHOLE]
