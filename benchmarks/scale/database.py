"""A large performers database: how soon it answers, what it holds in memory, and what it gives back.

    python -m benchmarks.scale.database [--quick] [--people N] [--faces N] [--cache DIR] [--json FILE]

100,000 people who do not exist with 370,000 faces (see `synthetic`): two embedders of 512 values, as public databases
have them, and the pack `duo` where it is installed. Every line is a process of its own. Memory is that of the process
over what it had with its modules imported and its kernel made, as Linux counts it: pages of files that are mapped
count once they were touched, until they are given back. `ready` is from nothing opened to the first answer. The files
are in the system's cache, but for the line that says otherwise.
"""

import argparse
import itertools
import json
import os
import shutil
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.measure import cost_of, peak_mib, run_child, table, write_json
from benchmarks.progress import tell
from benchmarks.scale import synthetic
from benchmarks.scale.synthetic import GROUP, GROUPS, Made, Size
from benchmarks.speed.matching import CONSTANTS, CURVE

from stash_sense.adapters.hardware.memory import give_memory_back
from stash_sense.bootstrap import Services, build
from stash_sense.errors import PackNotInstalled, PackUnknown
from stash_sense.identification.live_database import LiveDatabase
from stash_sense.kernel.arrays import Floats
from stash_sense.models.store import PackState
from stash_sense.performers.database import PerformersDatabase
from stash_sense.recognition.faces import CROP_SIZE, Faces, Sightings
from stash_sense.recognition.matching.grouping import Group
from stash_sense.recognition.matching.judge import Judge
from stash_sense.recognition.spec import Decision
from stash_sense.resources.registry import ResourceRegistry
from stash_sense.settings import load_settings

SIZE, QUICK = Size(100_000, 370_000), Size(6_000, 20_000)
PACKS = (synthetic.PUBLIC.pack, "duo")
VERSION = "1"
BATCH = 64
TIMES = 5
"""Searches of a batch, after the first."""
CYCLES = 3
"""Times that a database is loaded and unloaded."""
READY_S, MOST_RESIDENT, LEAST_BACK = 2.0, 1.2, 0.95
_TRACKS = 3


@dataclass(frozen=True, slots=True)
class Task:
    """What one child measures: `derive`, `searches`, `scenes`, `cold` or `idle`, of a version in a data folder."""

    what: str
    folder: str
    threads: int


@dataclass(frozen=True, slots=True, eq=False)
class Child:
    """A process that has not opened the database yet."""

    services: Services
    made: Made

    @classmethod
    def of(cls, task: Task) -> "Child":
        """Import and make what every command has before it opens a database."""
        settings = load_settings().model_copy(update={"threads": task.threads, "data_dir": Path(task.folder)})
        services = build(settings)
        made = synthetic.made(services.performers, VERSION)
        if made is None:
            raise ValueError(f"there is no version in {task.folder}")
        services.kernel  # noqa: B018  made on demand, and no part of a database
        np.unique(made.probes @ made.probes.T)  # the matrix library takes its buffers, and numpy imports its rest
        return cls(services, made)

    def open(self) -> PerformersDatabase:
        """Open the version."""
        return synthetic.opener(self.services)(self.made.version)

    def judge(self, database: PerformersDatabase) -> Judge:
        """Make ready to weigh groups, as the default mode does."""
        pack = synthetic.space_of(self.services, database.pack)
        try:
            card = self.services.packs.described(database.pack)[0]
            return database.judge(Decision(pack.space, card.matching, card.curve, card.same_person))
        except (PackNotInstalled, PackUnknown):
            return database.judge(Decision(pack.space, CONSTANTS, CURVE))

    def batches(self) -> list[Floats]:
        """Cut the probes into batches, faces of all people in each."""
        mixed = np.random.default_rng(0).permutation(self.made.probes)
        return [mixed[start : start + BATCH] for start in range(0, len(mixed) - BATCH + 1, BATCH)]

    def right(self, database: PerformersDatabase) -> float:
        """Share of the probes whose person comes first."""
        found = database.search.search(self.made.probes, 1).persons[:, 0]
        return float((found == self.made.persons).mean())


def scenes_of(probes: Floats) -> list[tuple[Faces, list[Group]]]:
    """Make scenes of `GROUPS` people with `GROUP` faces each, in as many frames."""
    rows = np.arange(GROUPS * GROUP)
    frame, track = rows % GROUP, rows * _TRACKS // GROUP
    order = np.argsort(frame, kind="stable")
    seen = Sightings(
        frame=frame[order],
        t=frame[order].astype(np.float64),
        boxes=np.zeros((len(rows), 4), np.float32),
        scores=np.ones(len(rows), np.float32),
        landmarks=np.zeros((len(rows), 5, 2), np.float32),
        track=track[order],
    )
    quality = np.random.default_rng(1).uniform(0.2, 1.0, len(rows)).astype(np.float32)
    crops = np.broadcast_to(np.uint8(0), (len(rows), CROP_SIZE, CROP_SIZE, 3))
    scenes = []
    for start in range(0, len(probes), len(rows)):
        faces = Faces(seen, rows, quality, probes[start : start + len(rows)][order], crops)
        own = order // GROUP
        groups = [Group.of(faces, np.flatnonzero(own == one), np.flatnonzero(own == one)) for one in range(GROUPS)]
        scenes.append((faces, groups))
    return scenes


def weigh(judge: Judge, scene: tuple[Faces, list[Group]]) -> list[int]:
    """Weigh the groups of a scene; returns who is most probable for each."""
    faces, groups = scene
    return [likely[0].person for likely in judge.candidates_of_all(faces, groups, frozenset())]


def memory() -> dict[str, float]:
    """Return the memory of this process now, MiB: `rss`, `pss`, and what of that is its own (`anon`) and files'."""
    fields = {}
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]:
        name, amount = line.split()[:2]
        fields[name.rstrip(":")] = int(amount) / 1024
    return {"rss": fields["Rss"], "pss": fields["Pss"], "anon": fields["Pss_Anon"], "file": fields["Pss_File"]}


def derive(child: Child) -> dict[str, Any]:
    """Open a version for the first time on this machine."""
    shutil.rmtree(child.services.performers.derived, ignore_errors=True)
    before = memory()
    opening = cost_of(child.open)
    after = memory()
    return {
        "cpu": opening.cpu,
        "wall": opening.wall,
        "peak_mib": peak_mib() - before["rss"],
        "left_mib": after["rss"] - before["rss"],
        "left_anon_mib": after["anon"] - before["anon"],
        "right": child.right(opening.result),
    }


class Growth:
    """Notes memory over what there was at first."""

    def __init__(self) -> None:
        self._before = memory()
        self.steps: dict[str, dict[str, float]] = {}

    def note(self, step: str) -> None:
        """Note what there is after a step."""
        self.steps[step] = {name: amount - self._before[name] for name, amount in memory().items()}


def searches(child: Child) -> dict[str, Any]:
    """Open it again, search faces, and then weigh scenes, too."""
    batches, scenes = child.batches(), scenes_of(child.made.probes)
    growth, before = Growth(), peak_mib()
    opening = cost_of(child.open)
    database = opening.result
    growth.note("open")
    first = cost_of(lambda: database.search.search(batches[0][:1], 1))
    growth.note("ready")
    spent = [
        cost_of(lambda some=some: database.search.search(some, 10))  # type: ignore[misc]
        for some in itertools.islice(itertools.cycle(batches), TIMES)
    ]
    growth.note("searched")
    judge = child.judge(database)
    for scene in scenes:
        weigh(judge, scene)
    growth.note("everything")
    return {
        "open_s": opening.wall,
        "ready_s": opening.wall + first.wall,
        "ready_cpu": opening.cpu + first.cpu,
        "batch_cpu": statistics.median(one.cpu for one in spent),
        "batch_wall": statistics.median(one.wall for one in spent),
        "memory": growth.steps,
        "peak_mib": peak_mib() - before,
    }


def scenes(child: Child) -> dict[str, Any]:
    """Open it again and weigh scenes in the default mode alone."""
    made = scenes_of(child.made.probes)
    growth = Growth()
    opening = cost_of(child.open)
    first = cost_of(lambda: weigh(child.judge(opening.result), made[0]))
    growth.note("ready")
    judges = [child.judge(opening.result) for _ in made]  # every file has one of its own
    spent = [
        cost_of(lambda judge=judge, scene=scene: weigh(judge, scene))  # type: ignore[misc]
        for judge, scene in zip(judges, made, strict=True)
    ]
    growth.note("weighed")
    persons = child.made.persons.reshape(-1, GROUPS, GROUP)[:, :, 0].tolist()
    right = [np.mean(np.equal(cost.result, own)) for cost, own in zip(spent, persons, strict=True)]
    return {
        "ready_s": opening.wall + first.wall,
        "group_cpu": statistics.median(one.cpu for one in spent) / GROUPS,
        "group_wall": statistics.median(one.wall for one in spent) / GROUPS,
        "right": float(np.mean(right)),
        "memory": growth.steps,
    }


def cold(child: Child) -> dict[str, Any]:
    """Open it with no file in the system's cache: as after a start of the machine."""
    for file in child.services.performers.folder.rglob("*"):
        if file.is_file():
            handle = os.open(file, os.O_RDONLY)
            os.fsync(handle)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)
    opening = cost_of(child.open)
    first = cost_of(lambda: opening.result.search.search(child.made.probes[:1], 1))
    return {"open_s": opening.wall, "ready_s": opening.wall + first.wall}


def idle(child: Child) -> dict[str, Any]:
    """Use a database through the registry and let it be unloaded, some times over."""
    registry = ResourceRegistry(give_back=give_memory_back)
    live = LiveDatabase(child.services.performers, synthetic.opener(child.services), registry)
    batch, made = child.batches()[0], scenes_of(child.made.probes)
    give_memory_back()
    cycles = []
    for _ in range(CYCLES):
        growth = Growth()

        def use() -> None:
            with live.lease() as database:
                database.search.search(batch, 10)
                judge = child.judge(database)
                for scene in made:
                    weigh(judge, scene)

        use()
        growth.note("used")
        unloading = cost_of(lambda: registry.unload_idle(0.0))
        growth.note("unloaded")
        used, left = growth.steps["used"]["rss"], growth.steps["unloaded"]["rss"]
        said = len(unloading.result)
        cycles.append({"used_mib": used, "left_mib": left, "back": 1 - left / used, "unloaded": said})
    live.close()
    return {"cycles": cycles}


CHILDREN: dict[str, Callable[[Child], dict[str, Any]]] = {
    "derive": derive,
    "searches": searches,
    "scenes": scenes,
    "idle": idle,
    "cold": cold,
}


def measure(pack: str, size: Size, cache: Path, threads: int) -> dict[str, Any]:
    """Make a version, or take the one that is kept, and measure it."""
    folder = cache / f"{pack}-{size.people}-{size.faces}"
    services = build(load_settings().model_copy(update={"data_dir": folder}))
    space = synthetic.space_of(services, pack)
    if synthetic.made(services.performers, VERSION) is None:
        shutil.rmtree(folder, ignore_errors=True)
        synthetic.make(services.performers, VERSION, space, size, progress=tell)
    tasks = {name: Task(name, str(folder), threads) for name in CHILDREN}
    rows = {
        name: json.loads(run_child("benchmarks.scale.database", "--task", json.dumps(asdict(task))))
        for name, task in tasks.items()
    }
    matrix = size.faces * space.space.dim / 2**20
    return {"pack": pack, **asdict(size), "dim": space.space.dim, "matrix_mib": matrix, **rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK.faces:,} faces of {QUICK.people:,} people")
    parser.add_argument("--people", type=int, metavar="N", help=f"by default {SIZE.people:,}")
    parser.add_argument("--faces", type=int, metavar="N", help=f"by default {SIZE.faces:,}")
    parser.add_argument("--pack", action="append", help=f"by default {' and '.join(PACKS)}; can be repeated")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="of the kernel; by default 1")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep the versions here: 3 GB")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        task = Task(**json.loads(options.task))
        print(json.dumps(CHILDREN[task.what](Child.of(task))))
        return
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as the program keeps it; read when a child imports numpy
    usual = QUICK if options.quick else SIZE
    size = Size(options.people or usual.people, options.faces or usual.faces)
    packs = options.pack or [pack for pack in PACKS if _is_here(pack)]
    with tempfile.TemporaryDirectory(prefix="stash-sense-database-") as scratch:
        cache = options.cache or Path(scratch)
        rows = [measure(pack, size, cache, options.threads) for pack in packs]
    print(_tables(rows))
    if options.json is not None:
        write_json(options.json, {"benchmark": "scale.database", "rows": rows, "aims": aims(rows)})


def _is_here(pack: str) -> bool:
    services = build(load_settings())
    return pack == synthetic.PUBLIC.pack or services.packs.status(pack).state is PackState.INSTALLED


def _tables(rows: list[dict[str, Any]]) -> str:
    opening = [
        (
            row["pack"],
            *(row["derive"][name] for name in ("cpu", "wall", "peak_mib", "left_mib")),
            *(row["searches"][name] for name in ("open_s", "ready_s")),
            row["scenes"]["ready_s"],
            row["cold"]["ready_s"],
            *(row["searches"][name] for name in ("batch_cpu", "batch_wall")),
            1000 * row["scenes"]["group_cpu"],
        )
        for row in rows
    ]
    header = (
        "pack",
        "derive cpu s",
        "wall s",
        "peak MiB",
        "left MiB",
        "open s",
        "ready s",
        "scene ready s",
        "cold s",
    )
    lines = [table((*header, f"{BATCH} faces cpu s", "wall s", "group cpu ms"), opening)]
    held = []
    for row in rows:
        steps = {**row["searches"]["memory"], **{f"scenes {k}": v for k, v in row["scenes"]["memory"].items()}}
        for step, grown in steps.items():
            shares = (grown["rss"] / row["matrix_mib"], grown["pss"] / row["matrix_mib"])
            held.append((row["pack"], row["matrix_mib"], step, *grown.values(), *shares))
    header = ("pack", "matrix MiB", "after", "RSS MiB", "PSS", "own", "files", "RSS / matrix", "PSS / matrix")
    lines.append(table(header, held))
    cycles = [
        (row["pack"], number, cycle["used_mib"], cycle["left_mib"], cycle["back"])
        for row in rows
        for number, cycle in enumerate(row["idle"]["cycles"], 1)
    ]
    lines.append(table(("pack", "load", "used MiB", "left MiB", "given back"), cycles))
    return "\n\n".join(lines)


def aims(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """State what was asked of a large database, and what came out; a small one holds little but what all need."""
    stated = []
    for row in rows:
        if row["faces"] < SIZE.faces:
            continue
        name = f"{row['pack']}, {row['people']:,} people, {row['faces']:,} faces"
        matrix, held, ready = row["matrix_mib"], row["searches"]["memory"], row["searches"]["ready_s"]
        least = min(cycle["back"] for cycle in row["idle"]["cycles"])
        stated += [
            _aim(f"{name}: seconds to the first answer", f"<= {READY_S}", ready, ready <= READY_S),
            *(
                _aim(f"{name}: {what}", f"<= {MOST_RESIDENT}", share, share <= MOST_RESIDENT)
                for what, share in (
                    ("memory of searching faces, by their matrix", held["searched"]["rss"] / matrix),
                    ("memory of the default mode, by the same", row["scenes"]["memory"]["weighed"]["rss"] / matrix),
                    ("memory of all at once, by the same", held["everything"]["rss"] / matrix),
                    ("memory of all at once, at its peak", row["searches"]["peak_mib"] / matrix),
                )
            ),
            _aim(f"{name}: given back when idle", f">= {LEAST_BACK}", least, least >= LEAST_BACK),
        ]
    return stated


def _aim(what: str, aim: str, measured: float, met: bool) -> dict[str, Any]:
    return {"what": what, "aim": aim, "measured": round(measured, 4), "met": met}


if __name__ == "__main__":
    main()
