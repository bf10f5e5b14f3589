"""What libav reads a video from: a file of this machine, or bytes from elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol, TypeAlias

from stash_sense.media.address import Address
from stash_sense.media.head import read_head

Place: TypeAlias = Path | Address


class ByteReader(Protocol):
    """An open file. Its methods raise nothing, for libav could not hand it on; after a failure nothing is read."""

    def read(self, count: int = -1, /) -> bytes:
        """Read so many bytes, or all there are; fewer at the end and after a failure."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place, and return it."""

    def tell(self) -> int:
        """Return the place."""

    def close(self) -> None:
        """Close it."""

    def raise_failure(self) -> None:
        """Raise what kept bytes from being read, if something did."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A video file that libav may read.

    Attributes:
        source: what PyAV opens.
        check: raises what kept bytes from being read, if something did: libav takes that for the end of the file.
        close: after libav is done.
        protocols: of libav that the file may be read with.
    """

    source: str | ByteReader
    check: Callable[[], None]
    close: Callable[[], None]
    protocols: str


class VideoFile(Protocol):
    """A file that may be a video; each reader opens it anew."""

    @property
    def path(self) -> Place:
        """What errors call it."""

    @property
    def name(self) -> str:
        """What it is called, with an extension that may tell what it is."""

    @property
    def head(self) -> bytes:
        """The first bytes, as many as `media.kinds` needs; raises InputError."""

    @property
    def to_fetch(self) -> int | None:
        """Bytes that it has, where they have to be fetched to be read; None on this machine."""

    def opened(self) -> Opened:
        """Open it; it is closed by whoever asked."""


class LocalFile:
    """A file of this machine."""

    def __init__(self, path: Path) -> None:
        self.path: Place = path
        self.to_fetch: int | None = None
        self._path = path

    @property
    def name(self) -> str:
        """Its name."""
        return self._path.name

    @cached_property
    def head(self) -> bytes:
        """The first bytes; raises InputError where it cannot be read."""
        return read_head(self._path)

    def opened(self) -> Opened:
        """Name it so that libav reads it and nothing else."""
        # The scheme keeps a name such as "concat:a|b" or "http://…" from being read as anything but a name.
        return Opened(f"file:{self._path.absolute()}", _nothing, _nothing, "file")


class ForeignFile:
    """A file whose bytes come from elsewhere.

    Args:
        path: what errors call it.
        head: see `VideoFile`.
        size: bytes that it has.
        reader: opens it.
    """

    def __init__(self, path: Address, head: bytes, size: int, reader: Callable[[], ByteReader]) -> None:
        self.path: Place = path
        self.name = path.name
        self.head = head
        self.to_fetch: int | None = size
        self._reader = reader

    def opened(self) -> Opened:
        """Open it for one more reader."""
        reader = self._reader()
        return Opened(reader, reader.raise_failure, reader.close, "none")


def _nothing() -> None:
    """A file of this machine fails within libav, and is closed there."""
