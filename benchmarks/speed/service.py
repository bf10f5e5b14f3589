"""The service: what starting costs, what it holds while idle, and how long its event loop is held up under load.

    python -m benchmarks.speed.service [--quick] [--json FILE]

`start`: `stash-sense serve` on an empty data folder, the median of several: processor seconds until it answers, the
same with all that it begins afterwards, and resident memory three seconds later. What Python compiles is kept, as on
the user's machine, below a folder of its own; `first start` is the one that had to compile everything, of Python's
own library too. `load`: eight clients ask for
everything at once, pictures of 1 and 12 MB among it, uploaded and in base64; told is the longest time of its own
processor that the loop's thread spent between two looks at the network, and how long a small request took meanwhile.
Pictures are really looked at where the pack `lite` is installed.
"""

import argparse
import asyncio
import base64
import io
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
from benchmarks.measure import table, write_json
from PIL import Image

from stash_sense.api.server import serve
from stash_sense.api.token import TokenFile
from stash_sense.bootstrap import build
from stash_sense.kernel.cancel import CancelToken
from stash_sense.samples import PEOPLE
from stash_sense.settings import load_settings

MOST_START_SECONDS = 1.0
MOST_IDLE_MB = 120.0
MOST_HELD_MS = 50.0
CLIENTS = 8
_TOLD_SECONDS = 0.01
SETTLED_SECONDS = 3.0
_COMMAND = Path(sys.executable).parent / "stash-sense"
_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer starts, a shorter load")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--measured", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measured:
        return measured(options.measured)
    with kept_bytecode():
        rows = {**starts(3 if options.quick else 7), **under_load(5.0 if options.quick else 20.0)}
    print(table(("what", "figure"), [(name, round(figure, 3)) for name, figure in rows.items()]))
    if options.json:
        write_json(options.json, {"benchmark": "speed.service", "rows": rows, "aims": aims(rows)})
    return 0


def aims(rows: dict[str, float]) -> list[dict[str, Any]]:
    bounds = {
        "start: CPU s until it answers": MOST_START_SECONDS,
        "start: MB while idle": MOST_IDLE_MB,
        "load: ms of CPU the loop was held, longest": MOST_HELD_MS,
    }
    return [
        {"what": what, "aim": f"< {most:g}", "measured": round(rows[what], 3), "met": rows[what] < most}
        for what, most in bounds.items()
    ]


@contextmanager
def kept_bytecode() -> Iterator[None]:
    """Let the services that are started until the block ends keep what is compiled, whatever this shell says."""
    before = {name: os.environ.pop(name, None) for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")}
    try:
        with tempfile.TemporaryDirectory(prefix="stash-sense-bytecode-") as folder:
            os.environ["PYTHONPYCACHEPREFIX"] = folder
            yield
    finally:
        os.environ.pop("PYTHONPYCACHEPREFIX", None)
        os.environ.update({name: value for name, value in before.items() if value is not None})


def starts(times: int) -> dict[str, float]:
    """Start the service several times; the first start, which compiles, is told apart."""
    first, *found = [_start() for _ in range(times + 1)]
    medians = {name: statistics.median(one[name] for one in found) for name in first}
    return {**medians, "first start: CPU s until it answers": first["start: CPU s until it answers"]}


def _start() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with _served([str(_COMMAND), "serve", "--port", "0"], Path(folder)) as process:
            wall, answered = time.perf_counter() - began, _cpu_seconds(process.pid)
            time.sleep(SETTLED_SECONDS)
            idle = _resident_mb(process.pid)
            settled = _cpu_seconds(process.pid)
            began = time.perf_counter()
            process.send_signal(signal.SIGTERM)
            process.wait()
            return {
                "start: CPU s until it answers": answered,
                "start: wall s until it answers": wall,
                "start: CPU s with all it begins then": settled,
                "start: MB while idle": idle,
                "start: s until it has ended": time.perf_counter() - began,
            }


@contextmanager
def _served(command: list[str], data_dir: Path, **more: Any) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "STASH_SENSE_DATA_DIR": str(data_dir)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, **more)
    try:
        while not (data_dir / "service.json").exists():
            if process.poll() is not None:
                raise RuntimeError(f"the service ended with {process.returncode}")
            time.sleep(0.002)
        yield process
    finally:
        process.kill()
        process.wait()


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmRSS:")).split()[1]) * 1024 / 1e6


def under_load(seconds: float) -> dict[str, float]:
    """Ask for everything at once; returns milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        _build_database(data_dir)
        command = [sys.executable, "-m", "benchmarks.speed.service", "--measured", folder]
        with _served(command, data_dir, stdout=subprocess.PIPE) as process:
            url = json.loads((data_dir / "service.json").read_text())["url"]
            time.sleep(SETTLED_SECONDS)
            small, count = _load(url, TokenFile.below(data_dir).read(), seconds)
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate()
    held = json.loads(out)
    print(f"what held the loop longest: {held['what']}")
    return {
        "load: requests a second": count / seconds,
        "load: ms of CPU the loop was held, longest": held["longest"],
        "load: ms of CPU the loop was held, of 1,000 the longest": held["thousandth"],
        "load: ms of a small request, median": statistics.median(small) * 1000,
        "load: ms of a small request, of 100 the longest": sorted(small)[int(len(small) * 0.99)] * 1000,
    }


def _build_database(data_dir: Path) -> None:
    environment = {**os.environ, "STASH_SENSE_DATA_DIR": str(data_dir)}
    command = [str(_COMMAND), "db", "build", str(PEOPLE)]
    # Without a pack there is no database, and every picture is answered with that.
    subprocess.run(command, env=environment, capture_output=True, check=False)


def _load(url: str, token: str, seconds: float) -> tuple[list[float], int]:
    """Ask from many threads; returns the seconds that each small request took, and how many requests there were."""
    pictures = [_picture(side) for side in (900, 3000)]
    documents = [json.dumps({"image_base64": base64.b64encode(one).decode()}).encode() for one in pictures]
    kind = {"content-type": "application/json"}
    asked: list[Callable[[httpx2.Client], httpx2.Response]] = [
        lambda client: client.post("/identify", files={"picture": ("small.png", pictures[0])}),
        lambda client: client.post("/identify", files={"picture": ("large.png", pictures[1])}),
        lambda client: client.post("/identify", content=documents[0], headers=kind),
        lambda client: client.post("/identify", content=documents[1], headers=kind),
        lambda client: client.get("/metrics"),
        lambda client: client.get("/models/status"),
        lambda client: client.get("/health/ready"),
    ]
    end = time.monotonic() + seconds
    small: list[float] = []
    counts: list[int] = []

    def client_of(work: Callable[[httpx2.Client], httpx2.Response] | None) -> None:
        headers = {"authorization": f"Bearer {token}"}
        with httpx2.Client(base_url=url, headers=headers, trust_env=False, timeout=120) as client:
            count = 0
            while time.monotonic() < end:
                began = time.perf_counter()
                (client.get("/identify/queue") if work is None else work(client)).read()
                if work is None:
                    small.append(time.perf_counter() - began)
                    time.sleep(0.005)
                count += 1
            counts.append(count)

    threads = [threading.Thread(target=client_of, args=(work,)) for work in [None, *asked]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return small, sum(counts)


def _picture(side: int) -> bytes:
    """Return a PNG that hardly compresses: 1.4 bytes a pixel."""
    noise = np.random.default_rng(20261122).integers(0, 24, (side, side, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise + 100).save(out, "PNG", compress_level=1)
    return out.getvalue()


def measured(data_dir: Path) -> int:
    """Run the service with a clock around everything that its loop calls; prints what it showed in the end."""
    held: list[tuple[float, str]] = []
    run = getattr(asyncio.Handle, "_run")  # noqa: B009

    def clocked(handle: asyncio.Handle) -> None:
        began = time.thread_time()
        run(handle)
        seconds = time.thread_time() - began
        held.append((seconds, repr(handle) if seconds > _TOLD_SECONDS else ""))

    setattr(asyncio.Handle, "_run", clocked)  # noqa: B010
    began = threading.Timer(SETTLED_SECONDS * 0.8, held.clear)
    began.start()
    settings = load_settings().model_copy(update={"data_dir": data_dir})
    with suppress(KeyboardInterrupt):
        serve(build(settings, CancelToken()), "127.0.0.1", 0, lambda *_: None)
    began.cancel()
    held.sort()
    (longest, what), (thousandth, _) = held[-1], held[int(len(held) * 0.999)]
    print(json.dumps({"longest": longest * 1000, "thousandth": thousandth * 1000, "what": what}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
