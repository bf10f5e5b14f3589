"""A whole scene: processor seconds per stage, wall clock, and memory over scenes that follow each other.

    python -m benchmarks.speed.pipeline [--quick] [--pack NAME] [--json FILE]

Two films: a generated one of 72 s, 1080p30 H.264, in which three portraits move before a grained ground, and the
sample film of `stash-sense demo`. Every line is a process of its own. Stages are counted one after another with all
frames in memory, because the threads of one cannot be told from another's; wall clock and memory are those of the
program's own way, over three scenes.
"""

import argparse
import json
import math
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from benchmarks.measure import cost_of, peak_mib, run_child, table, write_json
from PIL import Image as Pillow

from stash_sense.adapters.video.pyav import PyavOpener
from stash_sense.bootstrap import build
from stash_sense.bootstrap.recognition import face_finder_of, recognizer_of
from stash_sense.identification.recognizer import Request
from stash_sense.kernel.arrays import Image
from stash_sense.kernel.stages import StageClock
from stash_sense.media.plan import SamplingPlan
from stash_sense.recognition.matching.modes import DEFAULT_MODE, matcher_for
from stash_sense.recognition.spec import Decision
from stash_sense.samples import PEOPLE, STRANGER
from stash_sense.samples.film import make_film
from stash_sense.settings import load_settings

WIDTH, HEIGHT, RATE = 1920, 1080, 30
SEGMENT_SECONDS, LOOPS = 12, 6
KEYFRAME_EVERY = 180
GRAIN = 6.0
PORTRAIT_HEIGHTS = (520, 400, 300)
SCENES = 3
PEAK_MIB, GROWTH_MIB = 700.0, 20.0
"""Aims: memory at its peak, and what the third scene may leave behind over the first."""


@dataclass(frozen=True, slots=True)
class Task:
    """What one child does: the film, frames, threads of the models, and whether stages are counted apart."""

    film: str
    pack: str | None
    frames: int
    threads: int
    stages: bool


class ProcessorClock(StageClock):
    """A stage clock that counts processor time of all threads instead of wall-clock time."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the processor time until the block ends as time of `name`."""
        started = time.process_time()
        try:
            yield
        finally:
            spent = (time.process_time() - started) * 1000.0
            self.milliseconds[name] = self.milliseconds.get(name, 0.0) + spent


def pictures() -> Iterator[Image]:
    """Three portraits that sway before soft shapes under grain."""
    random = np.random.default_rng(0)
    noise = random.integers(40, 200, (HEIGHT // 60, WIDTH // 60, 3), dtype=np.uint8)
    ground = np.asarray(Pillow.fromarray(noise).resize((WIDTH, HEIGHT), Pillow.Resampling.BICUBIC)).astype(np.int16)
    grain = random.normal(0, GRAIN, (HEIGHT + 64, WIDTH + 64, 1)).astype(np.int16)
    portraits = [_portrait(path, height) for path, height in zip(_portraits(), PORTRAIT_HEIGHTS, strict=True)]
    for number in range(SEGMENT_SECONDS * RATE):
        turn = 2.0 * math.pi * number / (SEGMENT_SECONDS * RATE)
        picture = ground.copy()
        for place, portrait in enumerate(portraits):
            height, width = portrait.shape[:2]
            left = round((0.19 + 0.32 * place) * WIDTH - width / 2 + 70 * math.sin(turn * (place + 1)))
            top = round(HEIGHT / 2 - height / 2 + 80 * math.cos(turn * (3 - place)))
            picture[top : top + height, left : left + width] = portrait
        down, right = random.integers(0, 64, 2)
        yield np.clip(picture + grain[down : down + HEIGHT, right : right + WIDTH], 0, 255).astype(np.uint8)


def _portraits() -> list[Path]:
    return [*sorted(PEOPLE.glob("*/portrait.jpg"))[: len(PORTRAIT_HEIGHTS) - 1], STRANGER]


def _portrait(path: Path, height: int) -> Image:
    with Pillow.open(path) as photograph:
        width = round(photograph.width * height / photograph.height)
        return np.asarray(photograph.convert("RGB").resize((width, height), Pillow.Resampling.BICUBIC))


def make_scene(path: Path) -> None:
    """Encode one segment and repeat it without encoding again."""
    segment = path.with_name(f"segment-{path.name}")
    with av.open(str(segment), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "23"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.gop_size = KEYFRAME_EVERY
        stream.time_base = Fraction(1, RATE)
        for picture in pictures():
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    with av.open(str(path), "w", format="mp4") as container:
        repeated = None
        for loop in range(LOOPS):
            with av.open(str(segment)) as source:
                stream_in = source.streams.video[0]
                repeated = repeated or container.add_stream_from_template(stream_in)
                shift = int(loop * SEGMENT_SECONDS / (stream_in.time_base or Fraction(1, RATE)))
                for packet in source.demux(stream_in):
                    if packet.dts is None or packet.pts is None:
                        continue
                    packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, repeated
                    container.mux(packet)
    segment.unlink()


def measure(task: Task) -> dict[str, Any]:
    """Run inside the child."""
    services = build(load_settings().model_copy(update={"threads": task.threads, "device": "cpu"}))
    pack = services.packs.open(services.packs.default_pack(task.pack or services.settings.pack))
    recognizer = recognizer_of(pack, services.limits)
    gallery = recognizer.enrol(PEOPLE, services.cancel).gallery
    plan = SamplingPlan(task.frames)
    if task.stages:
        finder, clock = face_finder_of(pack), ProcessorClock()
        decision = Decision(finder.space, pack.card.matching, pack.card.curve, pack.card.same_person)
        with PyavOpener(services.limits).open(Path(task.film)) as video, clock.stage("frames"):
            frames = list(video.frames(plan, services.cancel))
        found = finder.find(frames, clock, services.cancel)
        with clock.stage("matching"):
            judge = gallery.judge(decision)
            matcher_for(DEFAULT_MODE, judge).match(found.faces, found.frame_count)
        return {name: spent / 1000.0 for name, spent in clock.milliseconds.items()}
    scenes = []
    for _ in range(SCENES):
        run = cost_of(lambda: next(recognizer.identify([Path(task.film)], gallery, Request(plan), services.cancel)))
        seen = run.result
        scenes.append(
            {"cpu": run.cpu, "wall": run.wall, "faces": seen.faces_detected, "resident_mib": _resident_mib()}
        )
        named, frames_seen = sorted(person.name for person in seen.persons), seen.frames_analyzed
    return {"scenes": scenes, "named": named, "frames_seen": frames_seen, "peak_mib": peak_mib()}


def _resident_mib() -> float:
    """Memory of this process now, or its peak where that cannot be told."""
    status = Path("/proc/self/status")
    if not status.exists():
        return peak_mib()
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def run(task: Task) -> dict[str, Any]:
    """Measure one film with one number of threads, in two children."""
    children = [Task(task.film, task.pack, task.frames, task.threads, stages) for stages in (True, False)]
    stages, whole = (
        json.loads(run_child("benchmarks.speed.pipeline", "--task", json.dumps(asdict(child)))) for child in children
    )
    first, last = whole["scenes"][0], whole["scenes"][-1]
    return {
        "film": Path(task.film).stem,
        "threads": task.threads,
        "frames": whole["frames_seen"],
        "faces": last["faces"],
        "named": len(whole["named"]),
        "stages_cpu": stages,
        "cpu": min(scene["cpu"] for scene in whole["scenes"]),
        "wall": min(scene["wall"] for scene in whole["scenes"]),
        "peak_mib": whole["peak_mib"],
        "growth_mib": last["resident_mib"] - first["resident_mib"],
        "scenes": whole["scenes"],
    }


STAGES = ("frames", "detection", "embedding", "matching")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="20 frames on two threads")
    parser.add_argument("--pack", metavar="NAME", help="an installed pack; by default that of the program")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        print(json.dumps(measure(Task(**json.loads(options.task)))))
        return
    frames, threads = (20, (2,)) if options.quick else (60, (1, 2))
    with tempfile.TemporaryDirectory(prefix="stash-sense-pipeline-") as folder:
        films = [Path(folder) / "generated-1080p.mp4", Path(folder) / "sample-film.mp4"]
        make_scene(films[0])
        make_film(films[1])
        rows = [run(Task(str(film), options.pack, frames, count, False)) for film in films for count in threads]
    header = ("film", "threads", "frames", "faces", "named", *(f"{stage} cpu s" for stage in STAGES))
    lines = [
        (
            *(row[name] for name in ("film", "threads", "frames", "faces", "named")),
            *(row["stages_cpu"].get(stage, 0.0) for stage in STAGES),
            *(row[name] for name in ("cpu", "wall", "peak_mib", "growth_mib")),
        )
        for row in rows
    ]
    print(table((*header, "whole cpu s", "wall s", "peak MiB", "growth MiB"), lines))
    if options.json is not None:
        write_json(options.json, {"benchmark": "speed.pipeline", "rows": rows, "aims": _aims(rows)})


def _aims(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    worst = {name: max(row[name] for row in rows) for name in ("peak_mib", "growth_mib")}
    return [
        {"what": what, "aim": f"<= {aim:.0f}", "measured": round(worst[name], 1), "met": worst[name] <= aim}
        for what, name, aim in (
            ("peak memory of a scene, MiB", "peak_mib", PEAK_MIB),
            (f"memory that scene {SCENES} leaves over scene 1, MiB", "growth_mib", GROWTH_MIB),
        )
    ]


if __name__ == "__main__":
    main()
