"""The client of the user's Stash: everything that `library.ports` promises, over one connection."""

import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from stash_sense.adapters.graphql.retrying import Retrier
from stash_sense.adapters.stash.changes import StashReader
from stash_sense.adapters.stash.connection import StashConnection, StashLimits
from stash_sense.adapters.stash.jobs import StashJobs
from stash_sense.adapters.stash.media import StashMedia
from stash_sense.adapters.stash.merging import StashWriter
from stash_sense.adapters.stash.server import StashServer


class StashClient:
    """One Stash; a `library.ports.Library`.

    Attributes:
        address: where it is, without what may be secret.
        server: what it is and can.
        reader: reads its library.
        writer: changes it.
        jobs: what it does by itself.
        media: its pictures and streams.

    Args:
        url: its address, as the user wrote it: with a sub-path, or with /graphql at its end.
        api_key: its key, empty where it has no login.
        limits: what it may cost us.
        retrier: how to wait between attempts.
        clock: our own, of which only differences count.
        certificates: whom to trust; by default the system's, or SSL_CERT_FILE and SSL_CERT_DIR.
        proxies: by scheme; by default the environment's.

    Raises:
        StashAddressInvalid: the address is none.
        ProxyUnusable: the environment names a proxy that is none.
    """

    def __init__(
        self,
        url: str,
        api_key: str = "",
        *,
        limits: StashLimits | None = None,
        retrier: Retrier | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        certificates: ssl.SSLContext | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> None:
        self._connection = StashConnection(
            url, api_key, limits=limits, retrier=retrier, certificates=certificates, proxies=proxies
        )
        self.address = self._connection.address.shown
        self.reader = StashReader(self._connection, clock)
        self.media = StashMedia(self._connection)
        self.writer = StashWriter(self.reader, self.media)
        self.server = StashServer(self.reader)
        self.jobs = StashJobs(self.reader)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._connection.aclose()
