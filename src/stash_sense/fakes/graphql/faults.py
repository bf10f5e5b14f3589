"""Faults that a server plays: which, how often, for what. `playing` says what each does to an answer."""

import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Self

COMMON: Mapping[str, str] = {
    "slow": "every answer comes late",
    "trickling": "an answer comes byte by byte, five a second",
    "silent": "takes the request and never answers",
    "reset": "breaks the connection off before the answer",
    "torn": "breaks the connection off in the middle of the answer",
    "html": "a page of HTML in place of every answer, as of a proxy that wants a login",
    "garbage": "an answer that calls itself JSON and is none",
    "broken": "a gateway says that the server behind it is gone (502)",
    "large": "an answer that never ends",
    "elsewhere": "redirects to another host",
    "429": "too many requests, with Retry-After",
}
"""The faults that any server may have, and what each is."""


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        kind: of those that the server plays.
        times: how many requests meet it, None for all.
        path: what the paths begin with that meet it.
        seconds: by which a slow answer is late.
        after: bytes of the answer that are sent before a reset.
        retry_after: what "429" says; None to leave it out.
    """

    kind: str
    times: int | None = None
    path: str = "/"
    seconds: float = 3.0
    after: int = 0
    retry_after: str | None = "1"

    @classmethod
    def read(cls, text: str, known: Collection[str] = tuple(COMMON)) -> Self:
        """Return the fault that "slow" or "slow:2" means.

        Raises:
            ValueError: it means none of those that are known.
        """
        kind, colon, times = text.partition(":")
        if kind not in known:
            raise ValueError(f"no fault {kind!r}: one of {', '.join(known)}")
        if colon and not (times.isascii() and times.isdecimal()):
            raise ValueError(f"{text!r} does not say how often: {kind}:2 is for two requests")
        return cls(kind, int(times) if times else None)


class Faults:
    """Those that a server has left to play; safe to change while it runs.

    Args:
        known: kinds that the server plays.
        faults: that it plays from its beginning, as `Fault` or "slow:2".

    Attributes:
        struck: requests that met one, since the last `clear`.
    """

    def __init__(self, known: Collection[str] = tuple(COMMON), faults: Iterable[Fault | str] = ()) -> None:
        self._known = known
        self._lock = threading.Lock()
        self._left: list[tuple[Fault, list[int]]] = []
        self.struck = 0
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault | str) -> None:
        """Play a fault from the next request on.

        Raises:
            ValueError: the server does not play such a one.
        """
        told = Fault.read(fault, self._known) if isinstance(fault, str) else fault
        if told.kind not in self._known:
            raise ValueError(f"no fault {told.kind!r}: one of {', '.join(self._known)}")
        with self._lock:
            self._left.append((told, [-1 if told.times is None else told.times]))

    def clear(self) -> None:
        """Play none any more."""
        with self._lock:
            self._left.clear()
            self.struck = 0

    def take(self, path: str, *kinds: str) -> Fault | None:
        """Return the first fault of some kinds that a request meets, which counts as once."""
        with self._lock:
            for fault, left in self._left:
                if fault.kind in kinds and left[0] and path.startswith(fault.path):
                    left[0] -= left[0] > 0
                    self.struck += 1
                    return fault
        return None
