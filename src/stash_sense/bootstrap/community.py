"""The community databases: the stash-box endpoints that the user has set up in Stash."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from stash_sense.bootstrap.connections import Connections
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.once import once

if TYPE_CHECKING:
    from stash_sense.adapters.stashbox.boxes import StashBoxes
    from stash_sense.connection.boxes import BoxStanding
    from stash_sense.library.server import StashBoxEndpoint
    from stash_sense.stashbox.ports import StashBox

T = TypeVar("T")


@dataclass(frozen=True)
class Community(Connections):
    """What has to do with stash-box endpoints; their clients live on `loop`, like that of Stash."""

    def ask_stash_box(self, endpoint: str, work: Callable[[StashBox], Awaitable[T]]) -> T:
        """Do something with an endpoint, as Stash has it set up at this moment; not on an event loop.

        Raises:
            Cancelled: the program was asked to stop.
            StashError: Stash cannot say how it is set up.
            StashBoxError: it is not set up, or cannot be used.
        """

        async def asked() -> T:
            return await work(await self.stash_box(endpoint))

        return self.loop.call(asked, self.cancel)

    async def stash_box(self, named: str) -> StashBox:
        """Return the stash-box of an address, name or domain, as Stash has it set up at this moment; on `loop`.

        Raises:
            StashError: Stash cannot say how it is set up.
            StashBoxError: it is not set up.
        """
        from stash_sense.library.boxes import address_of

        boxes = await asyncio.to_thread(self._ready_stash_boxes)
        configuration = await self.library.server.configuration()
        boxes.refresh(configuration.stash_boxes)
        return boxes.of(address_of(named, configuration.stash_boxes))

    def check_stash_boxes(self, endpoints: Sequence[StashBoxEndpoint]) -> tuple[BoxStanding, ...]:
        """Ask endpoints whether they take their keys; takes 15 s at most."""
        from stash_sense.connection.boxes import check_boxes

        async def checked() -> tuple[BoxStanding, ...]:
            boxes = await asyncio.to_thread(self._ready_stash_boxes)
            boxes.refresh(endpoints)
            return await check_boxes(endpoints, boxes.of)

        return self.loop.call(checked, self.cancel)

    def close(self) -> None:
        """Close the connections, and what is below."""
        if "_stash_boxes" in self.__dict__:
            self.loop.call(self.__dict__.pop("_stash_boxes").aclose, CancelToken())
        super().close()

    def _ready_stash_boxes(self) -> StashBoxes:
        from stash_sense.adapters.stashbox.documents import documents

        documents()  # read from the disk here, not on the loop
        return self._stash_boxes

    @once
    def _stash_boxes(self) -> StashBoxes:
        from stash_sense.adapters.stashbox.boxes import StashBoxes

        return StashBoxes()
