"""A simulated Stash and stash-box with pictures of coloured squares, and sources of performers out of them.

In tests: `from tests.people_servers import Servers`.
"""

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image as Pictures
from tests.fakes_faces import Colour
from tests.performers_builds import portrait
from tests.stash_library import IMPATIENT
from tests.stashbox_boxes import KEY, QUICK

from stash_sense.adapters.graphql.retrying import Retrier
from stash_sense.adapters.hardware.places import size_of
from stash_sense.adapters.http.client import HttpClient
from stash_sense.adapters.http.pictures import pictures_of
from stash_sense.adapters.stash.client import StashClient
from stash_sense.adapters.stashbox.client import StashBoxClient
from stash_sense.adapters.stashbox.connection import StashBoxConnection
from stash_sense.adapters.stashbox.limiter import Limiter
from stash_sense.bootstrap.loop_thread import LoopThread
from stash_sense.fakes.stash.server import SimulatedStash, simulated_stash
from stash_sense.fakes.stash.state import Picture
from stash_sense.fakes.stashbox.clock import SimulatedClock
from stash_sense.fakes.stashbox.server import StashBoxServer
from stash_sense.fakes.stashbox.state import State
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.library.paths import PathMap
from stash_sense.library.server import StashBoxEndpoint
from stash_sense.performers.building.stash_source import MOST_IMAGES, StashSource
from stash_sense.performers.building.stashbox_source import MOST_PICTURES, StashBoxSource

BEGINNING = datetime(2026, 11, 1, 8, tzinfo=UTC)


def png(colour: Colour, side: int = 100) -> bytes:
    """A picture of one person; another side makes another photograph."""
    out = io.BytesIO()
    Pictures.fromarray(portrait(colour, side=side)).save(out, "PNG")
    return out.getvalue()


class Stash:
    """A simulated Stash over a folder of images, whose clock goes on by a minute whenever something is done to it."""

    def __init__(self, media: Path) -> None:
        self.media = media
        media.mkdir(parents=True, exist_ok=True)
        self.now = BEGINNING
        self.server = SimulatedStash()
        self.block = ExitStack()

    def begin(self) -> "Stash":
        self.server = self.block.enter_context(simulated_stash(media=self.media, clock=lambda: self.now))
        return self

    def performer(self, name: str, picture: bytes | None = None, **columns: Any) -> int:
        self.now += timedelta(minutes=1)
        shown = None if picture is None else Picture(picture, "image/png")
        with self.server.state.transaction():
            return int(self.server.state.insert("performers", name=name, picture=shown, **columns)["id"])

    def change(self, performer: int, **columns: Any) -> None:
        self.now += timedelta(minutes=1)
        with self.server.state.transaction():
            self.server.state.change("performers", performer).update(columns)

    def image(self, name: str, content: bytes, *performers: int) -> int:
        """Add an image as a file of the folder."""
        path = self.media / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        before = set(self.server.state.tables["images"])
        self.server.work.find(())
        (image,) = set(self.server.state.tables["images"]) - before
        with self.server.state.transaction():
            self.server.state.change("images", image)["performers"] = list(performers)
        return int(image)

    def pictures_asked(self) -> list[str]:
        """Paths of pictures that were asked for since the last time."""
        asked = sorted(path for _, path in self.server.requests if path.startswith(("/performer/", "/image/")))
        self.server.requests.clear()
        return asked


class Servers:
    """What is asked, and the loop on which that happens, until `close`."""

    def __init__(self, root: Path) -> None:
        self.loop = LoopThread("test")
        self.stash = Stash(root / "media")
        self.boxes: list[StashBoxServer] = []
        self.fetched: list[str] = []
        self.clock = SimulatedClock()
        self._block = ExitStack()
        self._block.callback(self.loop.close)
        self._block.push(self.stash.block)

    def close(self) -> None:
        self._block.close()
        assert [flaw for box in self.boxes for flaw in box.flaws] == []
        assert self.stash.server.graphql.flaws == []

    def library(self, url: str = "", key: str = "") -> StashClient:
        client = StashClient(url or self.stash.server.url, key, proxies={}, limits=IMPATIENT, retrier=Retrier())
        self._block.callback(lambda: self.loop.call(client.aclose, CancelToken()))
        return client

    def stash_source(
        self, *, sees_files: bool = False, most: int = MOST_IMAGES, pauses: tuple[float, ...] = (), key: str = ""
    ) -> StashSource:
        library = self.library(key=key)
        paths = PathMap() if sees_files else PathMap.parse(f"{self.stash.media.resolve()}=/nowhere")

        def fetch(url: str, cancel: CancelToken) -> bytes:
            return self.loop.call(lambda: library.media.picture(url), cancel).content

        return StashSource(self.loop, library, paths, size_of, fetch, most, pauses)

    def box(self, performers: list[dict[str, Any]], pictures: dict[str, bytes], **options: Any) -> StashBoxServer:
        """Begin a stash-box; a performer's "images" are ids of pictures."""
        rows = [
            {**row, "images": [{"id": one, "width": 320, "height": 200} for one in row.get("images", [])]}
            for row in performers
        ]
        server = StashBoxServer(State({"performers": rows}), pictures=pictures, **options)
        self.boxes.append(self._block.enter_context(server))
        return server

    def box_client(self, server: StashBoxServer, key: str = KEY, per_minute: int = 240) -> StashBoxClient:
        told = StashBoxEndpoint("box", server.endpoint, key, per_minute)
        connection = StashBoxConnection(
            told, Limiter(per_minute, self.clock), limits=QUICK, retrier=Retrier(self.clock.sleep), proxies={}
        )
        client = StashBoxClient(told.endpoint, connection)
        self._block.callback(lambda: self.loop.call(client.aclose, CancelToken()))
        return client

    def box_source(
        self,
        server: StashBoxServer,
        *,
        mine: bool = False,
        most: int = MOST_PICTURES,
        key: str = KEY,
        per_minute: int = 240,
    ) -> StashBoxSource:
        ask = pictures_of(server.endpoint, Limits(), HttpClient(proxies={}))

        def fetch(url: str, cancel: CancelToken) -> bytes:
            self.fetched.append(url.rpartition("/")[2].partition("?")[0])
            return ask(url, cancel)

        box = self.box_client(server, key, per_minute)
        return StashBoxSource(self.loop, box, fetch, self.library() if mine else None, most, ())


@contextmanager
def serving(root: Path) -> Iterator[Servers]:
    """Serve an empty Stash, and stash-boxes as they are asked for."""
    servers = Servers(root)
    try:
        servers.stash.begin()
        yield servers
    finally:
        servers.close()
