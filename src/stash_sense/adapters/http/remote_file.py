"""Files on servers, read in parts: what is asked for and a little more, every part once."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stash_sense.adapters.http.ahead import ReadAhead
from stash_sense.adapters.http.blocks import Blocks
from stash_sense.adapters.http.client import HttpClient
from stash_sense.adapters.http.fetching import Fetcher
from stash_sense.adapters.http.range_reader import RangeReader
from stash_sense.adapters.http.session import HttpSession
from stash_sense.adapters.http.shared import Shared, Traffic
from stash_sense.errors import StreamTooLarge
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.media.address import Address
from stash_sense.media.kinds import HEAD_BYTES
from stash_sense.releases.patience import DownloadLimits, Patience
from stash_sense.releases.ports import Named

PATIENCE = DownloadLimits(
    connect_seconds=10.0,
    silence_seconds=15.0,
    slow_bytes=32 * 1024,
    slow_seconds=30.0,
    attempts=4,
    first_wait_seconds=0.25,
    longest_wait_seconds=4.0,
    retry_after_seconds=20.0,
)
"""How a server of media is waited for: somebody sits before the screen, but a disk may have to wake up first."""


class RemoteFiles:
    """Opens files on servers.

    Args:
        client: makes the connections.
        limits: `stream_seconds`, `stream_bytes` and `whole_bytes` bound what a file may cost.
        patience: how servers are waited for.
        ahead: how much is asked for at once.
        clock: tells seconds that never go back.
    """

    def __init__(
        self,
        client: HttpClient,
        limits: Limits,
        patience: DownloadLimits = PATIENCE,
        ahead: ReadAhead | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._limits = limits
        self._patience = patience
        self._ahead = ahead or ReadAhead()
        self._clock = clock

    @contextmanager
    def open(self, address: Address, cancel: CancelToken) -> Iterator["RemoteFile"]:
        """Ask for the first bytes of a file, which tell what it is; leaving the block breaks all connections off.

        Raises:
            InputError: there is nothing to look at, it is kept from us, or costs too much.
            TransferError: it cannot be fetched.
            StorageError: it had to be kept as a whole, and there is no room.
            Cancelled: the token was set.
        """
        shared = Shared(address, self._limits, Blocks(self._ahead.block, self._ahead.kept))
        named = Named(address.named) if address.named else Named("", there=())
        end = self._clock() + self._limits.stream_seconds

        def fetcher() -> Fetcher:
            patience = Patience(str(address), self._patience, end - self._clock(), cancel, self._clock)
            connect, silence = self._patience.connect_seconds, self._patience.silence_seconds
            session = HttpSession(self._client, address, named, patience.look, connect, silence)
            return Fetcher(shared, session, patience)

        file = RemoteFile(shared, fetcher, self._ahead)
        try:
            file.begin()
            yield file
        finally:
            file.close()


class RemoteFile:
    """One file on a server: several may read it at once, each with a reader of their own."""

    def __init__(self, shared: Shared, fetcher: Callable[[], Fetcher], ahead: ReadAhead) -> None:
        self.head = b""
        """The first bytes, for `media.kinds`."""
        self._shared = shared
        self._fetcher = fetcher
        self._ahead = ahead
        self._idle: RangeReader | None = None
        """The reader of the first bytes, whose connection is of use to the next."""
        self._readers: list[RangeReader] = []

    @property
    def path(self) -> Address:
        """Where it is."""
        return self._shared.path

    @property
    def size(self) -> int:
        """Bytes that it has."""
        return self._shared.size

    @property
    def traffic(self) -> Traffic:
        """What reading it has cost so far."""
        return self._shared.traffic

    def begin(self) -> None:
        """Read the first bytes; raises as `RemoteFiles.open` does."""
        fetcher = self._fetcher()
        reader = RangeReader(self._shared, fetcher, self._ahead)
        self._readers.append(reader)
        fetcher.begin(self._ahead.least)
        self.head = reader.read(HEAD_BYTES)
        reader.raise_failure()
        reader.seek(0)
        self._idle = reader

    def reader(self) -> RangeReader:
        """Return a reader that stands at the beginning; it is closed with the file at the latest."""
        with self._shared.lock:
            reader, self._idle = self._idle, None
        if reader is None:
            reader = RangeReader(self._shared, self._fetcher(), self._ahead)
            self._readers.append(reader)
        return reader

    def content(self, limit: int) -> bytes:
        """Read all of it.

        Raises:
            StreamTooLarge: it has more than `limit` bytes.
            InputError, TransferError, StorageError, Cancelled: as `RemoteFiles.open`.
        """
        if self.size > limit:
            raise StreamTooLarge(path=self.path, limit=limit)
        with self.reader() as reader:
            content = reader.read()
            reader.raise_failure()
        return content

    def close(self) -> None:
        """Break all connections off."""
        for reader in self._readers:
            reader.close()
        if self._shared.whole is not None:
            self._shared.whole.close()
