"""The performers folder: which versions are installed, which one is in use, and putting another in its place.

A version is written aside, made durable, and becomes one by a rename; which one is in use says a pointer file that is
replaced in one step. A process that is killed at any moment leaves a complete version in use, the old or the new one.
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import filelock
from packaging.version import Version
from pydantic import ValidationError

from stash_sense.errors import (
    DatabaseDamaged,
    DatabaseMissing,
    DatabaseTooNew,
    DatabaseUnreadable,
    EarlierVersionDamaged,
    LibraryBusy,
    NoEarlierVersion,
    StorageError,
    VersionTaken,
)
from stash_sense.files import flush_files, flush_folder, put_in_place, storage_errors, write_atomically
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.performers.manifest import MANIFEST_NAME, Manifest
from stash_sense.performers.versions import derived, leftovers
from stash_sense.performers.versions.installed import InstalledVersion as InstalledVersion
from stash_sense.performers.versions.installed import is_unharmed, manifest_of, unreadable
from stash_sense.performers.versions.naming import is_version
from stash_sense.performers.versions.origin import Origin
from stash_sense.performers.versions.origin import new_origin as new_origin
from stash_sense.performers.versions.pointer import POINTER_NAME, Pointer

_STAGING = ".staging"
_DERIVED = ".search"
_GALLERIES = ".galleries"
_DOWNLOADS = ".downloads"
_LOCK = ".lock"
_REPLACED = ".replaced-"
_ORIGIN = ".origin.json"
_PATIENCE = 0.5
"""Seconds between two looks at whether somebody asked to stop, while another process changes the folder."""

SWAP_STEPS = ("flush the files", "name the folder", "note where it comes from", "switch", "remove old versions")


class PerformersLibrary:
    """The versions of the performers database below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def current(self) -> InstalledVersion | None:
        """Return the version in use; None where there is none.

        Raises:
            DatabaseDamaged: the pointer, or the version's manifest, is damaged.
            DatabaseUnreadable: it may not be read.
            DatabaseTooNew: a newer program is needed for it.
        """
        version = Pointer.read(self.folder).current
        return None if version is None else self.installed(version)

    def require(self) -> InstalledVersion:
        """Return the version in use; raises as `current` does, and DatabaseMissing where there is none."""
        current = self.current()
        if current is None:
            raise DatabaseMissing
        return current

    def name_in_use(self) -> str | None:
        """Return the name of the version in use, whether or not it can be used.

        Where the pointer cannot be read, it is the newest one that is complete.
        """
        pointer = self._pointer_if_readable()
        return next(iter(self.versions()), None) if pointer is None else pointer.current

    def is_whole(self, version: str) -> bool:
        """Whether a version is here with all its files, in their sizes."""
        return self._whole(version) is not None

    def still_has(self, version: InstalledVersion) -> bool:
        """Whether the very version is here that was opened once: not removed, nor another under its name."""
        return self._whole(version.version) == version.manifest

    def previous(self) -> str | None:
        """Return the version that `rollback` goes back to."""
        previous = Pointer.read(self.folder).previous
        return previous if previous is not None and self._can_be_kept(previous) else None

    def stamp(self) -> tuple[int, int]:
        """Return what changes whenever the pointer does, and costs one look at the disk."""
        try:
            status = (self.folder / POINTER_NAME).stat()
        except OSError:
            return (0, 0)
        return (status.st_mtime_ns, status.st_ino)

    def versions(self) -> list[str]:
        """Return all complete versions, the newest first."""
        try:
            names = [folder.name for folder in self.folder.iterdir() if (folder / MANIFEST_NAME).is_file()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise unreadable(self.folder, error) from error
        return sorted(filter(is_version, names), key=Version, reverse=True)

    @contextlib.contextmanager
    def alone(self, cancel: CancelToken | None = None, progress: ProgressListener = silent) -> Iterator[None]:
        """Have the folder for this process until the block ends, cleared of what killed processes left.

        Raises:
            LibraryBusy: another process has it, and there is no token by which waiting could be ended.
            Cancelled: the token was set while waiting.
            StorageError: the folder cannot be written.
        """
        with storage_errors(self.folder):
            if not self.folder.is_dir():
                self.folder.mkdir(parents=True, exist_ok=True)
                flush_folder(self.folder.parent)
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
            try:
                self._prune_derived()  # of a version that was not put into use after all
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
            VersionTaken: the version in use has this name and other content.
            DatabaseDamaged: the staged folder has no manifest that can be read.
            StorageError: the disk said no; the version in use stays.
        """
        manifest, digest = manifest_of(staged)
        version, target = manifest.version, self.folder / manifest.version
        origin = origin.model_copy(update={"manifest": digest})

        def step(number: int) -> None:
            progress(Progress("swapping", number, len(SWAP_STEPS), SWAP_STEPS[number]))

        there = self.same_as(manifest)
        with storage_errors(target):
            step(0)
            flush_files(staged)
            step(1)
            if there is None and self.is_whole(version):  # another one of that name, to which one could go back
                self._give_up(version)
            self._put_in_place(staged, version)
            try:
                step(2)
                write_atomically(self._origin_file(version), origin.model_dump_json(indent=2).encode())
                step(3)
                self._switch(version)
            except BaseException:
                if there is None and self.name_in_use() != version:
                    with contextlib.suppress(StorageError):
                        self.remove(version)
                raise
        step(4)
        self._prune()
        progress(Progress("swapping", len(SWAP_STEPS), len(SWAP_STEPS)))
        return InstalledVersion(target, manifest, origin)

    def same_as(self, manifest: Manifest) -> Manifest | None:
        """Return the manifest of the version with that name and content, if it is here with all its files.

        Raises:
            VersionTaken: the version in use has that name and other content. One that is only kept gives way.
        """
        there = self._whole(manifest.version)
        if there is None or there.content == manifest.content:
            return there
        if manifest.version == self.name_in_use():
            raise VersionTaken(version=manifest.version)
        return None

    def remove(self, version: str) -> None:
        """Remove a version, what is said of it and what is derived from it; only while `alone`.

        Raises:
            StorageError: something of it could not be removed.
        """
        with storage_errors(self.folder):
            leftovers.remove_all_of(self.folder / version)
            self._origin_file(version).unlink(missing_ok=True)
            derived.remove_of(self.derived, version)

    def rollback(self, cancel: CancelToken | None = None, progress: ProgressListener = silent) -> InstalledVersion:
        """Go back to the version before; doing it twice ends where it began. Only while `alone`.

        Where the pointer is damaged or lost, the newest complete version is put into use.

        Raises:
            NoEarlierVersion: there is none.
            EarlierVersionDamaged: a byte of it is not as it was.
            Cancelled: the token was set.
            DatabaseMissing: there is no version at all.
            DatabaseDamaged: the pointer is, and there is no complete version.
            StorageError: the disk said no; the version in use stays.
        """
        pointer = self._pointer_if_readable()
        if pointer is None or pointer.current is None:
            chosen = next(filter(self.is_whole, self.versions()), None)
            if chosen is None:
                self.require()  # says what is the matter
                raise DatabaseMissing
        elif pointer.previous is None or not self._can_be_kept(pointer.previous):
            raise NoEarlierVersion(version=pointer.current)
        else:
            chosen = pointer.previous
            if not is_unharmed(self.installed(chosen), cancel or CancelToken(), progress):
                raise EarlierVersionDamaged(version=chosen, current=pointer.current)
        installed = self.installed(chosen)
        with storage_errors(self.folder):
            self._switch(chosen)
        return installed

    @property
    def derived(self) -> Path:
        """Folder of what is derived from versions and can be made again at any time, `<version>-<key>` each."""
        return self.folder / _DERIVED

    @property
    def galleries(self) -> Path:
        """Folder of what is derived from databases elsewhere: kept for a day after its last use."""
        return self.folder / _GALLERIES

    @property
    def downloads(self) -> Path:
        """Folder of what an update that was broken off has fetched; it may go at any time."""
        return self.folder / _DOWNLOADS

    def vouch(self, version: InstalledVersion, signed_by: str) -> None:
        """Note that a key which is trusted has signed a version that is here; only while `alone`.

        Raises:
            StorageError: it cannot be noted.
        """
        if version.origin is not None and self.still_has(version):
            origin = version.origin.model_copy(update={"signed_by": signed_by})
            write_atomically(self._origin_file(version.version), origin.model_dump_json(indent=2).encode())

    def _switch(self, version: str) -> None:
        pointer = self._pointer_if_readable()
        if pointer is None or pointer.current is None:  # damaged, or lost
            before: list[str | None] = [*self.versions()]
        else:
            before = [pointer.current, pointer.previous]
        earlier = (name for name in before if name is not None and name != version)
        previous = next(filter(self._can_be_kept, earlier), None)
        Pointer(current=version, previous=previous).write(self.folder)

    def _give_up(self, version: str) -> None:
        """Remove a version that is not in use, to which one cannot go back from then on."""
        pointer = self._pointer_if_readable()
        if pointer is not None and pointer.previous == version:
            Pointer(current=pointer.current, previous=None).write(self.folder)
        self.remove(version)

    def _put_in_place(self, staged: Path, version: str) -> None:
        """Name the staged folder; what has the name already stays in use under another one until that is done."""
        replaced = self.folder / f"{_REPLACED}{version}"
        leftovers.remove(replaced)
        put_in_place(staged, self.folder / version, replaced)

    def _place(self, version: str) -> Path:
        """Return where a version lies: its folder, or what a killed process was about to replace."""
        folder, replaced = self.folder / version, self.folder / f"{_REPLACED}{version}"
        return replaced if not folder.exists() and replaced.exists() else folder

    def _pointer_if_readable(self) -> Pointer | None:
        try:
            return Pointer.read(self.folder)
        except DatabaseDamaged:
            return None

    def installed(self, version: str) -> InstalledVersion:
        """Return a version by its name; raises as `current` does."""
        folder = self._place(version)
        manifest, digest = manifest_of(folder)
        if manifest.version != version:
            raise DatabaseDamaged(path=folder, reason=f"its manifest is that of version {manifest.version}")
        origin = None
        with contextlib.suppress(OSError, ValidationError):
            origin = Origin.model_validate_json(self._origin_file(version).read_bytes())
        return InstalledVersion(folder, manifest, origin if origin and origin.manifest == digest else None)

    def _whole(self, version: str) -> Manifest | None:
        """Return the manifest of a version that is here with all its files in their sizes; None otherwise."""
        try:
            installed = self.installed(version)
            sizes = {name: (installed.folder / name).stat().st_size for name in installed.manifest.files}
        except (DatabaseDamaged, DatabaseTooNew, OSError):
            return None
        expected = {name: file.size for name, file in installed.manifest.files.items()}
        return installed.manifest if sizes == expected else None

    def _can_be_kept(self, version: str) -> bool:
        """Whether somebody might go back to a version: it is whole, or only others can say so."""
        try:
            self.installed(version)
        except DatabaseDamaged:
            return False
        except (DatabaseTooNew, DatabaseUnreadable):
            return True
        return self.is_whole(version)

    def _origin_file(self, version: str) -> Path:
        return self.folder / f"{version}{_ORIGIN}"

    def _kept(self) -> set[str] | None:
        """Return the versions to keep; None where nobody knows, so that nothing may be removed."""
        pointer = self._pointer_if_readable()
        if pointer is None or pointer.current is None:
            return None
        return {name for name in (pointer.current, pointer.previous) if name is not None}

    def _prune(self) -> None:
        """Remove all versions but the one in use and the one before; who still reads one keeps it open.

        What cannot be removed stays until the next time: it is in nobody's way.
        """
        for replaced in self.folder.glob(f"{_REPLACED}*"):
            leftovers.remove(replaced)
        leftovers.remove_halves(self.folder)
        derived.remove_unused(self.galleries)
        self._prune_derived()
        kept = self._kept()
        if kept is None:
            return
        for version in self.versions():
            if version not in kept:
                with contextlib.suppress(StorageError):
                    self.remove(version)
        for origin in self.folder.glob(f"*{_ORIGIN}"):
            if origin.name.removesuffix(_ORIGIN) not in kept:
                leftovers.remove(origin)

    def _prune_derived(self) -> None:
        kept = self._kept()
        if kept is not None:
            derived.remove_unkept(self.derived, kept)

    def _clear(self) -> None:
        """Remove what killed processes left, and versions that only a kill between two steps kept from going."""
        leftovers.remove(self.folder / _STAGING)
        with storage_errors(self.folder):
            for replaced in self.folder.glob(f"{_REPLACED}*"):
                version = replaced.name.removeprefix(_REPLACED)
                if not os.path.lexists(self.folder / version):
                    replaced.rename(self.folder / version)
        derived.remove_proofs(self.derived)
        self._prune()
