"""Comparing the kept faces of a library with a newer performers database: no frame is decoded.

    python -m benchmarks.scale.rematch [--quick | --full] [--scenes N] [--people N] [--cache DIR] [--json FILE]

Scenes with two people each, looked at with a database of 100,000 people and 250,000 references of the pack `duo`,
none of whom exist (see `changing`); then another version is in use, in which 1 % of the people are new, 1 % have
another picture, and 0.5 % are gone. `everybody`: nothing is known of the version before. `changed`: it is still
there, and only those who differ are looked at; finding them is part of `prepare`, which costs the same for any number
of scenes. 2,000 scenes, of which making the library takes five minutes, or 10,000 with `--full`. Each line is a
process of its own on one thread that reads and writes a real state; what it gave is compared with weighing all faces
again, for some of the scenes, whose time is told beside it.
"""

import argparse
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.measure import cost_of, peak_mib, run_child, table, write_json
from benchmarks.scale import changing

from stash_sense.adapters.onnx.int8_kernel import int8_kernel
from stash_sense.adapters.store.fingerprints import SqlFingerprints
from stash_sense.adapters.store.store import Store
from stash_sense.fingerprints.fingerprint import Fingerprint, Item, Outcome
from stash_sense.identification.grounds import Grounds
from stash_sense.identification.identify import Known
from stash_sense.kernel.cancel import CancelToken
from stash_sense.performers.database import PerformersDatabase
from stash_sense.performers.difference import difference
from stash_sense.performers.versions.installed import InstalledVersion, manifest_of
from stash_sense.performers.versions.library import PerformersLibrary
from stash_sense.recognition.matching.template import TemplateMatcher
from stash_sense.scanning.changed_people import ChangedPeople
from stash_sense.scanning.ports import ToRematch
from stash_sense.scanning.rematch import KeptFacesRematcher

PEOPLE, SCENES, ALL_SCENES, SAMPLE = 100_000, 2_000, 10_000, 500
QUICK = {"people": 4_500, "scenes": 400}
MOST_CPU = 60.0
KIND = "scene"
AT_ONCE = 200
"""As in a scan."""
_WAYS = ("everybody", "changed")
_PERFORMERS, _STATE = "performers", "state"
_COLUMNS = ("compared", "weighed", "groups", "changed", "prepare_cpu", "cpu", "wall", "peak_mib")


@dataclass(frozen=True, slots=True)
class Task:
    """What one child does with what is in a folder: `look`, `everybody`, `changed` or `sample`."""

    what: str
    folder: str
    scenes: int
    sample: int


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """The two versions, and a state."""

    library: PerformersLibrary
    store: SqlFingerprints

    @classmethod
    def of(cls, task: Task, state: str) -> "Bench":
        """Open what is in the task's folder."""
        folder = Path(task.folder) / state
        folder.mkdir(parents=True, exist_ok=True)
        store = SqlFingerprints(Store.open(folder / "stash_sense.db"), folder / "faces.db")
        return cls(PerformersLibrary(Path(task.folder) / _PERFORMERS), store)

    def versions(self) -> tuple[InstalledVersion, InstalledVersion]:
        """The older and the newer one."""
        before = self.library.previous()
        if before is None:
            raise ValueError("there is one version only")
        folder = self.library.folder / before
        return InstalledVersion(folder, manifest_of(folder)[0], None), self.library.require()

    def open(self, version: InstalledVersion) -> PerformersDatabase:
        """Open a version."""
        return PerformersDatabase.open(version, self.library.derived, changing.pack_space(), int8_kernel(1))


def rematcher(database: PerformersDatabase, changed: ChangedPeople | None = None) -> KeptFacesRematcher:
    """Make ready to compare with a version."""
    judge = database.judge(changing.decision())
    known = Known(database.roster, TemplateMatcher(judge), "template", Grounds(judge, database))
    return KeptFacesRematcher(known, database, lambda: datetime.now(UTC), changed)


def look(task: Task) -> dict[str, Any]:
    """Keep the scenes as a scan with the first version would have left them."""
    bench = Bench.of(task, _STATE)
    older, _ = bench.versions()
    with_first = rematcher(bench.open(older))
    world = changing.world(older.manifest.performer_count)
    looked_at = datetime(2026, 11, 22, tzinfo=UTC)
    for number, kept in enumerate(changing.scenes(world, task.scenes), 1):
        one = Fingerprint(Item(KIND, str(number)), "x", changing.PACK, "0", Outcome.FACES, looked_at=looked_at)
        bench.store.keep(replace(one, frames=kept.frame_count, faces=len(kept.faces.seen)), kept)
    compare_all(bench.store, with_first, older.version)
    bench.store.close()
    return {}


def compare_all(store: SqlFingerprints, with_newer: KeptFacesRematcher, version: str) -> int:
    """Compare all scenes, as many at once as a scan does; returns in how many others are named."""
    changed = 0
    for page in store.pages(KIND, behind=version, size=AT_ONCE):
        faces = store.faces(KIND, [one.item.id for one in page])
        asked = [ToRematch(one, faces[one.item.id], frozenset()) for one in page]
        found = with_newer.rematch(asked, CancelToken())
        changed += sum(before.persons != now.persons for before, now in zip(page, found, strict=True))
        store.rematched(found)
    return changed


def compare(task: Task) -> dict[str, Any]:
    """Compare the library with the newer version."""
    bench = Bench.of(task, task.what)
    older, newer = bench.versions()
    database = bench.open(newer)
    before = peak_mib()

    def prepare() -> KeptFacesRematcher:
        changed = None
        if task.what == "changed":
            decision = changing.decision()
            changed = ChangedPeople.of(difference(older, newer), bench.open(older), database, decision)
        return rematcher(database, changed)

    preparing = cost_of(prepare)
    with_second = preparing.result
    cost = cost_of(lambda: compare_all(bench.store, with_second, newer.version))
    return {
        "compared": with_second.tally.compared,
        "changed": cost.result,
        "weighed": with_second.tally.matched,
        "groups": with_second.tally.groups,
        "prepare_cpu": preparing.cpu,
        "cpu": cost.cpu,
        "wall": preparing.wall + cost.wall,
        "peak_mib": peak_mib(),
        "start_mib": before,
    }


def sample(task: Task) -> dict[str, Any]:
    """Weigh all faces of some scenes again, and compare with what the two ways gave."""
    bench = Bench.of(task, _STATE)
    _, newer = bench.versions()
    with_second = rematcher(bench.open(newer))
    ways = {way: Bench.of(task, way).store for way in _WAYS}
    ids = [str(number + 1) for number in range(min(task.sample, task.scenes))]
    kept, faces = bench.store.several(KIND, ids), bench.store.faces(KIND, ids)
    asked = [ToRematch(replace(kept[id_], details={}), faces[id_], frozenset()) for id_ in ids]
    cost = cost_of(lambda: with_second.rematch(asked, CancelToken()))
    found: dict[str, Any] = {"sample": len(ids), "cpu": cost.cpu}
    whole = dict(zip(ids, cost.result, strict=True))
    found["differ"] = sum(_names(whole[id_]) != _names(kept[id_]) for id_ in ids)
    for way, store in ways.items():
        theirs = store.several(KIND, ids)
        wrong = [id_ for id_ in ids if _names(theirs[id_]) != _names(whole[id_])]
        found[f"wrong_{way}"] = len(wrong)
    return found


def _names(fingerprint: Fingerprint) -> list[str]:
    return sorted(person.person_id for person in fingerprint.persons)


CHILDREN: dict[str, Callable[[Task], dict[str, Any]]] = {
    "look": look,
    "everybody": compare,
    "changed": compare,
    "sample": sample,
}


def measure(folder: Path, people: int, scenes: int) -> dict[str, Any]:
    """Make two versions and a library, or take those that are kept, and measure both ways."""
    library = PerformersLibrary(folder / _PERFORMERS)
    if library.current() is None:
        older, newer = changing.install(changing.world(people), library)
        for version in (older, newer):
            PerformersDatabase.open(version, library.derived, changing.pack_space(), int8_kernel(1)).close()
    task = Task("look", str(folder), scenes, min(scenes, SAMPLE))

    def child(what: str) -> dict[str, Any]:
        asked = json.dumps(asdict(replace(task, what=what)))
        return dict(json.loads(run_child("benchmarks.scale.rematch", "--task", asked)))

    if not (folder / _STATE).is_dir():
        child("look")
    rows = {}
    for way in _WAYS:
        shutil.rmtree(folder / way, ignore_errors=True)
        shutil.copytree(folder / _STATE, folder / way)
        rows[way] = child(way)
    references = library.require().manifest.face_count
    return {"people": people, "references": references, "scenes": scenes, **rows, "sample": child("sample")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--quick", action="store_true", help=f"{QUICK['scenes']} scenes, {QUICK['people']:,} people")
    sizes.add_argument("--full", action="store_true", help=f"{ALL_SCENES:,} scenes")
    parser.add_argument("--scenes", type=int, metavar="N", help=f"by default {SCENES:,}")
    parser.add_argument("--people", type=int, metavar="N", help=f"by default {PEOPLE:,}")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep versions and library here: 1.5 GB")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        task = Task(**json.loads(options.task))
        print(json.dumps(CHILDREN[task.what](task)))
        return
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as the program keeps it; read when a child imports numpy
    people = options.people or (QUICK["people"] if options.quick else PEOPLE)
    scenes = options.scenes or (QUICK["scenes"] if options.quick else ALL_SCENES if options.full else SCENES)
    with tempfile.TemporaryDirectory(prefix="stash-sense-rematch-") as scratch:
        found = measure(options.cache or Path(scratch), people, scenes)
    print(_tables(found))
    if options.json is not None:
        write_json(options.json, {"benchmark": "scale.rematch", **found, "aims": aims(found)})


def _tables(found: dict[str, Any]) -> str:
    header = (
        "way",
        "scenes",
        "weighed again",
        "groups",
        "other people",
        "prepare cpu s",
        "cpu s",
        "wall s",
        "peak MiB",
        "wrong",
    )
    rows = [
        (
            way,
            *(found[way][name] for name in _COLUMNS),
            found["sample"][f"wrong_{way}"],
        )
        for way in _WAYS
    ]
    all_again = found["sample"]["cpu"] / found["sample"]["sample"] * found["scenes"]
    size = f"{found['people']:,} people, {found['references']:,} references"
    whole = f"all faces of {found['sample']['sample']} scenes weighed again: {found['sample']['cpu']:.1f} cpu s, so"
    return f"{size}\n\n{table(header, rows)}\n\n{whole} {all_again:.0f} for all; {found['sample']['differ']} differ"


def aims(found: dict[str, Any]) -> list[dict[str, Any]]:
    """State what was asked of 10,000 scenes, as so many times the ones there are, and that no name is wrong."""
    stated = []
    for way in _WAYS:
        cpu, wrong = found[way]["cpu"], found["sample"][f"wrong_{way}"]
        what = f"{found['scenes']:,} scenes, {way}"
        if found["scenes"] >= SCENES and found["people"] >= PEOPLE:
            cpu = found[way]["prepare_cpu"] + cpu * ALL_SCENES / found["scenes"]
            name = f"{what}: CPU seconds for {ALL_SCENES:,}"
            stated.append(_aim(name, f"<= {MOST_CPU:.0f}", round(cpu, 1), cpu <= MOST_CPU))
        stated.append(_aim(f"{what}: other names than all faces give", "0", wrong, wrong == 0))
    return stated


def _aim(what: str, aim: str, measured: float, met: bool) -> dict[str, Any]:
    return {"what": what, "aim": aim, "measured": measured, "met": met}


if __name__ == "__main__":
    main()
