"""Whether an archive, and the files of an unpacked version, are byte for byte what a manifest says."""

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from stash_sense.errors import (
    ArchiveChanged,
    ArchiveSizeWrong,
    ArchiveUnreadable,
    ReleaseUnreadable,
    StashSenseError,
    VersionFileChanged,
    VersionFileError,
    VersionFileMissing,
    VersionFileSizeWrong,
    VersionFileUnexpected,
    VersionFileUnreadable,
)
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import ProgressListener, silent
from stash_sense.performers.manifest import MANIFEST_NAME, FileEntry, Manifest
from stash_sense.performers.versions.installed import VERIFY
from stash_sense.releases.release_manifest import MANIFEST_BYTES, ArchiveEntry, read_manifest
from stash_sense.releases.streaming import Tally, nowhere, stream


def verify_archive(
    path: Path, entry: ArchiveEntry, progress: ProgressListener = silent, cancel: CancelToken | None = None
) -> None:
    """Make sure that an archive is the one that a release describes.

    Raises:
        ArchiveUnreadable, ArchiveSizeWrong, ArchiveChanged: it is not.
        Cancelled: somebody asked to stop.
    """
    tally = Tally(VERIFY, entry.size, progress, cancel or CancelToken())
    with opened_archive(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size == entry.size:
            size, sha256 = stream(archive_reader(file, path), nowhere, entry.size, tally)
    if size != entry.size:
        raise ArchiveSizeWrong(archive=path.name, size=size, expected=entry.size)
    if sha256 != entry.sha256:
        raise ArchiveChanged(archive=path.name)


def folder_faults(
    folder: Path, manifest: Manifest, progress: ProgressListener = silent, cancel: CancelToken | None = None
) -> Iterator[VersionFileError]:
    """Find all that is wrong with a version's folder.

    Args:
        folder: of the version.
        manifest: what it should hold.
        progress: told the megabytes that were read.
        cancel: stops it, with `Cancelled`.
    """
    tally = Tally(VERIFY, manifest.size, progress, cancel or CancelToken())
    try:
        there = set(os.listdir(folder))  # noqa: PTH208 - names alone, of a folder that may hold anything
    except OSError as error:
        yield VersionFileUnreadable(path=folder, reason=error.strerror or "it cannot be read")
        return
    for name in sorted(there - {MANIFEST_NAME, *manifest.files}):
        yield VersionFileUnexpected(path=folder / name)
    for name in (MANIFEST_NAME, *sorted(manifest.files)):
        try:
            if name == MANIFEST_NAME:
                _check_manifest(folder, manifest)
            else:
                stream_file(folder / name, manifest.files[name], nowhere, tally)
        except VersionFileError as fault:
            yield fault


@contextlib.contextmanager
def opened_archive(path: Path) -> Iterator[IO[bytes]]:
    """Open an archive for reading.

    Raises:
        ArchiveUnreadable: it is not there, no file, or not allowed.
    """
    try:
        file = _opened(path)
    except OSError as error:
        raise ArchiveUnreadable(archive=path.name, reason=error.strerror or "it cannot be read") from error
    if file is None:
        raise ArchiveUnreadable(archive=path.name, reason="it is no file")
    with file:
        yield file


@contextlib.contextmanager
def opened_file(path: Path) -> Iterator[tuple[IO[bytes], int]]:
    """Open a file of a version, give it and its size; a link, a folder or a device is none.

    Raises:
        VersionFileMissing: it is not there, or no file.
        VersionFileUnreadable: it cannot be opened.
    """
    try:
        file = None if path.is_symlink() else _opened(path, os.O_NOFOLLOW)
    except FileNotFoundError as error:
        raise VersionFileMissing(path=path) from error
    except OSError as error:
        raise VersionFileUnreadable(path=path, reason=error.strerror or "it cannot be read") from error
    if file is None:
        raise VersionFileMissing(path=path)
    with file:
        yield file, os.fstat(file.fileno()).st_size


def _opened(path: Path, flags: int = 0) -> IO[bytes] | None:
    """Open a file for reading without waiting for a pipe's other end; None where it is something else than a file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    return os.fdopen(descriptor, "rb")


def stream_file(path: Path, entry: FileEntry, write: Callable[[bytes], object], tally: Tally) -> None:
    """Read a file of a version to its end, giving every block to `write`, and check it.

    Raises:
        VersionFileError: it is not what its entry says; `write` may have had some of it by then.
        Cancelled: somebody asked to stop.
    """
    with opened_file(path) as (file, size):
        if size == entry.size:
            size, sha256 = stream(_file_reader(file, path), write, entry.size, tally)
    if size != entry.size:
        raise VersionFileSizeWrong(path=path, size=size, expected=entry.size)
    if sha256 != entry.sha256:
        raise VersionFileChanged(path=path)


def version_manifest(folder: Path) -> bytes:
    """Return the content of a version's manifest.

    Raises:
        VersionFileError: it is missing, unreadable, or too long for a manifest.
    """
    path = folder / MANIFEST_NAME
    with opened_file(path) as (file, _):
        content = _file_reader(file, path)(MANIFEST_BYTES + 1)
    if len(content) > MANIFEST_BYTES:
        raise VersionFileUnreadable(path=path, reason="it is too long for a manifest")
    return content


def archive_reader(file: IO[bytes], path: Path) -> Callable[[int], bytes]:
    """Read an archive's bytes, telling in our words when the disk does not give them."""
    return _reader(file, lambda reason: ArchiveUnreadable(archive=path.name, reason=reason))


def _file_reader(file: IO[bytes], path: Path) -> Callable[[int], bytes]:
    return _reader(file, lambda reason: VersionFileUnreadable(path=path, reason=reason))


def _reader(file: IO[bytes], unreadable: Callable[[str], StashSenseError]) -> Callable[[int], bytes]:
    def read(count: int) -> bytes:
        try:
            return file.read(count)
        except OSError as error:
            raise unreadable(error.strerror or "it cannot be read") from error

    return read


def _check_manifest(folder: Path, manifest: Manifest) -> None:
    content = version_manifest(folder)
    try:
        same = read_manifest(content, MANIFEST_NAME) == manifest
    except ReleaseUnreadable:
        same = False
    if not same:
        raise VersionFileChanged(path=folder / MANIFEST_NAME)
