import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.performers_files import people, write_version

from stash_sense import __version__
from stash_sense.errors import DatabaseDamaged, DatabaseTooNew
from stash_sense.performers.manifest import Manifest, is_prerelease, version_for


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(write_version(tmp_path, people(1)).to_json())
    return written


def read(document: dict[str, Any]) -> Manifest:
    return Manifest.read(json.dumps(document).encode(), "here", __version__)


def test_a_manifest_is_read_as_it_was_written(document: dict[str, Any]) -> None:
    manifest = read(document)
    assert json.loads(manifest.to_json()) == document
    assert manifest.dim == 40
    assert manifest.size == sum(file["size"] for file in document["files"].values())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", "not a version"),
        ("version", "../1"),
        ("version", ""),
        ("created_at", "2026-11-22T12:00:00"),
        ("pack", "../lite"),
        ("performer_count", -1),
        ("content", "abc"),
        ("files", {}),
        ("embedders", []),
        ("surprise", 1),
    ],
)
def test_what_a_manifest_cannot_say_is_refused(document: dict[str, Any], field: str, value: object) -> None:
    with pytest.raises(DatabaseDamaged):
        read(document | {field: value})


def test_files_that_no_version_has_are_refused(document: dict[str, Any]) -> None:
    entry = document["files"]["performers.db"]
    for name in ("../performers.db", "more.txt", "/etc/passwd"):
        with pytest.raises(DatabaseDamaged):
            read(document | {"files": {**document["files"], name: entry}})


def test_two_embedders_never_share_a_file(document: dict[str, Any]) -> None:
    first, second = document["embedders"]
    files = {name: entry for name, entry in document["files"].items() if name != second["file"]}
    with pytest.raises(DatabaseDamaged, match="share a file"):
        read(document | {"embedders": [first, {**second, "file": first["file"]}], "files": files})


def test_a_database_of_a_newer_program_says_so_before_anything_else(document: dict[str, Any]) -> None:
    for newer in ({"schema": 2}, {"requires": "99.0"}, {"schema": 2, "unheard_of": []}):
        with pytest.raises(DatabaseTooNew):
            read(document | newer)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"{}"])
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(DatabaseDamaged):
        Manifest.read(content, "here", __version__)


def test_versions_are_named_after_the_day_and_numbered_from_the_second_on() -> None:
    day = datetime(2026, 2, 3, tzinfo=UTC)
    assert version_for(day, frozenset()) == "2026.2.3"
    assert version_for(day, frozenset({"2026.2.3"})) == "2026.2.3.1"
    assert version_for(day, frozenset({"2026.02.03", "2026.2.3.1", "2026.2.4"})) == "2026.2.3.2"


@pytest.mark.parametrize(
    ("there", "name"),
    [
        ({"2026.2.3.1", "2026.2.3.2"}, "2026.2.3.3"),  # the first one of the day was removed meanwhile
        ({"2026.2.3.1+without.1"}, "2026.2.3.2"),
        ({"2026.2.3+without.2", "2026.2.2"}, "2026.2.3.1"),
        ({"2026.2.3.4.5rc1"}, "2026.2.3.5"),
        ({"2026.2", "2025.2.3.9"}, "2026.2.3"),
    ],
)
def test_no_version_of_a_day_is_named_as_an_earlier_one_of_it(there: set[str], name: str) -> None:
    assert version_for(datetime(2026, 2, 3, tzinfo=UTC), frozenset(there)) == name


def test_versions_for_trying_out_are_told_apart() -> None:
    assert is_prerelease("1.0rc1")
    assert not is_prerelease("2026.2.3.1")
