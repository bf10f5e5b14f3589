"""The simulator of Stash: its state behind its doors, on a free port of the loopback or an application to serve.

with simulated_stash(library=document, faults=["locked:2"]) as stash:
    httpx2.post(f"{stash.url}/graphql", ...)
    stash.state.hooks  # what plugins would have been told
"""

import secrets
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timezone
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute

from stash_sense.fakes.graphql.engine import ResolverError
from stash_sense.fakes.graphql.http import LEAVING, MOST_REMEMBERED, GraphQLOverHTTP
from stash_sense.fakes.graphql.serving import served
from stash_sense.fakes.graphql.socket import GraphQLOverSocket
from stash_sense.fakes.stash.answers import engine_of
from stash_sense.fakes.stash.doors import Doors
from stash_sense.fakes.stash.faults import KINDS, Fault, Faults
from stash_sense.fakes.stash.fields import Context
from stash_sense.fakes.stash.front import Front
from stash_sense.fakes.stash.jobs import Jobs
from stash_sense.fakes.stash.library_file import Document, fill
from stash_sense.fakes.stash.media import Media
from stash_sense.fakes.stash.media_folder import MediaFolder
from stash_sense.fakes.stash.media_jobs import MediaJobs
from stash_sense.fakes.stash.profiles import Profile
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.settings import GENERAL
from stash_sense.fakes.stash.state import RECORDED_ZONE, State
from stash_sense.kernel.cancel import CancelToken


class SimulatedStash:
    """A Stash.

    Args:
        library: what it holds, as `library_file.fill` reads it.
        profile: which version it is.
        api_key: without which nothing is answered; None for a server that is open.
        faults: that it plays, as `Fault` or "locked:2".
        zone: in whose offset it writes times.
        clock: what time it is.
        prefix: path below which a proxy offers it, as "/stash".
        job_pause: seconds that a step of a job takes.
        media: folder of real videos and pictures that it holds too.
        cancel: ends the first look through that folder, with `Cancelled`.

    Attributes:
        url: its address, once it is served.
        state: the library.
        faults: those that are left; more can be added while it runs.
        doors: who is let in.
        jobs: the queue.
        graphql: its `seen` are the documents that came, its `flaws` what was asked for and is not simulated.
        status: SETUP, NEEDS_MIGRATION or OK.
        folder: where its media come from, if they do.
        plugins: those that are installed, by id, with all columns of the type Plugin.
        requests: method and path of the last requests, in order.
    """

    def __init__(
        self,
        library: Document | None = None,
        profile: Profile | str = Profile.RECORDED,
        api_key: str | None = None,
        faults: Iterable[Fault | str] = (),
        zone: timezone = RECORDED_ZONE,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        prefix: str = "",
        job_pause: float = 0.01,
        media: Path | None = None,
        cancel: CancelToken | None = None,
    ) -> None:
        self.url = ""
        self.profile = Profile(profile)
        self.prefix = prefix
        self.status = "OK"
        self.state = State(zone, clock)
        self.state.configuration.general = {**GENERAL}
        fill(self.state, {} if library is None else library)
        if api_key:
            self.state.configuration.general.update(username="owner", apiKey=api_key)
            self.state.configuration.password = secrets.token_urlsafe(8)
        self.faults = Faults(KINDS, faults)
        self.plugins: dict[str, Row] = {}
        self.requests: deque[tuple[str, str]] = deque(maxlen=MOST_REMEMBERED)
        self.doors = Doors(self.state.configuration)
        self.jobs = Jobs(self.state.now_local, job_pause)
        self.media = Media(self.state, self.profile)
        self.work = MediaJobs(self.state, self.media, self.jobs)
        self.folder: MediaFolder | None = None
        if media is not None:
            self.media.on_demand = True
            self.folder = MediaFolder(media, self.state)
            self.work.find = self.folder.find
            self.folder.find(cancel=cancel)
        self.engine = engine_of(self.profile)
        self.graphql = GraphQLOverHTTP(self.engine, self.context, {"cache-control": "no-store", "vary": "Origin"})
        self._socket = GraphQLOverSocket(self.engine, self.context, self.graphql.flaws)
        routes = [
            Route("/healthz", _healthz),
            Route("/graphql", self.graphql.answer, methods=["GET", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"]),
            WebSocketRoute("/graphql", self._socket.talk),
            Route("/login", self.doors.login, methods=["GET", "POST"]),
            Route("/", _page),
            *self.media.routes(),
        ]
        self.app = Front(Starlette(routes=routes, exception_handlers=LEAVING), self)
        """To serve."""

    def context(self, connection: HTTPConnection) -> Context:
        """Return what resolvers are given of a request: the host as the client named it."""
        headers = connection.headers
        scheme = headers.get("x-forwarded-proto") or "http"
        prefix = headers.get("x-forwarded-prefix", self.prefix).rstrip("/")
        status = connection.scope.get("stash.status", self.status)
        return Context(self.state, f"{scheme}://{headers.get('host', '')}{prefix}", self, status)

    def writing(self) -> None:
        """Let a resolver write.

        Raises:
            ResolverError: another process holds the database.
        """
        if self.faults.take("/graphql", "locked"):
            raise ResolverError("beginning transaction: database is locked")

    def new_key(self) -> str:
        """Return a key that was never given out."""
        return f"{secrets.token_urlsafe(12)}.{secrets.token_urlsafe(30)}.{secrets.token_urlsafe(32)}"

    def scanning(self, told: Row) -> Any:
        """Return the steps of a scan."""
        return self.work.scanning(told)

    def generating(self, told: Row) -> Any:
        """Return the steps of a generation."""
        return self.work.generating(told)

    def close(self) -> None:
        """End what runs."""
        self.jobs.close()


@contextmanager
def simulated_stash(port: int = 0, **options: Any) -> Iterator[SimulatedStash]:
    """Serve a simulator on the loopback, on a thread of its own, until the block ends.

    Args:
        port: of the loopback; 0 for any that is free.
        options: of `SimulatedStash`.
    """
    stash = SimulatedStash(**options)
    try:
        with served(stash.app, port) as url:
            stash.url = url + stash.prefix
            yield stash
    finally:
        stash.close()


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse(".", media_type="text/plain")


async def _page(_request: Request) -> Response:
    return Response("", headers={"cache-control": "no-cache", "vary": "Origin"}, media_type="text/html")
