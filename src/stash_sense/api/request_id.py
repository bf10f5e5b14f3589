"""What one request is called, in its answer's header and in every line that is logged about it."""

import re
import secrets
from contextvars import ContextVar, Token

HEADER = "x-request-id"
_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")
_CURRENT: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """Return the name of the request that this thread or task works for; empty where it works for none."""
    return _CURRENT.get()


def begin_request(given: str | None) -> Token[str]:
    """Name a request as its sender does, where that is a plain word, else by chance."""
    return _CURRENT.set(given if given and _GIVEN.fullmatch(given) else secrets.token_hex(8))


def end_request(before: Token[str]) -> None:
    """Leave the request."""
    _CURRENT.reset(before)
