"""Releases of made-up files, and archives as an attacker writes them. What is in the files does not matter."""

import hashlib
import os
import stat
import struct
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stash_sense.adapters.signing.pynacl import PyNaClEd25519
from stash_sense.performers.manifest import MANIFEST_NAME, EmbedderVectors, FileEntry, Manifest
from stash_sense.releases.archive import unpack
from stash_sense.releases.keys import PublicKey, SecretKey
from stash_sense.releases.publishing import Published, publish
from stash_sense.releases.release_manifest import ReleaseManifest
from stash_sense.releases.signing import SIGNATURE_SUFFIX, verify
from stash_sense.releases.verification import folder_faults, verify_archive

VERSION = "2026.11.22"
DATABASE = b"SQLite format 3\0" + b"a performer and many more " * 300
VECTORS = hashlib.shake_256(b"vectors").digest(6_000)
FILES = {"performers.db": DATABASE, "vectors-first.npy": VECTORS}
ED25519 = PyNaClEd25519()
Member = tuple[zipfile.ZipInfo | str, bytes]


def entry(content: bytes) -> FileEntry:
    return FileEntry(size=len(content), sha256=hashlib.sha256(content).hexdigest())


def manifest(**changes: Any) -> Manifest:
    fields: dict[str, Any] = {
        "version": VERSION,
        "requires": "0.1.0",
        "created_at": datetime(2026, 11, 22, 12, tzinfo=UTC),
        "pack": "lite",
        "embedders": (EmbedderVectors(id="first", dim=3, file="vectors-first.npy", dtype="float16"),),
        "performer_count": 2,
        "face_count": 1_000,
        "sources": ("folder",),
        "content": "0" * 64,
        "files": {name: entry(content) for name, content in FILES.items()},
    }
    return Manifest.model_validate({**fields, **changes})


def version_folder(folder: Path, **changes: Any) -> Path:
    """Write a version as it is when it is installed."""
    folder.mkdir(parents=True)
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    (folder / MANIFEST_NAME).write_bytes(manifest(**changes).to_json())
    return folder


def new_key() -> SecretKey:
    return SecretKey(os.urandom(8), ED25519.keypair()[1])


def published(folder: Path, out: Path, key: SecretKey, **changes: Any) -> Published:
    return publish(version_folder(folder, **changes), out, key, ED25519, now=datetime(2026, 11, 22, 13, tzinfo=UTC))


def received(release: Path, into: Path, *trusted: PublicKey) -> Manifest:
    """Take a release out of a folder as an update does: signature, manifest, archive, files, in this order."""
    signature = release.with_name(release.name + SIGNATURE_SUFFIX)
    content = release.read_bytes()
    verify(content, signature.read_bytes() if signature.exists() else None, trusted, ED25519, release.name)
    described = ReleaseManifest.read(content, release.name)
    archive = release.parent / described.archive.name
    verify_archive(archive, described.archive)
    unpack(archive, described.manifest, into)
    for fault in folder_faults(into, described.manifest):
        raise fault
    return described.manifest


def file_member(name: str, **attributes: Any) -> zipfile.ZipInfo:
    """Describe a member that is a plain file unless the attributes say otherwise."""
    member = zipfile.ZipInfo("placeholder", (1980, 1, 1, 0, 0, 0))
    # zipfile cleans names it is given; what is set afterwards it writes as it is.
    member.filename = member.orig_filename = name
    member.create_system, member.external_attr = 3, (stat.S_IFREG | 0o644) << 16
    member.compress_type = zipfile.ZIP_DEFLATED
    for attribute, value in attributes.items():
        setattr(member, attribute, value)
    return member


def good_members(described: Manifest | None = None) -> list[Member]:
    content = (described or manifest()).to_json()
    return [(file_member(name), content) for name, content in {MANIFEST_NAME: content, **FILES}.items()]


def forged(path: Path, members: Iterable[Member]) -> Path:
    """Write an archive with any members, as often as they are given."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members:
            # Python's own warning about a name that is there twice is not what is tested.
            archive.NameToInfo.clear()
            archive.writestr(member, content)
    return path


@dataclass
class Entry:
    """Where in an archive's bytes a member is described: at its beginning, and in the list at the end."""

    local: int
    central: int


def entry_of(content: bytes, name: str) -> Entry:
    """Find a member in an archive's bytes."""
    encoded = name.encode()
    local = content.index(encoded) - 30
    central = content.rindex(encoded) - 46
    assert content[local:].startswith(b"PK\3\4")
    assert content[central:].startswith(b"PK\1\2")
    return Entry(local, central)


def patched(content: bytes, offset: int, form: str, *values: int) -> bytes:
    """Write numbers into bytes."""
    changed = bytearray(content)
    struct.pack_into(form, changed, offset, *values)
    return bytes(changed)


def in_list(name: str, offset: int, form: str, *values: int) -> Callable[[bytes], bytes]:
    """Change what the list at an archive's end says about a member, at an offset of its entry."""
    return lambda content: patched(content, entry_of(content, name).central + offset, form, *values)


def at_both(name: str, local: int, central: int, form: str, *values: int) -> Callable[[bytes], bytes]:
    """Change what both descriptions of a member say."""

    def change(content: bytes) -> bytes:
        place = entry_of(content, name)
        return patched(patched(content, place.local + local, form, *values), place.central + central, form, *values)

    return change
