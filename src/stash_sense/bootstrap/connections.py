"""The user's Stash: the client that asks it, and what is found out about it and heard from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from stash_sense.bootstrap.loop_thread import LoopThread
from stash_sense.bootstrap.state import State
from stash_sense.errors import StashNotSet, StashSenseError
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.once import once
from stash_sense.media.address import Address

if TYPE_CHECKING:
    from stash_sense.adapters.stash.client import StashClient
    from stash_sense.connection.hooks import Hooks
    from stash_sense.connection.listening import Listening, Manner
    from stash_sense.connection.marks import ChangeMarks, MarkedChanges
    from stash_sense.connection.news import EntityChanged, Newsroom
    from stash_sense.connection.own_writes import OwnWrites
    from stash_sense.connection.standing import Standing
    from stash_sense.connection.survey import Survey
    from stash_sense.connection.watching import Watcher
    from stash_sense.library.paths import Guess, PathMap
    from stash_sense.library.ports import Library
    from stash_sense.library.server import ServerState

T = TypeVar("T")
_SHORTEST_SECRET = 8


@dataclass(frozen=True)
class Connections(State):
    """What has to do with the user's Stash.

    Clients are asynchronous and live on one event loop, on a thread of its own; `ask` calls them from any other.
    """

    @property
    def stash_is_set(self) -> bool:
        """Whether the user has named a Stash; without one nothing of what belongs to it is loaded."""
        return self.settings.stash_url is not None

    @property
    def stash_secrets(self) -> tuple[str, ...]:
        """What belongs to Stash and must not be in a log; a short word is left out: it may be in any sentence."""
        key = self.settings.stash_api_key
        secret = key.get_secret_value() if key is not None else ""
        return (secret,) if len(secret) >= _SHORTEST_SECRET else ()

    @once
    def loop(self) -> LoopThread:
        """Where the clients live."""
        return LoopThread("stash")

    @once
    def library(self) -> Library:
        """The library of the user's Stash; what is written through it is known as ours.

        Raises:
            StashNotSet: the user has named none.
            StashAddressInvalid: STASH_URL is no address.
            ProxyUnusable: the environment names a proxy that is none.
        """
        from stash_sense.connection.announced import AnnouncedLibrary, AnnouncedWriter

        client = self._stash_client
        writer = AnnouncedWriter(client.writer, self.own_writes)
        return AnnouncedLibrary(client.address, client.server, client.reader, writer, client.jobs, client.media)

    def ask(self, work: Callable[[Library], Awaitable[T]]) -> T:
        """Do something with the library and wait for it; not on an event loop.

        Raises:
            Cancelled: the program was asked to stop.
            StashError: as `library` and what is done with it.
        """
        library = self.library
        return self.loop.call(lambda: work(library), self.cancel)

    @once
    def stash_watcher(self) -> Watcher:
        """What knows whether Stash can be used; lives on `loop`."""
        from stash_sense.connection.watching import Watcher

        try:
            library = self.library
        except StashSenseError as error:
            return Watcher("STASH_URL" if self.stash_is_set else "", _refusing(error))
        return Watcher(library.address, library.server.ready)

    @property
    def stash_standing(self) -> Standing:
        """What was last found out about Stash, by `follow_stash` or `check_stash`; nothing is asked."""
        if self.stash_is_set:
            return self.stash_watcher.standing
        from stash_sense.connection.standing import Standing

        return Standing("", error=StashNotSet())

    def check_stash(self) -> Standing:
        """Ask Stash now whether it can be used; takes 15 s at most."""
        if not self.stash_is_set:
            return self.stash_standing
        return self.loop.call(self.stash_watcher.look, self.cancel)

    def survey_stash(self) -> Survey:
        """Find out what Stash holds.

        Raises:
            StashError: it cannot be used.
        """
        from stash_sense.connection.survey import survey

        standing = self.check_stash()
        if standing.error is not None:
            raise standing.error
        return self.ask(survey)

    @property
    def path_map(self) -> PathMap:
        """Which folder of Stash is which folder here, as the user has set it."""
        from stash_sense.library.paths import PathMap

        return PathMap.parse(self.configuration.get("path_map"))

    def guess_paths(self, found: Survey) -> Guess:
        """Find out where the files of the library are for us; looks for them on the disk."""
        from stash_sense.adapters.hardware.places import places, size_of
        from stash_sense.library.paths import guess

        return guess(found.files, places(), size_of, self.path_map)

    def place_of(self, text: str) -> Path | Address:
        """Return what the user means: a path or an address; those of Stash are asked with its key."""
        from stash_sense.identification.sources import place_of

        place, url = place_of(text), self.settings.stash_url
        if isinstance(place, Path) or url is None or not text.startswith(url.rstrip("/") + "/"):
            return place
        _, key = self._stash_door
        return Address(text, {"ApiKey": key} if key else {}, named=url)

    @once
    def own_writes(self) -> OwnWrites:
        """What we write to Stash, so that it does not come back as news."""
        from stash_sense.connection.own_writes import OwnWrites

        return OwnWrites()

    @once
    def stash_news(self) -> Newsroom:
        """Tells what is new in Stash to those who follow it."""
        from stash_sense.connection.news import Newsroom

        return Newsroom()

    @once
    def stash_changes(self) -> MarkedChanges:
        """What changed in Stash and nobody has looked at yet; the first to write or read opens the state."""
        from stash_sense.connection.marks import MarkedChanges

        def kept() -> ChangeMarks:
            from stash_sense.adapters.store.library_changes import SqlChangeMarks

            return SqlChangeMarks(self.store)

        return MarkedChanges(kept)

    @once
    def stash_hooks(self) -> Hooks:
        """Hears the hooks of Stash."""
        from stash_sense.connection.hooks import Hooks

        marks, news = self.stash_changes, self.stash_news

        def changed(change: EntityChanged) -> None:
            marks.add(change)
            news.tell(change)

        return Hooks(self.own_writes, changed)

    @once
    def stash_listening(self) -> Listening:
        """Hears what happens in Stash, on `loop`; raises as `library` does."""
        from stash_sense.adapters.stash.events import StashEvents
        from stash_sense.connection.listening import Listening

        events = StashEvents(*self._stash_door)
        return Listening(self.stash_watcher, events, self.library.jobs, self.stash_news.tell)

    @property
    def stash_manner(self) -> Manner:
        """How we hear at this moment what happens in Stash."""
        from stash_sense.connection.listening import Manner

        return self.stash_listening.manner if "stash_listening" in self.__dict__ else Manner.NOT

    @contextmanager
    def follow_stash(self) -> Iterator[None]:
        """Ask Stash again and again whether it can be used, and hear what is new in it, until the block ends."""
        watching = self.loop.begin(self.stash_watcher.run)
        try:
            listening = self.loop.begin(self.stash_listening.run)
        except StashSenseError:  # the watcher says it
            listening = watching
        try:
            yield
        finally:
            listening.cancel()
            watching.cancel()

    def close(self) -> None:
        """Close the connections, write down what changed, and close the state."""
        if "_stash_client" in self.__dict__:
            self.loop.call(self._stash_client.aclose, CancelToken())
        for name in ("library", "_stash_client", "stash_watcher", "stash_listening"):
            self.__dict__.pop(name, None)
        if "loop" in self.__dict__:
            self.loop.close()
        if "stash_changes" in self.__dict__:
            self.stash_changes.close()
        super().close()

    @once
    def _stash_client(self) -> StashClient:
        from stash_sense.adapters.stash.client import StashClient
        from stash_sense.adapters.stash.connection import documents

        client = StashClient(*self._stash_door)
        documents()  # read from the disk here, not on the loop
        return client

    @property
    def _stash_door(self) -> tuple[str, str]:
        """The address and the key of Stash."""
        url, key = self.settings.stash_url, self.settings.stash_api_key
        if url is None:
            raise StashNotSet
        return url, key.get_secret_value() if key is not None else ""


def _refusing(error: StashSenseError) -> Callable[[], Awaitable[ServerState]]:
    async def refuse() -> ServerState:
        raise error

    return refuse
