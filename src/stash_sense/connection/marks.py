"""Marks of what changed in the library, kept until somebody has looked at it: after a restart, too.

A hook must be answered at once, and a change of a thousand scenes calls a thousand of them. So marks are kept in
memory for half a second, and then all written together.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from stash_sense.connection.news import EntityChanged
from stash_sense.errors import StashSenseError

_LOG = logging.getLogger(__name__)
_TOGETHER = 0.5
"""Seconds for which changes are gathered before they are written."""
_AGAIN = 30.0
"""Seconds after which is tried again what the disk refused."""
MOST_OF_A_KIND = 20_000
"""Changes of one kind that are remembered one by one; with more of them, all of the kind must be looked at."""
EVERYTHING = ""
"""In the place of an id: too many of the kind changed to tell them one by one."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that changed.

    Attributes:
        number: of the mark; grows. What changes again gets a new mark in the place of the old one.
        kind: one of `library.kinds` by its name.
        id: in Stash, or `EVERYTHING`.
        how: the last thing that happened to it; "many" for everything.
    """

    number: int
    kind: str
    id: str
    how: str


class ChangeMarks(Protocol):
    """Keeps marks; raises StateError and StorageError where it cannot."""

    def mark(self, changes: Sequence[EntityChanged]) -> None:
        """Mark what changed, the latest last; all or nothing."""

    def read(self, kind: str = "", limit: int = 1000, after: int = 0) -> list[Mark]:
        """Return marks by rising number, of one kind or all, those above a number."""

    def forget(self, marks: Iterable[Mark]) -> None:
        """Remove marks; what has changed again since they were read stays marked."""

    def count(self) -> dict[str, int]:
        """Return how many marks there are of each kind."""


class MarkedChanges:
    """Marks changes as they come; a `ChangeMarks` that gathers. May be used from any thread.

    Args:
        kept: opens what keeps them, when it is first needed.
        together: seconds for which changes are gathered.
        again: seconds after which is tried again what could not be written.
    """

    def __init__(self, kept: Callable[[], ChangeMarks], together: float = _TOGETHER, again: float = _AGAIN) -> None:
        self._kept = kept
        self._together = together
        self._again = again
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._gathered: dict[tuple[str, str], EntityChanged] = {}
        self._timer: threading.Timer | None = None
        self._trouble = ""

    def add(self, change: EntityChanged) -> None:
        """Mark a change within half a second; returns at once."""
        with self._lock:
            key = change.kind, change.id
            self._gathered.pop(key, None)  # the latest last
            self._gathered[key] = change
            self._set_timer(self._together)

    def mark(self, changes: Sequence[EntityChanged]) -> None:
        """Mark what changed, the latest last."""
        for change in changes:
            self.add(change)
        self.flush()

    def read(self, kind: str = "", limit: int = 1000, after: int = 0) -> list[Mark]:
        """Return marks by rising number, of one kind or all, those above a number."""
        self.flush()
        return self._kept().read(kind, limit, after)

    def forget(self, marks: Iterable[Mark]) -> None:
        """Remove marks; what has changed again since they were read stays marked."""
        self._kept().forget(marks)

    def count(self) -> dict[str, int]:
        """Return how many marks there are of each kind."""
        self.flush()
        return self._kept().count()

    def flush(self) -> None:
        """Write what was gathered; raises where it cannot be written, which is tried again then."""
        with self._writing:
            with self._lock:
                gathered, self._gathered = self._gathered, {}
                self._stop_timer()
            if not gathered:
                return
            try:
                self._kept().mark(list(gathered.values()))
            except StashSenseError:
                with self._lock:
                    self._gathered = {**gathered, **self._gathered}
                    self._set_timer(self._again)
                raise

    def close(self) -> None:
        """Write what was gathered, if it can be; what comes later is gathered anew."""
        self._flush_by_itself()
        with self._lock:
            self._stop_timer()

    def _flush_by_itself(self) -> None:
        try:
            self.flush()
            self._trouble = ""
        except StashSenseError as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                told = {"code": error.code, "reason": str(error)}
                _LOG.warning("what changed in Stash cannot be remembered", extra=told)

    def _set_timer(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = threading.Timer(seconds, self._flush_by_itself)
            self._timer.daemon = True
            self._timer.name = "marking-changes"
            self._timer.start()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
