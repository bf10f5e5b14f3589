"""A public release as a zip or a folder -> its files on the disk, every one of them checked against the manifest."""

import contextlib
import functools
import hashlib
import io
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Protocol

from stash_sense.errors import (
    InputMissing,
    InputUnreadable,
    PublicReleaseDamaged,
    PublicReleaseIncomplete,
    PublicReleaseUnchecked,
    PublicReleaseUnreadable,
    PublicReleaseUnsafe,
)
from stash_sense.files import storage_errors
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener
from stash_sense.performers.public.limits import MANIFEST, REQUIRED, PublicLimits

_PIECE = 1024 * 1024
_CHECKSUM = re.compile("sha256:([0-9a-f]{64})", re.IGNORECASE)
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Source(Protocol):
    """Where the files of a release are."""

    @property
    def path(self) -> Path:
        """What the user named."""

    @property
    def names(self) -> frozenset[str]:
        """Bare names of the files it has."""

    def opened(self, name: str) -> contextlib.AbstractContextManager[IO[bytes]]:
        """Open one of them.

        Raises:
            PublicReleaseDamaged: it cannot be unpacked.
            InputUnreadable: it cannot be read.
        """

    def lasting(self, name: str) -> Path | None:
        """Return where the file is on the disk already; None where it must be unpacked."""


@contextlib.contextmanager
def opened_source(path: Path, limits: PublicLimits) -> Iterator[Source]:
    """Give access to the files of a zip or folder until the block ends.

    Raises:
        InputMissing, InputUnreadable: there is nothing that could be read.
        PublicReleaseUnreadable: it is no zip.
        PublicReleaseUnsafe: it has what no release has, and what could do harm.
    """
    if path.is_dir():
        yield _Folder(path)
        return
    if not path.exists():
        raise InputMissing(path=path)
    try:
        file = _SmallReads(path.open("rb", buffering=0), limits.directory_bytes)
    except OSError as error:
        raise InputUnreadable(path=path, reason=error.strerror) from error
    with file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise InputUnreadable(path=path, reason="it is neither a file nor a folder")
        try:
            archive = zipfile.ZipFile(file)
        except _ZIP_ERRORS as error:
            raise PublicReleaseUnreadable(path=path, reason=f"{error}".rstrip(".")) from error
        with archive:
            yield _Zip(path, archive, limits)


def check_files(
    source: Source,
    checksums: Mapping[str, str],
    scratch: Path,
    limits: PublicLimits,
    progress: ProgressListener,
    cancel: CancelToken,
) -> dict[str, Path]:
    """Unpack the required files where they are in a zip, and compare the SHA-256 of all that are listed.

    Args:
        source: of the files.
        checksums: of the manifest, `sha256:` and 64 digits for each file.
        scratch: where to unpack; nothing is in it yet.
        limits: how large a file may be.
        progress: told the megabytes read.
        cancel: looked at between pieces.

    Returns:
        Where each required file but the manifest is.

    Raises:
        PublicReleaseUnchecked: a required file has no checksum, or one is no SHA-256.
        PublicReleaseIncomplete: a listed file is missing.
        PublicReleaseDamaged: a file is not the listed one, or cannot be unpacked.
        PublicReleaseUnsafe: one is larger than allowed.
    """
    needed = [name for name in REQUIRED if name != MANIFEST]
    if unlisted := [name for name in needed if name not in checksums]:
        raise PublicReleaseUnchecked(path=source.path, reason=f"its manifest has no checksum of {unlisted[0]}")
    for name, checksum in checksums.items():
        if not _CHECKSUM.fullmatch(checksum):
            raise PublicReleaseUnchecked(path=source.path, reason=f"the checksum of {name} is no SHA-256")
    if missing := [name for name in (*needed, *checksums) if name not in source.names]:
        raise PublicReleaseIncomplete(path=source.path, missing=missing[0])
    done = 0

    def listen(name: str, size: int) -> None:
        nonlocal done
        cancel.raise_if_cancelled()
        done += size
        progress(Progress("check", done // 1_000_000, note=name))

    places: dict[str, Path] = {}
    for name, checksum in checksums.items():
        target = source.lasting(name) or scratch / name
        with contextlib.ExitStack() as stack:
            out = None
            if name in needed and source.lasting(name) is None:
                # Outside of what reads: what the disk says when this is closed is not the source's fault.
                stack.enter_context(storage_errors(target))
                out = stack.enter_context(target.open("xb"))
            content = stack.enter_context(source.opened(name))
            listener = functools.partial(listen, name)
            digest = _copy(content, out, target, limits.file_bytes, source.path, listener)
        if f"sha256:{digest}" != checksum.lower():
            raise PublicReleaseDamaged(
                path=source.path, file=name, reason="has another SHA-256 than its manifest says"
            )
        if name in needed:
            places[name] = target
    return places


def _copy(
    content: IO[bytes], out: IO[bytes] | None, target: Path, most: int, path: Path, listen: Callable[[int], None]
) -> str:
    """Read a file to its end, or to the most it may have, and return its SHA-256."""
    digest, size = hashlib.sha256(), 0
    while piece := content.read(_PIECE):
        size += len(piece)
        if size > most:
            raise PublicReleaseUnsafe(path=path, reason=f"{target.name} has more than {most} bytes")
        digest.update(piece)
        if out is not None:
            with storage_errors(target):
                out.write(piece)
        listen(len(piece))
    return digest.hexdigest()


class _Folder:
    """A release that was unpacked: its files lie directly in the folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.names = frozenset(file.name for file in path.iterdir() if file.is_file())
        except OSError as error:
            raise InputUnreadable(path=path, reason=error.strerror) from error

    @contextlib.contextmanager
    def opened(self, name: str) -> Iterator[IO[bytes]]:
        try:
            # Without waiting: what was a file when the folder was listed may be a pipe by now.
            with os.fdopen(os.open(self.path / name, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
                yield file
        except OSError as error:
            raise InputUnreadable(path=self.path / name, reason=error.strerror) from error

    def lasting(self, name: str) -> Path | None:
        return self.path / name


class _Zip:
    """A release as it is published: its files at the top, or all in one folder."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, limits: PublicLimits) -> None:
        self.path = path
        self._archive = archive
        entries = archive.infolist()
        if len(entries) > limits.archive_entries:
            raise PublicReleaseUnsafe(path=path, reason=f"it has {len(entries)} entries")
        seen: set[str] = set()
        for info in entries:
            if (reason := _harm(info)) is not None or info.filename in seen:
                problem = reason or "is in it twice"
                raise PublicReleaseUnsafe(path=path, reason=f"its entry {info.filename[:100]!r} {problem}")
            seen.add(info.filename)
        self._members = self._found([info for info in entries if not info.is_dir()])
        self.names = frozenset(self._members)

    def _found(self, files: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
        """Return the files by bare name: those beside the manifest, which is at the top or in one folder."""
        manifests = [info.filename for info in files if info.filename.rsplit("/", 1)[-1] == MANIFEST]
        folders = {name.rpartition("/")[0] for name in manifests if name.count("/") <= 1}
        if len(folders) > 1:
            raise PublicReleaseUnsafe(path=self.path, reason=f"it has {MANIFEST} in more than one place")
        folder = next(iter(folders), "")
        found = {info.filename.rpartition("/")[::2]: info for info in files}
        return {name: info for (place, name), info in found.items() if place == folder}

    @contextlib.contextmanager
    def opened(self, name: str) -> Iterator[IO[bytes]]:
        try:
            with self._archive.open(self._members[name]) as file:
                yield file
        except _ZIP_ERRORS as error:
            raise PublicReleaseDamaged(path=self.path, file=name, reason=f"cannot be unpacked ({error})") from error
        except OSError as error:
            raise InputUnreadable(path=self.path, reason=error.strerror or "it cannot be read") from error

    def lasting(self, name: str) -> Path | None:
        return None


def _harm(info: zipfile.ZipInfo) -> str | None:
    """Say what is wrong with an entry; None where nothing is. Only known names are unpacked, but nobody who means
    well makes such entries.
    """
    name = info.orig_filename
    parts = name.removesuffix("/").split("/")
    mode = info.external_attr >> 16
    if "\\" in name or ":" in name or not name.isprintable() or any(part in ("", ".", "..") for part in parts):
        return "has a name that leads elsewhere"
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device"
    if info.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if info.compress_type not in _METHODS:
        return "is packed in a way that is not known"
    return None


class _SmallReads(io.BufferedReader):
    """A file of which little is read at once: a zip's list of entries can be made as long as its maker likes."""

    def __init__(self, raw: io.RawIOBase, most: int) -> None:
        super().__init__(raw)
        self._most = max(most, _PIECE)

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(self._most + 1 if size is None or size < 0 else min(size, self._most + 1))
        if len(content) > self._most:
            raise zipfile.BadZipFile("its list of entries is longer than any release's")
        return content
