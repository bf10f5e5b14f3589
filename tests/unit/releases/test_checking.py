import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener
from stash_sense.releases.checking import CACHE_NAME, CACHE_SECONDS, CachedCheck
from stash_sense.releases.found import (
    Announced,
    FoundRelease,
    Listing,
    PublicOffer,
    SignedOffer,
    listing_of,
    version_of,
)

GO_ON = CancelToken()


def release(text: str, offer: SignedOffer | PublicOffer, places: dict[str, str] | None = None) -> FoundRelease:
    version = version_of(text)
    assert version is not None
    return FoundRelease(version, version.is_prerelease, offer, places or {})


ANSWER = listing_of(
    [
        release(
            "2026.11.1", SignedOffer("performers-2026.11.1.release.json"), {"a.zip": "https://example.org/a.zip"}
        ),
        release("2026.2.10", PublicOffer("data.zip", None)),
        release("2026.1.0rc1", PublicOffer("data.zip", 5)),
    ],
    ["'models' is passed over"],
)


@dataclass
class Counted:
    """A source that counts how often it is asked."""

    name: str = "owner/name"
    is_here: bool = False
    asked: int = 0

    def releases(self, cancel: CancelToken) -> Listing:
        self.asked += 1
        return ANSWER

    def read_small(self, release: FoundRelease, name: str, limit: int, cancel: CancelToken) -> bytes:
        raise NotImplementedError

    def fetch(
        self, release: FoundRelease, file: Announced, into: Path, progress: ProgressListener, cancel: CancelToken
    ) -> None:
        raise NotImplementedError


@dataclass
class Times:
    """A clock and a calendar that are set by hand."""

    clock: float = 50.0
    wall: float = 1_800_000_000.0
    source: Counted = field(default_factory=Counted)

    def check(self, folder: Path) -> CachedCheck:
        return CachedCheck(folder, lambda: self.clock, lambda: self.wall)


@pytest.fixture
def times() -> Times:
    return Times()


def test_an_answer_is_good_for_ten_minutes(times: Times, tmp_path: Path) -> None:
    check = times.check(tmp_path)
    assert check.releases(times.source, GO_ON) == ANSWER
    times.clock += CACHE_SECONDS - 1
    times.wall += CACHE_SECONDS - 1
    assert check.releases(times.source, GO_ON) == ANSWER
    assert times.source.asked == 1
    times.clock += 1
    times.wall += 1
    check.releases(times.source, GO_ON)
    assert times.source.asked == 2


def test_what_is_on_this_machine_is_looked_at_each_time(times: Times, tmp_path: Path) -> None:
    times.source.is_here = True
    check = times.check(tmp_path)
    for _ in range(2):
        check.releases(times.source, GO_ON)
    assert times.source.asked == 2


def test_a_later_run_uses_the_answer_of_an_earlier_one(times: Times, tmp_path: Path) -> None:
    times.check(tmp_path).releases(times.source, GO_ON)
    times.clock, times.wall = 0.0, times.wall + 100
    assert times.check(tmp_path).releases(times.source, GO_ON) == ANSWER
    assert times.source.asked == 1


def test_setting_the_calendar_back_does_not_make_an_answer_last(times: Times, tmp_path: Path) -> None:
    check = times.check(tmp_path)
    check.releases(times.source, GO_ON)
    times.clock += CACHE_SECONDS
    times.wall -= 5
    check.releases(times.source, GO_ON)
    assert times.source.asked == 2


def test_an_answer_from_the_future_is_not_used(times: Times, tmp_path: Path) -> None:
    times.check(tmp_path).releases(times.source, GO_ON)
    times.wall -= 1
    times.check(tmp_path).releases(times.source, GO_ON)
    assert times.source.asked == 2


def test_the_answer_of_one_source_is_not_another_ones(times: Times, tmp_path: Path) -> None:
    check, other = times.check(tmp_path), Counted("other/name")
    check.releases(times.source, GO_ON)
    check.releases(other, GO_ON)
    times.check(tmp_path).releases(times.source, GO_ON)
    assert (times.source.asked, other.asked) == (2, 1)


def test_a_fresh_answer_is_fetched_and_kept(times: Times, tmp_path: Path) -> None:
    check = times.check(tmp_path)
    check.releases(times.source, GO_ON)
    check.releases(times.source, GO_ON, fresh=True)
    check.releases(times.source, GO_ON)
    times.check(tmp_path).releases(times.source, GO_ON)
    assert times.source.asked == 2


def damaged(document: dict[str, object], **changes: object) -> bytes:
    return json.dumps({**document, **changes}).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 2},
        {"at": "now"},
        {"at": None},
        {"releases": 5},
        {"releases": [{"version": "no version", "prerelease": False, "manifest": "a"}]},
        {"releases": [{"version": "1.0", "prerelease": False}]},
        {"more": 1},
    ],
)
def test_a_damaged_answer_is_not_used(times: Times, tmp_path: Path, changes: dict[str, object]) -> None:
    times.check(tmp_path).releases(times.source, GO_ON)
    file = tmp_path / CACHE_NAME
    file.write_bytes(damaged(json.loads(file.read_bytes()), **changes))
    assert times.check(tmp_path).releases(times.source, GO_ON) == ANSWER
    assert times.source.asked == 2


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]"])
def test_a_file_that_is_no_answer_is_not_used(times: Times, tmp_path: Path, content: bytes) -> None:
    (tmp_path / CACHE_NAME).write_bytes(content)
    assert times.check(tmp_path).releases(times.source, GO_ON) == ANSWER
    assert times.source.asked == 1


def test_a_folder_that_cannot_be_written_costs_only_the_next_question(times: Times, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    check = times.check(tmp_path / "file")
    assert check.releases(times.source, GO_ON) == ANSWER
    assert check.releases(times.source, GO_ON) == ANSWER
    assert times.source.asked == 1
