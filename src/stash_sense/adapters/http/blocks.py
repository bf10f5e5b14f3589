"""Parts of a file that have been read already: blocks of equal size, those used last kept."""

import threading
from collections import OrderedDict


class Blocks:
    """Bytes by block number; thread-safe.

    Args:
        size: bytes of a block; the last of a file is shorter.
        most_bytes: kept at most.
    """

    def __init__(self, size: int, most_bytes: int) -> None:
        self.size = size
        self._most = max(1, most_bytes // size)
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, bytes] = OrderedDict()

    def get(self, number: int) -> bytes | None:
        """Return a block, None if it is not there."""
        with self._lock:
            block = self._kept.get(number)
            if block is not None:
                self._kept.move_to_end(number)
            return block

    def put(self, number: int, block: bytes) -> None:
        """Keep a block, and forget the one not used for longest where there are too many."""
        with self._lock:
            self._kept[number] = block
            self._kept.move_to_end(number)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def has(self, number: int) -> bool:
        """Whether a block is there."""
        with self._lock:
            return number in self._kept
