"""Frames of a large video over HTTP: bytes and requests beside the whole file, processor seconds beside the disk.

    python -m benchmarks.speed.network_frames [--quick] [--json FILE]

Fifty seconds of 1080p H.264 with sound are encoded once, and their packets written again and again until the file
has 2 GB: as MP4 with its index at the end and at the beginning, and as Matroska. A server on the loopback, in a
process of its own, gives parts of it. With `--sweep` the sizes of what is read ahead are compared, and the wall time
on a line with a latency and a speed is reckoned from requests and bytes.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from benchmarks.measure import cost_of, table, write_json
from benchmarks.speed.frames import RATE, SEGMENT, number_in, pictures

from stash_sense.adapters.http.ahead import ReadAhead
from stash_sense.adapters.http.client import HttpClient
from stash_sense.adapters.http.remote_file import RemoteFiles
from stash_sense.adapters.video.files import ForeignFile
from stash_sense.adapters.video.pyav import PyavOpener, PyavVideo
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.media.address import Address
from stash_sense.media.plan import SamplingPlan

FRAMES, QUICK_FRAMES = 60, 12
GOP = 250
"""Frames from keyframe to keyframe, as x264 has it when nobody says otherwise."""
FULL_BYTES, QUICK_BYTES = 2_000_000_000, 200_000_000
LEAST_SHARE = 20
"""Times less than the whole that is read at least."""
CONTAINERS = {"mp4, index at the end": {}, "mp4, index first": {"movflags": "faststart"}, "mkv": {}}
LINES = {"home, 1 ms, 100 MB/s": (0.001, 100e6), "internet, 40 ms, 5 MB/s": (0.04, 5e6)}
"""Seconds from a question to its answer, and bytes a second."""
_RANGE = re.compile(r"bytes=(\d+)-(\d+)")


@dataclass(frozen=True)
class Row:
    """One file: what was read of it over HTTP, and what that and the same from the disk cost this process."""

    file: str
    whole_mb: float
    read_mb: float
    share: float
    requests: int
    frames: int
    first_pass_mb: float
    first_pass_requests: int
    cpu_http: float
    cpu_disk: float
    same_frames: bool


def encode(path: Path) -> None:
    """Encode the seconds that are repeated, with sound beside the pictures."""
    with av.open(str(path), "w") as file:
        video = file.add_stream("libx264", rate=RATE)
        video.width, video.height, video.pix_fmt, video.gop_size = 1920, 1080, "yuv420p", GOP
        video.codec_context.options = {"preset": "veryfast", "crf": "23", "sc_threshold": "0"}
        sound = file.add_stream("aac", rate=48_000)
        sound.bit_rate = 128_000
        noise = np.random.default_rng(0).normal(0, 0.1, (1, 1024)).astype(np.float32)
        samples = 0
        for number, picture in enumerate(pictures(SEGMENT)):
            file.mux(video.encode(VideoFrame.from_ndarray(picture, "rgb24")))
            while samples < number * 48_000 // RATE:
                frame = AudioFrame.from_ndarray(noise, format="fltp", layout="mono")
                frame.sample_rate, frame.pts = 48_000, samples
                file.mux(sound.encode(frame))
                samples += 1024
        file.mux(video.encode())
        file.mux(sound.encode())


def repeat(segment: Path, path: Path, least_bytes: int, options: dict[str, str]) -> int:
    """Write a segment's packets again and again until the file is as large; returns how often."""
    streams: dict[int, Any] = {}
    loops = -(-least_bytes // segment.stat().st_size)
    with av.open(str(path), "w", options=options) as file:
        for loop in range(loops):
            with av.open(str(segment)) as source:
                if not loop:
                    streams = {stream.index: file.add_stream_from_template(stream) for stream in source.streams.get()}
                for packet in cast("Iterator[Packet[VideoStream]]", source.demux()):
                    if packet.dts is None or packet.pts is None:
                        continue
                    shift = round(loop * SEGMENT / packet.time_base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = streams[packet.stream.index]
                    file.mux(packet)
    return loops


class _Parts(BaseHTTPRequestHandler):
    """Gives parts of the files of a folder."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        path = Path(self.server.folder) / self.path.rpartition("/")[2]  # type: ignore[attr-defined]
        size = path.stat().st_size
        asked = _RANGE.fullmatch(self.headers.get("range", ""))
        start, last = (int(asked[1]), min(int(asked[2]), size - 1)) if asked else (0, size - 1)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{last}/{size}")
        self.send_header("Content-Length", str(last + 1 - start))
        self.send_header("ETag", f'"{size}"')
        self.end_headers()
        self.wfile.flush()
        with path.open("rb") as file:
            while start <= last:
                start += os.sendfile(self.connection.fileno(), file.fileno(), start, last + 1 - start)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def serve(folder: Path) -> None:
    """Serve a folder until this process is ended; prints the port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Parts)
    server.folder = folder  # type: ignore[attr-defined]
    print(server.server_address[1], flush=True)
    server.serve_forever()


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder from another process; gives its address."""
    command = [sys.executable, "-m", "benchmarks.speed.network_frames", "--serve", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"  # type: ignore[union-attr]
        finally:
            server.terminate()


@dataclass(frozen=True)
class Sample:
    """The frames' times and numbers, and the bytes and requests after each pass."""

    frames: list[tuple[float, int]]
    received: list[int]
    requests: list[int]


def over_http(url: str, plan: SamplingPlan, ahead: ReadAhead | None = None) -> Sample:
    """Take a sample of a video on a server."""
    files = RemoteFiles(HttpClient(proxies={}), Limits(), ahead=ahead)
    with files.open(Address(url, named=url), CancelToken()) as file:
        foreign = ForeignFile(file.path, file.head, file.size, file.reader)
        received, requests = [], []
        with PyavOpener(Limits()).open_file(foreign) as video:

            def passed() -> None:
                received.append(file.traffic.received)
                requests.append(file.traffic.requests)

            return Sample(_frames(video, plan, passed), received, requests)


def from_disk(path: Path, plan: SamplingPlan) -> list[tuple[float, int]]:
    """Take the same sample of the file itself."""
    with PyavOpener(Limits()).open(path) as video:
        return _frames(video, plan, lambda: None)


def _frames(video: PyavVideo, plan: SamplingPlan, passed: Callable[[], None]) -> list[tuple[float, int]]:
    found = []
    for frames in video.passes(plan, CancelToken()):
        found += [(frame.t or 0.0, number_in(frame.image)) for frame in frames]
        passed()
    return sorted(found)


def measure(name: str, path: Path, url: str, plan: SamplingPlan) -> Row:
    """Measure one file."""
    address = f"{url}/{path.name}"
    ours, disk = cost_of(lambda: over_http(address, plan)), cost_of(lambda: from_disk(path, plan))
    sample, whole = ours.result, path.stat().st_size
    return Row(
        file=name,
        whole_mb=whole / 1e6,
        read_mb=sample.received[-1] / 1e6,
        share=whole / sample.received[-1],
        requests=sample.requests[-1],
        frames=len(sample.frames),
        first_pass_mb=sample.received[0] / 1e6,
        first_pass_requests=sample.requests[0],
        cpu_http=ours.cpu,
        cpu_disk=disk.cpu,
        same_frames=sample.frames == disk.result,
    )


def sweep(files: dict[str, Path], url: str, plan: SamplingPlan) -> list[dict[str, object]]:
    """Compare what is read ahead: requests, megabytes, and the seconds that these take on two lines."""
    rows: list[dict[str, object]] = []
    for block, least in (
        (8, 16),
        (16, 32),
        (32, 32),
        (32, 64),
        (32, 128),
        (64, 64),
        (64, 256),
        (128, 512),
        (256, 1024),
    ):
        ahead = ReadAhead(block=block * 1024, least=least * 1024)
        for name, path in files.items():
            sample = over_http(f"{url}/{path.name}", plan, ahead)
            received, requests = sample.received[-1], sample.requests[-1]
            times = {line: requests * latency + received / speed for line, (latency, speed) in LINES.items()}
            rows.append(
                {"block_kib": block, "least_kib": least, "file": name, "mb": received / 1e6, "requests": requests}
                | times
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="200 MB and 12 frames instead of 2 GB and 60")
    parser.add_argument("--sweep", action="store_true", help="compare sizes of what is read ahead, too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there, too")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="keep the videos there, and use those that are")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:  # the child that plays the server
        serve(options.serve)
        return
    with tempfile.TemporaryDirectory(prefix="stash-sense-network-") as made:
        folder = options.folder or Path(made)
        files = videos(folder, QUICK_BYTES if options.quick else FULL_BYTES)
        with serving(folder) as url:
            plan = SamplingPlan(QUICK_FRAMES if options.quick else FRAMES)
            rows = [measure(name, path, url, plan) for name, path in files.items()]
            swept = sweep(files, url, plan) if options.sweep else []
    show(rows, swept)
    if options.json is not None:
        aims = [
            {
                "what": f"{row.file}: the whole by what is read of it",
                "aim": f"{LEAST_SHARE} times or more",
                "measured": round(row.share, 1),
                "met": row.share >= LEAST_SHARE and row.same_frames,
            }
            for row in rows
        ]
        write_json(options.json, {"rows": [asdict(row) for row in rows], "swept": swept, "aims": aims})


def videos(folder: Path, size: int) -> dict[str, Path]:
    """Make the videos that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    segment = folder / "segment.mp4"
    if not segment.exists():
        encode(segment)
    files = {}
    for number, (name, options) in enumerate(CONTAINERS.items()):
        files[name] = folder / f"{number}-{size}.{name[:3]}"
        if not files[name].exists():
            repeat(segment, files[name], size, options)
    return files


def show(rows: Sequence[Row], swept: Sequence[dict[str, object]]) -> None:
    """Print the tables."""
    print(
        table(
            (
                "file",
                "MB",
                "read MB",
                "whole by read",
                "requests",
                "frames",
                "1st pass MB",
                "requests",
                "CPU s",
                "disk",
            ),
            [
                (
                    row.file,
                    row.whole_mb,
                    row.read_mb,
                    row.share,
                    row.requests,
                    row.frames,
                    row.first_pass_mb,
                    row.first_pass_requests,
                    row.cpu_http,
                    row.cpu_disk,
                )
                for row in rows
            ],
        )
    )
    print(f"\nthe same frames as from the disk: {all(row.same_frames for row in rows)}")
    if swept:
        print("\n" + table(list(swept[0]), [list(row.values()) for row in swept]))


if __name__ == "__main__":
    main()
