import pytest
from tests.security.releases import made_releases as made

from stash_sense.errors import ReleaseNeedsNewerProgram, ReleaseSchemaUnknown, ReleaseUnreadable
from stash_sense.releases.release_manifest import (
    MANIFEST_BYTES,
    ReleaseListing,
    ReleaseManifest,
    read_manifest,
    read_object,
)

PACKED = made.entry(b"archive")


def test_a_release_says_what_its_version_says() -> None:
    release = ReleaseManifest.of(made.manifest(), PACKED)
    assert (release.version, release.pack, release.face_count) == (made.VERSION, "lite", 1_000)
    assert release.name == "performers-2026.11.22.release.json"
    assert release.archive.name == "performers-2026.11.22.zip"


def test_what_is_written_is_read_and_equal_releases_are_equal_bytes() -> None:
    content = ReleaseManifest.of(made.manifest(), PACKED).to_json()
    release = ReleaseManifest.read(content, "release")
    assert release.to_json() == content == ReleaseManifest.of(made.manifest(), PACKED).to_json()
    assert content.endswith(b"}\n")


@pytest.mark.parametrize("program", ["0.1.0", "0.1.1", "0.2", "0.10.0", "1.0"])
def test_a_program_that_is_new_enough(program: str) -> None:
    content = ReleaseManifest.of(made.manifest(), PACKED).to_json()
    ReleaseManifest.read(content, "release", program)


@pytest.mark.parametrize("program", ["0.0.9", "0.1.0rc1", "0.1.0.dev3", "0"])
def test_a_program_that_is_too_old(program: str) -> None:
    content = ReleaseManifest.of(made.manifest(), PACKED).to_json()
    with pytest.raises(ReleaseNeedsNewerProgram, match=rf"0\.1\.0 or newer, and this is {program}"):
        ReleaseManifest.read(content, "release", program)


def test_versions_are_compared_as_versions() -> None:
    content = ReleaseManifest.of(made.manifest(requires="0.9"), PACKED).to_json()
    ReleaseManifest.read(content, "release", "0.10")


def test_a_listing_is_read() -> None:
    listing = ReleaseListing.read(
        b'{"schema":1,"releases":[{"version":"1.0","manifest":"performers-1.0.release.json"}]}'
    )
    assert [release.manifest for release in listing.releases] == ["performers-1.0.release.json"]
    assert ReleaseListing.read(listing.to_json()) == listing
    assert ReleaseListing.read(b'{"schema":1}').releases == ()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"releases":[]}',
        b'{"schema":1,"releases":[{}]}',
        b'{"schema":1,"releases":[{"version":"1","manifest":"../x"}]}',
        b'{"schema":1,"releases":[{"version":"1","manifest":"https://elsewhere/x"}]}',
        b'{"schema":1,"releases":[{"version":"new","manifest":"x"}]}',
        b'{"schema":1,"releases":[],"releases":[]}',
    ],
)
def test_what_is_no_listing(content: bytes) -> None:
    with pytest.raises(ReleaseUnreadable):
        ReleaseListing.read(content)


def test_a_listing_of_a_schema_to_come() -> None:
    with pytest.raises(ReleaseSchemaUnknown):
        ReleaseListing.read(b'{"schema":2,"channels":[]}')


def test_the_manifest_of_a_version_is_read_strictly() -> None:
    content = made.manifest().to_json()
    assert read_manifest(content, "manifest.json") == made.manifest()
    twice = content.replace(b'"pack"', b'"pack": "lite", "pack"')
    with pytest.raises(ReleaseUnreadable, match="twice"):
        read_manifest(twice, "manifest.json")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_none_anywhere_in_a_document(number: str) -> None:
    with pytest.raises(ReleaseUnreadable, match=f"{number} is no number"):
        read_object(f'{{"a": [{{"b": {number}}}]}}'.encode(), "releases.json")


def test_a_document_is_not_taken_apart_when_it_is_longer_than_any() -> None:
    content = made.manifest().to_json()
    padded = content + b" " * (MANIFEST_BYTES - len(content))
    assert read_manifest(padded, "manifest.json") == made.manifest()
    with pytest.raises(ReleaseUnreadable, match="it has more than 4000000 bytes"):
        read_manifest(padded + b" ", "manifest.json")
