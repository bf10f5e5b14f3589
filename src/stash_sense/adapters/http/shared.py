"""What the readers of one file on a server share: what is known of it, what was read, what it has cost."""

import threading
from dataclasses import dataclass, field
from typing import IO

from stash_sense.adapters.http.blocks import Blocks
from stash_sense.errors import StreamTooLarge
from stash_sense.kernel.limits import Limits
from stash_sense.media.address import Address
from stash_sense.releases.part_file import Partial


@dataclass(slots=True)
class Traffic:
    """What reading a file has cost.

    Attributes:
        requests: that were answered.
        received: bytes of the file.
    """

    requests: int = 0
    received: int = 0


@dataclass(slots=True)
class Shared:
    """One file on a server.

    Attributes:
        path: where it is.
        limits: bounds on what it may cost.
        blocks: what was read.
        known: which state of it.
        size: bytes.
        whole: all of it, where the server gives no parts.
        lock: for `whole` and `traffic`.
    """

    path: Address
    limits: Limits
    blocks: Blocks
    known: Partial = field(default_factory=lambda: Partial(url=""))
    size: int = 0
    whole: IO[bytes] | None = None
    traffic: Traffic = field(default_factory=Traffic)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, requests: int = 0, received: int = 0) -> None:
        """Note what was spent.

        Raises:
            StreamTooLarge: that is too much.
        """
        with self.lock:
            self.traffic.requests += requests
            self.traffic.received += received
            if self.traffic.received > self.limits.stream_bytes:
                raise StreamTooLarge(path=self.path, limit=self.limits.stream_bytes)
