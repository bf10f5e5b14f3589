import contextlib
from pathlib import Path

import pytest

from stash_sense.adapters.http.client import HttpClient
from stash_sense.errors import SourceUnknown
from stash_sense.releases.folders import HttpFolder, LocalFolder
from stash_sense.releases.found import FoundRelease, PublicOffer, SignedOffer, is_file_name, newest, version_of
from stash_sense.releases.github import GithubRepository
from stash_sense.releases.ports import ReleaseSource
from stash_sense.releases.sources import source_of


def source(text: str) -> ReleaseSource:
    return source_of(text, HttpClient(proxies={}))


def release(text: str, *, prerelease: bool = False) -> FoundRelease:
    version = version_of(text)
    assert version is not None
    return FoundRelease(version, prerelease or version.is_prerelease, PublicOffer("a.zip", None))


def test_a_folder_that_exists_is_one_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "owner" / "name").mkdir(parents=True)
    with contextlib.chdir(tmp_path):
        found = source("owner/name")
    assert isinstance(found, LocalFolder)
    assert found.name == str(tmp_path / "owner" / "name")


@pytest.mark.parametrize(
    "text",
    [
        "carrotwaxr/stash-sense-data",
        " carrotwaxr/stash-sense-data ",
        "https://github.com/carrotwaxr/stash-sense-data",
        "https://github.com/carrotwaxr/stash-sense-data/",
        "https://github.com/carrotwaxr/stash-sense-data.git",
        "https://www.github.com/carrotwaxr/stash-sense-data/releases/tag/v1",
        "http://GitHub.com/carrotwaxr/stash-sense-data?tab=readme#top",
    ],
)
def test_a_repository_of_github_is_known_by_name_or_page(text: str) -> None:
    found = source(text)
    assert isinstance(found, GithubRepository)
    assert found.name == "carrotwaxr/stash-sense-data"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("https://example.org/releases/", "https://example.org/releases/"),
        ("https://me:secret@example.org:8443/r?key=secret", "https://example.org:8443/r"),
        ("http://[::1]:80/", "http://[::1]:80/"),
        ("https://notgithub.com/a/b", "https://notgithub.com/a/b"),
    ],
)
def test_an_address_is_a_web_folder_and_shown_without_secrets(text: str, name: str) -> None:
    found = source(text)
    assert isinstance(found, HttpFolder)
    assert found.name == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no such folder",
        "./owner/name",
        "/no/such/folder",
        "~nobody-of-that-name/here",
        "owner/..",
        "-owner/name",
        "ftp://example.org/",
        "https://",
        "https://[",
        "https://example.org:port/",
        "https://github.com/owner",
        "https://github.com/owner/..",
        "git@github.com:owner/name",
        "a\0b",
    ],
)
def test_what_is_no_source_is_told(text: str) -> None:
    with pytest.raises(SourceUnknown, match="name a folder, an https address, or a GitHub repository"):
        source(text)


def test_a_file_is_sent_to_import(tmp_path: Path) -> None:
    (tmp_path / "a.zip").touch()
    with pytest.raises(SourceUnknown, match="db import"):
        source(str(tmp_path / "a.zip"))


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("2026.9.1", "2026.10.1"),
        ("2026.2.10", "2026.11.1"),
        ("1.9", "1.10"),
        ("1.0rc1", "1.0"),
        ("1.0rc9", "1.0rc10"),
        ("2026.11.22", "2026.11.22.1"),
        ("v1.0", "2.0"),
    ],
)
def test_versions_are_compared_as_versions(older: str, newer: str) -> None:
    for releases in ([release(older), release(newer)], [release(newer), release(older)]):
        chosen = newest(releases, prereleases=True)
        assert chosen is not None
        assert chosen.version == version_of(newer)


def test_pre_releases_count_only_when_they_are_asked_for() -> None:
    releases = [release("1.0"), release("2.0rc1"), release("1.5", prerelease=True)]
    stable, any_of_them = newest(releases), newest(releases, prereleases=True)
    assert stable is releases[0]
    assert any_of_them is releases[1]
    assert newest(releases[1:]) is None


@pytest.mark.parametrize("text", ["models", "latest", "", "v", "2026-11-22-final", "1" * 65, "1.0/../2"])
def test_what_is_no_version_is_none(text: str) -> None:
    assert version_of(text) is None


def test_a_signature_is_called_as_its_manifest() -> None:
    assert SignedOffer("performers-1.0.release.json").signature == "performers-1.0.release.json.minisig"


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".a", "a/b", "a\\b", "a b", "a?b", "a#b", "a%2fb", "ä", "a\n", "x" * 201]
)
def test_a_file_of_a_release_has_a_plain_name(name: str) -> None:
    assert not is_file_name(name)
    assert is_file_name("performers-1.0+local.release.json.minisig")
