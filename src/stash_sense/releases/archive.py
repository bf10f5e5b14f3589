"""A version's folder to the zip that is published, and back, where only what the manifest lists is ever written."""

import contextlib
import glob
import os
import secrets
import stat
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from stash_sense import __version__
from stash_sense.errors import (
    ArchiveDamaged,
    ArchiveUnreadable,
    MemberDamaged,
    MemberSizeWrong,
    NotWritable,
    ReleaseContradictory,
    ReleaseUnreadable,
)
from stash_sense.files import flush_folder, storage_errors
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener, silent
from stash_sense.performers.manifest import MANIFEST_NAME, FileEntry, Manifest
from stash_sense.releases.release_manifest import MANIFEST_BYTES, read_manifest
from stash_sense.releases.streaming import Tally, nowhere, stream
from stash_sense.releases.verification import archive_reader, opened_archive, stream_file, version_manifest
from stash_sense.releases.zip_directory import ZIP_ERRORS, ArchiveLimits, check_members, read_members

PACK = "pack, MB"
UNPACK = "unpack, MB"
COPY = "copy, MB"
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can say: equal versions make equal archives."""
_UNIX = 3
_PART = ".part"
_ABANDONED = 3600.0
"""Seconds without a change after which an archive counts as left by a killed program."""
_LARGE_BYTES = 2**31
"""From here on a member is written in zip64's form: half of what the plain form can say."""


def pack(
    folder: Path, target: Path, progress: ProgressListener = silent, cancel: CancelToken | None = None
) -> FileEntry:
    """Write the archive of a version, each byte checked against the version's manifest; return what it became.

    Equal versions make equal archives. The archive is there whole or not at all.

    Args:
        folder: of the version.
        target: the archive; one that is there is replaced.
        progress: told the megabytes read.
        cancel: stops it.

    Raises:
        DatabaseError: the folder has no manifest that can be read.
        VersionFileError: a file of it is not what its manifest says.
        StorageError: the archive cannot be written.
        Cancelled: somebody asked to stop.
    """
    content = version_manifest(folder)
    manifest = Manifest.read(content, folder, __version__)
    # Of its own, for two programs may pack the same; the next one removes what a killed one left.
    part = target.with_name(f".{target.name}.{secrets.token_hex(8)}{_PART}")
    # The archive is read once more for its hash: what zipfile writes last are the sizes at its members' beginnings.
    tally = Tally(PACK, manifest.size, progress, cancel or CancelToken())
    with storage_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(target)
        try:
            with part.open("xb") as out:
                with zipfile.ZipFile(out, "w", allowZip64=True) as archive:
                    archive.writestr(_member(MANIFEST_NAME, len(content)), content)
                    for name in sorted(manifest.files):
                        entry = manifest.files[name]
                        large = entry.size >= _LARGE_BYTES
                        with archive.open(_member(name, entry.size), "w", force_zip64=large) as member:
                            stream_file(folder / name, entry, member.write, tally)
                out.flush()
                os.fsync(out.fileno())
            packed = _described(part, tally)
            part.replace(target)
            flush_folder(target.parent)
        except BaseException:
            with contextlib.suppress(OSError):  # what went wrong before is what the user must know
                part.unlink(missing_ok=True)
            raise
    return packed


def unpack(
    path: Path,
    manifest: Manifest,
    into: Path,
    limits: ArchiveLimits | None = None,
    progress: ProgressListener = silent,
    cancel: CancelToken | None = None,
) -> None:
    """Write the files of an archive into a folder: exactly those of the manifest, each checked while it is written.

    Nothing in the archive is believed: names, kinds, sizes and places are looked at before the first byte is written,
    sizes and SHA-256 of the manifest hold for what comes out. The files are on the disk when this returns.

    Args:
        path: of the archive.
        manifest: of the version, as a release says that was verified.
        into: a folder that does not exist yet, or is empty.
        limits: bounds for the list of the archive's members.
        progress: told the megabytes written.
        cancel: stops it.

    Raises:
        ArchiveError, ReleaseContradictory: the archive is refused; nothing of it is left.
        StorageError: the files cannot be written; nothing is left.
        Cancelled: somebody asked to stop; nothing is left.
    """
    if MANIFEST_NAME in manifest.files:
        raise ReleaseContradictory(name=path.name, reason="its manifest lists itself")
    expected = {MANIFEST_NAME: None, **{name: entry.size for name, entry in manifest.files.items()}}
    tally = Tally(UNPACK, manifest.size, progress, cancel or CancelToken())
    with opened_archive(path) as file, _filled(into) as written:
        with reading(path):
            opened, start = read_members(file, path.name, limits or ArchiveLimits())
            check_members(opened, start, path.name, expected)
        content = _manifest_member(opened, path, manifest)
        for name, entry in sorted(manifest.files.items()):
            with _new_file(into / name, written) as out, _opened_member(opened, name, path) as read:
                size, sha256 = stream(read, out.write, entry.size, tally)
                if size != entry.size:
                    raise MemberSizeWrong(archive=path.name, member=name, expected=entry.size)
                if sha256 != entry.sha256:
                    raise MemberDamaged(archive=path.name, member=name, reason="its SHA-256 is another")
        with _new_file(into / MANIFEST_NAME, written) as out:
            out.write(content)


def copy(
    folder: Path,
    manifest: Manifest,
    into: Path,
    progress: ProgressListener = silent,
    cancel: CancelToken | None = None,
) -> None:
    """Copy a version's folder, exactly what its manifest lists, each file checked while it is written.

    Args:
        folder: of the version.
        manifest: that was read from it.
        into: a folder that does not exist yet, or is empty.
        progress: told the megabytes written.
        cancel: stops it.

    Raises:
        VersionFileError: a file of it is not what its manifest says; nothing of it is left.
        StorageError: the files cannot be written; nothing is left.
        Cancelled: somebody asked to stop; nothing is left.
    """
    tally = Tally(COPY, manifest.size, progress, cancel or CancelToken())
    with _filled(into) as written:
        for name, entry in sorted(manifest.files.items()):
            with _new_file(into / name, written) as out:
                stream_file(folder / name, entry, out.write, tally)
        with _new_file(into / MANIFEST_NAME, written) as out:
            out.write(manifest.to_json())


def _remove_abandoned(target: Path) -> None:
    """Remove what killed programs left of an archive; one that is being written changes every few seconds."""
    for part in target.parent.glob(f".{glob.escape(target.name)}.*{_PART}"):
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > _ABANDONED:
                part.unlink()


def _member(name: str, size: int) -> zipfile.ZipInfo:
    """Describe a file to be written as every machine and every day does it."""
    member = zipfile.ZipInfo(name, _FIRST_DAY)
    member.create_system = _UNIX
    member.external_attr = (stat.S_IFREG | 0o644) << 16
    # Vectors of random-looking numbers do not get smaller.
    member.compress_type = zipfile.ZIP_STORED if name.endswith(".npy") else zipfile.ZIP_DEFLATED
    member.file_size = size
    return member


def _described(path: Path, tally: Tally) -> FileEntry:
    size = path.stat().st_size
    with opened_archive(path) as file:
        count, sha256 = stream(archive_reader(file, path), nowhere, size, tally)
    return FileEntry(size=count, sha256=sha256)


@contextlib.contextmanager
def _filled(folder: Path) -> Iterator[list[Path]]:
    """Let the block fill a new or empty folder with files that it notes; flush it, or take them away again."""
    written: list[Path] = []
    with storage_errors(folder):
        made = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise NotWritable(path=folder, reason="it is not empty")
    try:
        yield written
        with storage_errors(folder):
            flush_folder(folder)
            flush_folder(folder.parent)
    except BaseException:
        with contextlib.suppress(OSError):  # what went wrong before is what the user must know
            for path in written:
                path.unlink(missing_ok=True)
            if made:
                folder.rmdir()
        raise


@contextlib.contextmanager
def _new_file(path: Path, written: list[Path]) -> Iterator[IO[bytes]]:
    """Write a file that was not there, note it, and flush it to the disk."""
    with storage_errors(path), path.open("xb") as out:
        written.append(path)
        yield out
        out.flush()
        os.fsync(out.fileno())


@contextlib.contextmanager
def _opened_member(opened: zipfile.ZipFile, name: str, path: Path) -> Iterator[Callable[[int], bytes]]:
    """Give what reads a member, whatever goes wrong in one of our errors."""
    with reading(path, name):
        member = opened.open(name)

    def read(count: int) -> bytes:
        with reading(path, name):
            return member.read(count)

    with member:
        yield read


@contextlib.contextmanager
def reading(path: Path, member: str | None = None) -> Iterator[None]:
    """Turn what zipfile and the disk say about an archive into our errors.

    Raises:
        ArchiveDamaged, MemberDamaged: it, or the member named, is no zip as there should be.
        ArchiveUnreadable: the disk does not give it.
    """
    try:
        yield
    except ZIP_ERRORS as error:
        reason = str(error) or type(error).__name__
        if member is None:
            raise ArchiveDamaged(archive=path.name, reason=reason) from error
        raise MemberDamaged(archive=path.name, member=member, reason=reason) from error
    except OSError as error:
        raise ArchiveUnreadable(archive=path.name, reason=error.strerror or "it cannot be read") from error


def _manifest_member(opened: zipfile.ZipFile, path: Path, manifest: Manifest) -> bytes:
    """Return the manifest's own bytes, when they say the same as the manifest that was verified."""
    with _opened_member(opened, MANIFEST_NAME, path) as read:
        content = read(MANIFEST_BYTES + 1)
    try:
        same = read_manifest(content, MANIFEST_NAME) == manifest
    except ReleaseUnreadable:
        same = False
    if not same:
        raise ReleaseContradictory(name=path.name, reason="the manifest in it is another")
    return content
