"""A new version of the performers database put into use while people are asked for: what those who ask notice of it.

    python -m benchmarks.scale.swap [--quick] [--full] [--json FILE]

Two versions of equal size are made (see `synthetic`), with the vectors of the pack `lite` and the sample people in
both; the second is published as a signed release. One process then searches 50 times a second with given vectors,
two faces at a time, and identifies the sample film over and over, as fast as the machine allows; meanwhile it updates
from the release and reloads, as the program does. Every answer is kept and compared afterwards with what its version
answers when nothing else goes on: one that is no version's own would mix two. Times are those of an answer; `latest`
is the most that passed since one was due, where searches wait for each other because there are more than can be done.
"""

import argparse
import json
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.measure import cost_of, peak_mib, run_child, table, write_json
from benchmarks.progress import tell
from benchmarks.scale import synthetic
from benchmarks.scale.synthetic import Size

from stash_sense.adapters.http.client import HttpClient
from stash_sense.bootstrap import Services, build
from stash_sense.identification.live_database import LiveDatabase
from stash_sense.identification.recognizer import Recognizer, Request
from stash_sense.kernel.arrays import Floats
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.database import PerformersDatabase
from stash_sense.releases.checking import CachedCheck
from stash_sense.releases.keys import generate_keys, read_public_key, read_secret_key
from stash_sense.releases.publishing import publish
from stash_sense.releases.sources import source_of
from stash_sense.releases.status import UpdateState
from stash_sense.releases.updater import Updater
from stash_sense.samples import PEOPLE
from stash_sense.samples.film import make_film
from stash_sense.settings import load_settings

PACK = "lite"
OLD, NEW = "1", "2"
USUAL, FULL = Size(2_700, 10_000), Size(100_000, 370_000)
RATE, SEARCHERS = 50, 4
SECONDS, QUICK_SECONDS = 15.0, 4.0
TOP = 5
FILM = -1

PHASES = ("before", "install", "reload", "after")
"""The new version is unpacked, checked and proved, then opened for those who ask."""

Answer = tuple[tuple[str, ...], tuple[float, ...]]
"""Names of the people found, and their cosines."""


@dataclass(frozen=True, slots=True)
class Task:
    """What the child does: the data folder, that of the releases, the film, and seconds before and after."""

    folder: str
    releases: str
    film: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: which probes, or `FILM`, the phase (see `PHASES`), the version, times, and the answer."""

    probes: int
    phase: str
    version: str
    due: float
    began: float
    ended: float
    answer: Answer | None
    error: str = ""


@dataclass(slots=True)
class Traffic:
    """Threads that ask all the time.

    Attributes:
        live: lends the database.
        searches: pairs of probes, (n, 2, D).
        recognizer: identifies the film.
        film: to be identified.
        phase: tells what else goes on.
    """

    live: LiveDatabase
    searches: Floats
    recognizer: Recognizer
    film: Path
    phase: Callable[[], str]
    asked: list[Asked] = field(default_factory=list)
    _end: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin to ask."""
        began = time.perf_counter()
        self._threads = [
            threading.Thread(target=self._search, args=(began, number), name=f"search-{number}")
            for number in range(SEARCHERS)
        ]
        self._threads.append(threading.Thread(target=self._identify, name="identify"))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask no more; returns when the last answer is there."""
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _search(self, began: float, number: int) -> None:
        for turn in range(number, 10**9, SEARCHERS):
            due = began + turn / RATE
            if self._end.wait(max(0.0, due - time.perf_counter())):
                return
            place = turn % len(self.searches)
            self._ask(place, due, lambda database, place=place: search(database, self.searches[place]))  # type: ignore[misc]

    def _identify(self) -> None:
        while not self._end.is_set():
            self._ask(FILM, time.perf_counter(), lambda database: identify(self.recognizer, database, self.film))

    def _ask(self, probes: int, due: float, ask: Callable[[PerformersDatabase], Answer]) -> None:
        phase, began, version = self.phase(), time.perf_counter(), ""
        answer, error = None, ""
        try:
            with self.live.lease() as database:
                version = database.manifest.version
                answer = ask(database)
        except Exception as fault:  # noqa: BLE001  whatever fails is counted
            error = f"{type(fault).__name__}: {fault}"
        ended, last = time.perf_counter(), self.phase()
        if last != phase:  # what begins in one phase and ends in another belongs to the one that disturbs it
            phase = "install" if last == "install" else "reload"
        self.asked.append(Asked(probes, phase, version, due, began, ended, answer, error))


def search(database: PerformersDatabase, probes: Floats) -> Answer:
    """Search two faces and name who is found."""
    hits = database.search.search(probes, TOP)
    names = tuple(database.roster[person].name for person in hits.persons.reshape(-1).tolist())
    return names, tuple(round(float(cosine), 5) for cosine in hits.best.reshape(-1))


def identify(recognizer: Recognizer, database: PerformersDatabase, film: Path) -> Answer:
    """Identify the film; names with probabilities, and other likely people."""
    (found,) = recognizer.identify([film], database, Request(), CancelToken())
    if found.failure is not None:
        raise RuntimeError(found.failure.message)
    people = [person for one in found.persons for person in (one.name, *(other.name for other in one.alternatives))]
    return tuple(people), tuple(round(person.probability, 4) for person in found.persons)


def measure(task: Task) -> dict[str, Any]:
    """Run inside the child."""
    services = build(load_settings().model_copy(update={"data_dir": Path(task.folder)}))
    live, recognizer, releases = services.live, services.recognizer(PACK), Path(task.releases)
    key = read_public_key((releases / "publisher.pub").read_text())
    check = CachedCheck(services.performers.folder)
    updater = Updater(
        services.performers, check, lambda: [key], services.ed25519, services.prove, reload=live.refresh
    )
    moment = "before"

    def phase() -> str:
        reloading = moment == "install" and updater.status().state is UpdateState.RELOADING
        return "reload" if reloading else moment

    pairs = np.stack([np.load(releases / f"probes-{version}.npy") for version in (OLD, NEW)], axis=1)
    traffic = Traffic(live, pairs, recognizer, Path(task.film), phase)
    with live.lease() as database:
        identify(recognizer, database, traffic.film)  # the models take their buffers
    traffic.start()
    time.sleep(task.seconds)
    peak_before, moment = peak_mib(), "install"
    installing = cost_of(lambda: updater.update(source_of(str(releases), HttpClient()), services.cancel))
    switched, moment = time.perf_counter(), "after"
    peak = peak_mib()
    time.sleep(task.seconds)
    traffic.stop()
    if installing.result is None or installing.result.version.version != NEW:
        raise RuntimeError("the release was not installed")
    own = _own_answers(services, traffic)
    live.close()
    return {
        "update_s": installing.wall,
        "searches": _figures([one for one in traffic.asked if one.probes != FILM], own),
        "films": _figures([one for one in traffic.asked if one.probes == FILM], own),
        "late": sum(one.version == OLD and one.began > switched for one in traffic.asked),
        "errors": sorted({one.error for one in traffic.asked if one.error}),
        "peak_before_mib": peak_before,
        "peak_mib": peak,
    }


def _own_answers(services: Services, traffic: Traffic) -> dict[tuple[str, int], Answer]:
    """Ask each version everything again, when nothing else goes on."""
    own = {}
    for version, installed in ((OLD, services.performers.rollback()), (NEW, services.performers.rollback())):
        with closing(services.open_version(installed)) as database:
            for place, probes in enumerate(traffic.searches):
                own[version, place] = search(database, probes)
            own[version, FILM] = identify(traffic.recognizer, database, traffic.film)
    return own


def _figures(asked: Sequence[Asked], own: Mapping[tuple[str, int], Answer]) -> dict[str, Any]:
    """Count what went wrong, and tell the milliseconds of each phase."""
    phases = {}
    for phase in PHASES:
        some = [one for one in asked if one.phase == phase]
        took = [1000.0 * (one.ended - one.began) for one in some]
        if took:
            phases[phase] = {
                "requests": len(took),
                "median_ms": statistics.median(took),
                "slow_ms": sorted(took)[int(0.99 * (len(took) - 1))],
                "slowest_ms": max(took),
                "late_ms": max(1000.0 * (one.ended - one.due) for one in some),
            }
    return {
        "requests": len(asked),
        "failed": sum(bool(one.error) for one in asked),
        "mixed": sum(one.answer != own[one.version, one.probes] for one in asked if not one.error),
        "by_version": {version: sum(one.version == version for one in asked) for version in (OLD, NEW)},
        "phases": phases,
    }


def prepare(folder: Path, size: Size) -> None:
    """Install the old version below a folder, and publish the new one beside it."""
    services = build(load_settings().model_copy(update={"data_dir": folder / "data"}))
    space, releases = synthetic.space_of(services, PACK), folder / "releases"
    real = services.recognizer(PACK).enrol(PEOPLE, services.cancel).gallery
    old = synthetic.make(services.performers, OLD, space, size, 1, real, tell)
    probes, _ = synthetic.write(folder / "new", NEW, space, size, 2, real, tell)
    generate_keys(folder / "publisher.key", services.ed25519)
    publish(folder / "new", releases, read_secret_key(folder / "publisher.key"), services.ed25519)
    shutil.rmtree(folder / "new")
    shutil.copy(folder / "publisher.pub", releases)
    for version, some in ((OLD, old.probes), (NEW, probes)):
        np.save(releases / f"probes-{version}.npy", some)


def run(size: Size, seconds: float) -> dict[str, Any]:
    """Prepare one size and measure it in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="stash-sense-swap-") as scratch:
        folder, film = Path(scratch), Path(scratch) / "film.mp4"
        make_film(film)
        prepare(folder, size)
        task = Task(str(folder / "data"), str(folder / "releases"), str(film), seconds)
        measured = json.loads(run_child("benchmarks.scale.swap", "--task", json.dumps(asdict(task))))
    return {**asdict(size), **measured}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_SECONDS:.0f} seconds before and after")
    parser.add_argument("--full", action="store_true", help=f"{FULL.faces:,} faces, too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        print(json.dumps(measure(Task(**json.loads(options.task)))))
        return
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as the program keeps it; read when a child imports numpy
    seconds = QUICK_SECONDS if options.quick else SECONDS
    rows = [run(size, seconds) for size in (USUAL, *((FULL,) if options.full else ()))]
    print(_table(rows))
    for row in rows:
        print(
            f"{row['faces']:,} faces: {row['update_s']:.1f} s of updating; peak memory {row['peak_before_mib']:.0f} "
            f"MiB before, {row['peak_mib']:.0f} with it; {row['late']} requests got the old version after the swap. "
            + " ".join(row["errors"])
        )
    if options.json is not None:
        write_json(options.json, {"benchmark": "scale.swap", "rows": rows, "aims": aims(rows)})


def _table(rows: Sequence[dict[str, Any]]) -> str:
    lines = [
        (row["faces"], kind, phase, *figures.values(), row[kind]["failed"], row[kind]["mixed"])
        for row in rows
        for kind in ("searches", "films")
        for phase, figures in row[kind]["phases"].items()
    ]
    header = (
        "faces",
        "what",
        "phase",
        "requests",
        "median ms",
        "99 % ms",
        "slowest ms",
        "latest ms",
        "failed",
        "mixed",
    )
    return table(header, lines)


def aims(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """State what was asked of a swap, and what came out."""
    stated = []
    for row in rows:
        for what in ("failed", "mixed"):
            count = row["searches"][what] + row["films"][what]
            total = row["searches"]["requests"] + row["films"]["requests"]
            name = f"{row['faces']:,} faces: {what} of {total:,} answers"
            stated.append({"what": name, "aim": "none", "measured": count, "met": count == 0})
    return stated


if __name__ == "__main__":
    main()
