"""An installed version to a folder that others can update from: archive, manifest, signature, and the listing.

The folder can be served while it is written: files are put in place whole, and what names a file comes after it.
"""

import contextlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from packaging.version import Version

from stash_sense.errors import NotWritable, ReleaseAlreadyPublished, ReleaseError, ReleaseOnlyHere
from stash_sense.files import storage_errors, write_atomically
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener, silent
from stash_sense.performers.manifest import MANIFEST_NAME
from stash_sense.performers.versions.naming import whole_version
from stash_sense.releases.archive import pack
from stash_sense.releases.holding import Held, held
from stash_sense.releases.keys import Ed25519, SecretKey
from stash_sense.releases.release_manifest import (
    LISTING_NAME,
    MANIFEST_BYTES,
    MANIFEST_SUFFIX,
    ListedRelease,
    ReleaseListing,
    ReleaseManifest,
    archive_name,
    read_manifest,
)
from stash_sense.releases.signing import SIGNATURE_SUFFIX, sign
from stash_sense.releases.verification import version_manifest


@dataclass(frozen=True, slots=True)
class Published:
    """What was written.

    Attributes:
        release: the manifest that was signed.
        files: the release's own three, then the listing.
        key: id of the key it was signed with.
        newest: version that is the newest in the folder, and what others update to.
        held: which other versions there hold somebody who was forgotten.
    """

    release: ReleaseManifest
    files: tuple[Path, ...]
    key: str
    newest: str
    held: Held


def publish(
    version_folder: Path,
    out: Path,
    key: SecretKey,
    ed25519: Ed25519,
    *,
    forgotten: Collection[str] = (),
    now: datetime | None = None,
    progress: ProgressListener = silent,
    cancel: CancelToken | None = None,
) -> Published:
    """Publish a version into a folder of releases, and list it there.

    A version is published once: to publish the same again only signs it anew; another of that name is refused, since
    somebody may be downloading the first. A release whose three files were removed is off the listing the next time.

    Args:
        version_folder: of an installed version.
        out: the folder of releases; made if it is not there. One program at a time publishes into it.
        key: of the publisher; there are no unsigned releases.
        ed25519: makes the signature.
        forgotten: universal ids of people who should not be in what is published.
        now: the time to sign with.
        progress: told the megabytes packed, and those looked through in other releases.
        cancel: stops it before anything can be seen in the folder.

    Raises:
        ReleaseAlreadyPublished: the folder has another release of this version.
        ReleaseOnlyHere: people were left out of the version here, which is somebody else's.
        DatabaseError, VersionFileError: the version is not whole.
        StorageError: the folder cannot be written.
        Cancelled: somebody asked to stop.
    """
    version = read_manifest(version_manifest(version_folder), MANIFEST_NAME).version
    if (whole := whole_version(version)) != version:
        raise ReleaseOnlyHere(name=version, whole=whole)
    if out.exists() and not out.is_dir():
        raise NotWritable(path=out, reason="it is a file, and releases go into a folder")
    archive = out / archive_name(version)
    fresh = archive.with_name(f".{archive.name}.new")
    try:
        packed = pack(version_folder, fresh, progress, cancel)
        manifest = read_manifest(version_manifest(version_folder), MANIFEST_NAME)
        release = ReleaseManifest.of(manifest, packed)
        content = release.to_json()
        described = out / release.name
        signature = described.with_name(described.name + SIGNATURE_SUFFIX)
        if _content(described) not in (None, content):
            raise ReleaseAlreadyPublished(name=out, version=version)
        comment = f"timestamp:{int((now or datetime.now(UTC)).timestamp())}\tfile:{described.name}\thashed"
        signed = sign(content, key, ed25519, comment)
        found = held(out, version, forgotten, cancel or CancelToken(), progress)
        with storage_errors(archive):
            fresh.replace(archive)
    except BaseException:
        with contextlib.suppress(OSError):  # what went wrong before is what the user must know
            fresh.unlink(missing_ok=True)
        raise
    write_atomically(signature, signed)
    write_atomically(described, content)
    listing = out / LISTING_NAME
    listed = listing_of(out)
    write_atomically(listing, listed.to_json())
    return Published(
        release=release,
        files=(archive, described, signature, listing),
        key=key.public.id,
        newest=listed.releases[0].version,
        held=found,
    )


def listing_of(folder: Path) -> ReleaseListing:
    """List the releases that lie whole in a folder, newest first.

    What cannot be read, or lacks its archive or signature, is left out.
    """
    found = []
    for path in folder.glob(f"*{MANIFEST_SUFFIX}"):
        content = _content(path)
        try:
            release = ReleaseManifest.read(content or b"", path.name)
        except ReleaseError:
            continue
        archive = folder / release.archive.name
        whole = archive.is_file() and archive.stat().st_size == release.archive.size
        signed = path.with_name(path.name + SIGNATURE_SUFFIX).is_file()
        if whole and signed and path.name == release.name:
            found.append(ListedRelease(version=release.version, manifest=release.name))
    found.sort(key=lambda release: (Version(release.version), release.version), reverse=True)
    return ReleaseListing(releases=tuple(found))


def _content(path: Path) -> bytes | None:
    """Return a file's content, no more of it than a manifest has; None where there is none."""
    try:
        with path.open("rb") as file:
            return file.read(MANIFEST_BYTES + 1)
    except OSError:
        return None
