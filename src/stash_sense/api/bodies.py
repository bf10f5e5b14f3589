"""How large a request's body may be, counted while it comes in."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stash_sense.api.errors import answer_to
from stash_sense.errors import BodyTooLarge

USUAL_BYTES = 1024 * 1024
FORM = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Bytes that the paths take.

    Attributes:
        usual: of every path that is not named.
        forms: by path, of those that take files, which go to the disk as they come.
        documents: by path, of anything else that is sent there, which is held in memory.
    """

    usual: int = USUAL_BYTES
    forms: Mapping[str, int] = field(default_factory=dict)
    documents: Mapping[str, int] = field(default_factory=dict)

    def limit_of(self, path: str, content_type: str) -> int:
        """Return how many bytes a path takes in one body."""
        table = self.forms if content_type.partition(";")[0].strip().lower() == FORM else self.documents
        return table.get(path, self.usual)


class LimitedBody:
    """One request whose body is counted.

    Args:
        limit: bytes.
        headers: of the request.
        receive, send: of the request.
    """

    def __init__(self, limit: int, headers: Headers, receive: Receive, send: Send) -> None:
        self._limit = limit
        self._headers = headers
        self._receive = receive
        self._send = send
        self._count = 0
        self._started = False

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        """Answer the request with `app`, or refuse it as soon as its body is too large."""
        announced = self._headers.get("content-length", "")
        if announced.isdigit() and int(announced) > self._limit:
            await self._refuse(scope)
            return
        with contextlib.suppress(_TooLarge):
            await app(scope, self._counted, self._passed)
        if self._too_large and not self._started:
            await self._refuse(scope)

    @property
    def _too_large(self) -> bool:
        return self._count > self._limit

    async def _counted(self) -> Message:
        message = await self._receive()
        self._count += len(message.get("body", b""))
        if self._too_large:
            raise _TooLarge
        return message

    async def _passed(self, message: Message) -> None:
        # Whoever reads the body may take the interruption for a fault of its own: what it then says is not told.
        if self._too_large and not self._started:
            return
        self._started = True
        await self._send(message)

    async def _refuse(self, scope: Scope) -> None:
        answer = answer_to(BodyTooLarge(limit=self._limit), {"connection": "close"})
        await answer(scope, self._receive, self._send)


class _TooLarge(Exception):
    pass
