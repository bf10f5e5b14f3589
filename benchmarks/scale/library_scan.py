"""Scanning a large library: what it costs where nothing has changed, and memory while scenes are looked at.

    python -m benchmarks.scale.library_scan [--quick] [--json FILE]

The simulator of Stash runs in a process of its own, whose time does not count. Each line is a process of its own that
scans as `stash-sense scan` does, with the pack `lite` and a database of the sample people.

`unchanged`: 10,000 scenes with two performers each, of which 60 % are kept with the faces of two people and 30 %
without any, and 10 % failed; of a third of those with faces a recommendation waits. Counted are processor seconds
of the whole scan, models and all, and requests to Stash; and once more with a fifth of the scenes, which tells the
slope. `looked at`: 1,000 scenes, each a film of 2.5 seconds of one of the sample people or of nobody; memory after a
tenth of them and after all.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.measure import peak_mib, run_child, table, write_json
from benchmarks.simulated import build_database, scene, settings_in, short_film, stash_with
from benchmarks.speed import stash_reading

from stash_sense.bootstrap import Services, build
from stash_sense.fakes.stash.footage import video_columns
from stash_sense.fingerprints.fingerprint import FaceMark, Fingerprint, FingerprintPerson, Item, Outcome
from stash_sense.fingerprints.kept_faces import KeptFaces
from stash_sense.identification.requesting import request_of
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.store import Report
from stash_sense.kernel.cancel import CancelToken
from stash_sense.library.kinds import SCENES
from stash_sense.library.media import Scene
from stash_sense.operations.library_scan import ScanRequest
from stash_sense.recognition.faces import Faces, Sightings
from stash_sense.recognition.space import unit
from stash_sense.samples import PEOPLE, STRANGER
from stash_sense.scanning.content import content_of
from stash_sense.scanning.deciding import Conditions

UNCHANGED, LOOKED_AT = 10_000, 1_000
QUICK_UNCHANGED, QUICK_LOOKED_AT = 2_000, 40
PACK = "lite"
MOST_CPU, MOST_REQUESTS, MOST_GROWTH_MIB = 5.0, 4.0, 24.0
"""Aims: processor seconds for 10,000 unchanged scenes, requests for each 1,000 of them, and memory that scenes 101 to
1,000 leave behind."""
_FRAMES = 10
_FACES, _PEOPLE, _RECOMMENDED_EVERY = 12, 2, 3
_NOTED_EVERY = 5
_LOOKED = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Task:
    """What one child does with the scenes at an address: `unchanged` or `look`."""

    what: str
    url: str
    folder: str
    scenes: int


@dataclass
class Watched:
    """What is seen of a scan from without: processor and wall seconds, and memory, as the number of done grows."""

    started: tuple[float, float]
    first: tuple[float, float] | None = None
    opened: tuple[float, float] | None = None
    resident: dict[int, float] | None = None

    def tell(self, report: Report) -> None:
        """Hear how far the scan is."""
        now = (time.process_time() - self.started[0], time.perf_counter() - self.started[1])
        if report.phase == "scenes":
            self.opened = self.opened or now
            if report.done and not self.first:
                self.first = now
            if self.resident is not None and report.done % _NOTED_EVERY == 0 and report.done not in self.resident:
                self.resident[report.done] = _resident_mib()


def unchanged(task: Task) -> dict[str, Any]:
    """Plant fingerprints for all scenes, let a scan recommend, and measure the next one."""
    with closing(_services(task)) as services:
        build_database(services, PACK)
        _plant(services)
        first = _scan(services)
    with closing(_services(task)) as services:
        recording = stash_reading.Recording(services._stash_client, plainly=False)
        second = _scan(services)
    return {"first": first, **second, "requests": recording.requests, "peak_mib": peak_mib()}


def look(task: Task) -> dict[str, Any]:
    """Look at scenes, and tell memory on the way."""
    resident: dict[int, float] = {}
    with closing(_services(task)) as services:
        services.configuration.update({"num_frames": _FRAMES})
        build_database(services, PACK)
        told = _scan(services, resident)
    return {**told, "resident": resident, "peak_mib": peak_mib()}


def _services(task: Task) -> Services:
    return build(settings_in(Path(task.folder), task.url))


def _scan(services: Services, resident: dict[int, float] | None = None) -> dict[str, Any]:
    request = ScanRequest(images=False)
    watched = Watched((time.process_time(), time.perf_counter()), resident=resident)
    result = services.scan(JobContext(1, request, tell=watched.tell), request.scope())
    cpu, wall = time.process_time() - watched.started[0], time.perf_counter() - watched.started[1]
    opened, first = watched.opened or (cpu, wall), watched.first or (cpu, wall)
    return {
        "result": result,
        "cpu": cpu,
        "wall": wall,
        "opening_cpu": opened[0],
        "opening_wall": opened[1],
        "first_wall": first[1],
    }


def _plant(services: Services) -> None:
    """Keep of every scene what a scan would have kept of it."""
    manifest = services.performers.require().manifest
    conditions = str(Conditions.of(services.path_map, request_of(services.configuration)))
    library = services.library

    async def pages() -> list[Scene]:
        return [item async for page in library.reader.pages(SCENES) for item in page.items]

    kept = _faces()
    for place, item in enumerate(services.loop.call(pages, CancelToken())):
        outcome = Outcome.FACES if place % 10 < 6 else Outcome.NO_FACE if place % 10 < 9 else Outcome.FAILED
        persons: tuple[FingerprintPerson, ...] = ()
        if outcome is Outcome.FACES and place % _RECOMMENDED_EVERY == 0:
            persons = tuple(_person(place + who) for who in range(_PEOPLE))
        fingerprint = Fingerprint(
            Item(SCENES.name, item.id),
            content_of(item),
            PACK,
            manifest.version,
            outcome,
            code="input_damaged" if outcome is Outcome.FAILED else "",
            title=item.title,
            frames=60,
            faces=_FACES * _PEOPLE if outcome is Outcome.FACES else 0,
            persons=persons,
            conditions=conditions,
            looked_at=_LOOKED,
            matched_at=_LOOKED,
            details={"mode": "template", "size": [1920, 1080], "duration": 1234.5, "attempts": [], "likely": []},
        )
        services.fingerprints.keep(fingerprint, kept if outcome is Outcome.FACES else None)


def _person(number: int) -> FingerprintPerson:
    marks = tuple(FaceMark(face, 3.0 * face, (10.0, 20.0, 96.0, 96.0)) for face in range(_FACES))
    return FingerprintPerson(
        f"stashbox.example:{number % 997:08d}", f"Person {number % 997}", _FACES, _FACES, 0.5, 0.9, 0.3, marks
    )


def _faces() -> KeptFaces:
    """Faces of two people, as many as are kept of them."""
    random, count = np.random.default_rng(0), _FACES * _PEOPLE
    row = np.arange(count)
    faces = Faces(
        seen=Sightings(
            frame=row // _PEOPLE,
            t=(row // _PEOPLE * 3.0).astype(np.float64),
            boxes=np.tile(np.array([10, 20, 106, 116], np.float32), (count, 1)),
            scores=np.full(count, 0.9, np.float32),
            landmarks=random.normal(size=(count, 5, 2)).astype(np.float32),
            track=row % _PEOPLE,
        ),
        row=row,
        quality=random.uniform(0.1, 1.0, count).astype(np.float32),
        vectors=unit(random.normal(size=(count, 512)).astype(np.float32)),
        crops=np.zeros((count, 96, 96, 3), np.uint8),
    )
    jpeg = random.bytes(2500)
    return KeptFaces(PACK, faces, 60, dict.fromkeys(range(8), jpeg), frozenset(range(8)))


def _resident_mib() -> float:
    """Memory of this process now, or its peak where that cannot be told."""
    status = Path("/proc/self/status")
    if not status.exists():
        return peak_mib()
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


CHILDREN: dict[str, Callable[[Task], dict[str, Any]]] = {"unchanged": unchanged, "look": look}


def films(folder: Path, number: int) -> Iterator[dict[str, Any]]:
    """Make scenes that show one of a few short films."""
    made = []
    for place, portrait in enumerate((*sorted(PEOPLE.glob("*/portrait.jpg")), STRANGER, None)):
        film = folder / f"film {place}.mp4"
        short_film(film, portrait)
        made.append((film, video_columns(film)))
    for place in range(number):
        yield scene(place + 1, *made[place % len(made)])


def measure(folder: Path, what: str, scenes: int) -> dict[str, Any]:
    """Simulate a library, and scan it in a child."""
    own = folder / f"{what}-{scenes}"
    own.mkdir()
    document = stash_reading.library(scenes) if what == "unchanged" else {"scenes": list(films(own, scenes))}
    with stash_with(document, own) as url:
        task = Task(what, url, str(own / "data"), scenes)
        found = json.loads(run_child("benchmarks.scale.library_scan", "--task", json.dumps(asdict(task))))
    return {"what": what, "scenes": scenes, **found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_UNCHANGED:,} and {QUICK_LOOKED_AT} scenes")
    parser.add_argument("--scenes", type=int, metavar="N", help=f"unchanged ones; by default {UNCHANGED:,}")
    parser.add_argument("--films", type=int, metavar="N", help=f"scenes looked at; by default {LOOKED_AT:,}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        task = Task(**json.loads(options.task))
        print(json.dumps(CHILDREN[task.what](task)))
        return
    many, some = (QUICK_UNCHANGED, QUICK_LOOKED_AT) if options.quick else (UNCHANGED, LOOKED_AT)
    many, some = options.scenes or many, options.films or some
    with tempfile.TemporaryDirectory(prefix="stash-sense-library-scan-") as scratch:
        folder = Path(scratch)
        still = [measure(folder, "unchanged", scenes) for scenes in (many // 5, many)]
        looked = measure(folder, "look", some)
    print(_tables(still, looked))
    if options.json is not None:
        told = aims(still, looked)
        write_json(
            options.json, {"benchmark": "scale.library_scan", "unchanged": still, "looked_at": looked, "aims": told}
        )


def per_thousand(still: list[dict[str, Any]]) -> float:
    """Requests for each 1,000 scenes more."""
    less, more = still
    return float((more["requests"] - less["requests"]) / (more["scenes"] - less["scenes"]) * 1000)


def growth(looked: dict[str, Any]) -> tuple[int, int, float]:
    """How much more memory is taken at the end than after a tenth: both numbers of scenes, and MiB."""
    resident = {int(done): mib for done, mib in looked["resident"].items()}
    early = min((done for done in resident if done >= looked["scenes"] / 10), default=max(resident))
    return early, max(resident), resident[max(resident)] - resident[early]


def _tables(still: list[dict[str, Any]], looked: dict[str, Any]) -> str:
    header = ("unchanged scenes", "CPU s", "of it opening", "CPU us a scene", "requests", "wall s")
    lines = [
        (
            *(row[name] for name in ("scenes", "cpu", "opening_cpu")),
            (row["cpu"] - row["opening_cpu"]) / row["scenes"] * 1e6,
            *(row[name] for name in ("requests", "wall")),
            row["opening_wall"],
            row["first_wall"],
            row["peak_mib"],
        )
        for row in still
    ]
    early, late, more = growth(looked)
    resident = {int(done): mib for done, mib in looked["resident"].items()}
    at_work = looked["cpu"] - looked["opening_cpu"]
    last = (
        looked["scenes"],
        at_work / looked["scenes"] * 1000,
        (looked["wall"] - looked["opening_wall"]) / looked["scenes"] * 1000,
        looked["opening_wall"],
        looked["first_wall"],
        resident[early],
        resident[late],
        more,
        looked["peak_mib"],
    )
    seen = ("looked at", "CPU ms a scene", "wall ms", "opening s", "first done s")
    memory = (f"MiB after {early}", f"after {late}", "growth", "peak MiB")
    return (
        table((*header, "opening s", "first done s", "peak MiB"), lines)
        + f"\n\n{per_thousand(still):.1f} requests for each 1,000 scenes more\n\n"
        + table((*seen, *memory), [last])
    )


def aims(still: list[dict[str, Any]], looked: dict[str, Any]) -> list[dict[str, Any]]:
    """State what was asked and what came out."""
    most = still[-1]
    unlike = sum(row["result"]["unchanged"] != row["scenes"] for row in still)
    requests = per_thousand(still)
    stated = [_aim("scans of unchanged scenes that took some for changed", "0", unlike, unlike == 0)]
    if most["scenes"] >= UNCHANGED:  # with less, performers who are not known yet are most of what is asked for
        cpu, what = most["cpu"], f"{most['scenes']:,} unchanged scenes: our CPU seconds"
        stated.append(_aim(what, f"< {MOST_CPU:g}", round(cpu, 2), cpu < MOST_CPU))
        what = "requests for each 1,000 unchanged scenes more"
        stated.append(_aim(what, f"<= {MOST_REQUESTS:g}", round(requests, 1), requests <= MOST_REQUESTS))
    if looked["scenes"] >= LOOKED_AT:
        early, late, more = growth(looked)
        what = f"memory that scenes {early + 1} to {late} leave behind, MiB"
        stated.append(_aim(what, f"<= {MOST_GROWTH_MIB:g}", round(more, 1), more <= MOST_GROWTH_MIB))
    return stated


def _aim(what: str, aim: str, measured: float, met: bool) -> dict[str, Any]:
    return {"what": what, "aim": aim, "measured": measured, "met": met}


if __name__ == "__main__":
    main()
