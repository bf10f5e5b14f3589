"""GraphQL over HTTP: a document and its variables go out, data and errors come back, at whatever status."""

import json
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from stash_sense.adapters.graphql.asking import Asker, Bounds
from stash_sense.adapters.graphql.documents import Document
from stash_sense.adapters.graphql.outcomes import GraphQLError, Reply
from stash_sense.kernel.collector import paused_collector
from stash_sense.kernel.text import as_unicode

Variables = Mapping[str, Any]
_ASKED = {"content-type": "application/json", "accept": "application/json"}
_JSON_TYPES = ("application/json", "application/graphql-response+json", "text/plain", "")
"""What an answer may call itself: gqlgen says text/plain when it does not understand the question."""
_SURROGATES = (b"\\ud", b"\\uD")
"""How half a character begins; so do a few whole ones."""


class GraphQLTransport:
    """Asks one GraphQL server.

    Args:
        url: where it takes questions.
        headers: sent with every question; their values are secrets, which no error and no log has.
        bounds: for a question that names none.
        compressed: see `Asker`.
        certificates: see `Asker`.
        proxies: see `Asker`.
        asker: to ask with, for those who ask the server for other things, too.

    Raises:
        ProxyUnusable: the environment names a proxy that is none.
        httpx2.InvalidURL: the address is none.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        bounds: Bounds | None = None,
        *,
        compressed: bool = False,
        certificates: ssl.SSLContext | None = None,
        proxies: Mapping[str, str] | None = None,
        asker: Asker | None = None,
    ) -> None:
        self._url = url
        self._bounds = bounds or Bounds()
        self._asker = asker or Asker(url, headers, compressed=compressed, certificates=certificates, proxies=proxies)

    async def send(
        self, document: Document, variables: Variables | None = None, bounds: Bounds | None = None
    ) -> Reply:
        """Send a document once and read what the server answers to it; nothing is tried again here.

        Args:
            document: the operation.
            variables: its values.
            bounds: for this question alone.

        Raises:
            NoAnswer: there is no answer, or not a whole one.
        """
        asked = json.dumps({"query": document.text, "variables": variables or {}}).encode()
        reply = await self._asker.ask("POST", self._url, bounds or self._bounds, headers=_ASKED, body=asked)
        return as_graphql(reply)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._asker.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def as_graphql(reply: Reply) -> Reply:
    """Read data and errors out of a body; a body that is no answer of GraphQL is left as it is."""
    if reply.content_type not in _JSON_TYPES:
        return reply
    answer = _parsed(reply.body)
    if not isinstance(answer, dict) or not answer.keys() & {"data", "errors"}:
        return reply
    data, errors = answer.get("data"), answer.get("errors") or []
    if not (data is None or isinstance(data, dict)) or not isinstance(errors, list):
        return reply
    found = tuple(_error(entry) for entry in errors)
    return Reply(reply.status, reply.headers, b"", data, found, is_graphql=True)


def _parsed(body: bytes) -> object:
    try:
        with paused_collector():  # it would look through the whole program for every few pages
            answer: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    # Half a character cannot be stored or sent on. Most answers have no backslash at all, which is quickly seen.
    halves = b"\\" in body and any(begin in body for begin in _SURROGATES)
    return _whole(answer) if halves else answer


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return as_unicode(value)
    if isinstance(value, list):
        return [_whole(entry) for entry in value]
    if isinstance(value, dict):
        return {as_unicode(key): _whole(entry) for key, entry in value.items()}
    return value


def _error(entry: object) -> GraphQLError:
    if not isinstance(entry, dict):
        return GraphQLError(str(entry))
    extensions, path = entry.get("extensions"), entry.get("path")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    parts = tuple(part for part in path if isinstance(part, str | int)) if isinstance(path, list) else ()
    return GraphQLError(str(entry.get("message", "")), code if isinstance(code, str) else "", parts)
