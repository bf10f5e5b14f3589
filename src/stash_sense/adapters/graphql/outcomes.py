"""What comes of asking a server: an answer, or the reason why there is none."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

_LONGEST_SHOWN = 300
_UNSHOWN = re.compile(
    r"[^\S ]+|[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+|\s{2,}"
)


class Trouble(Enum):
    """Why there is no answer."""

    UNREACHABLE = "unreachable"
    """No connection was made, so nothing was sent."""
    UNTRUSTED = "untrusted"
    """The server's certificate cannot be trusted; nothing was sent."""
    LOST = "lost"
    """The connection broke off after something was sent."""
    TIMED_OUT = "timed_out"
    """The time was over before the last byte came."""
    TOO_LARGE = "too_large"
    """The answer has more bytes than it may have."""
    UNREADABLE = "unreadable"
    """The answer came in an encoding that was not asked for, or that is damaged."""


class NoAnswer(Exception):
    """A server was asked and gave no whole answer; clients make an error for the user of it.

    Attributes:
        trouble: the kind of reason.
        reason: in words without a secret.
        seconds: for `TIMED_OUT`, the time that was over.
        most_bytes: for `TOO_LARGE`, the bytes that it may have.
    """

    def __init__(self, trouble: Trouble, reason: str, *, seconds: float = 0.0, most_bytes: int = 0) -> None:
        super().__init__(trouble, reason)
        self.trouble = trouble
        self.reason = reason
        self.seconds = seconds
        self.most_bytes = most_bytes

    @property
    def nothing_was_sent(self) -> bool:
        """Whether the server cannot have done anything, so that even a write may be tried again."""
        return self.trouble in (Trouble.UNREACHABLE, Trouble.UNTRUSTED)


@dataclass(frozen=True, slots=True)
class GraphQLError:
    """One entry of an answer's `errors`.

    Attributes:
        message: in the server's words, as long as they are.
        code: of its extensions, empty where there is none; GRAPHQL_VALIDATION_FAILED and GRAPHQL_PARSE_FAILED mean
            that the document was refused.
        path: of the field, its first part being the alias or name at the top.
    """

    message: str
    code: str = ""
    path: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered, whatever the status; redirects are not followed.

    Attributes:
        status: of HTTP.
        headers: by name in small letters.
        body: all of it, uncompressed; empty where it is an answer of GraphQL, which has been read already.
        data: the answer's `data`; None where there is none, or where the body is no answer of GraphQL.
        errors: the answer's `errors`.
        is_graphql: whether the body is an answer of GraphQL.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    data: dict[str, Any] | None = None
    errors: tuple[GraphQLError, ...] = ()
    is_graphql: bool = False

    @property
    def content_type(self) -> str:
        """The type of the body in small letters, without its parameters; empty where none is told."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_redirect(self) -> bool:
        """Whether the server sends on to another place, which nobody followed."""
        return self.status in (301, 302, 303, 307, 308)

    @property
    def location(self) -> str:
        """Where it sends on to, empty where it does not say."""
        return self.headers.get("location", "")

    @property
    def refuses_document(self) -> bool:
        """Whether the document itself was refused: the server has another schema, or our document is wrong."""
        return any(error.code in _REFUSED for error in self.errors)

    @property
    def beginning(self) -> str:
        """The first words of the body, for people."""
        return shortened(self.body[: 4 * _LONGEST_SHOWN].decode("utf-8", "replace"))


_REFUSED = ("GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED")


def shortened(text: str, most: int = _LONGEST_SHOWN) -> str:
    """Make one short line of words that a stranger wrote: no control characters, none that turn the line round."""
    line = _UNSHOWN.sub(" ", text[: 4 * most]).strip()
    return line if len(line) <= most else f"{line[: most - 1]}…"
