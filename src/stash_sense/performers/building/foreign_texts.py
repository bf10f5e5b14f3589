"""What a Stash or a stash-box says of people -> what the database takes: texts, dates and numbers of strangers.

What makes no sense counts as not said: nobody is recognised by it, and nobody could mend it here.
"""

import re
from collections.abc import Iterable
from datetime import date

from stash_sense.kernel.text import as_unicode
from stash_sense.performers.ids import SHORT_NAMES, domain_at, is_universal_id, universal_id
from stash_sense.performers.records import StashBoxId

_LONGEST = 1000
"""Characters of a text, and members of a list."""
_NOT_PRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
_URL = re.compile(r"(?i:https?)://[^/\s]+(/\S*)?")
_FIRST_YEAR, _LAST_YEAR = 1800, 2200
_SMALLEST_CM, _TALLEST_CM = 30, 300
_PRECEDENCE = {domain: place for place, domain in enumerate(SHORT_NAMES.values())}
"""As in public databases, which name people by these endpoints in this order."""


def text_of(said: str) -> str | None:
    """Return a text in one line; None for nothing."""
    return _NOT_PRINTABLE.sub(" ", as_unicode(said)).strip()[:_LONGEST] or None


def texts_of(said: Iterable[str]) -> tuple[str, ...]:
    """Return the texts that say something, each once."""
    return tuple(dict.fromkeys(text for one in said if (text := text_of(one))))[:_LONGEST]


def urls_of(said: Iterable[str]) -> tuple[str, ...]:
    """Return those that are addresses of pages."""
    return tuple(url for url in texts_of(said) if _URL.fullmatch(url))


def date_of(said: str) -> str | None:
    """Return a date, perhaps without day or month; None where it is none."""
    if not _DATE.fullmatch(said):
        return None
    year, month, day = (int(part) for part in [*said.split("-"), "1", "1"][:3])
    try:
        date(year, month, day)
    except ValueError:
        return None
    return said


def year_of(said: int | str | None) -> int | None:
    """Return a year: a number, or what a date begins with."""
    if isinstance(said, str):
        said = int(said[:4]) if said[:4].isdecimal() else None
    return said if said is not None and _FIRST_YEAR <= said <= _LAST_YEAR else None


def height_of(said: int | None) -> int | None:
    """Return a height in centimetres."""
    return said if said is not None and _SMALLEST_CM <= said <= _TALLEST_CM else None


def stashbox_ids_of(said: Iterable[tuple[str, str]]) -> tuple[StashBoxId, ...]:
    """Return who somebody is at stash-box endpoints, the one by which they are named everywhere first.

    Args:
        said: addresses of endpoints, and the ids there.
    """
    ids = dict.fromkeys(StashBoxId(domain_at(endpoint), id_there) for endpoint, id_there in said)
    usable = [one for one in ids if is_universal_id(universal_id(one.endpoint, one.id))]
    return tuple(sorted(usable, key=lambda one: (_PRECEDENCE.get(one.endpoint, len(_PRECEDENCE)), one.endpoint)))
