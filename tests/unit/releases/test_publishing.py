from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.security.releases import made_releases as made

from stash_sense.errors import Cancelled, ReleaseAlreadyPublished, VersionFileChanged
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress
from stash_sense.releases.publishing import listing_of, publish
from stash_sense.releases.release_manifest import ReleaseListing, ReleaseManifest
from stash_sense.releases.signing import read_signature

KEY = made.new_key()
NAMES = [
    "performers-2026.11.22.release.json",
    "performers-2026.11.22.release.json.minisig",
    "performers-2026.11.22.zip",
    "releases.json",
]


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def listed(folder: Path) -> list[str]:
    return [release.version for release in ReleaseListing.read((folder / "releases.json").read_bytes()).releases]


def test_a_release_is_four_files(tmp_path: Path) -> None:
    published = made.published(tmp_path / "version", tmp_path / "out", KEY)
    assert names(tmp_path / "out") == NAMES
    assert sorted(file.name for file in published.files) == NAMES
    assert published.key == KEY.public.id
    content = published.files[1].read_bytes()
    release = ReleaseManifest.read(content, "release")
    assert release == published.release
    assert content == release.to_json()
    assert release.manifest == made.manifest()
    assert release.archive.model_dump(exclude={"name"}) == made.entry(published.files[0].read_bytes()).model_dump()
    assert listed(tmp_path / "out") == ["2026.11.22"]


def test_the_signature_says_when_and_what_was_signed(tmp_path: Path) -> None:
    published = made.published(tmp_path / "version", tmp_path / "out", KEY)
    comment = read_signature(published.files[2].read_bytes(), "release").comment
    moment = int(datetime(2026, 11, 22, 13, tzinfo=UTC).timestamp())
    assert comment == f"timestamp:{moment}\tfile:performers-2026.11.22.release.json\thashed"


def test_releases_are_listed_by_version_newest_first(tmp_path: Path) -> None:
    for version in ("2026.9.30", "2026.11.22", "2026.10.1", "2027.1.1rc1", "2026.11.22.1"):
        made.published(tmp_path / version, tmp_path / "out", KEY, version=version)
    assert listed(tmp_path / "out") == ["2027.1.1rc1", "2026.11.22.1", "2026.11.22", "2026.10.1", "2026.9.30"]


def test_publishing_the_same_again_changes_nothing(tmp_path: Path) -> None:
    made.published(tmp_path / "version", tmp_path / "out", KEY)
    before = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}
    made.published(tmp_path / "again", tmp_path / "out", KEY)
    assert {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()} == before


def test_another_release_of_a_version_is_refused(tmp_path: Path) -> None:
    made.published(tmp_path / "version", tmp_path / "out", KEY)
    before = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}
    with pytest.raises(ReleaseAlreadyPublished, match=r"2026\.11\.22"):
        made.published(tmp_path / "other", tmp_path / "out", KEY, sources=("another",))
    assert {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()} == before


def test_a_damaged_version_is_not_published(tmp_path: Path) -> None:
    folder = made.version_folder(tmp_path / "version")
    (folder / "performers.db").write_bytes(made.DATABASE[::-1])
    with pytest.raises(VersionFileChanged):
        publish(folder, tmp_path / "out", KEY, made.ED25519)
    assert names(tmp_path / "out") == []


def test_a_reader_of_the_folder_never_sees_a_listing_that_names_what_is_not_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    made.published(tmp_path / "first", out, KEY, version="2026.10.1")
    seen = 0

    def look(_: Progress) -> None:
        nonlocal seen
        seen += 1
        assert listed(out) == ["2026.10.1"]
        assert "performers-2026.11.22.release.json" not in names(out)

    publish(made.version_folder(tmp_path / "second"), out, KEY, made.ED25519, progress=look)
    assert seen > 1
    assert listed(out) == ["2026.11.22", "2026.10.1"]


def test_what_was_stopped_is_not_seen(tmp_path: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        publish(made.version_folder(tmp_path / "version"), tmp_path / "out", KEY, made.ED25519, cancel=cancel)
    assert names(tmp_path / "out") == []


@pytest.mark.parametrize("missing", NAMES[:3])
def test_a_release_that_lacks_a_file_is_not_listed_any_more(tmp_path: Path, missing: str) -> None:
    out = tmp_path / "out"
    made.published(tmp_path / "version", out, KEY)
    (out / missing).unlink()
    made.published(tmp_path / "newer", out, KEY, version="2026.12.1")
    assert listed(out) == ["2026.12.1"]


def test_files_of_others_in_the_folder_do_no_harm(tmp_path: Path) -> None:
    out = tmp_path / "out"
    made.published(tmp_path / "version", out, KEY)
    (out / "performers-1.release.json").write_bytes(b"{")
    (out / "performers-2.release.json").mkdir()
    renamed = (out / "performers-2026.11.22.release.json").read_bytes()
    (out / "performers-3.release.json").write_bytes(renamed)
    assert [release.version for release in listing_of(out).releases] == ["2026.11.22"]
    with (out / "performers-2026.11.22.zip").open("ab") as archive:
        archive.write(b"x")
    assert listing_of(out).releases == ()
