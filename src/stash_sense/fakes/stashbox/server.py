"""A community database of the stash-box kind on the loopback.

with StashBoxServer(State({"performers": [{"name": "Somebody"}]})) as server:
    server.faults.add("reset:1")
    ...  # ask server.endpoint, with any key
    server.documents  # what was asked
"""

from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from stash_sense.fakes.graphql.engine import Operation
from stash_sense.fakes.graphql.faults import Fault, Faults
from stash_sense.fakes.graphql.http import LEAVING, GraphQLOverHTTP
from stash_sense.fakes.graphql.serving import served
from stash_sense.fakes.stashbox.asking import Asking, User
from stash_sense.fakes.stashbox.front import Front
from stash_sense.fakes.stashbox.pictures import picture
from stash_sense.fakes.stashbox.profiles import Profile
from stash_sense.fakes.stashbox.queries import engine_of
from stash_sense.fakes.stashbox.rate import Rate
from stash_sense.fakes.stashbox.state import Row, State

_HEADERS = {"vary": "Origin"}
_MALFORMED = "token is malformed: token contains an invalid number of segments"
_SEGMENTS = 3
_SIZES = {"300", "600", "1280"}


class StashBoxServer:
    """Serves a state until its `with` block ends.

    Args:
        state: is answered from; may be changed meanwhile.
        profile: kind of server.
        users: by key; without, every key is the root's but an empty one.
        pictures: by image id, where a drawn one does not do.
        most_fields: how many things one document may ask for; a document with more is refused as too complex.
        port: of the loopback, 0 for any.
        faults: that it plays, as `Fault` or "slow:2".

    Attributes:
        faults: those that are left; more can be added while it runs.
        rate: how often requests are answered.
    """

    def __init__(
        self,
        state: State | None = None,
        profile: Profile = Profile.RECORDED,
        users: Mapping[str, User] | None = None,
        pictures: Mapping[str, bytes] | None = None,
        most_fields: int | None = None,
        port: int = 0,
        faults: Iterable[Fault | str] = (),
    ) -> None:
        self.state = state or State()
        self._users = users
        self._pictures = pictures or {}
        self._port = port
        self._block = ExitStack()
        self._url = ""
        self._profile = profile
        self.faults = Faults(faults=faults)
        self._graphql = GraphQLOverHTTP(engine_of(profile), self._asking, _HEADERS, most_fields)
        self._app = Front(self._routes(), self.faults)

    @property
    def app(self) -> ASGIApp:
        """The application, to be served otherwise."""
        return self._app

    @property
    def url(self) -> str:
        """Of the server, "http://127.0.0.1:port"."""
        return self._url

    @property
    def endpoint(self) -> str:
        """Where questions go."""
        return f"{self._url}/graphql"

    @property
    def documents(self) -> deque[Operation]:
        """What was asked lately, in order."""
        return self._graphql.seen

    @property
    def flaws(self) -> list[str]:
        """What was asked for and is not simulated."""
        return self._graphql.flaws

    @property
    def rate(self) -> Rate | None:
        """How often requests are answered."""
        return self._app.rate

    @rate.setter
    def rate(self, rate: Rate | None) -> None:
        self._app.rate = rate

    def __enter__(self) -> Self:
        self._url = self._block.enter_context(served(self._app, self._port))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._block.close()

    def _routes(self) -> ASGIApp:
        routes = [
            Route("/graphql", self._questioned, methods=["GET", "POST", "HEAD", "OPTIONS"]),
            Route("/images/{image_id}", self._picture),
            Route("/", lambda _: Response(headers=_HEADERS)),
        ]
        handlers = {**LEAVING, 404: lambda *_: _nothing(404, "404 page not found\n")}
        return Starlette(routes=routes, exception_handlers=handlers)

    async def _questioned(self, request: Request) -> Response:
        return self._turned_away(request) or await self._graphql.answer(request)

    def _turned_away(self, request: Request) -> Response | None:
        """Judge a key before anything is read, as the real server does; without one, each field refuses."""
        key = _key(request)
        if not key or self._users is None or key in self._users:
            return None
        if len(key.split(".")) != _SEGMENTS:
            return _nothing(500, _MALFORMED)
        return Response(status_code=401, headers=_HEADERS)

    def _asking(self, request: Request) -> Asking:
        key = _key(request)
        user = None if not key else User() if self._users is None else self._users.get(key)
        return Asking(user, str(request.base_url).rstrip("/"), self.state, self._profile)

    async def _picture(self, request: Request) -> Response:
        image_id = request.path_params["image_id"]
        row = self._image(image_id)
        if row is None:
            return _nothing(404, "404 page not found\n")
        if image_id in self._pictures:
            return Response(self._pictures[image_id], media_type="image/jpeg", headers=_HEADERS)
        size = request.query_params.get("size", "")
        drawn = picture(image_id, row["width"], row["height"], int(size) if size in _SIZES else None)
        return Response(drawn, media_type="image/jpeg", headers=_HEADERS)

    def _image(self, image_id: str) -> Row | None:
        for kind in ("performers", "scenes", "studios"):
            for row in self.state.listed(kind):
                for image in row["images"]:
                    if image["id"] == image_id:
                        return dict(image)
        return None


def _key(request: Request) -> str:
    return request.headers.get("apikey", "")


def _nothing(status: int, text: str) -> Response:
    return PlainTextResponse(text, status, _HEADERS)
