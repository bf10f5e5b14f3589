"""The operation queue: how many jobs a second, how long until one begins, how fast a long history is read.

    python -m benchmarks.speed.jobs [--quick] [--json FILE]

On SQLite as the service has it, in a folder of the temporary disk. `dispatcher`: jobs that do nothing, put in before,
through the dispatcher with a thread for each. `idle`: from `submit` in an idle queue to the first line of the job.
`claim+complete`: the store alone, with commits that survive a power cut (FULL) and that may be lost in one (NORMAL);
these and the dispatcher are medians of several runs in turn. `history`: the first, the middle and the last page of
50, the same of one state, and the counts. Jobs a second hang on how long the disk takes to flush, told by `disk`.
"""

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.measure import cost_of, table, write_json
from sqlalchemy import insert

from stash_sense.adapters.store.engine import Durability, make_engine
from stash_sense.adapters.store.jobs import SqlJobStore
from stash_sense.adapters.store.store import Store
from stash_sense.adapters.store.tables import JOBS
from stash_sense.jobs.catalogue import JobType, NoPayload
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.dispatcher import Dispatcher
from stash_sense.jobs.job import SLOTS, JobStatus, NewJob, Slot
from stash_sense.jobs.queue import JobQueue
from stash_sense.jobs.store import Outcome
from stash_sense.operations.composing import compose

Context = JobContext[NoPayload]
LEAST_JOBS_PER_SECOND = 300.0
MOST_LATENCY_MS = 20.0
MOST_PAGE_MS = 5.0
HISTORY = 100_000
PAGE = 50
_JOBS = "dispatcher: jobs that do nothing"
RUNS, ASKED = 3, 200
"""How often jobs are run for one figure, and how often a page is asked for."""


@dataclass(frozen=True)
class Row:
    """One figure; `cpu_ms` of this process for each job, or each time a page is asked for."""

    what: str
    figure: float
    unit: str
    cpu_ms: float


@contextmanager
def opened(durability: Durability = Durability.FULL) -> Iterator[SqlJobStore]:
    """Give a store in a new file."""
    with tempfile.TemporaryDirectory(prefix="stash-sense-jobs-") as folder:
        path = Path(folder) / "stash_sense.db"
        Store.open(path).close()
        engine = make_engine(path, durability)
        try:
            yield SqlJobStore(engine)
        finally:
            engine.dispose()


@contextmanager
def at_work(store: SqlJobStore, run: Callable[[Context], Any]) -> Iterator[tuple[JobQueue, Dispatcher]]:
    """Give a queue with one kind of job."""
    kind = JobType("look", "Look", "Does nothing.", Slot.LIGHT, NoPayload, run, exclusive=False)
    operations = compose(store, [kind])
    yield operations.queue, operations.dispatcher
    operations.dispatcher.stop()


def through_the_dispatcher(jobs: int) -> Row:
    """Jobs that do nothing, all of them waiting already."""
    ran, done = [0], threading.Event()
    lock = threading.Lock()

    def run(_: Context) -> None:
        with lock:
            ran[0] += 1
            if ran[0] == jobs:
                done.set()

    with opened() as store, at_work(store, run) as (queue, dispatcher):
        for _ in range(jobs):
            queue.submit("look")

        def work() -> None:
            dispatcher.start()
            done.wait()
            dispatcher.stop()  # the last ones are written

        cost = cost_of(work)
        completed = queue.status().by_status[JobStatus.COMPLETED]
        if completed != jobs:
            sys.exit(f"only {completed} of {jobs} jobs were completed")
    return Row(_JOBS, jobs / cost.wall, "jobs/s", cost.cpu / jobs * 1000)


def latency(jobs: int) -> list[Row]:
    """From `submit` to the job's first line, in an idle queue."""
    begun = [0.0]
    arrived = threading.Event()

    def run(_: Context) -> None:
        begun[0] = time.perf_counter()
        arrived.set()

    waits = []
    with opened() as store, at_work(store, run) as (queue, dispatcher):
        dispatcher.start()
        cpu = time.process_time()
        for _ in range(jobs):
            time.sleep(0.02)
            arrived.clear()
            asked = time.perf_counter()
            queue.submit("look")
            arrived.wait()
            waits.append((begun[0] - asked) * 1000)
        cpu = (time.process_time() - cpu) / jobs * 1000
    waits.sort()
    figures = {"median": statistics.median(waits), "95 of 100": waits[int(jobs * 0.95)], "worst": waits[-1]}
    return [Row(f"idle: submit to running, {what}", figure, "ms", cpu) for what, figure in figures.items()]


def flush(times: int = 100) -> Row:
    """How long the disk takes to have a page of 4 KiB for good."""
    waits = []
    with tempfile.TemporaryFile(prefix="stash-sense-jobs-", buffering=0) as file:
        cpu = time.process_time()
        for _ in range(times):
            file.write(bytes(4096))
            began = time.perf_counter()
            os.fsync(file.fileno())
            waits.append((time.perf_counter() - began) * 1000)
    return Row("disk: flush", statistics.median(waits), "ms", (time.process_time() - cpu) / times * 1000)


def claim_and_complete(durability: Durability, jobs: int) -> Row:
    """The store alone."""
    done = Outcome(JobStatus.COMPLETED, result={})
    with opened(durability) as store:
        for _ in range(jobs):
            store.submit(NewJob("look", "Look", Slot.LIGHT, 50))

        def work() -> None:
            while (job := store.claim("me", SLOTS, ["look"])) is not None:
                store.finish(job.claim, done)

        cost = cost_of(work)
    return Row(f"claim+complete, {durability.value}", jobs / cost.wall, "jobs/s", cost.cpu / jobs * 1000)


def in_turn(*measures: Callable[[], Row]) -> list[Row]:
    """Medians of several runs of each, one after another, so that what else the machine does strikes all alike."""
    runs = list(zip(*([measure() for measure in measures] for _ in range(RUNS)), strict=True))
    return [
        replace(
            rows[0],
            figure=statistics.median(row.figure for row in rows),
            cpu_ms=statistics.median(row.cpu_ms for row in rows),
        )
        for rows in runs
    ]


def history() -> list[Row]:
    """Pages and counts of a long history."""
    with opened() as store:
        moment = "2026-11-22T00:00:00.000000+00:00"
        rows = [
            {
                "type": ("look", "fetch", "tidy", "detect")[number % 4],
                "title": "Look",
                "status": ("completed", "completed", "completed", "failed", "cancelled")[number % 5],
                "priority": 50,
                "rank": float(number),
                "resource": "light",
                "payload": '{"folder": "/data/pictures", "most": 100}',
                "cursor": '{"last": 12345}',
                "result": '{"seen": 100, "found": 3}',
                "max_attempts": 5,
                "triggered_by": "user",
                "created_at": moment,
                "started_at": moment,
                "completed_at": moment,
                "updated_at": moment,
            }
            for number in range(HISTORY)
        ]
        with store._engine.begin() as connection:
            connection.execute(insert(JOBS), rows)
        with at_work(store, lambda context: None) as (queue, _):
            failed = [JobStatus.FAILED]
            asked: list[tuple[str, Callable[[], object]]] = [
                ("first page", lambda: queue.page(limit=PAGE)),
                ("middle page", lambda: queue.page(str(HISTORY // 2), PAGE)),
                ("last page", lambda: queue.page(str(PAGE), PAGE)),
                ("middle page of failed", lambda: queue.page(str(HISTORY // 2), PAGE, failed)),
                ("middle page of a kind", lambda: queue.page(str(HISTORY // 2), PAGE, types=["tidy"])),
                ("page of a kind that failed", lambda: queue.page(str(HISTORY // 2), PAGE, failed, ["tidy"])),
                ("page of what never was", lambda: queue.page(None, PAGE, failed, ["dance"])),
                ("counts", queue.status),
            ]
            return [timed(f"history: {what}", ask) for what, ask in asked]


def timed(what: str, ask: Callable[[], object]) -> Row:
    """Median of many."""
    ask()
    waits = []
    cpu = time.process_time()
    for _ in range(ASKED):
        began = time.perf_counter()
        ask()
        waits.append((time.perf_counter() - began) * 1000)
    return Row(what, statistics.median(waits), "ms", (time.process_time() - cpu) / ASKED * 1000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a fifth of the jobs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there, too")
    options = parser.parse_args()
    jobs = 400 if options.quick else 2000
    rows = [
        flush(),
        *in_turn(
            lambda: through_the_dispatcher(jobs),
            lambda: claim_and_complete(Durability.FULL, jobs),
            lambda: claim_and_complete(Durability.NORMAL, jobs),
        ),
        *latency(jobs // 5),
        *history(),
    ]
    print(table(("what", "figure", "unit", "CPU ms each"), [tuple(asdict(row).values()) for row in rows]))
    if options.json is not None:
        write_json(
            options.json, {"benchmark": "speed.jobs", "rows": [asdict(row) for row in rows], "aims": aims(rows)}
        )


def aims(rows: list[Row]) -> list[dict[str, object]]:
    """State what was asked and what came out."""
    figures = {row.what: row.figure for row in rows}
    slowest = max((row for row in rows if row.what.startswith("history")), key=lambda row: row.figure)
    asked = [
        (f"{_JOBS}, a second", ">", LEAST_JOBS_PER_SECOND, figures[_JOBS]),
        ("idle: submit to running, median ms", "<", MOST_LATENCY_MS, figures["idle: submit to running, median"]),
        ("idle: 95 of 100, ms", "<", MOST_LATENCY_MS, figures["idle: submit to running, 95 of 100"]),
        (f"slowest page or counts of {HISTORY:,} jobs ({slowest.what}), ms", "<", MOST_PAGE_MS, slowest.figure),
    ]
    return [
        {
            "what": what,
            "aim": f"{sign} {aim:g}",
            "measured": round(measured, 1),
            "met": measured > aim if sign == ">" else measured < aim,
        }
        for what, sign, aim, measured in asked
    ]


if __name__ == "__main__":
    main()
