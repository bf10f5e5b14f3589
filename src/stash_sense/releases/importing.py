"""A file that the user names -> the version in use: an archive of ours, signed or not, or a public release."""

from collections.abc import Collection, Sequence
from pathlib import Path

from stash_sense import __version__
from stash_sense.errors import InputMissing, ReleaseContradictory, ReleaseMissing, ReleaseUnreadable
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener, silent
from stash_sense.performers.manifest import DATABASE_NAME, MANIFEST_NAME, Manifest, check_understood
from stash_sense.performers.public.limits import REQUIRED
from stash_sense.performers.versions.library import new_origin
from stash_sense.releases.archive import reading
from stash_sense.releases.installing import Installed, ReleaseInstaller
from stash_sense.releases.keys import Ed25519, PublicKey
from stash_sense.releases.release_manifest import (
    MANIFEST_BYTES,
    MANIFEST_SUFFIX,
    ReleaseManifest,
    read_manifest,
    read_object,
)
from stash_sense.releases.signing import SIGNATURE_BYTES, SIGNATURE_SUFFIX, verify
from stash_sense.releases.verification import opened_archive, verify_archive
from stash_sense.releases.zip_directory import ArchiveLimits, read_members

_PUBLIC = "checksums"
"""A key of a public release's manifest, which ours does not have."""
_OURS = "embedders"
"""A key of our manifest, which a public release's does not have."""


def import_file(
    path: Path,
    installer: ReleaseInstaller,
    trusted: Sequence[PublicKey],
    ed25519: Ed25519,
    cancel: CancelToken,
    progress: ProgressListener = silent,
) -> Installed:
    """Install a database from a file.

    Naming a file says that its contents are wanted; where its release manifest and signature lie beside it, they
    must be right all the same.

    Args:
        path: a zip of ours or a public release's, or the folder of a version, or of an unpacked public release.
        installer: puts it into use.
        trusted: keys whose signatures count.
        ed25519: checks signatures.
        cancel: stops it at any time before the switch.
        progress: told how far each part is.

    Raises:
        InputMissing: there is nothing of that name.
        SignatureError, ReleaseError, ArchiveError, VersionFileError, PublicReleaseError: it is refused.
        DatabaseError, StorageError: it cannot be installed.
        Cancelled: the token was set. In all these cases the version in use stays.
    """
    inside = check_file(path)
    described = _description_of(path)
    here = str(path.absolute())  # to be imported again from any folder
    signed_by: str | None = None
    if described is not None:
        manifest, signed_by = _described(path, described, trusted, ed25519, cancel, progress)
    else:
        if inside is None:
            return installer.install_public(path, new_origin(here), cancel, progress)
        if path.is_dir():
            return installer.install_folder(path, inside, new_origin(here), cancel, progress)
        manifest = inside
    return installer.install_archive(path, manifest, new_origin(here, signed_by=signed_by), cancel, progress)


def check_file(path: Path) -> Manifest | None:
    """Look whether a file could be imported.

    Returns:
        The manifest in it; None of a public release, which has none, and of an archive with a release manifest beside
        it, by which it is to be judged.

    Raises:
        InputMissing, ReleaseError, ArchiveError, DatabaseDamaged, DatabaseTooNew: as `import_file`.
    """
    if not _is_there(path):
        raise InputMissing(path=path)
    if _description_of(path) is not None:
        return None
    return _manifest_in(path) if path.is_dir() else manifest_of(path)


def _description_of(path: Path) -> Path | None:
    """Return the release manifest that lies beside an archive."""
    if path.is_dir():
        return None
    described = path.with_name(path.name.removesuffix(".zip") + MANIFEST_SUFFIX)
    return described if _is_there(described) and described.is_file() else None


def _described(
    archive: Path,
    described: Path,
    trusted: Sequence[PublicKey],
    ed25519: Ed25519,
    cancel: CancelToken,
    progress: ProgressListener,
) -> tuple[Manifest, str | None]:
    """Check an archive against the release manifest beside it; return what must be in it, and the signer's id."""
    content = _content(described, MANIFEST_BYTES)
    signature = described.with_name(described.name + SIGNATURE_SUFFIX)
    signed_by = None
    if signature.is_file():
        signed_by = verify(content, _content(signature, SIGNATURE_BYTES), trusted, ed25519, described.name).id
    release = ReleaseManifest.read(content, described.name)
    if release.archive.name != archive.name:
        raise ReleaseContradictory(name=described.name, reason=f"it is about {release.archive.name}")
    verify_archive(archive, release.archive, progress, cancel)
    return release.manifest, signed_by


def manifest_of(path: Path) -> Manifest | None:
    """Return the manifest inside an archive of ours; None where it is something else, a public release perhaps.

    Raises:
        ArchiveError: it is no zip that could be looked into.
        ReleaseError: its manifest is damaged, or there is nothing of a database in it.
        DatabaseDamaged, DatabaseTooNew: its manifest is none, or a newer program is needed to understand it.
    """
    with opened_archive(path) as file, reading(path):
        opened, _ = read_members(file, path.name, ArchiveLimits())
        if MANIFEST_NAME not in opened.namelist():
            if _holds_nothing(opened.namelist()):
                raise ReleaseMissing(name=path.name)
            return None
        with opened.open(MANIFEST_NAME) as member:
            content = member.read(MANIFEST_BYTES + 1)
    if _PUBLIC in read_object(content, f"{path.name}: {MANIFEST_NAME}"):
        return None
    check_understood(content, path.name, __version__)
    return read_manifest(content, f"{path.name}: {MANIFEST_NAME}")


def _manifest_in(folder: Path) -> Manifest | None:
    """Return the manifest of a version's folder; None where it is something else; raises as `manifest_of` does."""
    try:
        names = {entry.name for entry in folder.iterdir()}
    except OSError as error:
        raise ReleaseUnreadable(name=folder, reason=error.strerror or "it cannot be read") from error
    if MANIFEST_NAME not in names:
        if _holds_nothing(names):
            raise ReleaseMissing(name=folder)
        return None
    content = _content(folder / MANIFEST_NAME, MANIFEST_BYTES)
    if _OURS not in read_object(content, f"{folder / MANIFEST_NAME}"):
        return None
    return Manifest.read(content, folder, __version__)


def _holds_nothing(names: Collection[str]) -> bool:
    """Whether there is neither a manifest among these, nor a file that only public releases have."""
    return ({*REQUIRED} - {DATABASE_NAME} | {MANIFEST_NAME}).isdisjoint(names)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # no disk could hold a file of that name, or we may not look
        return False


def _content(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise ReleaseUnreadable(name=path.name, reason=error.strerror or "it cannot be read") from error
