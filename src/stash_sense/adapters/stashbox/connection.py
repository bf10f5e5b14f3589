"""Questions to one endpoint: as often as it allows, again where it did not answer, with the fields that it has."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2

from stash_sense.adapters.graphql.asking import Bounds
from stash_sense.adapters.graphql.documents import Document
from stash_sense.adapters.graphql.outcomes import NoAnswer, Reply
from stash_sense.adapters.graphql.retrying import Patience, Retrier
from stash_sense.adapters.graphql.transport import GraphQLTransport
from stash_sense.adapters.stashbox.documents import documents
from stash_sense.adapters.stashbox.failures import Failures, unknown_fields, wait_of
from stash_sense.adapters.stashbox.limiter import Limiter
from stash_sense.errors import (
    StashBoxAddressInvalid,
    StashBoxBroken,
    StashBoxBusy,
    StashBoxConnectionLost,
    StashBoxDocumentRefused,
    StashBoxError,
    StashBoxTimedOut,
    StashBoxUnreachable,
)
from stash_sense.kernel.addresses import shown
from stash_sense.library.server import StashBoxEndpoint

_PASSES = (StashBoxBroken, StashBoxConnectionLost, StashBoxUnreachable)
_PASSING = Patience(attempts=3, first_seconds=0.5, longest_seconds=5.0)
_SILENT = Patience(attempts=2, first_seconds=0.5, longest_seconds=5.0)


@dataclass(frozen=True, slots=True)
class StashBoxLimits:
    """What an endpoint may cost us."""

    seconds: float = 30.0
    """For one question, from its beginning to the last byte; 60 performers at once took a real server 0.9 s."""
    connect_seconds: float = 10.0
    """To find it."""
    answer_bytes: int = 32 * 1024 * 1024
    """Of an answer; 60 performers have 50 KB, 100 scenes with thousands of fingerprints each some MB."""
    passing: Patience = _PASSING
    """With a network or a server that fails."""
    silent: Patience = _SILENT
    """With one that does not answer in time."""
    longest_hold: float = 90.0
    """The longest time to wait for a server that asks to be left alone; one that asks for more is given up."""
    holds: int = 3
    """How often to wait so for one question."""


class StashBoxConnection:
    """Asks one endpoint.

    Args:
        endpoint: as the user has set it up.
        limiter: of this endpoint.
        limits: see `StashBoxLimits`.
        retrier: how to wait between attempts.
        certificates: see `Asker`.
        proxies: see `Asker`.

    Raises:
        StashBoxAddressInvalid: the address is none.
        ProxyUnusable: the environment names a proxy that is none.
    """

    def __init__(
        self,
        endpoint: StashBoxEndpoint,
        limiter: Limiter,
        *,
        limits: StashBoxLimits | None = None,
        retrier: Retrier | None = None,
        certificates: ssl.SSLContext | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> None:
        _check(endpoint.endpoint)
        self.limits = limits or StashBoxLimits()
        self.failures = Failures(shown(endpoint.endpoint), endpoint.api_key)
        bounds = Bounds(self.limits.seconds, self.limits.connect_seconds, self.limits.answer_bytes)
        headers = {"ApiKey": endpoint.api_key} if endpoint.api_key else {}
        self._transport = GraphQLTransport(
            endpoint.endpoint, headers, bounds, compressed=True, certificates=certificates, proxies=proxies
        )
        self._limiter = limiter
        self._retrier = retrier or Retrier()
        self._lacks: set[str] = set()

    async def ask(self, document: Document, variables: Mapping[str, Any], *, partial: bool = False) -> Reply:
        """Send a document and give an answer that has data.

        What the endpoint refuses because it has not all the fields is asked again without them, and so is everything
        from then on.

        Args:
            document: of ours.
            variables: its values.
            partial: whether an answer will do of which some fields failed.

        Raises:
            StashBoxError: it could not be asked, or refuses.
        """
        while True:
            try:
                return await self._asked(document.for_server(self._has), variables, partial=partial)
            except _Refused as refusal:
                if not await self._learns(refusal.reply, document):
                    raise refusal.error from None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    def _has(self, field: str) -> bool:
        return field not in self._lacks

    async def _learns(self, reply: Reply, document: Document) -> bool:
        """Find out which of a document's fields the endpoint lacks, from its words or by asking what it has."""
        wanted = set(document.needs) - self._lacks
        lacked = unknown_fields([error.message for error in reply.errors]) & wanted
        if not lacked and wanted:
            try:
                lacked = wanted - _fields(await self._asked(documents()["fields"], {}, partial=True), wanted)
            except (_Refused, StashBoxError):
                return False
        self._lacks |= lacked
        return bool(lacked)

    async def _asked(self, document: Document, variables: Mapping[str, Any], *, partial: bool) -> Reply:
        held = 0

        async def once() -> Reply:
            return await self._once(document, variables, partial=partial)

        def again(error: Exception) -> Patience | float | None:
            nonlocal held
            if isinstance(error, StashBoxBusy):
                held += 1
                # The limiter waits for all who ask.
                return 0.0 if held <= self.limits.holds and self._may_wait() else None
            if isinstance(error, StashBoxTimedOut):
                return self.limits.silent
            return self.limits.passing if isinstance(error, _PASSES) else None

        return await self._retrier.call(once, again)

    def _may_wait(self) -> bool:
        return self._limiter.held_seconds <= self.limits.longest_hold

    async def _once(self, document: Document, variables: Mapping[str, Any], *, partial: bool) -> Reply:
        if not self._may_wait():
            raise StashBoxBusy(endpoint=self.failures.endpoint, wait=round(self._limiter.held_seconds))
        await self._limiter.turn()
        try:
            reply = await self._transport.send(document, variables)
        except NoAnswer as failure:
            raise self.failures.of_no_answer(failure, document) from failure
        error = self.failures.of_reply(reply, document, partial=partial)
        if isinstance(error, StashBoxBusy):
            self._limiter.hold(wait_of(reply))
        if isinstance(error, StashBoxDocumentRefused):
            raise _Refused(error, reply)
        if error is not None:
            raise error
        return reply


class _Refused(Exception):
    """An endpoint does not understand a document, which it may without some of the fields."""

    def __init__(self, error: StashBoxDocumentRefused, reply: Reply) -> None:
        super().__init__(error)
        self.error = error
        self.reply = reply


def _fields(reply: Reply, wanted: set[str]) -> set[str]:
    """Return those of the wanted fields that there are; those of a type that nothing is told of count as there."""
    assert reply.data is not None  # noqa: S101  or there would be an error
    told = {kind["name"]: kind["fields"] for kind in reply.data.values() if isinstance(kind, dict)}
    there = {f"{name}.{field['name']}" for name, fields in told.items() for field in fields or ()}
    return {field for field in wanted if field in there or field.partition(".")[0] not in told}


def _check(endpoint: str) -> None:
    try:
        urlsplit(endpoint)
        url = httpx2.URL(endpoint)
    except (httpx2.InvalidURL, ValueError) as error:
        raise StashBoxAddressInvalid(endpoint="(unreadable)", reason="it cannot be understood") from error
    if url.scheme not in ("http", "https") or not url.host:
        reason = "it begins with neither http:// nor https://, or names no host"
        raise StashBoxAddressInvalid(endpoint=shown(endpoint) or "(empty)", reason=reason)
