"""The performers folder: which versions are installed, which one is in use, and putting another in its place.

A version is written aside, made durable, and becomes one by a rename; which one is in use says a pointer file that is
replaced in one step. A process that is killed at any moment leaves a complete version in use, the old or the new one.
"""

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import filelock
from packaging.version import InvalidVersion, Version
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from stash_sense import __version__
from stash_sense.errors import DatabaseDamaged, DatabaseMissing, LibraryBusy, NoEarlierVersion, VersionTaken
from stash_sense.files import flush_folder, storage_errors, write_atomically
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.performers.manifest import MANIFEST_NAME, Manifest, VersionText

_POINTER = "current.json"
_STAGING = ".staging"
_DERIVED = ".search"
_LOCK = ".lock"
_PATIENCE = 0.5
"""Seconds between two looks at whether somebody asked to stop, while another process changes the folder."""

SWAP_STEPS = ("flush the files", "note where it comes from", "name the folder", "switch", "remove old versions")


class _Pointer(BaseModel):
    model_config = ConfigDict(frozen=True)

    schema_: int = Field(default=1, alias="schema")
    current: VersionText | None = None
    previous: VersionText | None = None


class Origin(BaseModel):
    """How a version came to be here.

    Attributes:
        source: what it was built, imported or downloaded from, in the user's words.
        signed_by: id of the trusted key whose signature it came with, hex; None without a signature.
        built_here: it was made on this machine, so that nobody else's signature is missing.
    """

    model_config = ConfigDict(frozen=True)

    source: str
    signed_by: str | None = None
    built_here: bool = False
    installed_at: AwareDatetime


@dataclass(frozen=True, slots=True)
class InstalledVersion:
    """A complete version in the performers folder."""

    folder: Path
    manifest: Manifest
    origin: Origin | None

    @property
    def version(self) -> str:
        """Its name."""
        return self.manifest.version


class PerformersLibrary:
    """The versions of the performers database below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def current(self) -> InstalledVersion | None:
        """Return the version in use; None where there is none.

        Raises:
            DatabaseDamaged: the pointer, or the version's manifest, cannot be read.
            DatabaseTooNew: a newer program is needed for it.
        """
        version = self._pointer().current
        return None if version is None else self._installed(version)

    def require(self) -> InstalledVersion:
        """Return the version in use; raises as `current` does, and DatabaseMissing where there is none."""
        current = self.current()
        if current is None:
            raise DatabaseMissing
        return current

    def previous(self) -> str | None:
        """Return the version that `rollback` goes back to."""
        previous = self._pointer().previous
        return previous if previous is not None and (self.folder / previous / MANIFEST_NAME).is_file() else None

    def stamp(self) -> tuple[int, int]:
        """Return what changes whenever the pointer does, and costs one look at the disk."""
        try:
            status = (self.folder / _POINTER).stat()
        except FileNotFoundError:
            return (0, 0)
        return (status.st_mtime_ns, status.st_ino)

    def versions(self) -> list[str]:
        """Return all complete versions, the newest first."""
        try:
            names = [folder.name for folder in self.folder.iterdir() if (folder / MANIFEST_NAME).is_file()]
        except FileNotFoundError:
            return []
        return sorted(filter(_is_version, names), key=Version, reverse=True)

    @contextlib.contextmanager
    def alone(self, cancel: CancelToken | None = None, progress: ProgressListener = silent) -> Iterator[None]:
        """Have the folder for this process until the block ends, cleared of what killed processes left.

        Raises:
            LibraryBusy: another process has it, and there is no token by which waiting could be ended.
            Cancelled: the token was set while waiting.
            StorageError: the folder cannot be written.
        """
        with storage_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self.folder / _LOCK)
            while not lock.is_locked:
                try:
                    lock.acquire(timeout=_PATIENCE)
                except filelock.Timeout as error:
                    if cancel is None:
                        raise LibraryBusy(path=self.folder) from error
                    cancel.raise_if_cancelled()
                    progress(Progress("waiting", 0, note="another process is changing the performers database"))
        try:
            self._clear()
            yield
        finally:
            lock.release()

    @contextlib.contextmanager
    def staging(self) -> Iterator[Path]:
        """Give an empty folder on the same disk, removed when the block ends; only while `alone`."""
        with storage_errors(self.folder):
            stage = self.folder / _STAGING / secrets.token_hex(8)
            stage.mkdir(parents=True)
        try:
            yield stage
        finally:
            shutil.rmtree(stage, ignore_errors=True)
            with contextlib.suppress(OSError):
                stage.parent.rmdir()

    def install(self, staged: Path, origin: Origin, progress: ProgressListener = silent) -> InstalledVersion:
        """Make a staged folder the version in use; only while `alone`, and after it was verified.

        Every step but the switch leaves the old version in use, and after each of them a complete one is.

        Args:
            staged: a folder that a `VersionWriter` or an unpacked release has filled, on the same disk.
            origin: how it came to be here.
            progress: told the number of each of `SWAP_STEPS` before it is taken.

        Raises:
            VersionTaken: a version of this name and other content is here.
            DatabaseDamaged: the staged folder has no manifest that can be read.
            StorageError: the disk said no.
        """
        manifest = _manifest_of(staged)
        target = self.folder / manifest.version

        def step(number: int) -> None:
            progress(Progress("swapping", number, len(SWAP_STEPS), SWAP_STEPS[number]))

        there = self._whole(manifest.version)
        if there is not None and there.content != manifest.content:
            raise VersionTaken(version=manifest.version)
        with storage_errors(target):
            step(0)
            _flush(staged)
            step(1)
            write_atomically(self._origin_file(manifest.version), origin.model_dump_json(indent=2).encode())
            step(2)
            if there is not None:  # of the same content: file by file, so that at every moment each is there
                for file in staged.iterdir():
                    file.replace(target / file.name)
            else:
                self._discard(target)
                staged.rename(target)
            flush_folder(self.folder)
            step(3)
            self._switch(manifest.version)
            step(4)
            self._prune()
        progress(Progress("swapping", len(SWAP_STEPS), len(SWAP_STEPS)))
        return InstalledVersion(target, manifest, origin)

    def rollback(self) -> InstalledVersion:
        """Go back to the version before; doing it twice ends where it began. Only while `alone`.

        Raises:
            NoEarlierVersion: there is none.
            DatabaseMissing: there is no version at all.
        """
        pointer = self._pointer()
        if pointer.current is None:
            raise DatabaseMissing
        previous = self.previous()
        if previous is None:
            raise NoEarlierVersion(version=pointer.current)
        earlier = self._installed(previous)
        self._switch(previous)
        return earlier

    @property
    def derived(self) -> Path:
        """Folder of what is derived from versions and can be made again at any time, `<version>-<key>` each."""
        return self.folder / _DERIVED

    def _switch(self, version: str) -> None:
        pointer = self._pointer()
        previous = pointer.previous if pointer.current == version else pointer.current
        document = {"schema": 1, "current": version, "previous": previous}
        write_atomically(self.folder / _POINTER, (json.dumps(document) + "\n").encode())
        flush_folder(self.folder)

    def _pointer(self) -> _Pointer:
        path = self.folder / _POINTER
        try:
            return _Pointer.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return _Pointer()
        except (OSError, ValidationError) as error:
            raise DatabaseDamaged(path=path, reason="it cannot be read") from error

    def _installed(self, version: str) -> InstalledVersion:
        folder = self.folder / version
        origin = None
        with contextlib.suppress(OSError, ValidationError):
            origin = Origin.model_validate_json(self._origin_file(version).read_bytes())
        return InstalledVersion(folder, _manifest_of(folder), origin)

    def _whole(self, version: str) -> Manifest | None:
        """Return the manifest of a version that is here with all its files in their sizes; None otherwise."""
        folder = self.folder / version
        try:
            manifest = _manifest_of(folder)
            sizes = {name: (folder / name).stat().st_size for name in manifest.files}
        except (DatabaseDamaged, OSError):
            return None
        return manifest if sizes == {name: file.size for name, file in manifest.files.items()} else None

    def _origin_file(self, version: str) -> Path:
        return self.folder / f"{version}.origin.json"

    def _prune(self) -> None:
        """Remove all versions but the one in use and the one before; who still reads one keeps it open."""
        pointer = self._pointer()
        kept = {pointer.current, pointer.previous}
        for version in self.versions():
            if version not in kept:
                self._discard(self.folder / version)
        for folder in self.derived.iterdir() if self.derived.is_dir() else ():
            if folder.name.rsplit("-", 1)[0] not in kept:
                shutil.rmtree(folder, ignore_errors=True)
        for origin in self.folder.glob("*.origin.json"):
            if origin.name.removesuffix(".origin.json") not in kept:
                origin.unlink(missing_ok=True)

    def _discard(self, folder: Path) -> None:
        """Remove a folder so that no half of it is ever taken for a version."""
        if folder.exists():
            aside = self.folder / _STAGING / secrets.token_hex(8)
            aside.parent.mkdir(exist_ok=True)
            folder.rename(aside)
            shutil.rmtree(aside, ignore_errors=True)

    def _clear(self) -> None:
        """Remove what killed processes left, and versions that only a kill between two steps kept from going."""
        with storage_errors(self.folder):
            staging = self.folder / _STAGING
            if staging.is_dir():
                shutil.rmtree(staging, ignore_errors=True)
            if self._pointer().current is not None:
                self._prune()
            with contextlib.suppress(OSError):
                staging.rmdir()


def new_origin(source: str, *, signed_by: str | None = None, built_here: bool = False) -> Origin:
    """Say how a version comes to be here now."""
    return Origin(source=source, signed_by=signed_by, built_here=built_here, installed_at=datetime.now(UTC))


def _is_version(name: str) -> bool:
    try:
        Version(name)
    except InvalidVersion:
        return False
    return True


def _manifest_of(folder: Path) -> Manifest:
    try:
        content = (folder / MANIFEST_NAME).read_bytes()
    except OSError as error:
        raise DatabaseDamaged(path=folder, reason="its manifest is missing") from error
    return Manifest.read(content, folder, __version__)


def _flush(folder: Path) -> None:
    for file in folder.iterdir():
        with file.open("rb") as content:
            os.fsync(content.fileno())
    flush_folder(folder)
