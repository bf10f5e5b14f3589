"""Reading a library: our own processor time for each scene, memory, requests; and what reading changes costs.

    python -m benchmarks.speed.stash_reading [--quick] [--json FILE]

The simulator of Stash runs in a process of its own, whose time does not count; it is much slower than a real Stash.
`json.loads` is the plain reading of the same bytes by the same Python. `changed` asks what changed since a watermark
after 200 scenes were changed, and after nothing was; `all ids` finds what was deleted.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from benchmarks.measure import peak_mib, table, write_json

from stash_sense.adapters.graphql.outcomes import Reply
from stash_sense.adapters.stash.client import StashClient
from stash_sense.library.kinds import SCENES
from stash_sense.library.reading import Watermark
from stash_sense.library.writing import Change

SCENES_THERE = 50_000
CHANGED = 200
MOST_TIMES_JSON = 2.0
MOST_GROWTH_MIB = 8.0
START = datetime(2025, 1, 1, tzinfo=timezone(timedelta(hours=11)))
"""In the time zone of the simulator; one scene was added every ten minutes since."""


def library(scenes: int) -> dict[str, Any]:
    """Make a library: a file with two hashes, two performers, three tags and an id elsewhere for each scene."""
    at = [(START + timedelta(minutes=10 * number)).isoformat() for number in range(scenes)]
    return {
        "performers": [{"id": str(number), "name": f"Performer {number}"} for number in range(1, 1001)],
        "tags": [{"id": str(number), "name": f"Tag {number}"} for number in range(1, 201)],
        "studios": [{"id": str(number), "name": f"Studio {number}"} for number in range(1, 51)],
        "scenes": [scene(number, at[number - 1]) for number in range(1, scenes + 1)],
    }


def scene(number: int, at: str) -> dict[str, Any]:
    return {
        "id": str(number),
        "title": f"The scene with number {number}",
        "date": "2020-02-03",
        "urls": [f"https://example.org/scenes/{number}"],
        "created_at": at,
        "updated_at": at,
        "studio": {"id": str(number % 50 + 1)},
        "performers": [{"id": str(number % 1000 + 1)}, {"id": str((number + 7) % 1000 + 1)}],
        "tags": [{"id": str((number * step) % 200 + 1)} for step in (1, 3, 7)],
        "stash_ids": [
            {
                "endpoint": "https://stashbox.example/graphql",
                "stash_id": f"00000000-0000-4000-8000-{number:012d}",
                "updated_at": at,
            }
        ],
        "files": [
            {
                "id": str(number),
                "path": f"/library/studio {number % 50}/the scene with number {number}.mp4",
                "basename": f"the scene with number {number}.mp4",
                "size": 1_000_000_000 + number,
                "mod_time": at,
                "created_at": at,
                "updated_at": at,
                "duration": 1234.5,
                "width": 1920,
                "height": 1080,
                "frame_rate": 25,
                "video_codec": "h264",
                "fingerprints": [
                    {"type": "oshash", "value": f"{number:016x}"},
                    {"type": "phash", "value": f"{number * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF:x}"},
                ],
            }
        ],
    }


def simulate(scenes: int) -> None:
    """Serve, and tell where; this is the other process, for what it imports would weigh on the one measured."""
    from stash_sense.fakes.graphql.serving import listening, serve_until_interrupted
    from stash_sense.fakes.stash.server import SimulatedStash

    stash = SimulatedStash(library=library(scenes))
    listener = listening(0)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    serve_until_interrupted(stash.app, listener)


@contextmanager
def simulator(scenes: int) -> Iterator[str]:
    """Give the address of a simulator that runs until the block ends."""
    command = [sys.executable, "-m", "benchmarks.speed.stash_reading", "--simulate", str(scenes)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield (process.stdout or sys.stdin).readline().strip()
        finally:
            process.terminate()


class Recording:
    """Counts a client's answers; with `plainly`, also the processor seconds of `json.loads` for each as it comes in,
    with memory and caches as they are for us.
    """

    def __init__(self, client: StashClient, *, plainly: bool) -> None:
        self.requests = self.bytes = 0
        self.plain = 0.0
        self._plainly = plainly
        asker = client._connection.asker
        self._ask = asker.ask
        asker.ask = self._recorded  # type: ignore[method-assign]

    async def _recorded(self, *asked: Any, **more: Any) -> Reply:
        reply = await self._ask(*asked, **more)
        self.requests += 1
        self.bytes += len(reply.body)
        if self._plainly:
            used = time.process_time()
            json.loads(reply.body)
            self.plain += time.process_time() - used
        return reply


@dataclass
class Read:
    """What reading took: processor and other seconds once Stash has answered, and the peak memory after each page."""

    scenes: int
    cpu: float
    wall: float
    peaks: list[float]
    recording: Recording


async def read_all(url: str, size: int, most: int, *, plainly: bool) -> Read:
    """Read pages until there are enough scenes."""
    peaks, read = [], 0
    async with StashClient(url) as client:
        await client.server.ready()
        recording = Recording(client, plainly=plainly)
        used, started = time.process_time(), time.perf_counter()
        async for page in client.reader.pages(SCENES, size=size):
            read += len(page.items)
            peaks.append(peak_mib())
            if read >= most:
                break
        used, started = time.process_time() - used, time.perf_counter() - started
    return Read(read, used - recording.plain, started, peaks, recording)


def reading(url: str, size: int, scenes: int) -> dict[str, Any]:
    """Read the whole library, and a part of it once more to compare with `json.loads`."""
    sample = asyncio.run(read_all(url, size, scenes // 5, plainly=True))
    plain = sample.recording.plain / sample.scenes
    whole = asyncio.run(read_all(url, size, scenes, plainly=False))
    return {
        "what": f"all, {size} on a page",
        "scenes": whole.scenes,
        "requests": whole.recording.requests,
        "MB": whole.recording.bytes / 1e6,
        "CPU us a scene": whole.cpu / whole.scenes * 1e6,
        "json.loads us": plain * 1e6,
        "times": whole.cpu / whole.scenes / plain,
        "growth MiB": whole.peaks[-1] - whole.peaks[len(whole.peaks) // 10],
        "wall s": whole.wall,
    }


async def ids(url: str) -> dict[str, Any]:
    """Read ids alone, as is done now and then to find what was deleted."""
    async with StashClient(url) as client:
        await client.server.ready()
        recording = Recording(client, plainly=False)
        started, used, read = time.perf_counter(), time.process_time(), 0
        async for page in client.reader.ids(SCENES):
            read += len(page.items)
    return {
        "what": "all ids",
        "scenes": read,
        "requests": recording.requests,
        "MB": recording.bytes / 1e6,
        "CPU ms": (time.process_time() - used) * 1000,
        "wall s": time.perf_counter() - started,
    }


async def changes(url: str) -> list[dict[str, Any]]:
    """Ask what changed, before and after something did."""
    rows = []
    async with StashClient(url) as client:
        mark = await client.reader.watermark(SCENES)
        time.sleep(2.5)  # until the second of the watermark is over
        mark = (await client.reader.changed(SCENES, mark)).watermark
        rows.append(await asked(client, mark, "changed: nothing"))
        ids = [str(number) for number in range(1, CHANGED + 1)]
        await client.writer.change_many(SCENES, ids, Change(tag_ids=("5",)))
        rows.append(await asked(client, mark, f"changed: {CHANGED}"))
    return rows


async def asked(client: StashClient, mark: Watermark, what: str) -> dict[str, Any]:
    recording = Recording(client, plainly=False)
    started, used = time.perf_counter(), time.process_time()
    found = await client.reader.changed(SCENES, mark)
    scenes = await client.reader.by_ids(SCENES, found.ids)
    return {
        "what": what,
        "scenes": len(scenes),
        "requests": recording.requests,
        "MB": recording.bytes / 1e6,
        "CPU ms": (time.process_time() - used) * 1000,
        "wall s": time.perf_counter() - started,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the scenes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there, too")
    parser.add_argument("--simulate", type=int, metavar="SCENES", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.simulate:
        simulate(options.simulate)
        return
    scenes = SCENES_THERE // 10 if options.quick else SCENES_THERE
    with simulator(scenes) as url:
        whole = [reading(url, size, scenes) for size in (500, 1000)]
        since = [asyncio.run(ids(url)), *asyncio.run(changes(url))]
    for rows in (whole, since):
        print(table(list(rows[0]), [list(row.values()) for row in rows]))
    if options.json is not None:
        write_json(options.json, {"benchmark": "speed.stash_reading", "rows": [*whole, *since], "aims": aims(whole)})


def aims(whole: list[dict[str, Any]]) -> list[dict[str, object]]:
    """State what was asked and what came out."""
    times, growth = max(row["times"] for row in whole), max(row["growth MiB"] for row in whole)
    return [
        {
            "what": "our processor time for a scene beside json.loads of the same bytes",
            "aim": f"< {MOST_TIMES_JSON:g}",
            "measured": round(times, 2),
            "met": times < MOST_TIMES_JSON,
        },
        {
            "what": "growth of memory from a tenth of the library to its end, MiB",
            "aim": f"< {MOST_GROWTH_MIB:g}",
            "measured": round(growth, 1),
            "met": growth < MOST_GROWTH_MIB,
        },
    ]


if __name__ == "__main__":
    main()
