"""Releases found and fetched from each kind of source: a GitHub repository, a web folder, a local folder."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import repeat
from pathlib import Path

import pytest
from packaging.version import Version
from tests.integration.releases.serving import CONTENT, QUICK, names
from tests.integration.updates import made_versions as made

from stash_sense.adapters.http.client import HttpClient
from stash_sense.errors import (
    AddressPrivate,
    Cancelled,
    ChecksumMismatch,
    LargerThanAnnounced,
    ListingMissing,
    NotOnServer,
    RateLimitReached,
    RedirectRefused,
    ReleaseError,
    RepositoryMissing,
    ShorterThanAnnounced,
    SourceUnreadable,
)
from stash_sense.fakes.release_answers import Fault
from stash_sense.fakes.release_server import ReleaseServer
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, silent
from stash_sense.releases.checking import CachedCheck
from stash_sense.releases.found import Announced, FoundRelease, PublicOffer, SignedOffer, newest
from stash_sense.releases.ports import ReleaseSource
from stash_sense.releases.sources import source_of

REPOSITORY = "someone/performers"
API = f"repos/{REPOSITORY}/releases"
GO_ON = CancelToken()


def publish(folder: Path, version: str, content: bytes = CONTENT) -> None:
    """Put the files of a release into a folder; what they say is nothing to a source."""
    manifest = f"performers-{version}.release.json"
    (folder / f"performers-{version}.zip").write_bytes(content)
    (folder / manifest).write_text(f"manifest of {version}")
    (folder / f"{manifest}.minisig").write_text(f"signature of {version}")
    versions = [file.name[len("performers-") : -len(".release.json")] for file in folder.glob("*.release.json")]
    listed = [{"version": version, "manifest": f"performers-{version}.release.json"} for version in versions]
    (folder / "releases.json").write_text(json.dumps({"schema": 1, "releases": listed}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "releases"
    folder.mkdir()
    for version in ("2026.2.10", "2026.11.1", "2026.12.0rc1"):
        publish(folder, version)
    return folder


@pytest.fixture
def web(folder: Path) -> Iterator[ReleaseServer]:
    with ReleaseServer(folder, REPOSITORY) as running:
        yield running


def github(web: ReleaseServer, repository: str = REPOSITORY) -> ReleaseSource:
    return source_of(repository, HttpClient(proxies={}), QUICK, api=web.url)


def web_folder(web: ReleaseServer) -> ReleaseSource:
    return source_of(f"{web.url}/", HttpClient(proxies={}), QUICK)


@pytest.fixture(params=["local", "web", "github"])
def source(request: pytest.FixtureRequest, folder: Path, web: ReleaseServer) -> ReleaseSource:
    if request.param == "local":
        return source_of(str(folder), HttpClient(proxies={}), QUICK)
    return web_folder(web) if request.param == "web" else github(web)


def latest(source: ReleaseSource) -> FoundRelease:
    release = newest(source.releases(GO_ON).releases)
    assert release is not None
    return release


def test_every_source_lists_its_releases_newest_first(source: ReleaseSource) -> None:
    listing = source.releases(GO_ON)
    assert [str(release.version) for release in listing.releases] == ["2026.12.0rc1", "2026.11.1", "2026.2.10"]
    assert [release.prerelease for release in listing.releases] == [True, False, False]
    assert listing.notes == ()


def test_every_source_gives_what_its_releases_offer(source: ReleaseSource, into: Path) -> None:
    release = latest(source)
    assert isinstance(release.offer, SignedOffer)
    assert source.read_small(release, release.offer.manifest, 100, GO_ON) == b"manifest of 2026.11.1"
    assert source.read_small(release, release.offer.signature, 100, GO_ON) == b"signature of 2026.11.1"
    told: list[Progress] = []
    expected = hashlib.sha256(CONTENT).hexdigest()
    name = "performers-2026.11.1.zip"
    source.fetch(release, Announced(name, len(CONTENT), expected), into, told.append, GO_ON)
    assert into.read_bytes() == CONTENT
    assert (told[0].done, told[-1].done, told[-1].total) == (0, len(CONTENT), len(CONTENT))
    assert names(into.parent) == {into.name}


def test_no_source_reads_more_than_it_may(source: ReleaseSource) -> None:
    release = latest(source)
    with pytest.raises(LargerThanAnnounced):
        source.read_small(release, "performers-2026.11.1.zip", 1_000, GO_ON)


@pytest.mark.parametrize(
    "name", ["no.zip", "../releases.json", "/etc/passwd", "..", "", "a/b", "a?b", "x" * 300, ".hidden"]
)
def test_no_source_has_what_is_not_its_own(source: ReleaseSource, name: str) -> None:
    release = latest(source)
    with pytest.raises(NotOnServer):
        source.read_small(release, name, 1_000, GO_ON)


@pytest.mark.parametrize(
    ("size", "sha256", "error"),
    [
        (len(CONTENT) - 1, None, LargerThanAnnounced),
        (len(CONTENT) + 1, None, ShorterThanAnnounced),
        (len(CONTENT), "0" * 64, ChecksumMismatch),
    ],
)
def test_no_source_leaves_a_file_that_was_not_announced(
    source: ReleaseSource, into: Path, size: int, sha256: str | None, error: type[Exception]
) -> None:
    release = latest(source)
    name = "performers-2026.11.1.zip"
    with pytest.raises(error):
        source.fetch(release, Announced(name, size, sha256), into, silent, GO_ON)
    assert names(into.parent) == set()


def test_every_source_stops_when_it_is_asked_to(source: ReleaseSource, into: Path) -> None:
    release, cancel = latest(source), CancelToken()

    def stop(_: Progress) -> None:
        cancel.cancel()

    name = "performers-2026.11.1.zip"
    with pytest.raises(Cancelled):
        source.fetch(release, Announced(name), into, stop, cancel)
    with pytest.raises(Cancelled):
        source.releases(cancel)
    assert not into.exists()


def test_a_web_folder_without_a_listing_says_what_is_needed(web: ReleaseServer) -> None:
    (web.folder / "releases.json").unlink()
    with pytest.raises(ListingMissing, match="put all the files there"):
        web_folder(web).releases(GO_ON)


@pytest.mark.parametrize("content", [b"", b"[]", b"<html>", b'{"schema": 9}', b'{"schema": 1, "releases": 5}'])
def test_a_listing_that_makes_no_sense_is_refused(web: ReleaseServer, content: bytes) -> None:
    (web.folder / "releases.json").write_bytes(content)
    with pytest.raises(ReleaseError):
        web_folder(web).releases(GO_ON)


def test_a_listing_cannot_name_a_file_elsewhere(web: ReleaseServer) -> None:
    line = '{"version": "1.0", "manifest": "../performers-1.0.release.json"}'
    (web.folder / "releases.json").write_text(f'{{"schema": 1, "releases": [{line}]}}')
    with pytest.raises(ReleaseError):
        web_folder(web).releases(GO_ON)


def test_what_is_no_release_is_passed_over_with_a_note(web: ReleaseServer) -> None:
    (web.folder / "notes.txt").write_text("a word")
    web.extra_releases = [
        web.release("models", ["notes.txt"]),
        web.release("2027.1.1", ["notes.txt"]),
        web.release("2027.1.2", ["performers-2026.11.1.zip", "performers-2026.2.10.zip"]),
        {**web.release("2027.1.3", ["performers-2026.11.1.zip"]), "draft": True},
    ]
    listing = github(web).releases(GO_ON)
    assert len(listing.releases) == 3
    assert [note.split(" is ")[0] for note in listing.notes] == ["'models'", "2027.1.1", "2027.1.2"]


def test_a_release_of_one_archive_is_a_public_one(web: ReleaseServer, into: Path) -> None:
    (web.folder / "stash-sense-data.zip").write_bytes(b"public")
    web.extra_releases = [web.release("v2027.1.1", ["stash-sense-data.zip"])]
    source = github(web)
    release = latest(source)
    assert (release.version, release.offer) == (Version("2027.1.1"), PublicOffer("stash-sense-data.zip", 6))
    source.fetch(release, Announced("stash-sense-data.zip", 6), into, silent, GO_ON)
    assert into.read_bytes() == b"public"


def test_what_the_publisher_marks_as_a_pre_release_is_one(web: ReleaseServer) -> None:
    web.extra_releases = [web.release("v2027.1.1", ["performers-2026.11.1.zip"], prerelease=True)]
    releases = github(web).releases(GO_ON).releases
    stable, any_of_them = newest(releases), newest(releases, prereleases=True)
    assert stable is not None
    assert any_of_them is not None
    assert (str(stable.version), str(any_of_them.version)) == ("2026.11.1", "2027.1.1")


def test_all_pages_of_a_long_list_are_read(web: ReleaseServer) -> None:
    web.extra_releases = [web.release(f"1.{minor}", ["performers-2026.11.1.zip"]) for minor in range(150)]
    assert len(github(web).releases(GO_ON).releases) == 153
    assert [request.query for request in web.requests] == ["per_page=100&page=1", "per_page=100&page=2"]


def test_a_repository_that_is_not_there_is_told(web: ReleaseServer) -> None:
    with pytest.raises(RepositoryMissing, match="nobody/nothing"):
        github(web, "nobody/nothing").releases(GO_ON)


def test_github_says_when_it_will_answer_again(web: ReleaseServer) -> None:
    limited = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800"}
    web.faults[API] = [Fault(status=403, headers=limited)]
    with pytest.raises(RateLimitReached, match="try again after 2100-01-01 00:00 UTC"):
        github(web).releases(GO_ON)


@pytest.mark.parametrize("content", [b"", b"{}", b"[5]", b'[{"tag_name": 5}]', b"<html>"])
def test_a_list_that_github_would_not_write_is_refused(web: ReleaseServer, content: bytes) -> None:
    # The address of the list is a file's for once.
    source = source_of(REPOSITORY, HttpClient(proxies={}), QUICK, api=f"{web.url}")
    web.faults[API] = [Fault(status=302, headers={"Location": "/list"})]
    (web.folder / "list").write_bytes(content)
    with pytest.raises(SourceUnreadable):
        source.releases(GO_ON)


def test_an_address_in_githubs_list_cannot_lead_into_this_machine(web: ReleaseServer) -> None:
    release = latest(github(web))
    place = release.places["performers-2026.11.1.zip"]
    far = source_of(REPOSITORY, HttpClient(proxies={}), QUICK, api="http://8.8.8.8")
    with pytest.raises(AddressPrivate):
        far.read_small(replace(release, places={"a.zip": place}), "a.zip", 100, GO_ON)
    real = source_of(REPOSITORY, HttpClient(proxies={}), QUICK)
    with pytest.raises(RedirectRefused, match="without https"):
        real.read_small(replace(release, places={"a.zip": place}), "a.zip", 100, GO_ON)


def test_a_check_is_asked_of_the_server_once_also_by_later_runs(web: ReleaseServer, tmp_path: Path) -> None:
    first, later = CachedCheck(tmp_path / "data"), CachedCheck(tmp_path / "data")
    answers = [check.releases(github(web), GO_ON) for check in (first, first, later)]
    assert answers[0] == answers[1] == answers[2]
    assert len(web.requests) == 1
    later.releases(github(web), GO_ON, fresh=True)
    assert len(web.requests) == 2


def test_a_check_that_failed_is_not_kept(web: ReleaseServer, tmp_path: Path) -> None:
    web.faults[API] = [Fault(status=404)]
    check = CachedCheck(tmp_path)
    with pytest.raises(RepositoryMissing):
        check.releases(github(web), GO_ON)
    assert len(check.releases(github(web), GO_ON).releases) == 3


def test_a_server_that_is_down_does_not_hold_up_a_check_for_ever(web: ReleaseServer) -> None:
    web.faults[API] = repeat(Fault(status=500))
    with pytest.raises(Exception, match="status 500"):
        github(web).releases(GO_ON)
    assert len(web.requests) == QUICK.attempts


def test_one_public_archive_in_a_folder_is_a_release(tmp_path: Path) -> None:
    (tmp_path / "stash-sense-data-2026.2.10.zip").write_bytes(b"public")
    (release,) = source_of(str(tmp_path), HttpClient(proxies={}), QUICK).releases(GO_ON).releases
    assert release.version == Version("2026.2.10")
    assert release.offer == PublicOffer("stash-sense-data-2026.2.10.zip", 6)


@pytest.mark.parametrize("archives", [["data.zip"], ["a-1.0.zip", "b-2.0.zip"]])
def test_a_folder_of_archives_that_tell_nothing_is_refused(tmp_path: Path, archives: list[str]) -> None:
    for name in archives:
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(SourceUnreadable):
        source_of(str(tmp_path), HttpClient(proxies={}), QUICK).releases(GO_ON)


def test_an_empty_folder_has_no_releases(tmp_path: Path) -> None:
    assert source_of(str(tmp_path), HttpClient(proxies={}), QUICK).releases(GO_ON).releases == ()


def test_of_many_things_that_are_no_releases_some_are_named_and_the_others_counted(web: ReleaseServer) -> None:
    (web.folder / "notes.txt").write_text("a word")
    web.extra_releases = [web.release(f"models-{number}", ["notes.txt"]) for number in range(1_200)]
    notes = github(web).releases(GO_ON).notes
    assert len(notes) == 11
    assert notes[-1] == "990 more are passed over"


def test_a_database_in_a_folder_is_told_from_a_public_release(tmp_path: Path) -> None:
    published = made.published(tmp_path, made.NEW)
    folder = tmp_path / "exported"
    folder.mkdir()
    published.files[0].rename(folder / "performers-2026.10.1.zip")
    with pytest.raises(SourceUnreadable, match="`stash-sense db import`"):
        source_of(str(folder), HttpClient(proxies={}), QUICK).releases(GO_ON)
