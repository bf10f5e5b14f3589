"""Pages of recommendations, with a text that says where the next one begins."""

import base64
import binascii
import json
from dataclasses import dataclass, replace
from datetime import datetime

from stash_sense.errors import RecommendationListingInvalid
from stash_sense.recommendations.recommendation import Recommendation
from stash_sense.recommendations.store import PageQuery, Position, RecommendationStore, Sort, position_of

MOST_ON_A_PAGE = 500
_LONGEST_CURSOR = 200


@dataclass(frozen=True, slots=True)
class Page:
    """Some recommendations; `next` goes on after them, None where these are the last ones."""

    items: tuple[Recommendation, ...]
    next: str | None


def read_page(store: RecommendationStore, query: PageQuery, cursor: str | None = None) -> Page:
    """Read a page; `cursor` is the `next` of the page before, in the same order.

    Raises:
        RecommendationListingInvalid: it is not, or the page would be too long.
    """
    if not 1 <= query.limit <= MOST_ON_A_PAGE:
        raise RecommendationListingInvalid(reason=f"a page has 1 to {MOST_ON_A_PAGE}, not {query.limit}")
    after = query.after if cursor is None else _position(cursor, query.sort)
    found = tuple(store.page(replace(query, after=after, limit=query.limit + 1)))
    items = found[: query.limit]
    return Page(items, _text(position_of(items[-1], query.sort), query.sort) if len(found) > len(items) else None)


def _text(position: Position, sort: Sort) -> str:
    written = json.dumps([sort.value, position.key, position.id], separators=(",", ":"))
    return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")


def _position(cursor: str, sort: Sort) -> Position:
    try:
        if len(cursor) > _LONGEST_CURSOR:
            raise ValueError("too long")
        written = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        order, key, number = json.loads(written)
        if order != sort or type(number) is not int or abs(number) >= 2**63:
            raise ValueError("of another list")
        return Position(number, _key(key, sort))
    except (ValueError, TypeError, RecursionError, binascii.Error) as error:
        raise RecommendationListingInvalid(reason="this is no place to go on from; begin with page one") from error


def _key(key: object, sort: Sort) -> float | str:
    if sort is Sort.UPDATED:
        return datetime.fromisoformat(str(key)).isoformat(timespec="microseconds")
    return float(str(key))
