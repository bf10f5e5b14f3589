"""Makes scenes with known truth from folders of labelled face photographs.

python -m benchmarks.accuracy.scene_maker --faces DIR --out DIR --count 120 --seed 1 --half 0
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.progress import tell

from stash_sense.adapters.images.pillow import PillowReader
from stash_sense.bootstrap import build
from stash_sense.evaluation.truth import Truth
from stash_sense.kernel.limits import Limits
from stash_sense.scenes.making import make_scenes
from stash_sense.scenes.people import read_people
from stash_sense.settings import load_settings


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parse(arguments)
    detector = build(load_settings()).packs.open(options.pack).detector
    started = time.process_time()
    truth = make_scenes(
        read_people(options.faces, frozenset(options.leave_out)),
        detector,
        PillowReader(Limits()),
        options.out,
        count=options.count,
        seed=options.seed,
        half=options.half,
        progress=tell,
    )
    _print_summary(truth, time.process_time() - started)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.accuracy.scene_maker", description=__doc__)
    parser.add_argument("--faces", type=Path, action="append", required=True, help="<person>/* and loose strangers")
    parser.add_argument("--out", type=Path, required=True, help="folder for the scenes and truth.json")
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--half", type=int, choices=(0, 1), required=True, help="which people, by their names' hash")
    parser.add_argument("--pack", default="lite", help="whose detector finds the faces in the photographs")
    parser.add_argument("--leave-out", nargs="*", default=[], help="names of people with wrong photographs")
    return parser.parse_args(arguments)


def _print_summary(truth: Truth, seconds: float) -> None:
    files = truth.files
    length = sum(max((one.end for one in file.appearances), default=0.0) for file in files)
    print(f"scenes            {len(files)}")
    print(f"seconds           {length:.0f} to the last face")
    print(f"people            {sum(len(file.persons) for file in files)}")
    print(f"strangers         {sum(file.strangers or 0 for file in files)}")
    print(f"CPU s a scene     {seconds / max(len(files), 1):.2f}")


if __name__ == "__main__":
    main()
