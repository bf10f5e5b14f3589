"""Every benchmark, one after another, each in a process of its own; a line for every aim at the end.

    python -m benchmarks.all [--faces DIR] [--clip DIR] [--cast DIR] [--quick | --full] [--only NAMES]

Figures go to `benchmarks/results/<name>.json`. A benchmark whose data is not given is skipped. What takes long is
measured with `--full` alone: a search of a million faces, a swap and a public release of 370,000, a build of 10,000
photographs. The exit code is 1 when one crashed; an aim that is missed is told and changes nothing, because the
machine may be at fault.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import table

RESULTS = Path("benchmarks/results")
_CAST = "clip-cast"
_ON_FACES = {
    "verification": "benchmarks.accuracy.verification",
    "faces": "benchmarks.accuracy.faces",
    "scenes": "benchmarks.accuracy.scenes",
    "image_galleries": "benchmarks.accuracy.image_galleries",
}
"""Benchmarks that need labelled faces, quickest first."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A module to run, its options, and what is missing when it cannot run.

    Attributes:
        usual, quick, full: more options, for each of the three sizes of a run.
    """

    name: str
    module: str
    options: tuple[str, ...] = ()
    missing: str = ""
    usual: tuple[str, ...] = ()
    quick: tuple[str, ...] = ("--quick",)
    full: tuple[str, ...] = ()


_AT_SCALE = (
    Benchmark("search", "benchmarks.scale.search", full=("--million",)),
    Benchmark("database", "benchmarks.scale.database"),
    Benchmark("swap", "benchmarks.scale.swap", full=("--full",)),
    Benchmark("rematch", "benchmarks.scale.rematch", full=("--full",)),
    Benchmark("library_scan", "benchmarks.scale.library_scan"),
    Benchmark("build", "benchmarks.scale.build", full=("--full",)),
    Benchmark(
        "public_import", "benchmarks.scale.public_import", usual=("--faces", "40000"), quick=("--faces", "4000")
    ),
)
"""Benchmarks of large databases, of people who do not exist."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=Path, metavar="DIR", help="labelled faces: lfw-dev and lfw-dev-strangers")
    parser.add_argument("--clip", type=Path, metavar="DIR", help="a video, or a folder with one")
    parser.add_argument("--cast", type=Path, metavar="DIR", help=f"stills of its people; else {_CAST} beside either")
    parser.add_argument("--beside", type=Path, metavar="FILE.py", help="another recognizer, on the same scenes")
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--quick", action="store_true", help="less of everything, for a look")
    sizes.add_argument("--full", action="store_true", help="the largest databases, too: half an hour more")
    parser.add_argument("--only", metavar="NAMES", help="some benchmarks, by commas")
    options = parser.parse_args()
    chosen = benchmarks(options.faces, options.clip, options.cast, options.beside)
    if options.only:
        unknown = set(options.only.split(",")) - {benchmark.name for benchmark in chosen}
        if unknown:
            parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
        chosen = [benchmark for benchmark in chosen if benchmark.name in options.only.split(",")]
    summary: list[tuple[str, str, str, str, str]] = []
    crashed = False
    for benchmark in chosen:
        print(f"\n=== {benchmark.name}", flush=True)
        if benchmark.missing:
            print(f"skipped: {benchmark.missing}")
            summary.append((benchmark.name, "skipped", "", "", benchmark.missing))
            continue
        lines = run(benchmark, _options_of(benchmark, options.quick, options.full))
        crashed |= lines is None
        summary += [(benchmark.name, "crashed", "", "", "")] if lines is None else lines
    print("\n" + table(("benchmark", "", "aim", "measured", "what"), summary))
    return int(crashed)


def benchmarks(
    faces: Path | None, clip: Path | None, cast: Path | None, other: Path | None = None
) -> list[Benchmark]:
    """List the benchmarks in the order in which frames flow, with what they need."""
    beside = [folder / _CAST for folder in (faces, clip) if folder is not None and (folder / _CAST).is_dir()]
    cast = cast or next(iter(beside), None)
    more = {"scenes": ("--beside", str(other))} if other is not None else {}
    return [
        Benchmark("frames", "benchmarks.speed.frames"),
        Benchmark("network_frames", "benchmarks.speed.network_frames"),
        Benchmark("models", "benchmarks.speed.models"),
        Benchmark("matching", "benchmarks.speed.matching"),
        Benchmark("pipeline", "benchmarks.speed.pipeline"),
        Benchmark("service", "benchmarks.speed.service"),
        Benchmark("jobs", "benchmarks.speed.jobs"),
        Benchmark("killed", "benchmarks.reliability.killed"),
        Benchmark("scan", "benchmarks.speed.scan"),
        Benchmark("killed_scan", "benchmarks.reliability.killed_scan"),
        Benchmark("recommendations", "benchmarks.speed.recommendations"),
        Benchmark("stash_reading", "benchmarks.speed.stash_reading"),
        Benchmark("stashbox", "benchmarks.speed.stashbox"),
        *_AT_SCALE,
        *(_on_faces(name, module, faces, more.get(name, ())) for name, module in _ON_FACES.items()),
        _clip(clip, cast),
    ]


def _on_faces(name: str, module: str, faces: Path | None, more: tuple[str, ...]) -> Benchmark:
    if faces is None:
        return Benchmark(name, "", missing="give labelled faces with --faces DIR")
    return Benchmark(name, module, ("--faces", str(faces), *more))


def _clip(clip: Path | None, cast: Path | None) -> Benchmark:
    if clip is None or cast is None:
        return Benchmark("clip", "", missing="give a clip and stills of its people with --clip DIR --cast DIR")
    return Benchmark("clip", "benchmarks.accuracy.clip", ("--clip", str(clip), "--cast", str(cast)))


def _options_of(benchmark: Benchmark, quick: bool, full: bool) -> tuple[str, ...]:
    return *benchmark.options, *(benchmark.quick if quick else benchmark.full if full else benchmark.usual)


def run(benchmark: Benchmark, options: Sequence[str]) -> list[tuple[str, str, str, str, str]] | None:
    """Run one, which prints its tables; returns a line for each aim, or None when it crashed."""
    results = RESULTS / f"{benchmark.name}.json"
    results.parent.mkdir(parents=True, exist_ok=True)
    results.unlink(missing_ok=True)
    command = [sys.executable, "-m", benchmark.module, *options, "--json", str(results)]
    started = time.monotonic()
    done = subprocess.run(command, check=False)
    print(f"({time.monotonic() - started:.0f} s)", flush=True)
    if done.returncode or not results.exists():
        return None
    return aim_lines(benchmark.name, json.loads(results.read_text()))


def aim_lines(name: str, results: dict[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """Say of each aim in a benchmark's results whether it was met; one line where it states none."""
    aims = results.get("aims", [])
    if not aims:
        return [(name, "done", "", "", "no aims stated; see its tables")]
    return [
        (name, "met" if aim["met"] else "MISSED", str(aim["aim"]), _measured(aim["measured"]), str(aim["what"]))
        for aim in aims
    ]


def _measured(value: object) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)


if __name__ == "__main__":
    sys.exit(main())
