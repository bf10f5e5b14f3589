"""Generated scenes of people whom no pack was fitted on: who is named, how sure, how many unknown, at what cost.

    python -m benchmarks.accuracy.scenes --faces DIR [--faces DIR …] [--leave-out NAME …] [--pack NAME …]
        [--count 200] [--seeds 11,12,13,14] [--scenes FOLDER] [--distractors 100,1000,100000] [--quick]
        [--beside FILE.py [--fit-count 120]] [--json FILE]

Scenes show people of one half of the names; space and curves of packs are learnt from the other half. References are
enrolled by the program, scenes are identified by the program: that gives the processor seconds. Then the faces of
each scene are found once more, in all passes, and the program's own deciding is asked about them in all modes, at
both levels, with fewer references and with more people in the gallery; that both ways answer the same is checked.

The gallery has at most 3 photographs of a person, because the data have at most 4 that act in no scene: what 10
would give cannot be measured with them. Distractors are real faces while there are any, those of people that packs
were fitted on after the others, then vectors made up from the pack's own statistics of strangers.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.accuracy.beside import OtherRecognizer, measure_beside
from benchmarks.accuracy.figures import at_least, at_most, between
from benchmarks.accuracy.galleries import Distractors, enrolled_distractors, enrolled_people
from benchmarks.accuracy.packs import PACK_HELP, chosen_packs
from benchmarks.accuracy.photographs import FACES_HELP, JUDGED, labelled_people
from benchmarks.accuracy.reels import Scene, recognizer_of_reels, wind
from benchmarks.accuracy.variants import Asking, identified, same_answers
from benchmarks.measure import table, write_json
from benchmarks.progress import tell

from stash_sense.adapters.images.pillow import PillowReader
from stash_sense.adapters.video.pyav import PyavOpener
from stash_sense.bootstrap import Services, build
from stash_sense.bootstrap.recognition import face_finder_of, recognizer_of
from stash_sense.errors import StashSenseError
from stash_sense.identification.recognizer import Request
from stash_sense.models.store import OpenPack
from stash_sense.recognition.matching.modes import DEFAULT_MODE
from stash_sense.recognition.spec import Decision
from stash_sense.scenes.making import make_scenes
from stash_sense.scenes.people import Person
from stash_sense.settings import load_settings

SCENES = Path("benchmarks/results/scenes")
COUNT, QUICK_COUNT = 200, 12
SEEDS = "11,12,13,14"
DISTRACTORS = "100,1000,100000"
AIMED_AT = "duo"
"""Pack that the aims are for, in the default mode."""
LEAST = {"precision": 0.995, "recall": 0.95, "f1": 0.97}
MOST = {"strangers_named": 1 / 200, "calibration_error": 0.02, "unknown_count_error": 0.2}
MOST_CPU = 0.8
"""Processor seconds for a scene, decoding included."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is measured with.

    Attributes:
        services: of the program.
        people: everybody there are photographs of.
        scenes: of the judged half.
        distractors: how many people are added to the gallery.
    """

    services: Services
    people: tuple[Person, ...]
    scenes: tuple[Scene, ...]
    distractors: tuple[int, ...]


def made_scenes(
    services: Services,
    people: Sequence[Person],
    pack: str,
    folder: Path,
    *,
    count: int,
    seeds: Sequence[int],
    half: int,
) -> tuple[Scene, ...]:
    """Make scenes of one half, or take those that the folder has; about as many with each seed.

    Args:
        pack: whose detector finds the heads in the photographs.
        folder: has a folder for each half, seed and number of scenes.
    """
    detector, scenes = services.packs.open(pack).detector, []
    for place, seed in enumerate(seeds):
        share = count // len(seeds) + (place < count % len(seeds))
        into = folder / f"half-{half}-seed-{seed}-of-{share}"  # a short run must not forget the scenes of a long one
        truth = make_scenes(
            people,
            detector,
            PillowReader(services.limits),
            into,
            count=share,
            seed=seed,
            half=half,
            progress=tell,
            cancel=services.cancel,
        )
        scenes += [Scene(file, into / file.path, seed) for file in truth.files]
    return tuple(scenes)


def figures_of(pack: OpenPack, work: Work, scratch: Path) -> dict[str, Any]:
    """Measure one pack."""
    cancel, videos = work.services.cancel, PyavOpener(work.services.limits)
    recognizer = recognizer_of(pack, work.services.limits)
    gallery = enrolled_people(recognizer, work.people, JUDGED, scratch / "people", cancel, tell)
    unseen, fitted = enrolled_distractors(recognizer, work.people, JUDGED, scratch / "others", cancel, tell)
    runs = identified(recognizer, work.scenes, gallery, Request(), cancel)
    finder = face_finder_of(pack, work.services.limits)
    reels = list(wind(work.scenes, finder, videos, cancel, tell))
    decision = Decision(finder.space, pack.card.matching, pack.card.curve, pack.card.same_person)
    asking = Asking(recognizer_of_reels(pack.card.id, finder, decision, reels), work.scenes, gallery, cancel)
    distractors = Distractors(unseen, fitted, finder.space, pack.card.matching.crowd_size)
    cpu = np.array([run.cpu for run in runs])
    return {
        "pack": pack.card.id,
        "fitted_on": pack.card.curve.fitted_on,
        "quantised": sorted(pack.quantised),
        "people": len(gallery.persons),
        "references": len(gallery.owner),
        "scenes": len(work.scenes),
        "check": {"scenes": len(runs), "same": same_answers(runs, asking.answers(gallery, Request()))},
        "cpu": {"mean": float(cpu.mean()), "median": float(np.median(cpu)), "most": float(cpu.max())},
        "modes": asking.by_mode(),
        "sizes": asking.by_size(),
        "seeds": asking.by_seed(),
        "number_of_references": asking.by_references(),
        "distractors": asking.by_distractors(distractors, work.distractors),
    }


def main() -> None:
    options = _parse()
    services = build(load_settings())
    seeds = tuple(map(int, options.seeds.split(",")))
    counts = tuple(map(int, options.distractors.split(",")))
    if options.quick:
        options.count, seeds, counts = min(options.count, QUICK_COUNT), seeds[:1], counts[:-1]
    other = OtherRecognizer.load(options.beside) if options.beside else None
    try:
        names = chosen_packs(services, options.pack)
        people = labelled_people(options.faces, frozenset(options.leave_out))
        scenes = made_scenes(
            services, people, names[0], options.scenes, count=options.count, seeds=seeds, half=JUDGED
        )
        results: dict[str, Any] = {"threads": services.runtime.threads, "seeds": seeds, "packs": []}
        for name in names:
            with tempfile.TemporaryDirectory(prefix="stash-sense-galleries-") as scratch:
                work = Work(services, people, scenes, counts)
                results["packs"].append(figures_of(services.packs.open(name), work, Path(scratch)))
            print(_told(results["packs"][-1]) + "\n", flush=True)
        if other is not None:
            fit = made_scenes(
                services, people, names[0], options.scenes, count=options.fit_count, seeds=seeds[:1], half=1 - JUDGED
            )
            results["beside"] = measure_beside(other, services, people, fit, scenes)
            print(f"Beside, CPU s a scene: {results['beside']['cpu']['mean']:.2f}")
            print(_table([{"mode": options.beside.name, "level": "default", **results["beside"]}]))
    except StashSenseError as error:
        sys.exit(str(error))
    aims = [aim for measured in results["packs"] for aim in aims_of(measured)]
    if options.json is not None:
        write_json(options.json, {"benchmark": "accuracy.scenes", **results, "aims": aims})


def aims_of(measured: dict[str, Any]) -> list[dict[str, Any]]:
    """Compare what was measured of a pack with the aims; that kept faces give the same answers is one of any pack."""
    pack, check = measured["pack"], measured["check"]
    stated = [at_least(f"{pack}: scenes answered the same from kept faces", check["same"], check["scenes"])]
    if pack != AIMED_AT:
        return stated
    default, strict = (
        next(row for row in measured["modes"] if (row["mode"], row["level"]) == (DEFAULT_MODE, level))
        for level in ("default", "strict")
    )
    stated += [at_least(f"{pack}: {name}", default[name]["value"], aim) for name, aim in LEAST.items()]
    stated += [
        at_most(f"{pack}: {name.replace('_', ' ')}", default[name]["value"], aim) for name, aim in MOST.items()
    ]
    stated.append(at_most(f"{pack}: strangers named, strict", strict["strangers_named"]["value"], 0.0))
    stated.append(at_most(f"{pack}: CPU seconds a scene", measured["cpu"]["mean"], MOST_CPU))
    return stated


_FIGURES = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "strangers_named": "strangers named",
    "calibration_error": "calibration error",
    "unknown_count_error": "unknown people, error",
}


def _told(measured: dict[str, Any]) -> str:
    check, cpu = measured["check"], measured["cpu"]
    people = f"{measured['people']} people with {measured['references']} references"
    spread = f"median {cpu['median']:.2f}, most {cpu['most']:.2f}"
    parts = [
        f"{measured['pack']}: {measured['scenes']} scenes, {people}; curve fitted on {measured['fitted_on']}",
        f"CPU s a scene: {cpu['mean']:.2f} ({spread})",
        f"check: {check['same']} of {check['scenes']} scenes answered the same from kept faces",
        _table(measured["modes"]),
        _table(measured["sizes"], "size"),
        _table(measured["seeds"], "seed"),
        _table(measured["number_of_references"], "references", "people"),
        _table(measured["distractors"], "distractors", "real_unseen", "real_fitted", "made_up"),
    ]
    return "\n\n".join(parts)


def _table(rows: Sequence[dict[str, Any]], *labels: str) -> str:
    """Show what the rows have in common."""
    labels = labels or ("mode", "level")
    shown = [name for name in _FIGURES if all(name in row for row in rows)]
    frames = ["frames"] if all("frames" in row for row in rows) else []
    header = (*(label.replace("_", " ") for label in labels), *frames, *(_FIGURES[name] for name in shown))
    lines = [(*(row[name] for name in (*labels, *frames)), *(between(row[name]) for name in shown)) for row in rows]
    return table(header, lines)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=Path, required=True, action="append", metavar="DIR", help=FACES_HELP)
    parser.add_argument("--leave-out", nargs="*", default=[], metavar="NAME", help="people with wrong photographs")
    parser.add_argument("--pack", action="append", metavar="NAME", help=PACK_HELP)
    parser.add_argument("--count", type=int, default=COUNT, help="scenes, of all seeds together")
    parser.add_argument("--seeds", default=SEEDS, help="of the scenes, by commas")
    parser.add_argument("--scenes", type=Path, default=SCENES, metavar="FOLDER", help="keeps the scenes")
    parser.add_argument("--distractors", default=DISTRACTORS, help="people added to the gallery, by commas")
    parser.add_argument(
        "--beside", type=Path, metavar="FILE.py", help="another recognizer, measured on the same scenes"
    )
    parser.add_argument("--fit-count", type=int, default=120, help="scenes that the other recognizer is fitted on")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_COUNT} scenes of one seed, fewer distractors")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    return parser.parse_args()


if __name__ == "__main__":
    main()
