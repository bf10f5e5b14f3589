"""A service that is killed again and again: what its job loses, what it does twice, what it begins anew.

    python -m benchmarks.reliability.killed [--kills N] [--seed N] [--quick] [--json FILE]

A copy of this process runs the service as `stash-sense serve` does, with one kind of job: it applies items to a
ledger in batches of five, each item unless the ledger has it, and keeps a checkpoint after each batch. SIGKILL comes
at a random moment of the tenth of a second after the job went on, every fourth time of the first half second of the
service, while it starts and takes the job over. In the end the job is told that it is enough, the service is asked
to stop, and ledger and database are looked at: `lost` are items that the job went past without applying them,
`redone` batches that were begun by an earlier run, too.
"""

import argparse
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.measure import cost_of, table, write_json

from stash_sense.adapters.store.jobs import SqlJobStore
from stash_sense.adapters.store.store import Store
from stash_sense.api.server import serve
from stash_sense.bootstrap import Services
from stash_sense.jobs.catalogue import JobType, NoPayload
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.job import Job, Slot
from stash_sense.jobs.retries import RetryPolicy
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.once import once
from stash_sense.operations.composing import Operations, compose
from stash_sense.settings import load_settings

KILLS, QUICK_KILLS = 1000, 50
SEED = 7
BATCH = 5
_ITEM_SECONDS = 0.0005
_WHILE_AT_WORK, _WHILE_STARTING = 0.1, 0.5
"""Seconds within which a kill comes, after the job went on or after the start."""
_STARTING_EVERY = 4
_PATIENCE = 60.0
_JOB = "ledger"
_MOST_LOSSES = RetryPolicy().max_attempts


@dataclass(frozen=True, slots=True)
class Found:
    """What was left after all kills.

    Attributes:
        kills, early: all of them, and those before the job went on.
        status, attempts, items: of the job; how many items it says it has applied.
        jobs: how many there are in the queue's history; one was put in.
        applied: the ledger's items.
        begun: first item of each batch that was begun, and the number of the service that did.
        sound: what SQLite says of the database.
        exit_code: of the last service, which was asked to stop.
    """

    kills: int
    early: int
    status: str
    attempts: int
    items: int
    jobs: int
    applied: list[int]
    begun: list[list[int]]
    sound: str
    exit_code: int


class Ledger:
    """A file of lines of numbers, each written at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def size(self) -> int:
        """Bytes in it: grows with each line."""
        return self.path.stat().st_size if self.path.exists() else 0

    def lines(self) -> list[list[int]]:
        """Return the numbers of each line."""
        if not self.path.exists():
            return []
        # A line that a kill cut off was not applied.
        whole = self.path.read_bytes().rpartition(b"\n")[0]
        return [[int(word) for word in line.split()] for line in whole.splitlines()]

    def append(self, *words: int) -> None:
        """Add a line."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(descriptor, (" ".join(map(str, words)) + "\n").encode())
        os.close(descriptor)


def ledger_job(folder: Path, number: int, most_losses: int = _MOST_LOSSES) -> JobType[NoPayload]:
    """Return the kind of job whose every step is written down, for the service of that number."""
    applied, begun = Ledger(folder / "applied"), Ledger(folder / "begun")

    def run(context: JobContext[NoPayload]) -> dict[str, int]:
        there = {item for item, _ in applied.lines()}
        start = context.cursor or 0
        while not (folder / "enough").exists():
            begun.append(start, number)
            for item in range(start, start + BATCH):
                if item not in there:
                    applied.append(item, number)
                time.sleep(_ITEM_SECONDS)
            start += BATCH
            context.checkpoint(start, done=start)
        return {"items": start}

    retries = RetryPolicy(max_attempts=most_losses)
    what = "Applies items to a ledger."
    return JobType(_JOB, "Write a ledger", what, Slot.CPU_HEAVY, NoPayload, run, retries=retries)


@dataclass(frozen=True)
class _WithLedger(Services):
    """The services of a program that knows the ledger's job, and no other."""

    folder: Path = field(default_factory=Path)
    number: int = 0

    @once
    def operations(self) -> Operations:
        return compose(SqlJobStore(self.store.engine), [ledger_job(self.folder, self.number)])


def killed(folder: Path, seed: int, kills: int, most_losses: int = _MOST_LOSSES) -> Found:
    """Kill a service on an empty folder so often.

    Args:
        folder: empty.
        seed: of the moments.
        kills: how often.
        most_losses: in a row, without a checkpoint in between, after which the job is given up.

    Raises:
        RuntimeError: it does not go on afterwards, or ended by itself.
    """
    moments = random.Random(seed)  # noqa: S311 - not for secrets
    begun = Ledger(folder / "begun")
    with closing(Store.open(folder / "stash_sense.db")) as store:
        compose(SqlJobStore(store.engine), [ledger_job(folder, 0, most_losses)]).queue.submit(_JOB)
    early = sum(_started_and_killed(folder, number, moments) for number in range(kills))
    before = begun.size
    service = in_a_copy(lambda: _serve(folder, kills))
    _wait_for(lambda: begun.size > before, folder)
    (folder / "enough").touch()
    _wait_for(lambda: _jobs_in(folder)[0].status.has_ended, folder)
    os.kill(service, signal.SIGTERM)
    exit_code = status_of(service)
    job, *others = _jobs_in(folder)
    with closing(sqlite3.connect(folder / "stash_sense.db")) as plain:
        sound = plain.execute("PRAGMA integrity_check").fetchone()[0]
    return Found(
        kills=kills,
        early=early,
        status=job.status.value,
        attempts=job.attempts,
        items=(job.result or {}).get("items", 0),
        jobs=1 + len(others),
        applied=[item for item, _ in Ledger(folder / "applied").lines()],
        begun=begun.lines(),
        sound=str(sound),
        exit_code=exit_code,
    )


def _started_and_killed(folder: Path, number: int, moments: random.Random) -> bool:
    """Return whether the kill came before the job went on."""
    begun = Ledger(folder / "begun")
    before = begun.size
    service = in_a_copy(lambda: _serve(folder, number))
    if number % _STARTING_EVERY == _STARTING_EVERY - 1:
        time.sleep(moments.uniform(0.0, _WHILE_STARTING))
    else:
        _wait_for(lambda: begun.size > before, folder)
        time.sleep(moments.uniform(0.0, _WHILE_AT_WORK))
    os.kill(service, signal.SIGKILL)
    if (end := status_of(service)) != -signal.SIGKILL:
        raise RuntimeError(f"service {number} ended by itself, with {end}; see {folder / 'log'}")
    return begun.size == before


def _serve(folder: Path, number: int) -> None:
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, sys.stderr.fileno())
    settings = load_settings().model_copy(update={"data_dir": folder})
    serve(
        _WithLedger(settings, CancelToken(), Limits(), folder=folder, number=number), "127.0.0.1", 0, lambda *_: None
    )


def _jobs_in(folder: Path) -> list[Job]:
    with closing(Store.open(folder / "stash_sense.db")) as store:
        return list(compose(SqlJobStore(store.engine), [ledger_job(folder, 0)]).queue.page().jobs)


def _wait_for(holds: Callable[[], bool], folder: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise RuntimeError(f"the service does not go on: {_jobs_in(folder)[0]}; see {folder / 'log'}")
        time.sleep(0.002)


def in_a_copy(work: Callable[[], None]) -> int:
    """Do something in a copy of this process, so that starting it costs nothing; gives its number."""
    sys.stdout.flush()
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
    """Wait for a copy; gives its exit code, or the signal that ended it as a negative number."""
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def figures_of(found: Found) -> dict[str, int | str]:
    """Count what went wrong."""
    times = Counter(found.applied)
    seen: set[int] = set()
    redone: Counter[int] = Counter()
    for batch, service in found.begun:
        redone[service] += batch in seen
        seen.add(batch)
    return {
        "kills": found.kills,
        "kills before the job went on": found.early,
        "runs of the job": found.attempts,
        "batches begun": len(found.begun),
        "batches redone": redone.total(),
        "batches redone after one kill, most": max(redone.values(), default=0),
        "items": found.items,
        "items lost": sum(item not in times for item in range(found.items)),
        "items applied twice": sum(count - 1 for count in times.values()),
        "items beyond the end": sum(item >= found.items for item in times),
        "jobs": found.jobs,
        "job": found.status,
        "integrity_check": found.sound,
        "last service's exit code": found.exit_code,
    }


def aims(figures: dict[str, int | str]) -> list[dict[str, Any]]:
    wanted: dict[str, tuple[int | str, ...]] = {
        "items lost": (0,),
        "items applied twice": (0,),
        "batches redone after one kill, most": (0, 1),
        "job": ("completed",),
        "integrity_check": ("ok",),
    }
    return [
        {"what": what, "aim": f"<= {good[-1]}" if len(good) > 1 else good[0], "measured": measured, "met": met}
        for what, good in wanted.items()
        for measured in [figures[what]]
        for met in [measured in good]
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=KILLS, metavar="N", help=f"{KILLS:,} without")
    parser.add_argument("--seed", type=int, default=SEED, metavar="N", help="of the moments")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_KILLS} kills")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    kills = QUICK_KILLS if options.quick else options.kills
    with tempfile.TemporaryDirectory(prefix="stash-sense-killed-") as folder:
        cost = cost_of(lambda: killed(Path(folder), options.seed, kills))
    figures = figures_of(cost.result)
    print(table(("what", "figure"), [(what, str(figure)) for what, figure in figures.items()]))
    print(f"{cost.wall:.0f} s, {cost.cpu:.0f} CPU s")
    if options.json:
        found = {name: value for name, value in asdict(cost.result).items() if name not in ("applied", "begun")}
        rows = {**figures, "wall s": round(cost.wall, 1), "CPU s": round(cost.cpu, 1)}
        write_json(
            options.json,
            {
                "benchmark": "reliability.killed",
                "seed": options.seed,
                "rows": rows,
                "found": found,
                "aims": aims(figures),
            },
        )


if __name__ == "__main__":
    main()
