"""Processes that run jobs on one stash_sense.db; each is a copy of this one, so that starting it costs nothing.

    python processes.py FOLDER killed SEED KILLS | many PROCESSES JOBS | full

`killed` starts a service again and again and kills it, see the benchmark of that name.
`many` lets several processes run what is in the queue. `full` lets the disk be full for a while. Prints JSON.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.reliability.killed import Ledger, in_a_copy, killed, status_of
from tests.queue_files import ended, kind, service, sql_store, until

from stash_sense.errors import Cancelled
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.dispatcher import Dispatcher
from stash_sense.jobs.job import JobStatus, Slot


def killed_often(folder: Path, seed: int, kills: int) -> dict[str, Any]:
    # However often in a row a busy machine lets a kill come before a batch is kept.
    return asdict(killed(folder, seed, kills, most_losses=kills + 1))


def many(folder: Path, processes: int, jobs: int) -> dict[str, Any]:
    ledger = Ledger(folder / "runs")
    slots = (Slot.GPU, Slot.NETWORK, Slot.LIGHT)
    dispatchers: list[Dispatcher] = []  # the one of this process
    begun: list[int] = []

    def run(context: JobContext[Any]) -> None:
        ledger.append(context.job_id, 1, os.getpid())
        begun.append(context.job_id)
        if len(begun) == jobs // 2:  # so that others have to do the rest, however fast they get to it
            dispatchers[0].set_slots(dict.fromkeys(slots, 0))
        time.sleep(0.002)
        ledger.append(context.job_id, -1, os.getpid())

    kinds = [kind(run, slot.value, slot) for slot in slots]
    with sql_store(folder) as store:
        for number in range(jobs):
            service(store, *kinds).queue.submit(slots[number % len(slots)].value)

    def serve() -> None:
        with sql_store(folder) as store:
            one = service(store, *kinds)
            dispatchers.append(one.dispatcher)
            one.dispatcher.start()
            until(lambda: one.queue.status().by_status[JobStatus.COMPLETED] == jobs, seconds=240)
            one.dispatcher.stop()

    ends = [status_of(child) for child in [in_a_copy(serve) for _ in range(processes)]]
    return {"ends": ends, "runs": ledger.lines(), "slots": [slot.value for slot in slots]}


def full(folder: Path) -> dict[str, Any]:
    """No file of this process can grow for a while: every write that SQLite makes fails."""
    told: list[str] = []
    left: list[int] = []
    batches: list[int] = []

    def run(context: JobContext[Any]) -> dict[str, int]:
        for batch in range(context.cursor or 0, 200):
            batches.append(batch)
            time.sleep(0.005)
            try:
                context.checkpoint(batch + 1, done=batch + 1, total=200, padding=10**50 + batch)
            except Cancelled:
                left.append(batch)
                raise
        return {"batches": 200}

    with sql_store(folder, lease_seconds=600.0) as store:
        one = service(store, kind(run))
        one.dispatcher.start()
        job, _ = one.queue.submit("look")
        until(lambda: len(batches) > 5)
        with one.events.watch() as watcher:
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
            while not told:
                told += [event.message for event in watcher.wait(1) if event.message]
            until(lambda: one.dispatcher.trouble)
            trouble = one.dispatcher.trouble
            at = len(batches)
            time.sleep(0.5)
            stood = len(batches) == at
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        done = ended(one, job)
        until(lambda: not one.dispatcher.trouble)
        one.dispatcher.stop()
    return {
        "told": told[0],
        "trouble": trouble,
        "stood": stood,
        "status": done.status,
        "attempts": done.attempts,
        "once": batches == list(range(200)),
    }


def main(folder: Path, what: str, *numbers: int) -> None:
    works: dict[str, Callable[..., dict[str, Any]]] = {"killed": killed_often, "many": many, "full": full}
    print(json.dumps(works[what](folder, *numbers)))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))
