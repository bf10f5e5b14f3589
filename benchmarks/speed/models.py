"""What the models of an installed pack cost: processor milliseconds per frame and per face, and peak memory.

    python -m benchmarks.speed.models [--quick] [--pack NAME] [--json FILE]

Every line of the tables is a process of its own, so that its peak memory is its own. Times are the least of several
rounds on generated pictures, which a loaded machine changes little; on one thread they are the wall clock of an idle
core. Embedders that have an 8-bit form are measured in both. `batch` is how many pictures go through the model at
once, mirrored ones not counted; what the program itself takes stands in `adapters/onnx`, beside the reason.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.measure import peak_mib, run_child, table, write_json

from stash_sense.adapters.onnx.embedder import OnnxEmbedder
from stash_sense.adapters.onnx.image_model import ImageModel
from stash_sense.adapters.onnx.runtime import DETECTORS, OnnxRuntime
from stash_sense.errors import StashSenseError
from stash_sense.kernel.arrays import Image
from stash_sense.models.card import CARD_NAME, DetectorCard, EmbedderCard, PackCard
from stash_sense.models.catalogue import Catalogue
from stash_sense.models.store import PackStore
from stash_sense.settings import load_settings

FRAME_SIZES = ((1920, 1080), (640, 360))
"""Width, height: full HD, which is scaled down to the card's longest side, and a size that is taken as it is."""
FRAME_BATCHES = (1, 4)
FACE_BATCHES = (1, 8, 64)
THREADS = (1, 2)
SECONDS = 3.0
"""Of rounds for each line; a tenth with --quick."""
LEAST_ROUNDS = 3
SEED = 20261122


@dataclass(frozen=True, slots=True)
class Task:
    """What one child process measures of the pack in `folder`; `model` is an embedder's id or "detector".

    `form` is "float" or "8-bit"; `flip` describes the mirrored face too, whatever the card says.
    """

    folder: str
    model: str
    threads: int
    batch: int
    flip: bool = False
    form: str = "float"
    width: int = 0
    height: int = 0
    seconds: float = SECONDS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, one thread")
    parser.add_argument("--pack", metavar="NAME", help="an installed pack; by default that of the program")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        print(json.dumps({**measure(Task(**json.loads(options.task))), "peak_mib": peak_mib()}))
        return
    settings = load_settings()
    store = PackStore(settings.models_dir, OnnxRuntime(1, "cpu"), Catalogue.shipped())
    try:
        pack = store.default_pack(options.pack or settings.pack)
    except StashSenseError as error:
        sys.exit(str(error))
    folder = store.folder(pack)
    tasks = all_tasks(folder, card_in(folder), quick=options.quick)
    lines = [run(task) for task in tasks]
    frames = [line for line in lines if line["model"] == "detector"]
    faces = [line for line in lines if line["model"] != "detector"]
    print(f"Pack {pack}: detector, one frame\n{_frames_table(frames)}\n")
    print(f"Pack {pack}: embedders, one face\n{_faces_table(faces)}")
    if options.json:
        write_json(options.json, {"pack": pack, "detector": frames, "embedders": faces})


def all_tasks(folder: Path, card: PackCard, *, quick: bool) -> list[Task]:
    seconds, threads = (SECONDS / 10, THREADS[:1]) if quick else (SECONDS, THREADS)
    return [
        Task(str(folder), "detector", count, batch, width=width, height=height, seconds=seconds)
        for width, height in FRAME_SIZES
        for batch in FRAME_BATCHES
        for count in threads
    ] + [
        Task(str(folder), embedder.id, count, batch, flip, form, seconds=seconds)
        for embedder in card.embedders
        for form in ("float", "8-bit")[: 2 if embedder.quantised else 1]
        for flip in (False, True)
        for batch in FACE_BATCHES
        for count in threads
    ]


def run(task: Task) -> dict[str, Any]:
    said = run_child("benchmarks.speed.models", "--task", json.dumps(asdict(task)))
    return {**asdict(task), **json.loads(said)}


def measure(task: Task) -> dict[str, float]:
    """Run inside the child: milliseconds of processor and of wall clock per picture, the least of the rounds."""
    rng = np.random.default_rng(SEED)
    if task.model == "detector":
        frames = [rng.integers(0, 256, (task.height, task.width, 3), np.uint8) for _ in range(task.batch)]
        return least(_detect(task), frames, task)
    embed, side = _embed(task)
    return least(embed, rng.integers(0, 256, (task.batch, side, side, 3), np.uint8), task)


def least(work: Callable[[Any], object], pictures: Sequence[Image] | Image, task: Task) -> dict[str, float]:
    work(pictures)
    cpu: list[float] = []
    wall: list[float] = []
    ends = time.perf_counter() + task.seconds
    while len(cpu) < LEAST_ROUNDS or time.perf_counter() < ends:
        # process_time counts all threads of this process in nanoseconds; cost_of has steps of 10 ms.
        cpu_started, wall_started = time.process_time(), time.perf_counter()
        work(pictures)
        cpu.append(time.process_time() - cpu_started)
        wall.append(time.perf_counter() - wall_started)
    return {"cpu_ms": min(cpu) / task.batch * 1000.0, "wall_ms": min(wall) / task.batch * 1000.0}


def card_in(folder: Path) -> PackCard:
    return PackCard.model_validate_json((folder / CARD_NAME).read_bytes())


def _opened(task: Task, card: DetectorCard | EmbedderCard) -> ImageModel:
    content = (Path(task.folder) / card.file).read_bytes()
    return ImageModel(card.file, content, card.input, threads=task.threads)


def _detect(task: Task) -> Callable[[Any], object]:
    card = card_in(Path(task.folder)).detector
    return DETECTORS[card.kind](card, _opened(task, card), frames_per_run=task.batch).detect


def _embed(task: Task) -> tuple[Callable[[Any], object], int]:
    card = next(embedder for embedder in card_in(Path(task.folder)).embedders if embedder.id == task.model)
    file = card.quantised if task.form == "8-bit" else card.file
    card = card.model_copy(update={"file": file, "flip_average": task.flip, "flip_below": None})
    pictures = task.batch * (2 if task.flip else 1)
    return OnnxEmbedder(card, _opened(task, card), pictures).embed, card.alignment.size


def _frames_table(lines: Sequence[dict[str, Any]]) -> str:
    header = ("frame", "batch", "threads", "cpu ms", "wall ms", "peak MiB")
    return table(header, [(f"{line['width']}x{line['height']}", *_figures(line)) for line in lines])


def _faces_table(lines: Sequence[dict[str, Any]]) -> str:
    header = ("embedder", "form", "flip", "batch", "threads", "cpu ms", "wall ms", "peak MiB")
    return table(header, [_face_line(line) for line in lines])


def _face_line(line: dict[str, Any]) -> tuple[object, ...]:
    return line["model"], line["form"], "yes" if line["flip"] else "no", *_figures(line)


def _figures(line: dict[str, Any]) -> tuple[object, ...]:
    return line["batch"], line["threads"], line["cpu_ms"], line["wall_ms"], line["peak_mib"]


if __name__ == "__main__":
    main()
