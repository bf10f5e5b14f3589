"""Bytes from one place to another: counted, hashed, told to whoever listens, and stoppable at every block."""

import hashlib
from collections.abc import Callable

from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener

BLOCK_BYTES = 1024 * 1024
_MEGABYTE = 1_000_000


class Tally:
    """Tells how many of some megabytes are done, and stops the work when somebody asks for it.

    Args:
        stage: what is done, to be told.
        total: bytes of all of it.
        listen: told at every new megabyte, and of the last byte.
        cancel: looked at with every block.
    """

    def __init__(self, stage: str, total: int, listen: ProgressListener, cancel: CancelToken) -> None:
        self._stage = stage
        self._total = total
        self._listen = listen
        self._cancel = cancel
        self._done = 0
        self._tell(0)

    def add(self, count: int) -> None:
        """Count some bytes as done.

        Raises:
            Cancelled: somebody asked to stop.
        """
        self._cancel.raise_if_cancelled()
        before, self._done = self._done, self._done + count
        if self._done >= self._total > before:
            self._tell(-(-self._total // _MEGABYTE))
        elif self._done < self._total and self._done // _MEGABYTE > before // _MEGABYTE:
            self._tell(self._done // _MEGABYTE)

    def _tell(self, done: int) -> None:
        self._listen(Progress(self._stage, done, -(-self._total // _MEGABYTE)))


def nowhere(block: bytes) -> None:
    """Write nothing: for bytes that are only hashed."""


def stream(
    read: Callable[[int], bytes], write: Callable[[bytes], object], most: int, tally: Tally
) -> tuple[int, str]:
    """Copy what can be read, but no more than one byte beyond `most`; return how many bytes, and their SHA-256."""
    digest, count = hashlib.sha256(), 0
    while count <= most and (block := read(min(BLOCK_BYTES, most + 1 - count))):
        tally.add(len(block))
        digest.update(block)
        write(block)
        count += len(block)
    return count, digest.hexdigest()
