"""What we write ourselves, so that Stash's hooks do not bring it back to us as news.

A hook is called while Stash does what it was told, or shortly after. So a change is expected from before it is asked
for until some seconds after the answer, and each one is recognised once: what the user changes beside it is news.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from stash_sense.connection.news import How

_SECONDS = 30.0
"""After the answer. A hook starts a process, which takes 0.1 s, and a slow machine may have hundreds to start."""
_CLEARED_FROM = 1000


@dataclass(frozen=True, slots=True)
class Expected:
    """A change of ours: `subject` is the id; the name, of what is only being created."""

    kind: str
    how: How
    subject: str


@dataclass(eq=False, slots=True)
class _Token:
    """One hook that will come; `until` is None as long as the write is under way."""

    until: float | None = None


@dataclass
class Writing:
    """A write that is under way."""

    tokens: dict[Expected, _Token] = field(default_factory=dict)
    refused: set[Expected] = field(default_factory=set)

    def was_refused(self, changes: Iterable[Expected]) -> None:
        """Say what is known not to have happened."""
        self.refused.update(changes)


class OwnWrites:
    """Remembers them; may be used from any thread.

    Args:
        seconds: for which a change is expected after its answer came.
        clock: seconds that only grow.
    """

    def __init__(self, seconds: float = _SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: dict[Expected, list[_Token]] = {}

    def __len__(self) -> int:
        """Tell how many changes are remembered; some of them are not expected any more."""
        return len(self._tokens)

    @contextmanager
    def writing(self, changes: Iterable[Expected]) -> Iterator[Writing]:
        """Expect changes while the block asks for them, and for a while after it."""
        writing = Writing({change: _Token() for change in changes})
        with self._lock:
            self._clear()
            for change, token in writing.tokens.items():
                self._tokens.setdefault(change, []).append(token)
        try:
            yield writing
        finally:
            with self._lock:
                end = self._clock() + self._seconds
                for change, token in writing.tokens.items():
                    token.until = self._clock() if change in writing.refused else end

    def recognise(self, change: Expected) -> bool:
        """Say whether a change that a hook tells of is ours; each is ours once."""
        with self._lock:
            waiting = self._alive(change)
            if not waiting:
                self._tokens.pop(change, None)
                return False
            # First the one that ends first: the other one's hook is still to come.
            waiting.remove(min(waiting, key=lambda token: float("inf") if token.until is None else token.until))
            self._tokens[change] = waiting
            return True

    def _alive(self, change: Expected) -> list[_Token]:
        now = self._clock()
        return [token for token in self._tokens.get(change, ()) if token.until is None or token.until > now]

    def _clear(self) -> None:
        if len(self._tokens) >= _CLEARED_FROM:
            self._tokens = {change: alive for change in self._tokens if (alive := self._alive(change))}
