"""What the routes share while the service runs, and how they reach it."""

import asyncio
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

from anyio import CapacityLimiter, to_thread
from fastapi import Depends
from starlette.requests import HTTPConnection

from stash_sense.api.audience import Audience
from stash_sense.api.background import Background
from stash_sense.api.examined import Examined
from stash_sense.api.metrics import Metrics
from stash_sense.api.news import News
from stash_sense.api.tickets import Tickets
from stash_sense.api.token import TokenKeeper
from stash_sense.api.turns import Room, Turns
from stash_sense.bootstrap import Services

if TYPE_CHECKING:
    from stash_sense.models.capabilities import Capability

_CAPABILITIES_SECONDS = 30.0
"""To look at them means to open every model anew: 2 s with a pack of 30 MB."""
_FETCHES = 4
_TOKEN_SECONDS = 1.0
_PACKS_SECONDS = 5.0
"""To look at them means to read every byte of them: 0.3 s with a pack of 30 MB, seconds with large ones."""


@dataclass(frozen=True)
class State:
    """What one running service has besides its services."""

    services: Services
    keeper: TokenKeeper
    tickets: Tickets
    metrics: Metrics
    turns: Turns
    room: Room
    background: Background
    news: News
    audience: Audience = field(default_factory=Audience)
    """Who watches what happens to jobs."""
    heavy: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
    """Of the threads that identify: theirs alone, so that they take none from the others."""
    fetching: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_FETCHES))
    """Of the threads that fetch pictures, each of which holds one in memory."""

    @cached_property
    def capabilities(self) -> "Examined[list[Capability]]":
        """Which features work."""
        return Examined(self.services.capabilities, _CAPABILITIES_SECONDS)

    @cached_property
    def packs(self) -> Examined[list[dict[str, Any]]]:
        """The model packs, as documents."""
        return Examined(self._pack_documents, _PACKS_SECONDS)

    def _pack_documents(self) -> list[dict[str, Any]]:
        from stash_sense.reports.installed import pack_document

        packs = self.services.packs
        chosen = packs.chosen(self.services.settings.pack)
        return [pack_document(packs, chosen, status) for status in packs.packs()]

    async def watch_token(self) -> None:
        """Send away who watches with a token that is no longer the right one; until it is cancelled."""
        threads = CapacityLimiter(1)
        token = await to_thread.run_sync(self.keeper.current, limiter=threads)
        while True:
            await asyncio.sleep(_TOKEN_SECONDS)
            now = await to_thread.run_sync(self.keeper.current, limiter=threads)
            if now != token:
                token = now
                self.tickets.clear()
                self.audience.dismiss()

    def stop(self) -> None:
        """Take nothing more on, and ask all work to end; on the event loop's thread."""
        self.background.end_soon()
        self.audience.stop()
        self.turns.stop()
        self.tickets.clear()


def state_of(connection: HTTPConnection) -> State:
    """Return what the application was made with."""
    state = connection.app.state.shared
    if not isinstance(state, State):
        raise TypeError("create_app makes the application's state")
    return state


def services_of(connection: HTTPConnection) -> Services:
    """Return the services."""
    return state_of(connection).services


StateHere = Annotated[State, Depends(state_of)]
ServicesHere = Annotated[Services, Depends(services_of)]
