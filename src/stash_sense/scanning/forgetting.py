"""What is not in Stash any more, or is to be left alone -> forgotten, with what was recommended about it."""

from bisect import bisect_right
from dataclasses import dataclass, field

from stash_sense.scanning.progress import Progress
from stash_sense.scanning.reading import Part
from stash_sense.scanning.recommending import Findings, pending_targets
from stash_sense.scanning.scope import ScanScope
from stash_sense.scanning.suggesting import TYPES
from stash_sense.scanning.tools import Tools

_FEW = 100
"""Items that are forgotten whatever share of all they are: they are looked at again within minutes."""


@dataclass
class Forgetting:
    """Forgets what is gone of one kind.

    Attributes:
        tools: it works with.
        progress: is told.
        kind: its name.
        asked: what is scanned; where that is not everything, nothing is forgotten.
        has_looked: whether `look` was called, as it must be before `do`.
        has_forgotten: whether anything was.
        keeps: whether so much is gone that nothing is forgotten.
    """

    tools: Tools
    progress: Progress
    kind: str
    asked: ScanScope
    has_looked: bool = False
    has_forgotten: bool = False
    keeps: bool = False
    _pending: list[int] | None = field(default=None, init=False)

    @property
    def is_on(self) -> bool:
        """Whether what is not read is forgotten."""
        return self.asked.is_everything and not self.asked.only_new and not self.keeps

    def look(self, there: int) -> None:
        """Look whether this is the library that was scanned before.

        Where most is gone, it may be another Stash, or an empty one: days of work are not thrown away for that.

        Args:
            there: how many there are now.
        """
        self.has_looked = True
        if not self.is_on or self.tools.now.from_start:
            return
        known = sum(self.tools.store.counts(self.kind, self.tools.now.database).outcomes.values())
        self.keeps = known > _FEW and there < known / 2

    def do(self, part: Part) -> None:
        """Take back what was recommended about what is gone from a part, then forget it, see `item_scan`."""
        if not self.is_on:
            return
        if self._pending is None:
            self._pending = sorted(map(int, pending_targets(self.tools.recommendations, TYPES[self.kind])))
        end = len(self._pending) if part.upto is None else bisect_right(self._pending, part.upto)
        waiting = {str(number) for number in self._pending[bisect_right(self._pending, part.after) : end]}
        findings = Findings(self.tools.recommendations)
        findings.nothing(TYPES[self.kind], sorted(waiting.difference(part.ids)))
        self.progress.told(findings.tell())
        gone = self.tools.store.forget(self.kind, after=part.after, upto=part.upto, there=part.ids)
        self.has_forgotten |= bool(gone)
        self.progress.count(gone=len(gone))
