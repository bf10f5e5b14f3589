"""What the user names with --from, a folder, a zip or a single file, to the few files in it that are asked for.

Files are looked up by bare name: nothing is unpacked to the disk, and no path of an archive is ever followed.
"""

import contextlib
import os
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Protocol

from stash_sense.errors import InputMissing, InputUnreadable, PackSourceMismatch
from stash_sense.models.extraction import ARCHIVE_ERRORS, archive_member

_MOST_MEMBERS = 100_000
"""Entries of an archive that are looked through; packs have a handful."""


class Supply(Protocol):
    """Gives files by name."""

    def has(self, name: str) -> bool:
        """Whether there is such a file."""

    def find(self, name: str, most: int) -> bytes | None:
        """Return the content of a file, or None where there is no such file.

        Raises:
            PackSourceMismatch: it has more than `most` bytes, or its archive is damaged.
            InputUnreadable: it cannot be read.
        """


@contextlib.contextmanager
def opened_supply(path: Path | None, pack: str) -> Iterator[Supply]:
    """Give access to what the user named until the block ends; without a name there is nothing in it.

    Raises:
        InputMissing: there is nothing at the path.
        InputUnreadable: it can not be read.
        PackSourceMismatch: it is a zip that is damaged.
    """
    if path is None:
        yield _Nothing()
    elif path.is_dir():
        yield _FolderSupply([path, path / pack], pack)
    elif not path.exists():
        raise InputMissing(path=path)
    elif path.suffix.lower() == ".zip":
        with _opened_zip(path, pack) as archive:
            yield _ZipSupply(path, archive, pack)
    else:
        yield _FolderSupply([path.parent], pack, only=path.name)


class _Nothing:
    def has(self, name: str) -> bool:
        return False

    def find(self, name: str, most: int) -> bytes | None:
        return None


class _FolderSupply:
    """Files directly in one of some folders."""

    def __init__(self, folders: list[Path], pack: str, only: str | None = None) -> None:
        self._folders = folders
        self._pack = pack
        self._only = only

    def has(self, name: str) -> bool:
        return self._only in (None, name) and any((folder / name).is_file() for folder in self._folders)

    def find(self, name: str, most: int) -> bytes | None:
        if self._only not in (None, name):
            return None
        for folder in self._folders:
            path = folder / name
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                raise InputUnreadable(path=path, reason=error.strerror) from error
            with os.fdopen(descriptor, "rb") as file:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    continue
                if status.st_size > most:
                    raise _too_large(path, self._pack, status.st_size, most)
                try:
                    return file.read(most + 1)
                except OSError as error:
                    raise InputUnreadable(path=path, reason=error.strerror) from error
        return None


class _ZipSupply:
    """Members of a zip, wherever in it; of several with one name the one nearest to the root."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, pack: str) -> None:
        self._path = path
        self._archive = archive
        self._pack = pack

    def has(self, name: str) -> bool:
        return bool(self._members(name))

    def find(self, name: str, most: int) -> bytes | None:
        members = self._members(name)
        if not members:
            return None
        nearest = min(members, key=lambda info: info.filename.count("/"))
        if nearest.file_size > most:
            raise _too_large(Path(nearest.filename), self._pack, nearest.file_size, most)
        with _zip_errors(self._path, self._pack):
            return archive_member(self._archive, nearest, most)

    def _members(self, name: str) -> list[zipfile.ZipInfo]:
        return [
            info
            for info in self._archive.infolist()
            if not info.is_dir() and PurePosixPath(info.filename).name == name and "__MACOSX/" not in info.filename
        ]


@contextlib.contextmanager
def _opened_zip(path: Path, pack: str) -> Iterator[zipfile.ZipFile]:
    with _zip_errors(path, pack):
        archive = zipfile.ZipFile(path)
    with archive:
        if len(archive.infolist()) > _MOST_MEMBERS:
            raise PackSourceMismatch(file=path.name, pack=pack, reason="it has more entries than a pack can have")
        yield archive


@contextlib.contextmanager
def _zip_errors(path: Path, pack: str) -> Iterator[None]:
    try:
        yield
    except ARCHIVE_ERRORS as error:
        raise PackSourceMismatch(file=path.name, pack=pack, reason=f"it cannot be unpacked: {error}") from error
    except OSError as error:
        raise InputUnreadable(path=path, reason=error.strerror or "it cannot be read") from error


def _too_large(path: Path, pack: str, size: int, most: int) -> PackSourceMismatch:
    return PackSourceMismatch(file=path.name, pack=pack, reason=f"it has {size} bytes, more than {most}")
