"""A file that is being downloaded: its bytes so far, and beside them a note of which file they belong to."""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stash_sense.files import flush_folder, storage_errors, write_atomically
from stash_sense.releases.ports import Look

_BLOCK = 1024 * 1024
"""Bytes that are hashed between two looks at whether somebody asked to stop."""
_RECORD_BYTES = 64 * 1024
_VALIDATOR_LETTERS = 1000
"""Most letters of what is sent back to a server to name its file's state; an ETag has some 40."""


class Partial(BaseModel):
    """Which file the bytes belong to, as the server described it when the first of them came.

    Attributes:
        url: its address, without a password.
        size: bytes of all of it, if the server told.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    etag: str | None = None
    last_modified: str | None = None
    size: int | None = Field(default=None, ge=0)

    @property
    def validator(self) -> str | None:
        """What an If-Range may name: a strong ETag, or else the date; None if there is neither that can be sent."""
        strong = None if self.etag is None or self.etag.startswith("W/") else self.etag
        return next(filter(_can_be_sent, (strong, self.last_modified)), None)

    def agrees(self, other: "Partial") -> bool:
        """Whether two answers may describe the same file: nothing that both tell differs."""
        told = ((getattr(self, name), getattr(other, name)) for name in ("etag", "last_modified", "size"))
        return all(mine == theirs for mine, theirs in told if mine is not None and theirs is not None)


class PartFile:
    """`<into>.part` and `<into>.part.json`, until they become `into`.

    Args:
        into: the file that it will be.

    Every method raises StorageError where the disk is full or may not be written.
    """

    def __init__(self, into: Path) -> None:
        self.into = into
        self.path = into.with_name(f"{into.name}.part")
        self._record = into.with_name(f"{into.name}.part.json")
        self.resumed = False
        """Whether it holds bytes of an earlier attempt."""

    def kept(self, url: str) -> tuple[int, Partial]:
        """Return the bytes that are there of the file at `url`, and what is known of it."""
        try:
            with self._record.open("rb") as record:
                partial = Partial.model_validate_json(record.read(_RECORD_BYTES))
            size = self.path.stat().st_size
        except (OSError, ValidationError):
            return 0, Partial(url=url)
        if partial.url != url or not size or (partial.size is not None and size > partial.size):
            return 0, Partial(url=url)
        self.resumed = True
        return size, partial

    @property
    def is_there(self) -> bool:
        """Whether there are bytes of it: they go when somebody is forgotten."""
        return self.path.is_file()

    def begin(self, partial: Partial) -> None:
        """Start with no bytes, of the file described."""
        self.resumed = False
        with storage_errors(self.into):
            # In this order: a kill in between leaves no bytes that are taken for those of another file.
            self.path.open("wb").close()
            write_atomically(self._record, partial.model_dump_json().encode())

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open it for more bytes, which are on their way to the disk as soon as they are written."""
        with storage_errors(self.into):
            out = self.path.open("ab", buffering=0)
        try:
            yield out
        finally:
            with storage_errors(self.into):
                out.close()

    def digest(self, look: Look) -> str:
        """Compute the SHA-256, in hex, of what is on the disk."""
        digest = hashlib.sha256()
        with storage_errors(self.into), self.path.open("rb", buffering=0) as content:
            while block := content.read(_BLOCK):
                look()
                digest.update(block)
        return digest.hexdigest()

    def publish(self) -> None:
        """Become the file, in one step that survives a power cut."""
        with storage_errors(self.into):
            with self.path.open("rb") as content:
                os.fsync(content.fileno())
            self.path.replace(self.into)
            self._record.unlink(missing_ok=True)
            flush_folder(self.into.parent)

    def discard(self) -> None:
        """Remove what is there, as far as the disk lets us."""
        self.resumed = False
        with contextlib.suppress(OSError):
            self._record.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


def _can_be_sent(text: str | None) -> bool:
    return text is not None and text.isascii() and text.isprintable() and len(text) <= _VALIDATOR_LETTERS


def write_all(out: BinaryIO, chunk: bytes, path: Path) -> None:
    """Write a chunk to an unbuffered file, which may take a part of it at a time.

    Raises:
        StorageError: the disk is full, or may not be written.
    """
    left = memoryview(chunk)
    with storage_errors(path):
        while left:
            left = left[out.write(left) :]
