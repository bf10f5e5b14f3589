"""Processes that run jobs on one stash_sense.db; each is a copy of this one, so that starting it costs nothing.

    python processes.py FOLDER killed SEED ROUNDS | many PROCESSES JOBS | full

`killed` starts a service again and again and kills it at a random moment, while its job applies batches to a ledger.
`many` lets several processes run what is in the queue. `full` lets the disk be full for a while. Prints JSON.
"""

import json
import os
import resource
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from tests.queue_files import ended, kind, service, sql_store, until

from stash_sense.errors import Cancelled
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.job import JobStatus, Slot

BATCH = 5


class Ledger:
    """A file of lines, each one item and the attempt that applied it; who applies asks first what is there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[list[int]]:
        if not self.path.exists():
            return []
        # A line that a kill cut off was not applied.
        whole = self.path.read_bytes().rpartition(b"\n")[0]
        return [[int(word) for word in line.split()] for line in whole.splitlines()]

    def append(self, *words: int) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(descriptor, (" ".join(map(str, words)) + "\n").encode())
        os.close(descriptor)


def apply_all(folder: Path) -> Callable[[JobContext[Any]], dict[str, int]]:
    """A job that applies items once each, however often a batch is begun anew, and notes every begin."""
    applied, begun = Ledger(folder / "applied"), Ledger(folder / "begun")

    def run(context: JobContext[Any]) -> dict[str, int]:
        there = {item for item, _ in applied.lines()}
        start = context.cursor or 0
        while not (folder / "enough").exists():
            begun.append(start, os.getpid())
            for item in range(start, start + BATCH):
                if item not in there:
                    applied.append(item, os.getpid())
                time.sleep(0.0005)
            start += BATCH
            context.checkpoint(start, done=start)
        return {"items": start}

    return run


def in_a_copy(work: Callable[[], None]) -> int:
    """Do something in a copy of this process; gives its number."""
    child = os.fork()
    if child:
        return child
    try:
        work()
    except BaseException:  # noqa: BLE001 - the outermost edge of a process
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def status_of(child: int) -> int:
    """Wait for a copy; gives the signal that ended it, or its exit code."""
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def killed(folder: Path, seed: int, rounds: int) -> dict[str, Any]:
    moments = np.random.default_rng(seed).uniform(0.0, 0.1, rounds)
    look = kind(apply_all(folder), slot=Slot.CPU_HEAVY, exclusive=True)
    begun = Ledger(folder / "begun")

    def serve() -> None:
        with sql_store(folder) as store:
            one = service(store, look)
            one.queue.submit("look")
            one.dispatcher.start(alone=True)
            threading.Event().wait()

    for moment in moments:
        before = len(begun.lines())
        child = in_a_copy(serve)
        until(lambda before=before: len(begun.lines()) > before, "the service never went on")  # type: ignore[misc]
        time.sleep(moment)
        os.kill(child, signal.SIGKILL)
        assert status_of(child) == signal.SIGKILL
    with sql_store(folder) as store:
        one = service(store, look)
        before = len(begun.lines())
        one.dispatcher.start(alone=True)
        until(lambda: len(begun.lines()) > before + 5)
        (folder / "enough").touch()
        done = ended(one, one.queue.page().jobs[0])
        one.dispatcher.stop()
        jobs = len(one.queue.page().jobs)
    with closing(sqlite3.connect(folder / "stash_sense.db")) as plain:
        sound = plain.execute("PRAGMA integrity_check").fetchone()[0]
    return {
        "status": done.status,
        "jobs": jobs,
        "attempts": done.attempts,
        "items": (done.result or {})["items"],
        "applied": [item for item, _ in Ledger(folder / "applied").lines()],
        "begun": begun.lines(),
        "sound": sound,
    }


def many(folder: Path, processes: int, jobs: int) -> dict[str, Any]:
    ledger = Ledger(folder / "runs")
    slots = (Slot.GPU, Slot.NETWORK, Slot.LIGHT)

    def run(context: JobContext[Any]) -> None:
        ledger.append(context.job_id, 1, os.getpid())
        time.sleep(0.002)
        ledger.append(context.job_id, -1, os.getpid())

    kinds = [kind(run, slot.value, slot) for slot in slots]
    with sql_store(folder) as store:
        for number in range(jobs):
            service(store, *kinds).queue.submit(slots[number % len(slots)].value)

    def serve() -> None:
        with sql_store(folder) as store:
            one = service(store, *kinds)
            one.dispatcher.start()
            until(lambda: one.queue.status().by_status[JobStatus.COMPLETED] == jobs)
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

    with sql_store(folder) as store:
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
    works: dict[str, Callable[..., dict[str, Any]]] = {"killed": killed, "many": many, "full": full}
    print(json.dumps(works[what](folder, *numbers)))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))
