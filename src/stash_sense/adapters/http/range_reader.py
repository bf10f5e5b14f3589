"""A file on a server as an open file: seeking costs nothing, reading asks for what is not there yet."""

import io
from types import TracebackType
from typing import Self

from stash_sense.adapters.http.ahead import ReadAhead
from stash_sense.adapters.http.fetching import Fetcher
from stash_sense.adapters.http.shared import Shared
from stash_sense.errors import StashSenseError


class RangeReader:
    """Reads a file from any place; not thread-safe.

    Its methods raise nothing, for libav would print what it cannot hand on: after a failure nothing more can be read,
    and `raise_failure` tells why.

    Args:
        shared: the file, whose first bytes were asked for.
        fetcher: brings what is missing.
        ahead: how much at once.
    """

    def __init__(self, shared: Shared, fetcher: Fetcher, ahead: ReadAhead) -> None:
        self.failure: StashSenseError | None = None
        self._shared = shared
        self._fetcher = fetcher
        self._ahead = ahead
        self._at = 0
        self._next = -1
        """The block after those fetched last."""
        self._stride = ahead.least

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Break the connection off."""
        self._fetcher.close()

    def raise_failure(self) -> None:
        """Raise what kept bytes from being read, if something did.

        Raises:
            InputError, TransferError, StorageError, Cancelled: as `RemoteFiles.open`.
        """
        if self.failure is not None:
            raise self.failure

    def tell(self) -> int:
        """Return the place."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, counted from the beginning, from here or from the end."""
        base = {io.SEEK_CUR: self._at, io.SEEK_END: self._shared.size}.get(whence, 0)
        self._at = max(0, base + offset)
        return self._at

    def read(self, count: int = -1) -> bytes:
        """Read so many bytes, or all there are; fewer at the end of the file and after a failure."""
        end = self._shared.size if count < 0 else min(self._at + count, self._shared.size)
        if self.failure is not None or self._at >= end:
            return b""
        try:
            content = self._content(self._at, end)
        except StashSenseError as error:
            self.failure = error
            return b""
        self._at = end
        return content

    def _content(self, start: int, end: int) -> bytes:
        shared, size = self._shared, self._shared.blocks.size
        if shared.whole is not None:
            with shared.lock:
                shared.whole.seek(start)
                return shared.whole.read(end - start)
        last = -(-end // size)
        parts = []
        for number in range(start // size, last):
            block = shared.blocks.get(number)
            while block is None:
                self._fetch(number, last)
                block = shared.blocks.get(number)
            parts.append(block)
        skipped = start % size
        return b"".join(parts)[skipped : skipped + end - start]

    def _fetch(self, first: int, wanted: int) -> None:
        """Bring blocks from `first` to before `wanted` or a little further, but none that are there already."""
        ahead, blocks = self._ahead, self._shared.blocks
        self._stride = min(2 * self._stride, ahead.most) if first == self._next else ahead.least
        most = min(first + ahead.most // blocks.size, -(-self._shared.size // blocks.size))
        last = min(max(wanted, first + self._stride // blocks.size), most)
        end = next((number for number in range(first + 1, last) if blocks.has(number)), last)
        self._fetcher.fetch(first, end)
        self._next = end
