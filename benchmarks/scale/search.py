"""What searching a large database costs, and what it finds, against a float32 product and two Voyager indices.

    python -m benchmarks.scale.search [--quick] [--faces N] [--voyager-faces N] [--million] [--json FILE]

250,000 faces of people who do not exist (see `clustered`), of two embedders of 512 values and of two of 128 and 192.
Compared are processor seconds of the whole process on one thread, medians of runs in turn: `product` is numpy's
`probes @ matrix.T` in float32 with the matrix in memory, which finds nothing yet. What is found is compared with
double precision. Voyager has one index for each embedder; each is asked for 100 faces at its default depth, and the
faces of both lists are ordered by the mean of their distances, where one that a list lacks has the largest distance
of that list. `two lists` does the same with exact lists. Building takes minutes, so Voyager is given fewer faces, and
our search is measured on the same ones beside it. Memory is that of a fresh process.
"""

import argparse
import importlib.util
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.measure import cost_of, peak_mib, run_child, table, write_json
from benchmarks.scale import clustered

from stash_sense.adapters.onnx.int8_kernel import int8_kernel
from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.performers.search.index import Vectors
from stash_sense.performers.search.int8_matrix import Int8Matrix, derive
from stash_sense.performers.search.int8_numpy import NumpyInt8Kernel
from stash_sense.performers.search.int8_search import Int8Search
from stash_sense.recognition.space import unit

SPACES = ((512, 512), (128, 192))
"""Lengths of the embedders' vectors."""
FACES, QUICK_FACES, MILLION = 250_000, 20_000, 1_000_000
PROBES, BATCH, TOP = 256, 64, 10
VOYAGER_FACES, VOYAGER_TOP = 20_000, 100
RUNS = {"batch": 5, "single": 25}
MOST_CPU, LEAST_RECALL, LEAST_SAME = 0.5, 0.97, 0.995
_MATRIX = "faces.int8"


@dataclass(frozen=True, slots=True)
class Task:
    """What one child measures: `compare`, `memory` or `voyager`, of the vectors in a folder."""

    what: str
    folder: str
    dims: tuple[int, ...]
    faces: int


def truth(vectors: Vectors, probes: Floats) -> Ints:
    """The `TOP` nearest rows of each probe, (n, TOP), in double precision."""
    wanted = probes.astype(np.float64)
    cosines, rows = np.zeros((len(probes), 0)), np.zeros((len(probes), 0), np.int64)
    for start in range(0, vectors.count, 8192):
        block = vectors.block(start, min(start + 8192, vectors.count)).astype(np.float64)
        numbers = np.broadcast_to(np.arange(start, start + len(block)), (len(probes), len(block)))
        cosines, rows = np.concatenate([cosines, wanted @ block.T], axis=1), np.concatenate([rows, numbers], axis=1)
        best = np.argsort(-cosines, axis=1, kind="stable")[:, :TOP]
        cosines, rows = np.take_along_axis(cosines, best, axis=1), np.take_along_axis(rows, best, axis=1)
    return rows


def found_right(rows: Ints, right: Ints) -> dict[str, float]:
    """Compare (n, TOP) rows with the right ones."""
    hits = [len(set(some) & set(wanted)) for some, wanted in zip(rows.tolist(), right.tolist(), strict=True)]
    return {"recall": sum(hits) / right.size, "same_first": float((rows[:, 0] == right[:, 0]).mean())}


def cpu_in_turn(works: dict[str, Callable[[], object]], runs: int) -> dict[str, float]:
    """Run several works in turn, some times after once to warm up: median processor seconds of each."""
    spent: dict[str, list[float]] = {name: [] for name in works}
    for run in range(runs + 1):
        for name, work in works.items():
            started = time.process_time()
            work()
            if run:
                spent[name].append(time.process_time() - started)
    return {name: statistics.median(seconds) for name, seconds in spent.items()}


def opened(task: Task) -> tuple[Int8Search, Int8Search, Vectors, Floats]:
    """Open the search by onnxruntime, that by numpy, the vectors and the probes."""
    vectors, probes = clustered.read(Path(task.folder), task.dims, task.faces)
    matrix = Int8Matrix.open(Path(task.folder) / _MATRIX, vectors)
    ours, fallback = (Int8Search(matrix, vectors, kernel) for kernel in (int8_kernel(1), NumpyInt8Kernel()))
    return ours, fallback, vectors, probes


def compare(task: Task) -> dict[str, Any]:
    """Measure against the float32 product, inside the child."""
    ours, fallback, vectors, probes = opened(task)
    result: dict[str, Any] = found_right(ours.search(probes, TOP).rows, truth(vectors, probes))
    floats = vectors.block(0, vectors.count)
    for name, some in (("batch", probes[:BATCH]), ("single", probes[:1])):
        result[name] = cpu_in_turn(
            {
                "product": lambda some=some: some @ floats.T,  # type: ignore[misc]
                "ours": lambda some=some: ours.search(some, TOP),  # type: ignore[misc]
                "numpy": lambda some=some: fallback.search(some, TOP),  # type: ignore[misc]
            },
            RUNS[name],
        )
    return result


def memory(task: Task) -> dict[str, Any]:
    """Measure memory and time of a process that only searches, inside the child."""
    before = peak_mib()
    started = time.perf_counter()
    ours, _, _, probes = opened(task)
    opening = time.perf_counter() - started
    first = cost_of(lambda: ours.search(probes[:BATCH], TOP))
    cpu = {
        name: cpu_in_turn({name: lambda some=some: ours.search(some, TOP)}, RUNS[name])[name]  # type: ignore[misc]
        for name, some in (("batch", probes[:BATCH]), ("single", probes[:1]))
    }
    wall = cost_of(lambda: ours.search(probes[BATCH : 2 * BATCH], TOP)).wall
    return {
        "open_s": opening,
        "first_s": first.wall,
        **{f"{name}_cpu": seconds for name, seconds in cpu.items()},
        "batch_wall": wall,
        "matrix_mib": task.faces * sum(task.dims) / 2**20,
        "start_mib": before,
        "peak_mib": peak_mib(),
    }


def against_voyager(task: Task) -> dict[str, Any]:
    """Measure two Voyager indices and ours on the same faces, inside the child."""
    import voyager

    ours, _, vectors, probes = opened(task)
    parts, queries, indices = [], [], []
    start = 0
    for place, dim in enumerate(task.dims):
        parts.append(np.load(Path(task.folder) / f"vectors-{place}.npy").astype(np.float32))
        queries.append(np.ascontiguousarray(probes[:, start : start + dim]))
        start += dim

    def build() -> None:
        for part in parts:
            index = voyager.Index(voyager.Space.Cosine, part.shape[1])
            index.add_items(part, num_threads=1)
            indices.append(index)

    def search(some: slice) -> Ints:
        return _fused_all(
            [
                index.query(query[some], k=VOYAGER_TOP, num_threads=1)
                for index, query in zip(indices, queries, strict=True)
            ]
        )

    before = _resident_mib()
    building = cost_of(build).cpu
    held = _resident_mib() - before
    right = truth(vectors, probes)
    result: dict[str, Any] = {"build_cpu": building, "voyager_mib": held, "matrix_mib": task.faces * start / 2**20}
    result["voyager"] = found_right(search(slice(None)), right)
    result["lists"] = found_right(_fused_all(list(map(_exact_list, queries, parts))), right)
    result["ours"] = found_right(ours.search(probes, TOP).rows, right)
    for name, some in (("batch", slice(BATCH)), ("single", slice(1))):
        result[name] = cpu_in_turn(
            {
                "voyager": lambda some=some: search(some),  # type: ignore[misc]
                "ours": lambda some=some: ours.search(probes[some], TOP),  # type: ignore[misc]
            },
            RUNS[name],
        )
    return result


def fused(first: Ints, second: Ints, first_distances: Floats, second_distances: Floats) -> Ints:
    """Join two lists of rows of one probe by the mean of their distances: the `TOP` best."""
    rows = np.union1d(first, second)
    total = np.zeros(len(rows))
    for listed, distances in ((first, first_distances), (second, second_distances)):
        own = np.full(len(rows), distances.max())
        own[np.searchsorted(rows, listed)] = distances
        total += own
    best: Ints = rows[np.argsort(total, kind="stable")[:TOP]].astype(np.int64)
    return best


def _fused_all(lists: Sequence[tuple[Ints, Floats]]) -> Ints:
    """Join the lists, (n, k) rows and distances, of two indices."""
    (first, first_distances), (second, second_distances) = lists
    return np.stack(list(map(fused, first, second, first_distances, second_distances)))


def _exact_list(query: Floats, part: Floats) -> tuple[Ints, Floats]:
    distances = 1.0 - unit(query) @ part.T
    rows = np.argsort(distances, axis=1, kind="stable")[:, :VOYAGER_TOP]
    return rows, np.take_along_axis(distances, rows, axis=1)


def _resident_mib() -> float:
    """Memory of this process now, or its peak where that cannot be told."""
    status = Path("/proc/self/status")
    if not status.exists():
        return peak_mib()
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


CHILDREN: dict[str, Callable[[Task], dict[str, Any]]] = {
    "compare": compare,
    "memory": memory,
    "voyager": against_voyager,
}


def measure(dims: tuple[int, ...], faces: int, whats: Sequence[str]) -> dict[str, Any]:
    """Make vectors and measure them, each thing in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="stash-sense-search-") as folder:
        clustered.write(Path(folder), dims, faces, PROBES)
        vectors, _ = clustered.read(Path(folder), dims, faces)
        deriving = cost_of(lambda: derive(vectors, Path(folder) / _MATRIX)).cpu
        rows = {
            what: json.loads(
                run_child("benchmarks.scale.search", "--task", json.dumps(asdict(Task(what, folder, dims, faces))))
            )
            for what in whats
        }
    return {"dims": dims, "faces": faces, "derive_cpu": deriving, **rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_FACES:,} faces, and Voyager with 5,000")
    parser.add_argument("--faces", type=int, metavar="N", help=f"by default {FACES:,}")
    parser.add_argument("--voyager-faces", type=int, metavar="N", help=f"by default {VOYAGER_FACES:,}; 0: none")
    parser.add_argument(
        "--million", action="store_true", help="memory and time of a million faces, too: 3 GB of disk"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        task = Task(**json.loads(options.task))
        print(json.dumps(CHILDREN[task.what](task)))
        return
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as the program keeps it; read when a child imports numpy
    faces = options.faces or (QUICK_FACES if options.quick else FACES)
    rows = [measure(dims, faces, ("compare", "memory")) for dims in SPACES]
    print(_compared(rows))
    if options.million:
        rows += [measure(dims, MILLION, ("memory",)) for dims in SPACES]
    print("\n" + _remembered(rows))
    few = options.voyager_faces if options.voyager_faces is not None else 5000 if options.quick else VOYAGER_FACES
    if few and importlib.util.find_spec("voyager") is None:
        print("\nVoyager is not installed, and is left out: uv sync --extra voyager")
    elif few:
        rows += (beside := [measure(dims, few, ("voyager",)) for dims in SPACES])
        print(f"\nWith {few:,} faces, which Voyager's two indices can be built of in the time:\n{_beside(beside)}")
    if options.json is not None:
        write_json(options.json, {"benchmark": "scale.search", "rows": rows, "aims": aims(rows)})


def _compared(rows: Sequence[dict[str, Any]]) -> str:
    header = ("faces", "values", "probes", "product cpu s", "ours", "share", "numpy", "recall@10", "same first")
    lines = []
    for row in rows:
        found = row["compare"]
        for name, probes in (("batch", BATCH), ("single", 1)):
            cpu = found[name]
            spent = (cpu["product"], cpu["ours"], cpu["ours"] / cpu["product"], cpu["numpy"])
            lines.append((row["faces"], sum(row["dims"]), probes, *spent, found["recall"], found["same_first"]))
    return table(header, lines)


def _remembered(rows: Sequence[dict[str, Any]]) -> str:
    header = ("faces", "values", "derive cpu s", "open s", "first batch s", "batch cpu s", "wall s", "single cpu s")
    names = ("open_s", "first_s", "batch_cpu", "batch_wall", "single_cpu", "matrix_mib", "start_mib", "peak_mib")
    lines = [
        (row["faces"], sum(row["dims"]), row["derive_cpu"], *(row["memory"][name] for name in names)) for row in rows
    ]
    return table((*header, "matrix MiB", "at start MiB", "peak MiB"), lines)


def _beside(rows: Sequence[dict[str, Any]]) -> str:
    header = ("values", "search", "build cpu s", "MiB", "batch cpu s", "single cpu s", "recall@10", "same first")
    lines = []
    for row in rows:
        seen = row["voyager"]
        made = {
            "two Voyager": (seen["build_cpu"], seen["voyager_mib"], "voyager"),
            "ours": (row["derive_cpu"], seen["matrix_mib"], "ours"),
        }
        for title, (build, mib, key) in made.items():
            found = seen[key]
            spent = (build, mib, seen["batch"][key], seen["single"][key])
            lines.append((sum(row["dims"]), title, *spent, found["recall"], found["same_first"]))
        lists = seen["lists"]
        lines.append((sum(row["dims"]), "two lists", "", "", "", "", lists["recall"], lists["same_first"]))
    return table(header, lines)


def aims(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """State what was asked of the search of each length of vectors, and what came out."""
    lines: list[tuple[str, float, float, bool]] = []
    for row in rows:
        if "compare" not in row:
            continue
        found, values = row["compare"], f"{row['faces']:,} faces x {sum(row['dims'])}"
        for name, probes in (("batch", f"{BATCH} probes"), ("single", "1 probe")):
            share = found[name]["ours"] / found[name]["product"]
            lines.append((f"{values}, {probes}: CPU as a share of the float product", MOST_CPU, share, False))
        lines.append((f"{values}: recall@{TOP}", LEAST_RECALL, found["recall"], True))
        lines.append((f"{values}: same first", LEAST_SAME, found["same_first"], True))
    return [
        {
            "what": what,
            "aim": f"{'>=' if at_least else '<='} {aim}",
            "measured": round(measured, 4),
            "met": measured >= aim if at_least else measured <= aim,
        }
        for what, aim, measured, at_least in lines
    ]


if __name__ == "__main__":
    main()
