"""What a Stash that does not answer as wished means, as the errors that the user reads."""

import re
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urljoin, urlsplit

from stash_sense.adapters.graphql.documents import Document
from stash_sense.adapters.graphql.outcomes import GraphQLError, NoAnswer, Reply, Trouble, shortened
from stash_sense.errors import (
    StashAnswerTooLarge,
    StashBroken,
    StashCertificateUntrusted,
    StashConnectionLost,
    StashDatabaseLocked,
    StashDocumentRefused,
    StashError,
    StashExposed,
    StashIdUnknown,
    StashKeyMissing,
    StashKeyWrong,
    StashLoginPage,
    StashMisplaced,
    StashNameTaken,
    StashRedirected,
    StashReferenceUnknown,
    StashRefused,
    StashTimedOut,
    StashUnreachable,
    StashWriteUncertain,
)
from stash_sense.kernel.addresses import shown

_HIDDEN = "[hidden]"
_KEY_IN_TEXT = re.compile(r"(?i)(apikey(?:=|%3d))[^&\s\"']+")
_LOGIN = re.compile(rb"(?i)type=.?password|>\s*(?:log|sign) ?in\b|/login\b")
_TITLE = re.compile(rb"(?is)<title[^>]*>(.{0,200}?)</title>")
_EXPOSED = "over the internet, and authentication is not enabled", "exposed to the public internet"
_NOT_FOUND = re.compile(
    r"\b(?P<kind>scene|image|gallery|performer|studio|tag|group|job)s? with id (?P<id>\d+) not found"
)
_NOT_IN_TABLE = re.compile(r"\bid (?P<id>\d+) does not exist in (?P<kind>\w+)")
_TAKEN = re.compile(r"\bwith name '.*already exists|is used as alias for", re.DOTALL)
_LOCKED = re.compile(r"\bdatabase is locked\b[^\w`]*(?:\([\w ()]*\))?\s*$")
"""At the end, where SQLite's own words stand: names and titles may say so, too."""
_LOGINS = ("/login", "/signin")
_SINGULAR = {"galleries": "gallery"}
_OVERLOADED = (502, 503, 504)
"""Of a proxy before Stash, while Stash starts or hangs."""


@dataclass(frozen=True)
class Failures:
    """Makes errors of answers.

    Attributes:
        address: of Stash, for people.
        secret: the key, empty where there is none; no error has it.
    """

    address: str
    secret: str = field(default="", repr=False)

    def of_no_answer(self, failure: NoAnswer, document: Document | None = None) -> StashError:
        """Say why there is no answer; for a write of which something was sent, that nobody knows what it did."""
        address, reason = self.address, self.clean(failure.reason)
        if failure.trouble is Trouble.UNREACHABLE:
            return StashUnreachable(address=address, reason=reason)
        if failure.trouble is Trouble.UNTRUSTED:
            return StashCertificateUntrusted(address=address, reason=reason)
        if document is not None and document.is_write:
            return self.uncertain(document, reason)
        operation = "a picture" if document is None else document.name
        if failure.trouble is Trouble.TIMED_OUT:
            return StashTimedOut(address=address, seconds=f"{failure.seconds:g}")
        if failure.trouble is Trouble.TOO_LARGE:
            return StashAnswerTooLarge(address=address, most_bytes=failure.most_bytes, operation=operation)
        if failure.trouble is Trouble.LOST:
            return StashConnectionLost(address=address, reason=reason)
        return StashMisplaced(address=address, reason=reason)

    def of_door(self, reply: Reply) -> StashError | None:
        """Say who does not let us in; None where the door is open."""
        if reply.status == 401:
            return (StashKeyWrong if self.secret else StashKeyMissing)(address=self.address)
        if reply.is_redirect:
            return self._of_redirect(reply.location)
        if reply.status == 403 and any(words in reply.beginning for words in _EXPOSED):
            return StashExposed(address=self.address)
        return None

    def _of_redirect(self, location: str) -> StashError:
        try:
            place = urlsplit(urljoin(f"{self.address}/graphql", location))
        except ValueError:
            return StashRedirected(address=self.address, place="what is no address")
        if not any(name in place.path.lower() for name in _LOGINS):
            named = self.clean(shown(place.geturl())) if location else "nowhere"
            return StashRedirected(address=self.address, place=named)
        is_its_own = place.netloc == urlsplit(self.address).netloc
        kind = StashKeyMissing if is_its_own and not self.secret else StashLoginPage
        return kind(address=self.address)

    def of_reply(self, reply: Reply, document: Document) -> StashError | None:
        """Say what is wrong with an answer; None where it can be used."""
        door = self.of_door(reply)
        if door is not None:
            return door
        if reply.is_graphql and reply.errors:
            return self.of_errors(reply, document)
        if reply.is_graphql and reply.status == 200 and reply.data is not None:
            return None
        if reply.status >= 500 and document.is_write:  # of a proxy, or of Stash in the middle of it
            return self.uncertain(document, f"status {reply.status}")
        if reply.status >= 500:
            return self.broken(f"status {reply.status}", reply.status)
        if reply.content_type == "text/html" and _LOGIN.search(reply.body):
            return StashLoginPage(address=self.address)
        return StashMisplaced(address=self.address, reason=self.clean(_what_it_is(reply)))

    def of_errors(self, reply: Reply, document: Document) -> StashError:
        """Say what Stash refuses, by the first of its errors."""
        error = reply.errors[0]
        address, operation, reason = self.address, document.name, self.clean(error.message) or "it does not say why"
        if reply.refuses_document:
            # A value that does not fit is refused with the same code, but there is nothing wrong with the document.
            kind = StashRefused if _is_about_a_value(error) else StashDocumentRefused
            return kind(address=address, operation=operation, reason=_with_path(error, reason))
        if document.is_write and any(len(error.path) > 1 for error in reply.errors):
            return self.uncertain(document, reason)  # it was written, and only its answer could not be put together
        if _TAKEN.search(error.message):
            return StashNameTaken(address=address, reason=reason)
        if _LOCKED.search(error.message):
            return StashDatabaseLocked(address=address, operation=operation)
        missing = _NOT_FOUND.search(error.message) or _NOT_IN_TABLE.search(error.message)
        if missing:
            name = missing["kind"]
            return StashIdUnknown(address=address, kind=_SINGULAR.get(name, name.removesuffix("s")), id=missing["id"])
        if "FOREIGN KEY constraint failed" in error.message:
            return StashReferenceUnknown(address=address, operation=operation)
        if reply.status != 200:
            return self.broken(reason, reply.status)
        return StashRefused(address=address, operation=operation, reason=reason)

    def uncertain(self, document: Document, reason: str) -> StashWriteUncertain:
        """Say that nobody knows what a write did."""
        return StashWriteUncertain(address=self.address, operation=document.name, reason=reason)

    def broken(self, reason: str, status: int = 200) -> StashBroken:
        """Say that Stash itself has a fault."""
        return StashBroken(address=self.address, reason=reason, status=status)

    def clean(self, text: str) -> str:
        """Make one short line of a stranger's words, without our key."""
        if self.secret:
            text = text.replace(self.secret, _HIDDEN)
        return _KEY_IN_TEXT.sub(rf"\1{_HIDDEN}", shortened(text))


def is_overload(error: StashError) -> bool:
    """Whether a proxy before Stash said that Stash cannot answer now."""
    return isinstance(error, StashBroken) and error.fields.get("status") in _OVERLOADED


def _is_about_a_value(error: GraphQLError) -> bool:
    return error.path[:1] == ("variable",)


def _with_path(error: GraphQLError, reason: str) -> str:
    """Say which value it is that is refused, for Stash only says that there is one."""
    if not _is_about_a_value(error):
        return reason
    return f"{'.'.join(str(part) for part in error.path[1:])}: {reason}"


def _what_it_is(reply: Reply) -> str:
    title = _TITLE.search(reply.body[:20_000])
    if reply.content_type == "text/html":
        name = shortened(unescape(title[1].decode("utf-8", "replace")), 80) if title else ""
        return f"it answers with a web page called “{name}”" if name else "it answers with a web page"
    words = f"status {reply.status}"
    if reply.beginning and reply.content_type.startswith("text/"):
        return f"{words}: {shortened(reply.beginning, 120)}"
    return f"{words}, {reply.content_type or 'no type'}"
