"""Whatever is changed in a release's files: it is refused in our words, or nothing of what it says has changed."""

import contextlib
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.security.releases import made_releases as made

from stash_sense.errors import ArchiveError, ReleaseContradictory, ReleaseError, SignatureError
from stash_sense.releases.archive import pack, unpack
from stash_sense.releases.release_manifest import ReleaseListing, ReleaseManifest
from stash_sense.releases.signing import SIGNATURE_SUFFIX, verify

KEY = made.new_key()


def made_files() -> tuple[bytes, bytes, bytes]:
    """An archive, its manifest and its signature."""
    with tempfile.TemporaryDirectory() as folder:
        published = made.published(Path(folder) / "version", Path(folder) / "out", KEY)
        archive, manifest, signature, _ = published.files
        assert signature.name == manifest.name + SIGNATURE_SUFFIX
        return archive.read_bytes(), manifest.read_bytes(), signature.read_bytes()


ARCHIVE, MANIFEST, SIGNATURE = made_files()


@st.composite
def changed(draw: st.DrawFn, content: bytes, near_end: int = 0) -> bytes:
    """Bytes with some changed, put in, or cut out, in up to three places; half of them among the last `near_end`."""
    for _ in range(draw(st.integers(1, 3))):
        start = max(0, len(content) - near_end) if near_end and draw(st.booleans()) else 0
        place = draw(st.integers(start, len(content)))
        cut = draw(st.sampled_from([0, 0, 1, 1, 2, 4, 30, 1_000]))
        kept = draw(st.booleans())
        new = draw(st.binary(min_size=cut, max_size=cut) if kept else st.binary(max_size=8))
        content = content[:place] + new + content[place + cut :]
    return content


@settings(max_examples=300)
@given(changed(ARCHIVE, near_end=300))
def test_a_changed_archive_is_refused_or_unpacks_to_the_same(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "a.zip").write_bytes(content)
        try:
            unpack(folder / "a.zip", made.manifest(), folder / "into")
        except (ArchiveError, ReleaseContradictory):
            assert [file.name for file in folder.iterdir()] == ["a.zip"]
        else:
            assert {file.name: file.read_bytes() for file in (folder / "into").iterdir()} == {
                **made.FILES,
                "manifest.json": made.manifest().to_json(),
            }


@settings(max_examples=300)
@given(changed(SIGNATURE))
def test_a_changed_signature_is_refused_unless_only_its_untrusted_comment_changed(signature: bytes) -> None:
    try:
        verify(MANIFEST, signature, [KEY.public], made.ED25519, "a release")
    except SignatureError:
        return
    assert signature.replace(b"\r\n", b"\n").strip(b"\r\n").split(b"\n")[1:] == SIGNATURE.strip().split(b"\n")[1:]


@settings(max_examples=200)
@given(changed(MANIFEST))
def test_a_changed_manifest_is_not_what_was_signed_and_breaks_nothing(content: bytes) -> None:
    with contextlib.suppress(ReleaseError):
        ReleaseManifest.read(content, "a release")
    try:
        verify(content, SIGNATURE, [KEY.public], made.ED25519, "a release")
    except SignatureError:
        assert content != MANIFEST
    else:
        assert content == MANIFEST


@settings(max_examples=200)
@given(st.binary(max_size=200) | changed(b'{"schema":1,"releases":[{"version":"1","manifest":"a.json"}]}'))
def test_any_listing_is_read_or_refused(content: bytes) -> None:
    with contextlib.suppress(ReleaseError):
        ReleaseListing.read(content)


@settings(max_examples=10)
@given(st.binary(max_size=3_000), st.binary(max_size=3_000))
def test_what_is_packed_is_what_is_unpacked(database: bytes, vectors: bytes) -> None:
    files = {"performers.db": database, "vectors-first.npy": vectors}
    manifest = made.manifest(files={name: made.entry(content) for name, content in files.items()})
    with tempfile.TemporaryDirectory() as name:
        folder = made.version_folder(Path(name) / "version")
        for file, content in {**files, "manifest.json": manifest.to_json()}.items():
            (folder / file).write_bytes(content)
        pack(folder, Path(name) / "a.zip")
        unpack(Path(name) / "a.zip", manifest, Path(name) / "into")
        assert {file.name: file.read_bytes() for file in (Path(name) / "into").iterdir()} == {
            **files,
            "manifest.json": manifest.to_json(),
        }
