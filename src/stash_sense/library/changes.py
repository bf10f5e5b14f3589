"""What changed in a library since a watermark, out of rows that come with the latest change first.

Stash sorts and compares moments as text, to the second and with the offset of its own time zone. Within one offset
the text sorts like the time; where the offset changes (summer time, a server that moved), rows may be out of place by
as much as it changed. So reading goes on below the watermark, and only the moments themselves decide. What is still
missed, a server that moved west on a day with thousands of changes, is found by whoever reads all ids now and then,
as must be done for deletions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from stash_sense.library.reading import Changes, Watermark

_LATE = timedelta(seconds=10)
"""How long after its moment a change may become visible: Stash stamps it when it begins to write."""
_SETTLING = timedelta(seconds=2)
"""Of our own clock, after which nothing more can happen in the server's second."""
_SUMMER_TIME = timedelta(hours=2)
"""Rows out of place because the clock was put forward or back."""
_ANYWHERE = timedelta(hours=26)
"""Rows out of place because the server's time zone is another one now: UTC-12 to UTC+14."""
_FEW = 3000
"""Rows that cost so little, 20 ms for 1,000, that as far as they reach a move of the server is reckoned with."""


@dataclass(frozen=True, slots=True)
class Changed:
    """One row: `text` is the moment as Stash writes it."""

    id: str
    text: str
    instant: datetime


def goes_on_below(rows: Sequence[Changed], since: Watermark) -> bool:
    """Whether what changed since a watermark may still stand after these rows, the first ones of all."""
    if since.instant is None:
        return True
    if not rows:
        return False
    far = len(rows) <= _FEW or {_offset(row) for row in rows} != {since.offset_minutes}
    return rows[-1].instant >= since.instant - _LATE - (_ANYWHERE if far else _SUMMER_TIME)


def changes_of(rows: Iterable[Changed], since: Watermark | None, now: datetime) -> Changes:
    """Say what changed.

    Args:
        rows: the latest change first, as far as `goes_on_below` asked for; the first one that has an id counts.
        since: up to where changes are known; None to find the watermark alone.
        now: our own clock, when the first of the rows was asked for.
    """
    latest: dict[str, Changed] = {}
    for row in rows:
        latest.setdefault(row.id, row)
    by_time = sorted(latest.values(), key=lambda row: row.instant, reverse=True)
    news = [] if since is None else [row.id for row in by_time if _is_new(row, since)]
    return Changes(tuple(news), _watermark(by_time, since, now))


def _is_new(row: Changed, since: Watermark) -> bool:
    if since.instant is None or row.instant > since.instant:
        return True
    if row.instant == since.instant and not since.is_settled:
        return True  # it may have changed twice in that second
    return row.instant > since.instant - _LATE and since.recent.get(row.id) != row.text


def _watermark(by_time: list[Changed], since: Watermark | None, now: datetime) -> Watermark:
    if not by_time:
        return since or Watermark(None, 0, {}, now, is_settled=True)
    newest = by_time[0]
    recent = {row.id: row.text for row in by_time if row.instant > newest.instant - _LATE}
    seen_at = now
    if since is not None and since.instant is not None and newest.instant <= since.instant:
        if newest.instant < since.instant:  # the newest ones were deleted
            return Watermark(
                since.instant, since.offset_minutes, _both(since, recent), since.seen_at, since.is_settled
            )
        seen_at = since.seen_at
    return Watermark(newest.instant, _offset(newest), recent, seen_at, is_settled=now - seen_at >= _SETTLING)


def _both(since: Watermark, recent: Mapping[str, str]) -> dict[str, str]:
    return {**since.recent, **recent}


def _offset(row: Changed) -> int:
    offset = row.instant.utcoffset()
    return 0 if offset is None else int(offset.total_seconds() // 60)
