"""A release as it lies in a publisher's folder, with one thing wrong: nothing of it is taken."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.security.releases import made_releases as made

from stash_sense.errors import (
    ArchiveChanged,
    ArchiveSizeWrong,
    ArchiveUnreadable,
    ReleaseContradictory,
    ReleaseNeedsNewerProgram,
    ReleaseSchemaUnknown,
    ReleaseUnreadable,
    SignatureMissing,
    SignatureUnreadable,
    SignatureWrong,
    SignerUntrusted,
    StashSenseError,
)
from stash_sense.releases.keys import SecretKey
from stash_sense.releases.publishing import Published
from stash_sense.releases.release_manifest import ReleaseManifest
from stash_sense.releases.signing import sign

KEY = made.new_key()
ARCHIVE, MANIFEST, SIGNATURE = range(3)


@pytest.fixture
def release(tmp_path: Path) -> Published:
    return made.published(tmp_path / "version", tmp_path / "out", KEY)


def refused(error: type[StashSenseError], release: Published, key: SecretKey = KEY) -> None:
    into = release.files[0].parent.parent / "into"
    with pytest.raises(error) as raised:
        made.received(release.files[MANIFEST], into, key.public)
    assert type(raised.value) is error
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 500
    assert not into.exists()


def signed_again(release: Published, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a manifest as its publisher could, and sign it with the right key."""
    document = json.loads(release.files[MANIFEST].read_bytes())
    change(document)
    content = json.dumps(document).encode()
    release.files[MANIFEST].write_bytes(content)
    release.files[SIGNATURE].write_bytes(sign(content, KEY, made.ED25519, "again"))


def test_a_release_that_nobody_touched_is_taken(release: Published, tmp_path: Path) -> None:
    manifest = made.received(release.files[MANIFEST], tmp_path / "into", made.new_key().public, KEY.public)
    assert manifest == made.manifest()
    assert {file.name: file.read_bytes() for file in (tmp_path / "into").iterdir()} == {
        **made.FILES,
        "manifest.json": made.manifest().to_json(),
    }


@pytest.mark.parametrize(("file", "error"), [(ARCHIVE, ArchiveChanged), (MANIFEST, SignatureWrong)])
@pytest.mark.parametrize("part", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0])
def test_a_bit_flipped_on_the_way(release: Published, file: int, error: type[StashSenseError], part: float) -> None:
    content = bytearray(release.files[file].read_bytes())
    content[int((len(content) - 1) * part)] ^= 0x10
    release.files[file].write_bytes(content)
    refused(error, release)


def test_a_bit_flipped_anywhere_in_the_signature(release: Published, tmp_path: Path) -> None:
    """Only the comment that says of itself that it is not to be trusted may change."""
    original = release.files[SIGNATURE].read_bytes()
    lines = original.split(b"\n")
    untrusted = range(len(b"untrusted comment: "), len(lines[0]))
    for place in range(len(original)):
        changed = bytearray(original)
        changed[place] ^= 0x01
        release.files[SIGNATURE].write_bytes(changed)
        if place not in untrusted:
            with pytest.raises((SignatureUnreadable, SignatureWrong, SignerUntrusted)):
                made.received(release.files[MANIFEST], tmp_path / "into", KEY.public)
    assert not (tmp_path / "into").exists()


@pytest.mark.parametrize("keep", [0, 1, 100, -100, -1])
@pytest.mark.parametrize(
    ("file", "error"), [(ARCHIVE, ArchiveSizeWrong), (MANIFEST, SignatureWrong), (SIGNATURE, SignatureUnreadable)]
)
def test_a_file_cut_short(release: Published, file: int, error: type[StashSenseError], keep: int) -> None:
    content = release.files[file].read_bytes()
    if file == SIGNATURE and keep == -1:
        keep = -2
    release.files[file].write_bytes(content[:keep])
    refused(SignatureMissing if file == SIGNATURE and keep == 0 else error, release)


def test_an_archive_with_something_at_its_end(release: Published) -> None:
    with release.files[ARCHIVE].open("ab") as archive:
        archive.write(b"more")
    refused(ArchiveSizeWrong, release)


@pytest.mark.parametrize(("file", "error"), [(ARCHIVE, ArchiveUnreadable), (SIGNATURE, SignatureMissing)])
def test_a_file_that_is_not_there(release: Published, file: int, error: type[StashSenseError]) -> None:
    release.files[file].unlink()
    refused(error, release)


def test_a_key_that_nobody_trusts(release: Published) -> None:
    refused(SignerUntrusted, release, made.new_key())


def test_a_key_that_calls_itself_by_the_id_of_a_trusted_one(release: Published) -> None:
    impostor = SecretKey(KEY.number, made.new_key().key)
    content = release.files[MANIFEST].read_bytes()
    release.files[SIGNATURE].write_bytes(sign(content, impostor, made.ED25519, "trust me"))
    refused(SignatureWrong, release)


def test_the_signature_of_another_release(release: Published, tmp_path: Path) -> None:
    other = made.published(tmp_path / "other", tmp_path / "others", KEY, version="2026.11.23")
    release.files[SIGNATURE].write_bytes(other.files[SIGNATURE].read_bytes())
    refused(SignatureWrong, release)


def test_the_archive_of_another_release(release: Published, tmp_path: Path) -> None:
    other = made.published(tmp_path / "other", tmp_path / "others", KEY, version="2026.11.23")
    release.files[ARCHIVE].write_bytes(other.files[ARCHIVE].read_bytes())
    with pytest.raises((ArchiveChanged, ArchiveSizeWrong)):
        made.received(release.files[MANIFEST], tmp_path / "into", KEY.public)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("version", "2026.11.23"),
        ("pack", "trio"),
        ("performer_count", 3),
        ("face_count", 999),
        ("created_at", "2026-11-22T12:00:01Z"),
        ("requires", "0.0.9"),
    ],
)
def test_two_manifests_that_disagree(release: Published, key: str, value: object) -> None:
    signed_again(release, lambda document: document.update({key: value}))
    refused(ReleaseContradictory, release)


def test_an_archive_under_the_name_of_another_version(release: Published) -> None:
    signed_again(release, lambda document: document["archive"].update(name="performers-2026.11.21.zip"))
    refused(ReleaseContradictory, release)


def test_a_manifest_inside_that_was_replaced_together_with_the_hash_of_the_archive(
    release: Published, tmp_path: Path
) -> None:
    archive = made.forged(tmp_path / "forged.zip", made.good_members(made.manifest(sources=["another"])))
    archive.replace(release.files[ARCHIVE])
    entry = made.entry(release.files[ARCHIVE].read_bytes())
    signed_again(release, lambda document: document["archive"].update(entry.model_dump()))
    refused(ReleaseContradictory, release)


@pytest.mark.parametrize("part", ["", "manifest"])
@pytest.mark.parametrize("schema", [0, 2, 10**30])
def test_a_schema_that_is_not_known(release: Published, part: str, schema: int) -> None:
    def change(document: dict[str, Any]) -> None:
        (document[part] if part else document).update(schema=schema, what_comes_later=True)

    signed_again(release, change)
    refused(ReleaseSchemaUnknown, release)


@pytest.mark.parametrize("part", ["", "manifest"])
def test_a_release_for_a_newer_program(release: Published, part: str) -> None:
    def change(document: dict[str, Any]) -> None:
        (document[part] if part else document).update(requires="1000.2", what_comes_later=True)

    signed_again(release, change)
    refused(ReleaseNeedsNewerProgram, release)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "1"},
        {"schema": True},
        {"schema": None},
        {"more": 1},
        {"more\n\x1b[2J" * 1_000: 1},
        {"version": "../../etc"},
        {"version": "1/2"},
        {"version": "newest"},
        {"version": "1" * 10_000},
        {"requires": 1},
        {"requires": "?"},
        {"requires": "1." * 100_000 + "1"},
        {"performer_count": "2"},
        {"performer_count": -1},
        {"face_count": 1.5},
        {"created_at": "yesterday"},
        {"created_at": "2026-11-22T12:00:00"},
        {"pack": "../x"},
        {"archive": {"name": "../a.zip", "size": 1, "sha256": "0" * 64}},
        {"archive": {"name": "https://elsewhere/a.zip", "size": 1, "sha256": "0" * 64}},
        {"archive": {"name": "a.zip", "size": 0, "sha256": "0" * 64}},
        {"archive": {"name": "a.zip", "size": 2**60, "sha256": "0" * 64}},
        {"archive": {"name": "a.zip", "size": 1, "sha256": "sha256:" + "0" * 64}},
        {"archive": {"name": "a.zip", "size": 1, "sha256": "0" * 63}},
        {"archive": None},
        {"manifest": None},
        {"manifest": []},
        {"manifest": {}},
    ],
)
def test_a_manifest_that_is_signed_but_makes_no_sense(release: Published, change: dict[str, Any]) -> None:
    signed_again(release, lambda document: document.update(change))
    refused(ReleaseUnreadable, release)


@pytest.mark.parametrize(
    "name", ["../performers.db", "/etc/passwd", "a/b", "C:x", "..", "a\\b", "\uff21.db", ".x", "x\n"]
)
def test_a_manifest_that_lists_a_file_elsewhere(release: Published, name: str) -> None:
    def change(document: dict[str, Any]) -> None:
        files = document["manifest"]["files"]
        files[name] = files["vectors-first.npy"]

    signed_again(release, change)
    refused(ReleaseUnreadable, release)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"null",
        b"[1]",
        b'"text"',
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        b'{"schema": 1',
        b'{"schema": NaN}',
        b'{"schema": 1, "schema": 2}',
        b'{"schema": 1, "manifest": {"a": 1, "a": 1}}',
        b'{"a":' * 100_000,
        b"[" * 1_000_000,
        b'{"schema": ' + b"1" * 10_000 + b"}",
        b'{"schema": 1, "version": "\\ud800"}',
        b'{"schema": 1}' + b" " * 4_000_000,
    ],
    ids=range(16),
)
def test_what_is_no_manifest(content: bytes) -> None:
    with pytest.raises(ReleaseUnreadable):
        ReleaseManifest.read(content, "performers-1.release.json")
