"""What parts of a library are read: a scope, pages of it, what changed since a watermark."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

T = TypeVar("T")

MOST_ON_A_PAGE = 1000
USUAL_PAGE = 500
"""What a real server serves best: 0.2 ms a scene with its files, and 100 ms for a page."""
IDS_ON_A_PAGE = 5000
"""Where nothing but ids is read: 0.02 ms a scene, and 100 ms for a page likewise."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which ones of a kind; empty for all.

    Attributes:
        where: criteria as Stash's filters of that kind take them, such as {"organized": False}.
        words: what is searched for in titles, names and paths.
    """

    where: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where reading goes on: after everything whose id is up to `after`.

    Attributes:
        after: the highest id that was read.
        position: how many were passed; only where to look first, for it need not be right.
    """

    after: int = 0
    position: int = 0


BEGINNING = Cursor()


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of the library, by rising id.

    Attributes:
        items: what is on it.
        cursor: goes on after this page.
        total: how many there are in the whole scope, as of this page; None where it was not asked.
    """

    items: tuple[T, ...]
    cursor: Cursor
    total: int | None


@dataclass(frozen=True, slots=True)
class Watermark:
    """Up to where the changes of one kind are known.

    Stash writes moments to the second and in its own time zone, and a change may become visible seconds after its
    moment. So what was seen shortly before the newest moment is remembered one by one.

    Attributes:
        instant: the newest moment that was seen; None for an empty library.
        offset_minutes: of the server's clock from UTC at that moment.
        recent: the moment at which each one was changed, as Stash writes it, for the seconds before `instant`.
        seen_at: when we first saw `instant`, by our own clock.
        is_settled: whether nothing more can have happened in the second `instant` after it was last read.
    """

    instant: datetime | None
    offset_minutes: int
    recent: Mapping[str, str]
    seen_at: datetime
    is_settled: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed: ids, the latest change first, and the watermark from which to ask the next time."""

    ids: tuple[str, ...]
    watermark: Watermark
