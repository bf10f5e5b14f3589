"""Job `maintenance`: looks after the service's own state: backup, integrity, history, free space."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from stash_sense.errors import StateNotWhole
from stash_sense.jobs.catalogue import JobType, NoPayload
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.job import Priority, Slot
from stash_sense.kernel.cancel import CancelToken

_WEEK = 7 * 24 * 3600.0


class StateUpkeep(Protocol):
    """What can be done to the state while it is in use."""

    def faults(self) -> list[str]:
        """Say what is wrong with it; empty when it is whole."""

    def backup(self, cancel: CancelToken) -> str:
        """Back it up, remove the oldest backups, and return the file that was written."""

    def vacuum(self) -> int:
        """Give back the space of what was removed, and return the bytes won."""


def maintenance(
    upkeep: StateUpkeep, prune_history: Callable[[], int], prune_journal: Callable[[], int]
) -> JobType[NoPayload]:
    """Make the kind of job.

    Args:
        upkeep: of the state.
        prune_history: removes what the history of jobs need not keep, and returns how many.
        prune_journal: removes what is too old to be undone, likewise.
    """

    def run(context: JobContext[NoPayload]) -> Mapping[str, Any]:
        steps = ("integrity", "backup", "history", "vacuum")

        def step(number: int) -> None:
            context.checkpoint(None, phase=steps[number], done=number, total=len(steps))

        step(0)
        # What is not whole is neither backed up over good backups nor written anew.
        if faults := upkeep.faults():
            raise StateNotWhole(faults="; ".join(faults[:3]))
        step(1)
        file = upkeep.backup(context.cancel)
        step(2)
        pruned, forgotten = prune_history(), prune_journal()
        step(3)
        won = upkeep.vacuum()
        context.progress(steps[-1], len(steps), len(steps))
        return {"backup": file, "jobs_removed": pruned, "journal_removed": forgotten, "bytes_won": won}

    return JobType(
        name="maintenance",
        title="Look after the state",
        what="Checks that the state is whole, backs it up, removes old history and gives back free space.",
        slot=Slot.LIGHT,
        payload=NoPayload,
        run=run,
        priority=Priority.LOW,
        interval_seconds=_WEEK,
        jitter_seconds=3600.0,
    )
