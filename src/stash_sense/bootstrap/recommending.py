"""What is recommended to the user, what the user decides about it, and the journal of what is written for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from stash_sense.bootstrap.databases import Databases
from stash_sense.errors import StashSenseError
from stash_sense.kernel.once import once

if TYPE_CHECKING:
    from stash_sense.recommendations.curating import Curating
    from stash_sense.recommendations.deciding import Decisions
    from stash_sense.recommendations.journal.store import JournalStore
    from stash_sense.recommendations.store import RecommendationStore
    from stash_sense.recommendations.types import Types

T = TypeVar("T")


@dataclass(frozen=True)
class Recommending(Databases):
    """What has to do with recommendations."""

    @once
    def recommendation_types(self) -> Types:
        """The types that there are."""
        from stash_sense.recommendations.types import Types
        from stash_sense.recommendations.unidentified import UNIDENTIFIED

        return Types(UNIDENTIFIED)

    @once
    def recommendations(self) -> RecommendationStore:
        """The recommendations; the first to ask opens the state."""
        from stash_sense.adapters.store.recommendations import SqlRecommendationStore

        return SqlRecommendationStore(self.store.engine)

    @once
    def journal(self) -> JournalStore:
        """The journal of what was written to Stash, likewise."""
        from stash_sense.adapters.store.journal import SqlJournal

        return SqlJournal(self.store.engine)

    @once
    def curating(self) -> Curating:
        """What finds, creates and links performers; lives on `loop`, and raises as `library`."""
        from stash_sense.recommendations.curating import Curating

        return Curating(self.library, self.stash_box)

    def decide(self, work: Callable[[Decisions], Awaitable[T]]) -> T:
        """Carry out what the user decides, and wait for it; not on an event loop.

        Raises:
            Cancelled: the program was asked to stop.
            StashError: as `library` and what is done with it.
        """
        decisions = self._decisions
        return self.loop.call(lambda: work(decisions), self.cancel)

    @contextmanager
    def settling_writes(self) -> Iterator[None]:
        """Find out what became of writes of which nobody knows, whenever Stash can be used, until the block ends."""
        from stash_sense.recommendations.journal.keeping_up import keep_up

        try:
            decisions, watcher = self._decisions, self.stash_watcher
        except StashSenseError:  # the watcher says it
            yield
            return
        work = self.loop.begin(
            lambda: keep_up(decisions.settle, lambda: watcher.standing.since, watcher.until_usable)
        )
        try:
            yield
        finally:
            work.cancel()

    def prune_journal(self) -> int:
        """Remove what is too old to be undone from the journal, and return how many entries that were.

        Raises:
            WritingBusy: another process writes to Stash.
            StateError, StorageError: the state cannot be written.
        """
        from stash_sense.recommendations.journal.store import KEPT_FOR

        def prune() -> int:
            return self.journal.prune(datetime.now(UTC) - KEPT_FOR)

        return self.decide(lambda decisions: decisions.undisturbed(prune)) if self.stash_is_set else prune()

    def close(self) -> None:
        """Close what is below; what is asked for later is made anew."""
        super().close()
        for name in ("_decisions", "curating", "recommendations", "journal"):
            self.__dict__.pop(name, None)

    @once
    def _decisions(self) -> Decisions:
        from stash_sense.adapters.store.journal_lock import JournalLock
        from stash_sense.recommendations.accepting import Accepting
        from stash_sense.recommendations.deciding import Decisions
        from stash_sense.recommendations.journal.turn import Turn

        library, journal, curating = self.library, self.journal, self.curating
        turn = Turn(library, journal, JournalLock(self.settings.data_dir))
        accepting = Accepting(curating, self.portrait_of)
        return Decisions(self.recommendations, self.recommendation_types, library, journal, turn, curating, accepting)
