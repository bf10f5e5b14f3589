"""The readers of one video: opened when one is needed, lent to a thread at a time, kept from pass to pass."""

from collections.abc import Iterator
from contextlib import contextmanager

from stash_sense.adapters.video.files import Place, VideoFile
from stash_sense.adapters.video.reader import Reader
from stash_sense.kernel.limits import Limits


class Readers:
    """Lends readers; thread-safe. Opening one costs as much as a keyframe, so none is closed before the video is.

    Args:
        file: the video; the first reader is opened at once, and closed with the others.
        limits: see `Reader`.

    Raises:
        InputError, TransferError, Cancelled: as `Reader`.
    """

    def __init__(self, file: VideoFile, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        first = Reader(file, limits)
        self._all = [first]
        self._idle = [first]

    @property
    def path(self) -> Place:
        """What errors call the video."""
        return self._file.path

    @property
    def to_fetch(self) -> int | None:
        """See `VideoFile`."""
        return self._file.to_fetch

    @property
    def damaged(self) -> int:
        """Packets that could not be read or decoded, by any of them."""
        return sum(reader.damaged for reader in self._all)

    @contextmanager
    def lend(self) -> Iterator[Reader]:
        """Lend a reader that nobody else has; it may stand anywhere in the file.

        Raises:
            InputError, TransferError: another one had to be opened, and the file can no longer be.
        """
        try:
            reader = self._idle.pop()  # asking first whether there is one would race
        except IndexError:
            reader = Reader(self._file, self._limits)
            self._all.append(reader)
        try:
            yield reader
        finally:
            self._idle.append(reader)

    def close(self) -> None:
        """Close all; nobody may have one any more."""
        for reader in self._all:
            reader.close()
