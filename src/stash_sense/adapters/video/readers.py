"""The readers of one video: opened when one is needed, lent to a thread at a time, kept from pass to pass."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stash_sense.adapters.video.reader import Reader
from stash_sense.kernel.limits import Limits


class Readers:
    """Lends readers; thread-safe. Opening one costs as much as a keyframe, so none is closed before the video is.

    Args:
        first: an open reader, the first to be lent; closed with the others.
        limits: of readers that are opened later.
    """

    def __init__(self, first: Reader, limits: Limits) -> None:
        self.path: Path = first.path
        self._limits = limits
        self._all = [first]
        self._idle = [first]

    @property
    def damaged(self) -> int:
        """Packets that could not be read or decoded, by any of them."""
        return sum(reader.damaged for reader in self._all)

    @contextmanager
    def lend(self) -> Iterator[Reader]:
        """Lend a reader that nobody else has; it may stand anywhere in the file.

        Raises:
            InputError: another one had to be opened, and the file can no longer be.
        """
        try:
            reader = self._idle.pop()  # asking first whether there is one would race
        except IndexError:
            reader = Reader(self.path, self._limits)
            self._all.append(reader)
        try:
            yield reader
        finally:
            self._idle.append(reader)

    def close(self) -> None:
        """Close all; nobody may have one any more."""
        for reader in self._all:
            reader.close()
