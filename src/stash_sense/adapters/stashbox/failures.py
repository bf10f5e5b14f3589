"""What a stash-box that does not answer as wished means, as the errors that the user reads."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from stash_sense.adapters.graphql.documents import Document
from stash_sense.adapters.graphql.outcomes import NoAnswer, Reply, Trouble, shortened
from stash_sense.errors import (
    StashBoxAnswerOdd,
    StashBoxAnswerTooLarge,
    StashBoxBroken,
    StashBoxBusy,
    StashBoxCertificateUntrusted,
    StashBoxConnectionLost,
    StashBoxDocumentRefused,
    StashBoxError,
    StashBoxFeatureMissing,
    StashBoxKeyMissing,
    StashBoxKeyWrong,
    StashBoxMisplaced,
    StashBoxRedirected,
    StashBoxRefused,
    StashBoxTimedOut,
    StashBoxUnreachable,
)
from stash_sense.kernel.addresses import shown

_HIDDEN = "[hidden]"
_NO_KEY = "not authorized"
_TOKEN = re.compile(r"^\s*token\b|\btoken (?:is|contains|signature)\b", re.IGNORECASE)
"""What the library says that reads keys, at status 500 as text."""
_TOO_MANY = re.compile(r"\btoo many (?:attempts|requests)\b|\brate limit", re.IGNORECASE)
_UNKNOWN_FIELD = re.compile(r"Cannot query field .?(?P<field>\w+)\W+ on type .?(?P<type>\w+)")
_ROOT = "Query"
_TOO_LONG = (400, 413, 414)
"""Where a question is not understood, or larger than a gateway lets through."""
_UNTOLD_SECONDS = 10.0
"""How long to leave a server alone that says neither why nor for how long."""
_LONGEST_SECONDS = 3600.0
"""Then it is asked once more, for it may have said nonsense, and we run for months."""


@dataclass(frozen=True)
class Failures:
    """Makes errors of answers.

    Attributes:
        endpoint: for people.
        secret: the key, empty where there is none; no error has it.
    """

    endpoint: str
    secret: str = field(default="", repr=False)

    def of_no_answer(self, failure: NoAnswer, document: Document) -> StashBoxError:
        """Say why there is no answer."""
        endpoint, reason, operation = self.endpoint, self.clean(failure.reason), document.name
        match failure.trouble:
            case Trouble.UNREACHABLE:
                return StashBoxUnreachable(endpoint=endpoint, reason=reason)
            case Trouble.UNTRUSTED:
                return StashBoxCertificateUntrusted(endpoint=endpoint, reason=reason)
            case Trouble.TIMED_OUT:
                return StashBoxTimedOut(endpoint=endpoint, seconds=f"{failure.seconds:g}", operation=operation)
            case Trouble.TOO_LARGE:
                return StashBoxAnswerTooLarge(endpoint=endpoint, most_bytes=failure.most_bytes, operation=operation)
            case Trouble.LOST:
                return StashBoxConnectionLost(endpoint=endpoint, reason=reason)
            case _:
                return StashBoxMisplaced(endpoint=endpoint, reason=reason)

    def of_reply(self, reply: Reply, document: Document, *, partial: bool) -> StashBoxError | None:
        """Say what is wrong with an answer; None where it can be used.

        Args:
            reply: the answer.
            document: what was asked.
            partial: whether an answer can be used of which only some fields failed.
        """
        if reply.status == 429 or any(_TOO_MANY.search(error.message) for error in reply.errors):
            return StashBoxBusy(endpoint=self.endpoint, wait=round(wait_of(reply)))
        if reply.is_graphql and reply.errors:
            return self._of_errors(reply, document, partial=partial)
        if reply.is_graphql and reply.status == 200 and reply.data is not None:
            return None
        return self._of_door(reply, document)

    def _of_door(self, reply: Reply, document: Document) -> StashBoxError:
        if reply.status == 401:
            return self._of_key("status 401")
        if reply.is_redirect:
            place = self.clean(shown(reply.location)) or "nowhere"
            return StashBoxRedirected(endpoint=self.endpoint, place=place)
        if reply.status == 500 and reply.content_type == "text/plain" and _TOKEN.search(reply.beginning):
            return self._of_key(self.clean(reply.beginning))
        if reply.status >= 500:
            return StashBoxBroken(endpoint=self.endpoint, reason=f"status {reply.status}")
        if reply.status in _TOO_LONG:
            return StashBoxRefused(endpoint=self.endpoint, operation=document.name, reason=f"status {reply.status}")
        what = "a web page" if reply.content_type == "text/html" else reply.content_type or "something of no type"
        return StashBoxMisplaced(endpoint=self.endpoint, reason=self.clean(f"it gave {what}, status {reply.status}"))

    def _of_errors(self, reply: Reply, document: Document, *, partial: bool) -> StashBoxError | None:
        endpoint, operation = self.endpoint, document.name
        messages = [error.message for error in reply.errors]
        if any(_NO_KEY in message.lower() for message in messages):
            return self._of_key(_NO_KEY)
        if partial and reply.status == 200 and reply.data is not None and all(error.path for error in reply.errors):
            return None
        reason = self.clean(messages[0]) or "it does not say why"
        if any(found.startswith(f"{_ROOT}.") for found in unknown_fields(messages)):
            return StashBoxFeatureMissing(endpoint=endpoint, operation=operation, reason=reason)
        if reply.refuses_document:
            return StashBoxDocumentRefused(endpoint=endpoint, operation=operation, reason=reason)
        if reply.status >= 500:
            return StashBoxBroken(endpoint=endpoint, reason=reason)
        return StashBoxRefused(endpoint=endpoint, operation=operation, reason=reason)

    def _of_key(self, reason: str) -> StashBoxError:
        if not self.secret:
            return StashBoxKeyMissing(endpoint=self.endpoint)
        return StashBoxKeyWrong(endpoint=self.endpoint, reason=reason)

    def odd(self, operation: str, error: Exception) -> StashBoxAnswerOdd:
        """Say that an answer has another shape than it must have."""
        reason = self.clean(f"{type(error).__name__}: {error}")
        return StashBoxAnswerOdd(endpoint=self.endpoint, operation=operation, reason=reason)

    def clean(self, text: str) -> str:
        """Make one short line of a stranger's words, without our key."""
        return shortened(text.replace(self.secret, _HIDDEN) if self.secret else text)


def unknown_fields(messages: list[str]) -> set[str]:
    """Read out of refusals which fields the server does not have, each `Type.field`.

    The words are those of GraphQL's reference implementation, which gqlgen and others kept.
    """
    found = (_UNKNOWN_FIELD.search(message) for message in messages)
    return {f"{match['type']}.{match['field']}" for match in found if match}


def wait_of(reply: Reply) -> float:
    """Return for how many seconds a server wants to be left alone: at least one, at most an hour."""
    told = reply.headers.get("retry-after", "").strip()
    try:
        seconds = float(told[:12]) if told[:1].isdecimal() else _seconds_until(told)
        return min(max(seconds, 1.0), _LONGEST_SECONDS)
    except (ValueError, OverflowError):
        return _UNTOLD_SECONDS


def _seconds_until(date: str) -> float:
    moment = parsedate_to_datetime(date)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - datetime.now(UTC).timestamp()
