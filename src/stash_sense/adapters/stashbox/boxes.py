"""One client for each endpoint that the user has set up in Stash, made anew when its address or key changes."""

import ssl
from collections.abc import Iterable, Mapping

from stash_sense.adapters.graphql.retrying import Retrier
from stash_sense.adapters.stashbox.client import StashBoxClient
from stash_sense.adapters.stashbox.connection import StashBoxConnection, StashBoxLimits
from stash_sense.adapters.stashbox.limiter import Limiters
from stash_sense.errors import StashBoxUnknown
from stash_sense.kernel.addresses import shown
from stash_sense.library.server import StashBoxEndpoint


class StashBoxes:
    """The endpoints; for one event loop, while the limiters may be those of several.

    Args:
        limiters: of the process.
        limits: see `StashBoxLimits`.
        certificates: see `Asker`.
        proxies: see `Asker`.
    """

    def __init__(
        self,
        limiters: Limiters | None = None,
        *,
        limits: StashBoxLimits | None = None,
        certificates: ssl.SSLContext | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> None:
        self._limiters = limiters or Limiters()
        self._limits = limits
        self._certificates = certificates
        self._proxies = proxies
        self._known: dict[str, StashBoxEndpoint] = {}
        self._clients: dict[str, StashBoxClient] = {}
        self._retired: list[StashBoxClient] = []

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Addresses of all of them, in the user's order."""
        return tuple(self._known)

    def of(self, endpoint: str) -> StashBoxClient:
        """Return the client of an endpoint; whoever has one may use it to its end, also after a `refresh`.

        Raises:
            StashBoxUnknown: it is not set up.
            StashBoxAddressInvalid: its address is none.
        """
        known = self._known.get(endpoint)
        if known is None:
            raise StashBoxUnknown(endpoint=shown(endpoint))
        if endpoint not in self._clients:
            self._clients[endpoint] = self._made(known)
        return self._clients[endpoint]

    def refresh(self, endpoints: Iterable[StashBoxEndpoint]) -> None:
        """Take over what is set up now: new limits at once, a new client where another key is used."""
        before, self._known = self._known, {}
        for one in endpoints:
            self._known.setdefault(one.endpoint, one)
        for address, one in self._known.items():
            self._limiters.of(address, one.requests_per_minute)
        changed = [
            address
            for address, one in before.items()
            if address not in self._known or self._known[address].api_key != one.api_key
        ]
        # A job may be in the middle of asking one of them, so they are closed in the end only.
        self._retired += [client for address in changed if (client := self._clients.pop(address, None))]

    async def aclose(self) -> None:
        """Close all connections."""
        self.refresh(())
        while self._retired:
            await self._retired.pop().aclose()

    def _made(self, endpoint: StashBoxEndpoint) -> StashBoxClient:
        connection = StashBoxConnection(
            endpoint,
            self._limiters.of(endpoint.endpoint, endpoint.requests_per_minute),
            limits=self._limits,
            retrier=Retrier(self._limiters.clock.sleep),
            certificates=self._certificates,
            proxies=self._proxies,
        )
        return StashBoxClient(endpoint.endpoint, connection)
