"""A real clip with stills of people who are in it and who are not: who is found, and that nobody absent is named.

    python -m benchmarks.accuracy.clip --clip DIR --cast DIR [--present NAMES] [--pack NAME] [--json FILE]

`--clip` is a video or a folder with one; `--cast` a folder of stills, one person each, named by the file. Stills
whose name begins with `group` show several people and are passed over. `--present` names who is in the clip: that
must come from who made the clip, and the figures are only as good as it is.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measure import cost_of, table, write_json

from stash_sense.bootstrap import build
from stash_sense.errors import StashSenseError
from stash_sense.identification.recognizer import Request
from stash_sense.identification.result import Identification, NamedPerson, SeenPerson
from stash_sense.media.kinds import PICTURE_EXTENSIONS, VIDEO_EXTENSIONS
from stash_sense.media.plan import SamplingPlan
from stash_sense.recognition.matching.modes import MODES
from stash_sense.settings import load_settings

PRESENT = "lin-manuel-miranda,alex-lacamoire"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path, required=True, metavar="DIR", help="a video, or a folder with one")
    parser.add_argument("--cast", type=Path, required=True, metavar="DIR", help="stills, named by who they show")
    parser.add_argument("--present", default=PRESENT, help="who is in the clip, by commas")
    parser.add_argument("--frames", type=int, default=60, help="frames to look at")
    parser.add_argument("--quick", action="store_true", help="20 frames")
    parser.add_argument("--pack", metavar="NAME", help="an installed pack; by default that of the program")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    options = parser.parse_args()
    clip, present = video_in(options.clip), set(options.present.split(","))
    services = build(load_settings())
    plan = SamplingPlan(20 if options.quick else options.frames)
    try:
        recognizer = services.recognizer(options.pack)
        with tempfile.TemporaryDirectory(prefix="stash-sense-cast-") as folder:
            enrolment = recognizer.enrol(gallery_of(options.cast, Path(folder)), services.cancel)
    except StashSenseError as error:
        sys.exit(str(error))
    for note in enrolment.notes:
        print(note.message)
    results: dict[str, Any] = {
        "benchmark": "accuracy.clip",
        "clip": clip.name,
        "present": sorted(present),
        "modes": {},
    }
    for mode in MODES:
        run = cost_of(
            lambda mode=mode: next(  # type: ignore[misc]
                recognizer.identify([clip], enrolment.gallery, Request(plan, mode), services.cancel)
            )
        )
        if run.result.failure is not None:
            sys.exit(run.result.failure.message)
        results["modes"][mode] = {**figures(run.result), "cpu": run.cpu, "wall": run.wall}
        print(
            f"\n{mode}: {run.result.frames_analyzed} frames, {run.result.faces_detected} faces, {run.cpu:.1f} CPU s"
        )
        print(_table(results["modes"][mode]["people"]))
    results["aims"] = _aims(results["modes"], present)
    if options.json is not None:
        write_json(options.json, results)


def video_in(path: Path) -> Path:
    """Return the video, or the first one of a folder."""
    if not path.is_dir():
        return path
    videos = sorted(video for video in path.iterdir() if video.suffix.lower() in VIDEO_EXTENSIONS)
    if not videos:
        sys.exit(f"{path} has no video.")
    return videos[0]


def gallery_of(cast: Path, folder: Path) -> Path:
    """Copy every still of one person into a folder of that name."""
    for still in sorted(cast.iterdir()):
        if still.suffix.lower() in PICTURE_EXTENSIONS and not still.stem.startswith("group"):
            (folder / still.stem).mkdir(exist_ok=True)
            shutil.copy(still, folder / still.stem / still.name)
    return folder


def figures(seen: Identification) -> dict[str, Any]:
    """Take out what is compared."""
    return {
        "frames": seen.frames_analyzed,
        "faces": seen.faces_detected,
        "people": [_person(person) for person in (*seen.persons, *seen.unknown)],
    }


def _person(person: SeenPerson) -> dict[str, Any]:
    best = person if isinstance(person, NamedPerson) else next(iter(person.alternatives), None)
    return {
        "name": person.name if isinstance(person, NamedPerson) else None,
        "most_like": None if best is None else best.name,
        "probability": 0.0 if best is None else best.probability,
        "distance": 2.0 if best is None else best.distance,
        "frames": len(person.sightings),
        "first_s": person.sightings[0].t,
        "last_s": person.sightings[-1].t,
    }


def _table(people: list[dict[str, Any]]) -> str:
    header = ("named", "most like", "probability", "distance", "frames", "first s", "last s")
    return table(header, [(person["name"] or "-", *list(person.values())[1:]) for person in people])


def _aims(modes: dict[str, Any], present: set[str]) -> list[dict[str, Any]]:
    aims = []
    for mode, seen in modes.items():
        named = {person["name"] for person in seen["people"]} - {None}
        found, absent = sorted(named & present), sorted(named - present)
        aims += [
            {"what": f"{mode}: found of {sorted(present)}", "aim": "all", "measured": found, "met": named >= present},
            {"what": f"{mode}: absent people named", "aim": "none", "measured": absent, "met": not absent},
        ]
    return aims


if __name__ == "__main__":
    main()
