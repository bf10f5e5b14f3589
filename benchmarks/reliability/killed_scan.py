"""A scan of a library that is killed again and again: what is lost, what is wrong, what is there or done twice.

    python -m benchmarks.reliability.killed_scan [--kills N] [--seed N] [--quick] [--json FILE]

A copy of this process runs the service as `stash-sense serve` does, and in it the job `library_scan` with the pack
`lite`, over small films and pictures of a simulated Stash in a process of its own. SIGKILL comes at a random moment:
within half a second after the scan has gone on, every eighth time within four seconds, every fourth time within the
second in which the service starts. The next service goes on with the job. When a scan has ended, what it left is
compared with what a scan leaves that nobody disturbs, and the next one begins with nothing.
"""

import argparse
import importlib
import os
import random
import signal
import sqlite3
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.measure import cost_of, table, write_json
from benchmarks.reliability.killed import in_a_copy, status_of
from benchmarks.reliability.scan_rounds import ASK_SECONDS, KEPT, KINDS, LOOK, PATIENCE, Round
from benchmarks.simulated import build_database, image, is_installed, scene, settings_in, short_film, stash_with

from stash_sense.adapters.store.fingerprints import SqlFingerprints
from stash_sense.adapters.store.recommendations import SqlRecommendationStore
from stash_sense.adapters.store.store import Store
from stash_sense.bootstrap import build
from stash_sense.fakes.stash.footage import picture_columns, video_columns
from stash_sense.fingerprints.fingerprint import Fingerprint
from stash_sense.jobs.job import Job
from stash_sense.recommendations.recommendation import Status
from stash_sense.recommendations.store import PageQuery
from stash_sense.samples import PEOPLE, STRANGER

KILLS, QUICK_KILLS = 200, 8
SEED = 8
SCENES, IMAGES, QUICK_SCENES, QUICK_IMAGES = 60, 40, 12, 8
PACK = "lite"
_FRAMES = 10
_PER_GALLERY = 5
_WHILE_AT_WORK, _LONGER, _WHILE_STARTING = 0.5, 4.0, 1.0
_STARTING_EVERY, _LONGER_EVERY = 4, 8
_USED = (
    "av",
    "onnxruntime",
    "stash_sense.adapters.images.jpeg",
    "stash_sense.adapters.stash.client",
    "stash_sense.bootstrap.recognition",
    "stash_sense.connection.watching",
    "stash_sense.performers.database",
    "stash_sense.scanning.looking",
    "stash_sense.scanning.rematch",
    "stash_sense.scanning.scan",
)


@dataclass
class Left:
    """What scans left, and what was seen of them on the way; added up over all of them.

    Attributes:
        lost: items without a fingerprint.
        wrong: fingerprints, or faces, other than those of a scan that nobody disturbed.
        missing, twice, others: recommendations that are not there, there again, or about something else.
        looked, looked_again: times that frames were looked at, and those after an earlier run had begun to.
        most_again: the latter by one run, at most.
        kept_again: items that were looked at again although they had been kept.
        unused: sets of faces that belong to no fingerprint.
        uncounted: items by which the counts that a job tells differ from those that there are.
        unsound: databases that SQLite finds damaged.
    """

    scans: int = 0
    items: int = 0
    attempts: int = 0
    failed: list[str] = field(default_factory=list)
    lost: int = 0
    wrong: int = 0
    missing: int = 0
    twice: int = 0
    others: int = 0
    looked: int = 0
    looked_again: int = 0
    most_again: int = 0
    kept_again: int = 0
    unused: int = 0
    uncounted: int = 0
    unsound: int = 0


def document(folder: Path, scenes: int, images: int) -> dict[str, Any]:
    """Make a library of short films of the sample people or of nobody, and of pictures, half of them in galleries."""
    portraits = (*sorted(PEOPLE.glob("*/portrait.jpg")), STRANGER)
    films = []
    for place, portrait in enumerate((*portraits, None)):
        film = folder / f"film {place}.mp4"
        short_film(film, portrait, seconds=1.5)
        films.append((film, video_columns(film)))
    pictures = [(portrait, picture_columns(portrait)) for portrait in portraits]
    in_galleries = images // 2
    galleries = -(-in_galleries // _PER_GALLERY)
    shown = [
        image(
            number + 1,
            *pictures[number % len(pictures)],
            gallery=number // _PER_GALLERY + 1 if number < in_galleries else None,
        )
        for number in range(images)
    ]
    return {
        "galleries": [{"id": str(number + 1), "title": f"Gallery {number + 1}"} for number in range(galleries)],
        "scenes": [scene(number + 1, *films[number % len(films)]) for number in range(scenes)],
        "images": shown,
    }


@dataclass(frozen=True, slots=True)
class Found:
    """What a scan left: fingerprints and vectors by kind and id, and how often each recommendation is there."""

    fingerprints: dict[tuple[str, str], dict[str, Any]]
    vectors: dict[tuple[str, str], Any]
    recommendations: Counter[str]


def found_in(folder: Path) -> Found:
    """Read what a scan left."""
    with closing(Store.open(folder / "stash_sense.db")) as store:
        with closing(SqlFingerprints(store, folder / "faces.db")) as fingerprints:
            kept = {one.item: one for kind in KINDS for page in fingerprints.pages(kind) for one in page}
            vectors = {
                (kind, id_): faces.faces.vectors
                for kind in KINDS
                for id_, faces in fingerprints.faces(kind, [item.id for item in kept if item.kind == kind]).items()
            }
        pending = SqlRecommendationStore(store.engine).page(PageQuery(statuses=(Status.PENDING,), limit=10_000))
        said = Counter(f"{one.type} {one.target.kind} {one.target.id} {_people(one.details)}" for one in pending)
    return Found({(item.kind, item.id): _told(one) for item, one in kept.items()}, vectors, said)


def _told(fingerprint: Fingerprint) -> dict[str, Any]:
    """Return all of it but what differs from time to time."""
    details = {name: value for name, value in fingerprint.details.items() if name != "timing_ms"}
    return asdict(replace(fingerprint, looked_at=None, matched_at=None, details=details))


def _people(details: Any) -> list[str]:
    return [person["person_id"] for person in details["people"]]


def compare(left: Left, truth: Found, folder: Path) -> None:
    """Add what a scan left to what others did."""
    found = found_in(folder)
    left.scans += 1
    left.items += len(truth.fingerprints)
    left.lost += len(truth.fingerprints.keys() - found.fingerprints.keys())
    left.wrong += sum(
        found.fingerprints[item] != one or not _same(found.vectors.get(item), truth.vectors.get(item))
        for item, one in truth.fingerprints.items()
        if item in found.fingerprints
    )
    left.missing += sum(said not in found.recommendations for said in truth.recommendations)
    left.others += sum(said not in truth.recommendations for said in found.recommendations)
    left.twice += sum(count - 1 for count in found.recommendations.values())
    for name in ("stash_sense.db", "faces.db"):
        with closing(sqlite3.connect(folder / name)) as plain:
            left.unsound += plain.execute("PRAGMA integrity_check").fetchone()[0] != "ok"
            if name == "faces.db":
                left.unused += plain.execute("SELECT count(*) FROM faces").fetchone()[0] - len(found.vectors)


def _same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return one.shape == other.shape and bool(np.allclose(one, other, atol=0.02))


def count_work(left: Left, lines: list[list[int]]) -> None:
    """Add what was done more than once by the services of a scan."""
    looked: set[tuple[int, int]] = set()
    kept: set[tuple[int, int]] = set()
    again: Counter[int] = Counter()
    for what, kind, id_, service in lines:
        item = (kind, id_)
        if what == LOOK:
            left.looked += 1
            again[service] += item in looked
            left.kept_again += item in kept
            looked.add(item)
        elif what == KEPT:
            kept.add(item)
    left.looked_again += again.total()
    left.most_again = max(left.most_again, *again.values(), 0)


def killed(folder: Path, url: str, seed: int, kills: int) -> tuple[Left, dict[str, Any]]:
    """Kill scans so often, and see what they left.

    Raises:
        RuntimeError: a service does not go on, or ended by itself.
    """
    moments = random.Random(seed)  # noqa: S311 - not for secrets
    pristine = folder / "pristine"
    _import_what_is_used()
    _require(in_a_copy(lambda: _prepare(pristine, url)))
    undisturbed = Round(folder / "undisturbed", pristine, url)
    _finish(undisturbed, 0)
    truth = found_in(undisturbed.folder)
    left, done, early = Left(), 0, 0
    services = 0
    while done < kills:
        one = Round(folder / f"round {left.scans}", pristine, url)
        while done < kills and not one.has_ended:
            before, number = one.ledger.size, services
            services += 1
            process = one.begin(number)
            if done % _STARTING_EVERY == _STARTING_EVERY - 1:
                time.sleep(moments.uniform(0.0, _WHILE_STARTING))
            else:
                one.wait_until_at_work(before)
                time.sleep(moments.uniform(0.0, _LONGER if done % _LONGER_EVERY == 0 else _WHILE_AT_WORK))
            os.kill(process, signal.SIGKILL)
            if (end := status_of(process)) != -signal.SIGKILL:
                raise RuntimeError(f"service {number} ended by itself, with {end}; see {one.folder / 'log'}")
            early += one.ledger.size == before
            done += 1
        services += 1
        _finish(one, services)
        job = one.job()
        left.attempts += job.attempts
        left.failed += one.failed
        left.uncounted += abs(_counted(job) - len(truth.fingerprints))
        count_work(left, one.ledger.lines())
        compare(left, truth, one.folder)
    told = {
        "kills": done,
        "kills before the scan went on": early,
        "expected recommendations": len(truth.recommendations),
    }
    return left, told


def _import_what_is_used() -> None:
    """Import once what every copy of this process needs: it would take most of its time."""
    for name in _USED:
        importlib.import_module(name)


def _prepare(pristine: Path, url: str) -> None:
    with closing(build(settings_in(pristine, url))) as services:
        services.configuration.update({"num_frames": _FRAMES})
        build_database(services, PACK)
        services.derive(services.performers.require())


def _finish(one: Round, number: int) -> None:
    """Let a scan come to its end, if it has not, and ask its service to stop."""
    if one.has_ended:  # just before the last kill: a service that is stopped while it starts has no exit code
        return
    process = one.begin(number)
    end = time.monotonic() + 5 * PATIENCE
    while not one.has_ended:
        if time.monotonic() > end:
            raise RuntimeError(f"the scan does not end: {one.job()}; see {one.folder / 'log'}")
        time.sleep(ASK_SECONDS / 2)
    os.kill(process, signal.SIGTERM)
    _require(process)


def _require(process: int) -> None:
    if code := status_of(process):
        raise RuntimeError(f"a service ended with {code}")


def _counted(job: Job) -> int:
    result = job.result or {}
    return sum(result.get(name, 0) for name in ("looked", "unchanged", "rematched"))


def figures_of(left: Left, told: dict[str, Any]) -> dict[str, Any]:
    """Put everything in words."""
    return {
        **told,
        "scans": left.scans,
        "runs of their jobs": left.attempts,
        "jobs that failed": len(left.failed),
        "items, over all scans": left.items,
        "items lost": left.lost,
        "fingerprints or faces that are wrong": left.wrong,
        "recommendations missing": left.missing,
        "recommendations there twice": left.twice,
        "recommendations about something else": left.others,
        "items looked at": left.looked,
        "items looked at again": left.looked_again,
        "items looked at again after one kill, most": left.most_again,
        "items looked at again though kept": left.kept_again,
        "sets of faces of no fingerprint": left.unused,
        "items counted wrongly by jobs": left.uncounted,
        "damaged databases": left.unsound,
    }


def aims(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """State what was asked and what came out."""
    none = (
        "jobs that failed",
        "items lost",
        "fingerprints or faces that are wrong",
        "recommendations missing",
        "recommendations there twice",
        "recommendations about something else",
        "items looked at again though kept",
        "sets of faces of no fingerprint",
        "items counted wrongly by jobs",
        "damaged databases",
    )
    stated = [{"what": what, "aim": "0", "measured": figures[what], "met": figures[what] == 0} for what in none]
    most = "items looked at again after one kill, most"
    return [*stated, {"what": most, "aim": "<= 1", "measured": figures[most], "met": figures[most] <= 1}]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, metavar="N", help=f"by default {KILLS}")
    parser.add_argument("--seed", type=int, default=SEED, metavar="N", help="of the moments")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_KILLS} kills, {QUICK_SCENES} scenes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    if not is_installed(PACK):
        parser.error(f"the pack is not installed: stash-sense models install {PACK}")
    kills = options.kills or (QUICK_KILLS if options.quick else KILLS)
    scenes, images = (QUICK_SCENES, QUICK_IMAGES) if options.quick else (SCENES, IMAGES)
    with tempfile.TemporaryDirectory(prefix="stash-sense-killed-scan-") as scratch:
        folder = Path(scratch)
        with stash_with(document(folder, scenes, images), folder, complains=False) as url:
            cost = cost_of(lambda: killed(folder, url, options.seed, kills))
    left, told = cost.result
    figures = figures_of(left, told)
    print(table(("what", "figure"), [(what, str(figure)) for what, figure in figures.items()]))
    print(f"{cost.wall:.0f} s, {cost.cpu:.0f} CPU s")
    for reason in left.failed:
        print(f"failed: {reason}")
    if options.json:
        rows = {**figures, "failed": left.failed, "wall s": round(cost.wall, 1), "CPU s": round(cost.cpu, 1)}
        results = {"benchmark": "reliability.killed_scan", "seed": options.seed, "rows": rows, "aims": aims(figures)}
        write_json(options.json, results)


if __name__ == "__main__":
    main()
