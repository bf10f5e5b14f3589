"""Faults that a server plays: which, how often, for what."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass

KINDS = {
    "locked": "another process holds the database: writes are refused, reads go on",
    "slow": "every answer comes late",
    "silent": "takes the request and never answers",
    "html": "a page of HTML in place of every answer, as of a proxy that wants a login",
    "reset": "breaks the connection off in the middle of the answer",
    "setup": "was never set up",
    "migration": "waits for its database to be migrated",
    "exposed": "was reached from the internet without a password, and answers nothing any more",
    "large": "an answer that never ends",
    "elsewhere": "redirects to another host",
}
"""What each fault is."""


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        kind: of `KINDS`.
        times: how many requests meet it, None for all. For "locked" only writes count.
        path: what the paths begin with that meet it.
        seconds: by which a slow answer is late.
        after: bytes of the answer that are sent before a reset.
    """

    kind: str
    times: int | None = None
    path: str = "/"
    seconds: float = 3.0
    after: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault {self.kind!r}: one of {', '.join(KINDS)}")

    @classmethod
    def read(cls, text: str) -> "Fault":
        """Return the fault that "slow" or "locked:2" means.

        Raises:
            ValueError: it means none.
        """
        kind, _, times = text.partition(":")
        if times and not times.isdecimal():
            raise ValueError(f"{text!r} does not say how often: locked:2 is for two requests")
        return cls(kind, int(times) if times else None)


class Faults:
    """Those that a server has left to play; safe to change while it runs."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._lock = threading.Lock()
        self._left: list[tuple[Fault, list[int]]] = []
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault | str) -> None:
        """Play a fault from the next request on."""
        told = Fault.read(fault) if isinstance(fault, str) else fault
        with self._lock:
            self._left.append((told, [-1 if told.times is None else told.times]))

    def clear(self) -> None:
        """Play none any more."""
        with self._lock:
            self._left.clear()

    def take(self, path: str, *kinds: str) -> Fault | None:
        """Return the first fault of some kinds that a request meets, which counts as once."""
        with self._lock:
            for fault, left in self._left:
                if fault.kind in kinds and left[0] and path.startswith(fault.path):
                    left[0] -= left[0] > 0
                    return fault
        return None
