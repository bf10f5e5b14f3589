"""Servers whose files change, or whose answers are not what was asked for or announced."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.releases.serving import CONTENT, NAME, OTHER, SHA256, names, place, ranges

from stash_sense.errors import (
    ChangedWhileDownloading,
    ChecksumMismatch,
    LargerThanAnnounced,
    ServerBroken,
    ShorterThanAnnounced,
    StashSenseError,
)
from stash_sense.fakes.release_answers import Fault
from stash_sense.fakes.release_server import ReleaseServer
from stash_sense.releases.download import Download

WHOLE = None
"""As what is asked for: not a part."""


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


@pytest.mark.parametrize("fault", [None, Fault(without_length=True)], ids=["length told", "length not told"])
def test_a_manifest_that_is_too_large_is_not_read(
    server: ReleaseServer, download: Download, fault: Fault | None
) -> None:
    server.faults[NAME] = [fault]
    with pytest.raises(LargerThanAnnounced, match="1,000 bytes"):
        download.read(place(server), 1_000)
