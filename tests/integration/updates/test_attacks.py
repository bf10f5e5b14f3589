"""A release with one thing wrong, from its publisher's folder to the data folder: nothing of it is put into use."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.integration.updates import made_versions as made
from tests.integration.updates.conftest import Stage

from stash_sense.performers.manifest import DATABASE_NAME
from stash_sense.releases.keys import SecretKey
from stash_sense.releases.signing import sign
from stash_sense.releases.status import UpdateState

KINDS = ("folder", "web folder", "GitHub")
ARCHIVE, MANIFEST, SIGNATURE, LISTING = range(4)
STRANGER = SecretKey(b"stranger", made.ED25519.keypair()[1])
IMPOSTOR = SecretKey(made.KEY.number, STRANGER.key)
Refused = Callable[[str, Callable[[], object]], None]
Attack = Callable[[Stage], object]


def flipped(file: int, part: float) -> Attack:
    def attack(stage: Stage) -> None:
        path = stage.release.files[file]
        content = bytearray(path.read_bytes())
        content[int((len(content) - 1) * part)] ^= 0x10
        path.write_bytes(content)

    return attack


def cut(file: int, keep: int) -> Attack:
    return lambda stage: stage.release.files[file].write_bytes(stage.release.files[file].read_bytes()[:keep])


def longer(stage: Stage) -> None:
    with stage.release.files[ARCHIVE].open("ab") as archive:
        archive.write(b"more")


def missing(file: int) -> Attack:
    return lambda stage: stage.release.files[file].unlink()


def signed_by(key: SecretKey) -> Attack:
    return lambda stage: made.signed_again(stage.release, lambda document: None, key)


def signed_with(**changes: Any) -> Attack:
    """What the publisher says is changed, and signed with the right key."""
    return lambda stage: made.signed_again(stage.release, lambda document: document.update(changes))


def signed_inside(**changes: Any) -> Attack:
    return lambda stage: made.signed_again(stage.release, lambda document: document["manifest"].update(changes))


def packed(change: Callable[[dict[str, bytes]], object]) -> Attack:
    return lambda stage: made.packed_again(stage.release, change)


def flip_in(name: str) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        content = bytearray(members[name])
        content[len(content) // 2] ^= 1
        members[name] = bytes(content)

    return change


def another_manifest(members: dict[str, bytes]) -> None:
    members["manifest.json"] = members["manifest.json"].replace(b"made up", b"made UP")


def version_inside(members: dict[str, bytes]) -> None:
    members["manifest.json"] = members["manifest.json"].replace(made.NEW.encode(), b"2026.10.2")


def one_vector_more(members: dict[str, bytes]) -> None:
    members["vectors-one.npy"] += bytes(16)


def old_release_as_new(stage: Stage) -> None:
    """The genuine, signed release of an earlier version, in the place of the new one's."""
    older = made.published(stage.place, "2026.8.1")
    for old, new in zip(older.files[:3], stage.release.files[:3], strict=True):
        new.write_bytes(old.read_bytes())
        old.unlink()
    listing = {"schema": 1, "releases": [{"version": made.NEW, "manifest": stage.release.files[MANIFEST].name}]}
    stage.release.files[LISTING].write_text(json.dumps(listing))


# What is wrong, the code of the error that an update ends with, and that of an import; an import of an archive alone
# believes what the user named.
ATTACKS: dict[str, tuple[Attack, str, str | None]] = {
    **{
        f"archive flipped at {part}": (flipped(ARCHIVE, part), "checksum_mismatch", "archive_changed")
        for part in (0.0, 0.2, 0.5, 0.8, 1.0)
    },
    "manifest flipped": (flipped(MANIFEST, 0.5), "signature_wrong", "signature_wrong"),
    "signature of something else": (
        lambda stage: stage.release.files[SIGNATURE].write_bytes(sign(b"else", made.KEY, made.ED25519, "")),
        "signature_wrong",
        "signature_wrong",
    ),
    "archive cut": (cut(ARCHIVE, -1), "shorter_than_announced", "archive_size_wrong"),
    "archive longer": (longer, "larger_than_announced", "archive_size_wrong"),
    "manifest cut": (cut(MANIFEST, -2), "signature_wrong", "signature_wrong"),
    "signature cut": (cut(SIGNATURE, 100), "signature_unreadable", "signature_unreadable"),
    "archive missing": (missing(ARCHIVE), "not_on_server", "input_missing"),
    "signature missing": (missing(SIGNATURE), "release_unsigned", None),
    "signature empty": (cut(SIGNATURE, 0), "release_unsigned", "signature_missing"),
    "a stranger's key": (signed_by(STRANGER), "signer_untrusted", "signer_untrusted"),
    "a stranger's key by the id of ours": (signed_by(IMPOSTOR), "signature_wrong", "signature_wrong"),
    "schema unknown": (signed_with(schema=2), "release_schema_unknown", "release_schema_unknown"),
    "schema inside unknown": (signed_inside(schema=2), "release_schema_unknown", "release_schema_unknown"),
    "program too old": (signed_with(requires="99.0"), "release_needs_newer_program", "release_needs_newer_program"),
    "no manifest at all": (
        lambda stage: [
            stage.release.files[MANIFEST].write_bytes(b"[]"),
            stage.release.files[SIGNATURE].write_bytes(sign(b"[]", made.KEY, made.ED25519, "again")),
        ],
        "release_unreadable",
        "release_unreadable",
    ),
    "older version under a new name": (old_release_as_new, "release_contradictory", "release_contradictory"),
    "version outside": (signed_with(version="2026.10.9"), "release_contradictory", "release_contradictory"),
    "version inside": (packed(version_inside), "release_contradictory", "release_contradictory"),
    "manifest inside changed": (packed(another_manifest), "release_contradictory", "release_contradictory"),
    **{
        f"{name} flipped inside": (packed(flip_in(name)), "member_damaged", "member_damaged")
        for name in (DATABASE_NAME, "vectors-one.npy", "vectors-two.npy")
    },
    "file longer inside": (packed(one_vector_more), "member_size_wrong", "member_size_wrong"),
    "file missing inside": (
        packed(lambda members: members.pop("vectors-two.npy")),
        "member_missing",
        "member_missing",
    ),
    "file too many inside": (
        packed(lambda members: members.update(extra=b"")),
        "member_unexpected",
        "member_unexpected",
    ),
    "file that leads out": (
        packed(lambda members: members.update({"../../stash_sense.db": b"gone"})),
        "member_name_unsafe",
        "member_name_unsafe",
    ),
}
UPDATES = [(kind, name) for name in ATTACKS for kind in KINDS]


@pytest.mark.parametrize(("kind", "name"), UPDATES, ids=lambda value: value)
def test_an_update_refuses(stage: Stage, refused: Refused, kind: str, name: str) -> None:
    attack, code, _ = ATTACKS[name]
    attack(stage)
    refused(code, lambda: stage.update(kind))
    assert stage.updater.status().state is UpdateState.FAILED


@pytest.mark.parametrize("name", [name for name, (_, _, code) in ATTACKS.items() if code])
def test_an_import_refuses(stage: Stage, refused: Refused, name: str) -> None:
    attack, _, code = ATTACKS[name]
    attack(stage)
    refused(str(code), stage.bring_in)


@pytest.mark.parametrize("name", ["manifest flipped", "signature cut", "a stranger's key", "archive cut"])
def test_allowing_what_is_unsigned_allows_nothing_that_is_signed_wrong(
    stage: Stage, refused: Refused, name: str
) -> None:
    attack, code, _ = ATTACKS[name]
    attack(stage)
    refused(code, lambda: stage.update(allow_unsigned=True))


@pytest.mark.parametrize("kind", KINDS)
def test_what_nobody_signed_is_taken_when_allowed_and_says_so(stage: Stage, kind: str) -> None:
    stage.release.files[SIGNATURE].unlink()
    assert stage.update(kind, allow_unsigned=True) is not None
    current = stage.library.require()
    assert made.answer(stage.library) == made.NEW
    assert current.origin is not None
    assert current.origin.signed_by is None
    assert not current.origin.built_here


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_release_is_taken_and_says_who_signed_it(stage: Stage, kind: str) -> None:
    stage.trusted = (STRANGER.public, made.KEY.public)
    stage.__post_init__()
    assert stage.update(kind) is not None
    current = stage.library.require()
    assert made.answer(stage.library) == made.NEW
    assert current.origin is not None
    assert current.origin.signed_by == made.KEY.public.id
    assert stage.library.previous() == made.OLD
    assert stage.parts() == set()


def test_a_key_that_is_trusted_no_longer_vouches_for_nothing(stage: Stage, refused: Refused) -> None:
    stage.trusted = ()
    stage.__post_init__()
    refused("signer_untrusted", stage.update)


@pytest.mark.parametrize("listed", [made.NEW, "2099.1.1"])
def test_an_older_version_that_a_listing_calls_the_newest_is_not_installed(stage: Stage, listed: str) -> None:
    older = made.published(stage.place, "2026.8.1")
    listing = {"schema": 1, "releases": [{"version": listed, "manifest": older.files[MANIFEST].name}]}
    older.files[LISTING].write_text(json.dumps(listing))
    assert stage.update("web folder") is None
    assert made.answer(stage.library) == made.OLD


def test_an_older_version_under_a_tag_that_github_calls_the_newest_is_refused(stage: Stage, refused: Refused) -> None:
    older = made.published(stage.place, "2026.8.1")
    entry = stage.server.release("v2099.1.1", [file.name for file in older.files[:3]])
    stage.server.extra_releases = [entry]
    refused("release_contradictory", lambda: stage.update("GitHub"))


def test_the_version_in_use_is_not_installed_again(stage: Stage) -> None:
    assert stage.update() is not None
    before = stage.everything()
    assert stage.update() is None
    assert stage.everything() == before
    assert stage.updater.status().state is UpdateState.IDLE
    assert stage.updater.status().current == made.NEW


def test_a_version_that_does_not_find_its_own_faces_is_refused(stage: Stage, refused: Refused) -> None:
    # Every byte is as it was signed, but what was published is no database that could be searched.
    made.published(stage.place, "2026.11.1", zeroed=True)
    refused("canary_failed", stage.update)


def test_an_archive_alone_is_imported_at_the_word_of_the_user_and_says_so(stage: Stage) -> None:
    for file in (MANIFEST, SIGNATURE):
        stage.release.files[file].unlink()
    stage.bring_in()
    origin = stage.library.require().origin
    assert made.answer(stage.library) == made.NEW
    assert origin is not None
    assert origin.signed_by is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ((b'"requires": "0.1.0"', b'"requires": "99.0"'), "database_too_new"),
        ((b'"schema": 1', b'"schema": 7'), "database_too_new"),
        ((b'"pack": "tiny"', b'"pack": "../x"'), "release_unreadable"),
    ],
)
def test_an_archive_alone_is_understood_before_it_is_unpacked(
    stage: Stage, refused: Refused, change: tuple[bytes, bytes], code: str
) -> None:
    def changed(members: dict[str, bytes]) -> None:
        members["manifest.json"] = members["manifest.json"].replace(*change)

    made.packed_again(stage.release, changed)
    for file in (MANIFEST, SIGNATURE):
        stage.release.files[file].unlink()
    refused(code, stage.bring_in)


@pytest.mark.parametrize("name", ["missing.zip", "x" * 5_000, "missing/at all.zip"])
def test_a_file_that_is_not_there_cannot_be_imported(stage: Stage, refused: Refused, name: str) -> None:
    archive = stage.release.files[ARCHIVE]
    stage.release = replace(stage.release, files=(archive.with_name("x") / name, *stage.release.files[1:]))
    refused("input_missing", stage.bring_in)


def test_a_file_that_the_disk_does_not_give_is_not_one_that_cannot_be_written(stage: Stage, refused: Refused) -> None:
    unreadable = Path("/proc/self/mem")  # a file, of which nothing can be read at its end
    if not unreadable.exists():
        pytest.skip("there is no file that can be opened and not read here")
    stage.release = replace(stage.release, files=(unreadable, *stage.release.files[1:]))
    refused("archive_unreadable", stage.bring_in)


def test_an_archive_under_another_name_than_its_manifest_says_is_refused(stage: Stage, refused: Refused) -> None:
    files = [path.with_name(path.name.replace(made.NEW, "2026.12.1")) for path in stage.release.files]
    for path, renamed in zip(stage.release.files[:3], files, strict=False):
        path.rename(renamed)
    stage.release = replace(stage.release, files=tuple(files))
    refused("release_contradictory", stage.bring_in)
