"""How far a scan is: what is counted, what is told, and where to go on."""

import math
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from stash_sense.jobs.context import JobContext
from stash_sense.scanning.recommending import Told

_SECONDS = 3.0
"""Between two checkpoints: what is done again after a kill is that much at most."""
FAILED = "failed_"
"""How the names begin by which failures are counted, before their code."""


@dataclass
class Progress:
    """Counts what is done, and keeps where to go on.

    Attributes:
        context: of the job.
        phase: of the job: the plural of the kind.
        done, total: items of the phase.
    """

    context: JobContext[Any]
    phase: str = ""
    done: int = 0
    total: int | None = None
    _counts: dict[str, int] = field(default_factory=dict)
    _saved_at: float = -math.inf
    """Never in this run: however soon each one is killed, the next goes on a little further."""

    def __post_init__(self) -> None:
        self._counts = dict(self.context.counters)

    @property
    def counts(self) -> dict[str, int]:
        """What was counted, since the job began."""
        return self._counts

    def count(self, **numbers: int) -> None:
        """Count some more."""
        for name, number in numbers.items():
            if number:
                self._counts[name] = self._counts.get(name, 0) + number

    def told(self, told: Told) -> None:
        """Count what became of recommendations."""
        self.count(recommended=told.new, withdrawn=told.withdrawn)

    def passed(self, number: int, note: str = "") -> None:
        """Say that some more items are done."""
        self.done += number
        self.say(note)

    def say(self, note: str = "") -> None:
        """Say how far it is."""
        self.context.progress(self.phase, self.done, self.total, note)

    def keep(self, cursor: dict[str, Any], *, now: bool = False) -> None:
        """Keep where to go on, if that was some seconds ago.

        Raises:
            Cancelled: the job has to stop.
        """
        self.context.cancel.raise_if_cancelled()
        if now or time.monotonic() - self._saved_at >= _SECONDS:
            self.context.checkpoint(cursor, phase=self.phase, done=self.done, total=self.total, **self._counts)
            self._saved_at = time.monotonic()


class PartProgress:
    """Counts what is done of a part in the order of its ids, so that a checkpoint counts nothing twice.

    Args:
        progress: is told.
        ids: of the part, in order.
    """

    def __init__(self, progress: Progress, ids: Sequence[str]) -> None:
        self.place = {id_: place for place, id_ in enumerate(ids)}
        self._progress = progress
        self._before = progress.done
        self._noted: list[tuple[str, ...]] = [()] * len(ids)
        self._counted = 0

    def note(self, ids: Iterable[str], *names: str) -> None:
        """Note as what some are to be counted."""
        for id_ in ids:
            self._noted[self.place[id_]] = names

    def upto(self, id_: str) -> None:
        """Count all up to one."""
        self._count(self.place[id_] + 1)

    def all(self) -> None:
        """Count the rest."""
        self._count(len(self._noted))

    def _count(self, end: int) -> None:
        counts = Counter(name for names in self._noted[self._counted : end] for name in names)
        self._progress.count(**counts)
        self._counted = max(self._counted, end)
        self._progress.done = self._before + self._counted
        self._progress.say()


def failed_names(code: str) -> tuple[str, str]:
    """Return the names by which a failure is counted."""
    return "failed", f"{FAILED}{code}"
