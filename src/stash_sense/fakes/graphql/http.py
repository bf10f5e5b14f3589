"""GraphQL over HTTP as gqlgen speaks it: POST of JSON, GET of queries, and the refusals of all else."""

import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from anyio import to_thread
from graphql import OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from stash_sense.fakes.graphql.engine import Answer, Engine, Flaw, Operation, Prepared, refused

ContextOf = Callable[[Request], Any]
"""Makes what resolvers are given from the request."""

LEAVING: Mapping[Any, Callable[[Request, Exception], Response]] = {
    ClientDisconnect: lambda _request, _error: Response(status_code=499)
}
"""What a Starlette answers to who leaves before all of a request was sent: nothing that anybody hears."""
MOST_REMEMBERED = 10_000
"""Requests that a server remembers for whoever looks; one that runs for days must not grow."""
_JSON, _GRAPHQL = "application/json", "application/graphql-response+json"
_NEITHER = '{"errors":[{"message":"transport not supported"}],"data":null}'


class GraphQLOverHTTP:
    """Answers requests for /graphql: its method `answer` is the endpoint of a route.

    Args:
        engine: answers.
        context_of: makes what its resolvers are given.
        headers: of every answer.
        most_fields: how many things one document may ask for; one with more is refused as too complex.

    Attributes:
        seen: the last documents that came, in order, with their variables.
        flaws: what was asked for and is not simulated; a test may insist that it stays empty.
    """

    def __init__(
        self,
        engine: Engine,
        context_of: ContextOf,
        headers: dict[str, str] | None = None,
        most_fields: int | None = None,
    ) -> None:
        self.engine = engine
        self.most_fields = most_fields
        self.context_of = context_of
        self.headers = headers or {}
        self.seen: deque[Operation] = deque(maxlen=MOST_REMEMBERED)
        self.flaws: list[str] = []

    async def answer(self, request: Request) -> Response:
        """Answer one request.

        Resolvers run on a thread of their own: they may wait for the lock of the state.
        """
        if request.method == "OPTIONS":
            return Response(headers={**self.headers, "allow": "OPTIONS, GET, POST"})
        if request.method == "HEAD":
            return Response(status_code=405, headers=self.headers)
        if request.method == "GET":
            read = _of_query(request)
        elif request.method == "POST" and _kind(request) == _JSON:
            read = _of_body(await request.body())
        else:
            return PlainTextResponse(_NEITHER, 400, self.headers)
        if isinstance(read, Answer):
            return self._written(request, read)
        self.seen.append(read)
        prepared = self.engine.prepare(read)
        if isinstance(prepared, Answer):
            return self._written(request, prepared)
        if refusal := _refusal(request, prepared) or self._too_complex(prepared):
            return self._written(request, refusal)
        return await self._answered(request, prepared)

    async def _answered(self, request: Request, prepared: Prepared) -> Response:
        context = self.context_of(request)
        try:
            return await to_thread.run_sync(lambda: self._written(request, self.engine.execute(prepared, context)))
        except Flaw as flaw:
            self.flaws.append(str(flaw))
            return PlainTextResponse(f"not simulated: {flaw}\n", 500, self.headers)

    def _too_complex(self, prepared: Prepared) -> Answer | None:
        count = len(prepared.definition.selection_set.selections)
        if self.most_fields is None or count <= self.most_fields:
            return None
        message = f"operation has complexity {count}, which exceeds the limit of {self.most_fields}"
        error = {"message": message, "extensions": {"code": "COMPLEXITY_LIMIT_EXCEEDED"}}
        return Answer(200, {"errors": [error], "data": None})

    def _written(self, request: Request, answer: Answer) -> Response:
        text = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":"))
        return Response(text, answer.status, self.headers, media_type=_accepted(request.headers.get("accept", "")))


def _accepted(accept: str) -> str:
    for part in accept.split(","):
        kind = part.split(";")[0].strip()
        if kind in (_GRAPHQL, "*/*", "application/*"):
            return _GRAPHQL
        if kind == _JSON:
            return _JSON
    return _JSON


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def _refusal(request: Request, prepared: Prepared) -> Answer | None:
    if request.method == "GET" and prepared.kind is not OperationType.QUERY:
        return Answer(406, {"errors": [{"message": "GET requests only allow query operations"}], "data": None})
    if prepared.kind is OperationType.SUBSCRIPTION:
        return refused([{"message": "subscriptions need a WebSocket"}])
    return None


def _of_query(request: Request) -> Operation | Answer:
    told = request.query_params
    try:
        variables = json.loads(told.get("variables") or "{}")
    except ValueError:
        variables = None
    if not isinstance(variables, dict):
        return _undecodable("variables could not be decoded")
    return Operation(told.get("query", ""), variables, told.get("operationName"))


def _of_body(body: bytes) -> Operation | Answer:
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        found = body[:200].decode("utf-8", "replace")
        return _undecodable(f"json request body could not be decoded: body:{found}")
    query, variables, name = told.get("query") or "", told.get("variables") or {}, told.get("operationName")
    if not isinstance(query, str) or not isinstance(variables, dict):
        return _undecodable("json request body could not be decoded")
    return Operation(query, variables, name)


def _undecodable(message: str) -> Answer:
    return Answer(400, {"errors": [{"message": message}], "data": None})
