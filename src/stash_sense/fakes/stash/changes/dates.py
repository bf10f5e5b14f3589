"""Dates as Stash takes them: a day, a month or a year."""

import re
from collections.abc import Callable
from datetime import datetime

from stash_sense.fakes.graphql.engine import ResolverError

_WHOLE = ("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d", "%Y-%m-%d %H:%M:%S")
_SHAPES = re.compile(r"\d{4}(-\d\d(-\d\d.*)?)?", re.ASCII | re.DOTALL)
"""strptime takes one digit for a month where Stash wants two."""


def date(what: str) -> Callable[[str | None], str | None]:
    """Return what turns a given date into the one that is stored: null and "" are none at all.

    Args:
        what: it is the date of, for the error: "birthdate".
    """

    def stored(given: str | None) -> str | None:
        text = (given or "").strip()
        return _parsed(what, text) if text else None

    return stored


def first_day(stored: str) -> str:
    """Return a stored date as a day that compares with others: the first that it may mean."""
    return (stored + "-01-01")[:10]


def _parsed(what: str, text: str) -> str:
    if _SHAPES.fullmatch(text):
        for shape in _WHOLE:
            if moment := _read(text, shape):
                return moment.strftime("%Y-%m-%d").zfill(10)
        if _read(text, "%Y-%m") or _read(text, "%Y"):
            return text
    tried = (f'parsing time "{text}" as "{shape}": cannot parse "{text}" as "2006"' for shape in ("2006-01", "2006"))
    raise ResolverError(
        f'converting {what}: failed to parse date "{text}": '
        f"[ParseDateStringAsTime failed: dateString <{text}> {' '.join(tried)}]"
    )


def _read(text: str, shape: str) -> datetime | None:
    try:
        return datetime.strptime(text, shape)  # noqa: DTZ007 - only its calendar day is used
    except ValueError:
        return None
