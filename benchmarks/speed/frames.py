"""Frames out of videos: our reader against one ffmpeg process per frame.

    python -m benchmarks.speed.frames [--quick] [--json FILE]

Both take the same jittered moments from the same 1080p30 H.264 videos (shapes that scroll under grain, so that
prediction has work; the frame's number in blocks at the top, so that times are read from the pixels). Compared
are processor seconds, which a loaded machine changes little, with those of child processes. Our reader is measured
once more in the two passes in which identifying takes frames: most files need the first one only. ffmpeg comes from
the dependency group `bench` (imageio-ffmpeg), or from the system.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import IO, cast

import numpy as np
from benchmarks.measure import cost_of, peak_mib, run_child, table, write_json
from numpy.typing import NDArray
from PIL import Image

from stash_sense.adapters.video.pyav import PyavOpener
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.media.plan import SamplingPlan

WIDTH, HEIGHT, RATE = 1920, 1080, 30
BITS, BLOCK = 16, 32
SEGMENT = 50
"""Seconds that are encoded: whole groups of pictures, whatever their length."""
GRAIN = 7.0
"""Standard deviation of the grain, of 255: gives 7 to 9 Mbit/s, as web releases in 1080p have."""
WORKERS = 8
"""ffmpeg processes at once, as the reference implementation runs them."""
LEAST_RATIO = {50: 15.0, 250: 40.0}
"""Frames from keyframe to keyframe, and how many times less processor time is asked at least; the aim is 25."""
MEMORY_LIMIT_MIB = 300.0
JITTER_SEED = 20261122


@dataclass(frozen=True)
class Row:
    """One video: processor seconds per frame of both ways, and what our reader needed beside.

    `first_pass` and `both_passes` are processor seconds of the whole video, opening included, and `frames_first` how
    many frames the first pass gave.
    """

    gop: int
    mbit_s: float
    frames_ffmpeg: int
    frames_ours: int
    cpu_ffmpeg: float
    cpu_ours: float
    ratio: float
    wall_ffmpeg: float
    wall_ours: float
    peak_mib: float
    time_error_ms: float
    distance_s: float
    frames_first: int
    first_pass: float
    both_passes: float


def pictures(seconds: int) -> Iterator[NDArray[np.uint8]]:
    """Soft shapes that scroll by 3 pixels a frame under film grain, with the frame's number at the top.

    Without grain prediction would be perfect and all the bits would be in keyframes, which no camera's video has.
    """
    random = np.random.default_rng(0)
    noise = random.integers(0, 255, (HEIGHT // 40, 2 * WIDTH // 40, 3), dtype=np.uint8)
    shapes = np.asarray(Image.fromarray(noise).resize((2 * WIDTH, HEIGHT), Image.Resampling.BICUBIC)).astype(np.int16)
    grain = random.normal(0, GRAIN, (HEIGHT + 64, WIDTH + 64, 1)).astype(np.int16)
    for number in range(seconds * RATE):
        left, (down, right) = 3 * number % WIDTH, random.integers(0, 64, 2)
        grained = shapes[:, left : left + WIDTH] + grain[down : down + HEIGHT, right : right + WIDTH]
        picture = np.clip(grained, 0, 255).astype(np.uint8)
        for bit in range(BITS):
            picture[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 255 * (number >> bit & 1)
        yield picture


def number_in(picture: NDArray[np.uint8]) -> int:
    """The frame's number in blocks at the top of a picture."""
    middle = BLOCK // 2
    return sum(int(picture[middle, middle + bit * BLOCK].mean() > 127) << bit for bit in range(BITS))


def make_video(ffmpeg: str, path: Path, gop: int, loops: int) -> None:
    """Encode `SEGMENT` seconds, keyframes exactly every `gop` frames, and repeat them without encoding again."""
    segment = path.with_name(f"segment-{path.name}")
    command = [ffmpeg, "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}"]
    command += ["-r", str(RATE), "-i", "-", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23"]
    command += ["-pix_fmt", "yuv420p", "-g", str(gop), "-sc_threshold", "0", str(segment)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
        into = cast("IO[bytes]", encoder.stdin)
        for picture in pictures(SEGMENT):
            into.write(picture.tobytes())
    if encoder.returncode:
        raise subprocess.CalledProcessError(encoder.returncode, command)
    repeat = [ffmpeg, "-v", "error", "-y", "-stream_loop", str(loops - 1), "-i", str(segment)]
    subprocess.run([*repeat, "-c", "copy", str(path)], check=True)


def by_ffmpeg(ffmpeg: str, video: Path, moments: list[float], folder: Path) -> list[int]:
    """One process per frame, to a JPEG at full size that Pillow reads; gives the numbers seen."""

    def frame_at(place: int) -> int:
        picture = folder / f"{video.stem}-{place}.jpg"
        command = [ffmpeg, "-v", "error", "-y", "-ss", f"{moments[place]:.3f}", "-i", str(video)]
        subprocess.run([*command, "-frames:v", "1", "-q:v", "2", str(picture)], check=True)
        with Image.open(picture) as image:
            return number_in(np.asarray(image.convert("RGB")))

    with ThreadPoolExecutor(WORKERS) as workers:
        return list(workers.map(frame_at, range(len(moments))))


def by_our_reader(video: Path, plan: SamplingPlan) -> list[tuple[float, int]]:
    """The time that our reader says and the number seen, of each frame."""
    with PyavOpener(Limits()).open(video) as source:
        return [(frame.t or 0.0, number_in(frame.image)) for frame in source.frames(plan, CancelToken())]


def in_passes(video: Path, plan: SamplingPlan, most: int) -> int:
    """Read as many passes as are asked for; gives how many frames came."""
    with PyavOpener(Limits()).open(video) as source:
        passes = islice(source.passes(plan, CancelToken()), most)
        return sum(1 for frames in passes for _ in frames)


def jittered(frames: int, seed: int) -> SamplingPlan:
    """A plan that does not fall on the grid of keyframes, which would make exact seeks look free."""
    jitter = np.random.default_rng(seed).uniform(0.0, 0.02, 2)
    return SamplingPlan(frames, start=0.05 + float(jitter[0]), end=0.95 - float(jitter[1]))


def compare(ffmpeg: str, folder: Path, gop: int, loops: int, frames: int) -> Row:
    """Measure both ways on one video."""
    video = folder / f"gop{gop}.mp4"
    make_video(ffmpeg, video, gop, loops)
    plan = jittered(frames, JITTER_SEED + gop)
    moments = plan.targets(float(SEGMENT * loops)).tolist()
    theirs = cost_of(lambda: by_ffmpeg(ffmpeg, video, moments, folder))
    ours = cost_of(lambda: by_our_reader(video, plan))
    first, both = (cost_of(lambda most=most: in_passes(video, plan, most)) for most in (1, 2))  # type: ignore[misc]
    child = run_child("benchmarks.speed.frames", "--read", str(video), "--frames", str(frames))
    times = np.array([t for t, _ in ours.result])
    errors = (times * RATE - np.array([number for _, number in ours.result])) % (SEGMENT * RATE)
    errors = np.minimum(errors, SEGMENT * RATE - errors)
    theirs_each, ours_each = theirs.cpu / len(theirs.result), ours.cpu / len(ours.result)
    return Row(
        gop=gop,
        mbit_s=video.stat().st_size * 8e-6 / (SEGMENT * loops),
        frames_ffmpeg=len(theirs.result),
        frames_ours=len(ours.result),
        cpu_ffmpeg=theirs_each,
        cpu_ours=ours_each,
        ratio=theirs_each / ours_each,
        wall_ffmpeg=theirs.wall,
        wall_ours=ours.wall,
        peak_mib=float(child),
        time_error_ms=float(errors.max() * 1000 / RATE),
        distance_s=float(np.median([np.abs(times - moment).min() for moment in moments])),
        frames_first=first.result,
        first_pass=first.cpu,
        both_passes=both.cpu,
    )


def find_ffmpeg() -> str:
    """The program of imageio-ffmpeg, or the system's."""
    try:
        import imageio_ffmpeg
    except ImportError:
        found = shutil.which("ffmpeg")
        if found is None:
            sys.exit("ffmpeg is missing: uv sync --group bench")
        return found
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="200 s and 30 frames instead of 600 s and 60")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there, too")
    parser.add_argument("--ffmpeg", metavar="PROGRAM", help="the ffmpeg to compare with")
    parser.add_argument("--read", type=Path, metavar="VIDEO", help=argparse.SUPPRESS)
    parser.add_argument("--frames", type=int, default=60, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read is not None:  # the child whose memory is measured
        by_our_reader(options.read, SamplingPlan(options.frames))
        print(peak_mib())
        return
    loops, frames = (4, 30) if options.quick else (12, 60)
    ffmpeg = options.ffmpeg or find_ffmpeg()
    with tempfile.TemporaryDirectory(prefix="stash-sense-frames-") as folder:
        rows = [compare(ffmpeg, Path(folder), gop, loops, frames) for gop in (50, 250)]
    header = (
        "GOP|Mbit/s|frames ffmpeg|ours|CPU s/frame ffmpeg|ours|times less|wall s ffmpeg|ours|peak MiB|error ms|away s"
        "|first pass|its CPU s|both passes"
    )
    print(table(header.split("|"), [list(asdict(row).values()) for row in rows]))
    worst = max(row.peak_mib for row in rows)
    print(f"\nPeak memory {'is within' if worst < MEMORY_LIMIT_MIB else 'EXCEEDS'} {MEMORY_LIMIT_MIB:.0f} MiB.")
    if options.json is not None:
        rows_told = [asdict(row) for row in rows]
        write_json(options.json, {"benchmark": "speed.frames", "rows": rows_told, "aims": aims(rows)})


def aims(rows: Sequence[Row]) -> list[dict[str, object]]:
    """State what was asked of each video and what came out."""
    ratios = [
        {
            "what": f"keyframe every {row.gop} frames: times less CPU than ffmpeg",
            "aim": f">= {LEAST_RATIO[row.gop]:.0f}",
            "measured": round(row.ratio, 1),
            "met": row.ratio >= LEAST_RATIO[row.gop],
        }
        for row in rows
    ]
    worst = max(row.peak_mib for row in rows)
    memory = {
        "what": "peak memory, MiB",
        "aim": f"< {MEMORY_LIMIT_MIB:.0f}",
        "measured": round(worst),
        "met": worst < MEMORY_LIMIT_MIB,
    }
    return [*ratios, memory]


if __name__ == "__main__":
    main()
