"""Servers that refuse, fall silent or drip: asked again where that helps, and not waited for without end."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.releases.serving import NAME, QUICK, SHA256, SOON_LOST, SOON_TOO_SLOW, names, place, ranges
from tests.queue_files import until

from stash_sense.adapters.http.client import HttpClient
from stash_sense.errors import (
    AccessRefused,
    Cancelled,
    ConnectionLost,
    DeadlinePassed,
    NotOnServer,
    RateLimitReached,
    ServerBroken,
    StashSenseError,
    TooManyRequests,
    TooSlow,
)
from stash_sense.fakes.release_answers import Fault
from stash_sense.fakes.release_server import ReleaseServer
from stash_sense.kernel.cancel import CancelToken
from stash_sense.releases.download import Download

WHOLE = None
"""As what is asked for: not a part."""


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
        Download(HttpClient(proxies={}), SOON_TOO_SLOW).fetch(place(server), into)
    assert names(into.parent) == {f"{into.name}.part", f"{into.name}.part.json"}
    assert download.fetch(place(server), into) == SHA256
    assert ranges(server)[1] is not None


def test_a_server_that_never_answers_is_given_up(server: ReleaseServer, into: Path) -> None:
    server.faults[NAME] = [Fault(silent=True)] * 99
    with pytest.raises(ConnectionLost, match="nothing came for"):
        Download(HttpClient(proxies={}), SOON_LOST).fetch(place(server), into)
    until(lambda: len(server.requests) == QUICK.attempts)


def test_all_of_it_together_has_a_deadline(server: ReleaseServer, into: Path) -> None:
    server.faults[NAME] = [Fault(drip=2_000)]
    limits = replace(QUICK, deadline_seconds=0.5)  # long before it is too slow
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
    patient = replace(QUICK, first_wait_seconds=600, longest_wait_seconds=600)
    cancel = CancelToken()
    threading.Timer(0.15, cancel.cancel).start()
    with pytest.raises(Cancelled):
        Download(HttpClient(proxies={}), patient).fetch(place(server), into, cancel=cancel)
    assert not into.exists()
