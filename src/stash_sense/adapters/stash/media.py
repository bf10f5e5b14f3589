"""Pictures of a library, read within a size and a time; how to ask for a stream."""

import base64
from urllib.parse import quote

import httpx2

from stash_sense.adapters.graphql.asking import Bounds
from stash_sense.adapters.graphql.outcomes import NoAnswer, shortened
from stash_sense.adapters.stash.connection import StashConnection
from stash_sense.errors import StashLoginPage, StashMediaMissing, StashMediaOdd
from stash_sense.kernel.addresses import shown
from stash_sense.library.server import MediaRequest, Picture

MOST_PICTURE_BYTES = 128 * 1024 * 1024
"""As of a picture file, see `kernel.limits`."""
_MISSING = (400, 404)
"""A sprite that was never generated, or a scene that is not there."""


class StashMedia:
    """A `library.ports.LibraryMedia`."""

    def __init__(self, connection: StashConnection) -> None:
        self._connection = connection

    def request(self, url: str) -> MediaRequest:
        """See `LibraryMedia`."""
        address = self._connection.address
        headers = dict(self._connection.headers)
        named = httpx2.URL(address.base)
        if named.userinfo:
            secret = base64.b64encode(f"{named.username}:{named.password}".encode()).decode()
            headers["Authorization"] = f"Basic {secret}"
        return MediaRequest(address.rebased(url), headers)

    def stream(self, scene_id: str) -> MediaRequest:
        """See `LibraryMedia`. Stash would write the key into this address, so it is not read from there."""
        return self.request(f"/scene/{quote(scene_id, safe='')}/stream")

    async def picture(self, url: str, most_bytes: int = MOST_PICTURE_BYTES) -> Picture:
        """See `LibraryMedia`.

        Raises:
            StashMediaMissing: there is no such picture.
            StashMediaOdd: it is no picture, or `url` no address.
        """
        connection = self._connection
        address = connection.address.rebased(url)
        limits = connection.limits
        bounds = Bounds(limits.seconds, limits.connect_seconds, most_bytes)
        try:
            reply = await connection.asker.ask("GET", address, bounds, headers={"accept": "image/*"})
        except NoAnswer as failure:
            raise connection.failures.of_no_answer(failure) from failure
        except (httpx2.InvalidURL, ValueError) as error:
            raise StashMediaOdd(address=connection.address.shown, reason="it has no address there") from error
        door = connection.failures.of_door(reply)
        if door is not None:
            raise door
        if reply.status in _MISSING:
            raise StashMediaMissing(address=shown(address))
        if reply.status >= 500:
            await connection.ready()  # without a database it cannot show any
            raise connection.failures.broken(f"status {reply.status}", reply.status)
        if reply.status != 200:
            raise StashMediaOdd(address=shown(address), reason=f"status {reply.status}")
        if reply.content_type == "text/html":
            raise StashLoginPage(address=connection.address.shown)
        if not reply.content_type.startswith("image/") or not reply.body:
            kind = shortened(reply.content_type, 40) if reply.body else "nothing"
            raise StashMediaOdd(address=shown(address), reason=f"it is {kind or 'of no type'}")
        return Picture(reply.body, reply.content_type)
