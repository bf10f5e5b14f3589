"""What a server's status means: an HTTP answer that is not the file to the error that the user reads."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from stash_sense.errors import (
    AccessRefused,
    NotOnServer,
    RateLimitReached,
    ServerBroken,
    TooManyRequests,
    TransferError,
)
from stash_sense.releases.patience import Interrupted

_REFUSED = frozenset({401, 402, 403, 407, 451})
_MISSING = frozenset({404, 410})
_TOO_MANY = 429
_PASSING = frozenset({500, 502, 503, 504})
_DEFAULT_WAIT = 60
"""Seconds to tell the user to wait where a server that was asked too often does not say."""


def refusal(address: str, status: int, headers: Mapping[str, str]) -> TransferError | Interrupted:
    """Say why a server did not give what was asked for.

    Args:
        address: what was asked for, as it is shown to the user.
        status: of HTTP.
        headers: by name in small letters.

    Returns:
        `Interrupted` where it is worth asking again.
    """
    wait = retry_after(headers)
    if status in _REFUSED or status == _TOO_MANY:
        until = _rate_limited_until(headers)
        if until is not None:
            return RateLimitReached(address=address, until=until)
        if status == _TOO_MANY or wait is not None:
            seconds = _DEFAULT_WAIT if wait is None else round(wait)
            error = TooManyRequests(address=address, wait=seconds)
            return Interrupted(error, wait) if status == _TOO_MANY else error
        return AccessRefused(address=address, status=status)
    if status in _MISSING:
        return NotOnServer(address=address)
    broken = ServerBroken(address=address, reason=f"status {status}")
    return Interrupted(broken, wait) if status in _PASSING else broken


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read the seconds to wait before asking again: a number, or a date."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _rate_limited_until(headers: Mapping[str, str]) -> str | None:
    """Read when GitHub answers again, if it says that no request is left."""
    if headers.get("x-ratelimit-remaining", "").strip() != "0":
        return None
    try:
        return f"{datetime.fromtimestamp(int(headers['x-ratelimit-reset']), UTC):%Y-%m-%d %H:%M} UTC"
    except (KeyError, ValueError, OverflowError, OSError):
        return None
