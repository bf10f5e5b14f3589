"""The folder of a pack: its card, written, and all of it, read once and checked."""

import contextlib
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from stash_sense.errors import PackCardInvalid, PackCorrupt, SettingInvalid
from stash_sense.files import write_atomically
from stash_sense.kernel.limits import Limits
from stash_sense.models.card import CARD_NAME, FileCard, PackCard
from stash_sense.models.file_status import FileState, FileStatus

PACK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
CARD_BYTES = 1024 * 1024
"""A card has some 10 to 60 kB, most of it known answers."""


class PackFolder:
    """One pack's folder, held open, so that all files are of one install even when it is replaced meanwhile."""

    def __init__(self, pack_id: str, path: Path, descriptor: int, limits: Limits) -> None:
        self._pack_id = pack_id
        self._path = path
        self._descriptor = descriptor
        self._left = limits.pack_bytes

    @classmethod
    @contextlib.contextmanager
    def opened(cls, pack_id: str, path: Path, limits: Limits) -> "Iterator[PackFolder]":
        """Hold the folder open until the block ends.

        Raises:
            FileNotFoundError: it is gone.
            PackCorrupt: it is not a folder that can be read.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise PackCorrupt(pack=pack_id, reason=f"its folder cannot be read: {error.strerror}") from error
        try:
            yield cls(pack_id, path, descriptor, limits)
        finally:
            os.close(descriptor)

    def is_current(self) -> bool:
        """Whether the pack is still what was opened: what was put aside is not, once another folder has its name."""
        own = self._path.with_name(self._pack_id)
        try:
            is_there = os.path.samestat(self._path.stat(), os.fstat(self._descriptor))
        except OSError:
            return False
        return is_there and (own == self._path or not own.exists())

    def contents(self) -> tuple[PackCard, dict[str, bytes]]:
        """Read the card and every file that it lists; raises as `card` and `file` do."""
        card = self.card()
        return card, {name: self.file(name, wanted) for name, wanted in card.files.items()}

    def file_status(self, name: str, wanted: FileCard) -> FileStatus:
        """Tell whether a file is the one of the card, keeping nothing of it."""
        try:
            self.file(name, wanted)
        except PackCorrupt as error:
            state = FileState.DAMAGED if self._is_there(name) else FileState.MISSING
            return FileStatus(name, state, wanted.size, wanted.sha256, str(error.fields["reason"]))
        return FileStatus(name, FileState.INSTALLED, wanted.size, wanted.sha256)

    def card(self) -> PackCard:
        """Read the pack's card.

        Raises:
            PackCorrupt: it is missing or cannot be read.
            PackCardInvalid: it cannot be understood, or is another pack's.
        """
        content = self._read(CARD_NAME, CARD_BYTES)
        path = self._path / CARD_NAME
        try:
            card = PackCard.model_validate_json(content)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            reason = f"{place}: {first['msg']}" if place else first["msg"]
            raise PackCardInvalid(path=path, reason=reason) from error
        except SettingInvalid as error:
            raise PackCardInvalid(path=path, reason=str(error)) from error
        if card.id != self._pack_id:
            raise PackCardInvalid(path=path, reason=f"it is the card of {card.id}")
        return card

    def file(self, name: str, wanted: FileCard) -> bytes:
        """Read a file of the pack and make sure that it is the one of the card.

        Raises:
            PackCorrupt: it is missing, cannot be read, or is another file.
        """
        content = self._read(name, wanted.size)
        if len(content) != wanted.size:
            raise self._corrupt(name, f"has {len(content)} bytes instead of {wanted.size}")
        if hashlib.sha256(content).hexdigest() != wanted.sha256:
            raise self._corrupt(name, "has other content than it was installed with")
        return content

    def _is_there(self, name: str) -> bool:
        try:
            os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        except OSError:
            return False
        return True

    def _read(self, name: str, most: int) -> bytes:
        if most > self._left:
            raise self._corrupt(name, "would make the pack larger than a pack may be")
        try:
            content = read_file(name, most, self._descriptor)
        except ValueError as error:
            raise self._corrupt(name, str(error)) from error
        self._left -= len(content)
        return content

    def _corrupt(self, name: str, what: str) -> PackCorrupt:
        return PackCorrupt(pack=self._pack_id, reason=f"{name} {what}")


def read_file(name: str | Path, most: int, folder: int | None = None) -> bytes:
    """Read a file whole, unless it is no file or larger than it may be.

    Args:
        name: of the file.
        most: bytes.
        folder: descriptor of the folder that the name begins in.

    Raises:
        ValueError: it cannot be read; says why, after its name.
    """
    try:
        # Not blocking: opening a pipe that somebody put there must not wait for a writer.
        descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK, dir_fd=folder)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise ValueError("is no file")
            if status.st_size > most:
                raise ValueError(f"has {status.st_size} bytes, more than {most}")
            return file.read(most + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from error


def write_card(folder: Path, card: PackCard) -> None:
    """Write a pack's card into its folder.

    Raises:
        StorageError: the disk is full or may not be written.
    """
    content = json.dumps(card.model_dump(mode="json", by_alias=True), indent=2)
    write_atomically(folder / CARD_NAME, content.encode())
