"""What a scan works with, and what it tells of its progress."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from stash_sense.fingerprints.store import FingerprintStore
from stash_sense.jobs.context import JobContext
from stash_sense.library.ports import Library
from stash_sense.performers.roster import Roster
from stash_sense.recommendations.store import RecommendationStore
from stash_sense.scanning.deciding import Present
from stash_sense.scanning.looking import Looker
from stash_sense.scanning.ports import Loop, Rematcher
from stash_sense.scanning.recommending import Told

_SECONDS = 3.0
"""Between two checkpoints: what is done again after a kill is that much at most."""
FAILED = "failed_"
"""How the names begin by which failures are counted, before their code."""


@dataclass(frozen=True, slots=True, eq=False)
class Tools:
    """What a scan works with.

    Attributes:
        library: that is scanned.
        loop: where it is asked.
        store: of fingerprints.
        recommendations: of what is found.
        looker: looks at frames.
        rematcher: compares kept faces with the database; None: frames are looked at again.
        roster: of the database.
        now: with what the scan works.
        frequency: whether the matching mode counts in how many images of a gallery somebody is.
        stranger_distance: what faces of two different people typically measure.
        in_use: tells which version of the database is in use; it may be another one at the end.
    """

    library: Library
    loop: Loop
    store: FingerprintStore
    recommendations: RecommendationStore
    looker: Looker
    rematcher: Rematcher | None
    roster: Roster
    now: Present
    frequency: bool
    stranger_distance: float
    in_use: Callable[[], str | None]


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
    _saved_at: float = 0.0

    def __post_init__(self) -> None:
        self._counts = dict(self.context.counters)
        self._saved_at = time.monotonic()

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
