"""What is new in Stash: something was changed, a scan is over, a job has ended. Told to those who follow it."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeAlias

from stash_sense.library.server import JobState

_LOG = logging.getLogger(__name__)
_KEPT = 50


class How(StrEnum):
    """What happened to something."""

    CREATED = "created"
    UPDATED = "updated"
    DESTROYED = "destroyed"
    MERGED = "merged"
    """Others were merged into it."""


@dataclass(frozen=True, slots=True)
class EntityChanged:
    """Something was changed by somebody else; `kind` is one of `library.kinds` by its name."""

    kind: str
    id: str
    how: How


@dataclass(frozen=True, slots=True)
class ScanFinished:
    """Stash has looked for new files; there may be none."""


@dataclass(frozen=True, slots=True)
class JobEnded:
    """A job of Stash is over; `state` is None where Stash has forgotten it."""

    id: str
    description: str
    state: JobState | None


@dataclass(frozen=True, slots=True)
class ListeningBegan:
    """From now on scans and jobs are told of; what happened before, while nobody listened, is not."""


StashNews: TypeAlias = EntityChanged | ScanFinished | JobEnded | ListeningBegan
Listener: TypeAlias = Callable[[StashNews], None]


@dataclass(frozen=True, slots=True)
class Told:
    """A piece of news, and when it came."""

    at: datetime
    news: StashNews


class Newsroom:
    """Passes news on; may be used from any thread.

    Args:
        clock: what time it is.
    """

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._latest: deque[Told] = deque(maxlen=_KEPT)
        self._followers: list[Listener] = []

    def follow(self, listener: Listener) -> Callable[[], None]:
        """Call a listener with all that is new from now on.

        It is called on the thread of who brings the news, which may be that of an event loop: it must not wait for
        anything. One that fails is logged and keeps nobody else from hearing.

        Returns:
            What ends it.
        """
        with self._lock:
            self._followers.append(listener)

        def leave() -> None:
            with self._lock:
                self._followers = [other for other in self._followers if other is not listener]

        return leave

    def tell(self, news: StashNews) -> None:
        """Pass a piece of news on."""
        with self._lock:
            self._latest.append(Told(self._clock(), news))
            followers = list(self._followers)
        for listener in followers:
            try:
                listener(news)
            except Exception:  # noqa: BLE001 - others follow it, too
                _LOG.exception("news of Stash was not heard")

    def latest(self) -> list[Told]:
        """Return the last 50 pieces of news, the oldest first."""
        with self._lock:
            return list(self._latest)
