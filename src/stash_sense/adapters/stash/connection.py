"""Questions to one Stash: sent within a time, tried again where that is safe, answered with data or our errors."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

from stash_sense.adapters.graphql.asking import Asker, Bounds
from stash_sense.adapters.graphql.documents import Document, documents_of
from stash_sense.adapters.graphql.outcomes import NoAnswer
from stash_sense.adapters.graphql.retrying import Patience, Retrier
from stash_sense.adapters.graphql.transport import GraphQLTransport
from stash_sense.adapters.stash.address import StashAddress
from stash_sense.adapters.stash.failures import Failures, is_overload
from stash_sense.errors import (
    StashAnswerOdd,
    StashBroken,
    StashConnectionLost,
    StashDatabaseLocked,
    StashDocumentRefused,
    StashError,
    StashMigrationNeeded,
    StashMisplaced,
    StashRefused,
    StashSetupNeeded,
    StashTooOld,
    StashUnreachable,
)
from stash_sense.library.server import Features, ServerState, ServerStatus

OLDEST_VERSION = "0.30"
OLDEST_SCHEMA = 75
"""Of the database of 0.30."""
_NOT_STARTED = ("Internal system error", "database not initialized")
"""What questions come back with while a Stash was never set up, or waits for a migration."""

_PASSING = Patience(attempts=3, first_seconds=0.2, longest_seconds=2.0)
_LOCKED = Patience(attempts=9, first_seconds=0.1, longest_seconds=5.0)


@dataclass(frozen=True, slots=True)
class StashLimits:
    """What Stash may cost us; the defaults fit a library of 100,000 scenes on a slow disk."""

    seconds: float = 60.0
    """For a question or a change, with all its attempts."""
    slow_seconds: float = 300.0
    """For the few that take long: the search for duplicates takes 5 s for 50,000 scenes."""
    connect_seconds: float = 5.0
    """To find Stash."""
    answer_bytes: int = 64 * 1024 * 1024
    """Of an answer: a page of 1,000 scenes has 1 to 3 MB."""
    passing: Patience = _PASSING
    """With a network that fails."""
    locked: Patience = _LOCKED
    """With a database that another program holds: 16 s at most, for Stash itself waits only 50 ms."""


@cache
def documents() -> Mapping[str, Document]:
    """Read every document of this client, once."""
    return documents_of("stash_sense.adapters.stash")


class StashConnection:
    """Asks one Stash.

    Args:
        url: its address, as the user wrote it.
        api_key: its key, empty where it has no login.
        limits: see `StashLimits`.
        retrier: how to wait between attempts.
        certificates: see `Asker`.
        proxies: see `Asker`.

    Raises:
        StashAddressInvalid: the address is none.
        ProxyUnusable: the environment names a proxy that is none.
    """

    def __init__(
        self,
        url: str,
        api_key: str = "",
        *,
        limits: StashLimits | None = None,
        retrier: Retrier | None = None,
        certificates: ssl.SSLContext | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> None:
        self.address = StashAddress(url)
        self.limits = limits or StashLimits()
        self.headers = {"ApiKey": api_key} if api_key else {}
        self.failures = Failures(self.address.shown, api_key)
        self.asker = Asker(self.address.base, self.headers, certificates=certificates, proxies=proxies)
        self._transport = GraphQLTransport(self.address.graphql, asker=self.asker)
        self._retrier = retrier or Retrier()
        self._features: Features | None = None

    async def ask(
        self, name: str, variables: Mapping[str, Any] | None = None, *, seconds: float = 0.0
    ) -> dict[str, Any]:
        """Send one of our documents and give the answer's data.

        Args:
            name: of the document.
            variables: its values.
            seconds: for all of it; 0 for the usual.

        Raises:
            StashError: it could not be asked, or refuses.
        """
        document = documents()[name]
        try:
            return await self._asked(await self._for_server(document), variables, seconds)
        except StashDocumentRefused:
            # It may have been updated or exchanged for an older one since we asked what it can.
            before, self._features = self._features, None
            await self.ready()
            if not document.needs or await self.features() == before:
                raise
            return await self._asked(await self._for_server(document), variables, seconds)
        except (StashRefused, StashBroken) as error:
            await self._explain(error)

    async def state(self) -> ServerState:
        """Ask what it is and needs."""
        document = documents()["server_state"]
        try:
            data = await self._asked(document, None, 0.0)
        except StashDocumentRefused as error:
            reason = "it answers in GraphQL, but as another program"
            raise StashMisplaced(address=self.address.shown, reason=reason) from error
        try:
            version, system = data["version"], data["systemStatus"]
            return ServerState(
                address=self.address.shown,
                version=self.failures.clean(version["version"] or ""),
                schema=int(system["appSchema"]),
                status=ServerStatus(system["status"]),
                system=self.failures.clean(system["os"] or ""),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise self.odd("server_state", error) from error

    async def ready(self) -> ServerState:
        """Likewise, but raise where it cannot be used."""
        state = await self.state()
        if state.status is ServerStatus.SETUP:
            raise StashSetupNeeded(address=self.address.shown)
        if state.schema < OLDEST_SCHEMA:
            version = state.version or f"of database schema {state.schema}"
            raise StashTooOld(address=self.address.shown, version=version, oldest=OLDEST_VERSION)
        if state.status is ServerStatus.NEEDS_MIGRATION:
            raise StashMigrationNeeded(address=self.address.shown)
        return state

    async def features(self) -> Features:
        """Ask what it can, and remember it."""
        if self._features is None:
            data = await self._asked(documents()["features"], None, 0.0)
            self._features = _features(data)
        return self._features

    def odd(self, operation: str, error: Exception) -> StashAnswerOdd:
        """Say that an answer has another shape than it must have."""
        reason = self.failures.clean(f"{type(error).__name__}: {error}")
        return StashAnswerOdd(address=self.address.shown, operation=operation, reason=reason)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.asker.aclose()

    async def _for_server(self, document: Document) -> Document:
        return document.for_server((await self.features()).has) if document.needs else document

    async def _asked(self, document: Document, variables: Mapping[str, Any] | None, seconds: float) -> dict[str, Any]:
        limits, clock = self.limits, asyncio.get_running_loop().time
        end = clock() + (seconds or limits.seconds)

        async def once() -> dict[str, Any]:
            # An attempt gets what is left, but enough to find out what is wrong.
            bounds = Bounds(
                max(end - clock(), 1.0) if tried else end - clock(), limits.connect_seconds, limits.answer_bytes
            )
            tried.append(True)
            return await self._once(document, variables, bounds)

        def again(error: Exception) -> Patience | None:
            return None if clock() >= end else self._patience_with(error, document)

        tried: list[bool] = []
        return await self._retrier.call(once, again)

    async def _once(self, document: Document, variables: Mapping[str, Any] | None, bounds: Bounds) -> dict[str, Any]:
        try:
            reply = await self._transport.send(document, variables, bounds)
        except NoAnswer as failure:
            raise self.failures.of_no_answer(failure, document) from failure
        error = self.failures.of_reply(reply, document)
        if error is not None:
            raise error
        assert reply.data is not None  # noqa: S101  or there would be an error
        return reply.data

    def _patience_with(self, error: Exception, document: Document) -> Patience | None:
        """Say how often to try again: a write only where nothing of it can have happened."""
        if isinstance(error, StashDatabaseLocked):
            return self.limits.locked
        if isinstance(error, StashUnreachable):
            return self.limits.passing
        passes = isinstance(error, StashConnectionLost) or (isinstance(error, StashError) and is_overload(error))
        return self.limits.passing if passes and not document.is_write else None

    async def _explain(self, error: StashError) -> NoReturn:
        """Ask whether a Stash that refuses was never set up, or waits for a migration; it does not say so itself."""
        reason = str(error.fields.get("reason", ""))
        if any(words in reason for words in _NOT_STARTED):
            await self.ready()
            raise self.failures.broken(reason) from error
        raise error


def _features(data: Mapping[str, Any]) -> Features:
    found: set[str] = set()
    for kind in data.values():
        if isinstance(kind, dict):
            entries = kind.get("fields") or kind.get("inputFields") or []
            found.update(f"{kind.get('name')}.{entry['name']}" for entry in entries)
    return Features(frozenset(found))
