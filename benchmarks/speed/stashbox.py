"""A stash-box: 7,000 performers read in batches, under 240 requests a minute, beside one by one.

    python -m benchmarks.speed.stashbox [--quick] [--json FILE]

Real questions go to the simulator over the loopback; it answers status 429 to whoever asks more often than it allows.
The minutes pass on a simulated clock, on which every answer takes as long as a real server took for as many
performers (0.04 s for one, 0.07 s for 2, 0.7 s for 25, 0.9 s for 60). `CPU` is of client and simulator together.
"""

import argparse
import asyncio
import sys
from bisect import bisect_left
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.measure import cost_of, table, write_json

from stash_sense.adapters.graphql.documents import Document
from stash_sense.adapters.graphql.outcomes import Reply
from stash_sense.adapters.graphql.retrying import Retrier
from stash_sense.adapters.stashbox.client import BATCHES, StashBoxClient
from stash_sense.adapters.stashbox.connection import StashBoxConnection
from stash_sense.adapters.stashbox.limiter import Limiter
from stash_sense.fakes.stashbox.clock import SimulatedClock
from stash_sense.fakes.stashbox.rate import Rate
from stash_sense.fakes.stashbox.server import StashBoxServer
from stash_sense.fakes.stashbox.state import State
from stash_sense.library.server import StashBoxEndpoint
from stash_sense.stashbox.kinds import PERFORMERS

PERFORMERS_READ = 7_000
PER_MINUTE = 240
MOST_MINUTES = 3.0
RECORDED_SECONDS = ((0, 0.0), (1, 0.041), (2, 0.07), (25, 0.7), (60, 0.9))
"""How long a real server took for a number of performers with all their fields."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the performers")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    count = PERFORMERS_READ // 10 if options.quick else PERFORMERS_READ
    rows = [measured(count, batches) for batches in (BATCHES, (20, 1), (1,))]
    print(table(list(rows[0]), [list(row.values()) for row in rows]))
    if options.json:
        write_json(options.json, {"benchmark": "speed.stashbox", "rows": rows, "aims": aims(rows, count)})
    return 0


def aims(rows: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    minutes, most = rows[0]["minutes"], MOST_MINUTES * count / PERFORMERS_READ
    refused = sum(row["refused"] for row in rows)
    return [
        {"what": "minutes in batches", "aim": f"< {most:g}", "measured": minutes, "met": minutes < most},
        {"what": "requests that were too many", "aim": "none", "measured": refused, "met": refused == 0},
    ]


def measured(count: int, batches: tuple[int, ...]) -> dict[str, Any]:
    """Read everybody once; `batches` as the client takes them."""
    state = State({"performers": [_performer(number) for number in range(count)]})
    ids = [row["id"] for row in state.listed("performers")]
    clock = SimulatedClock()
    with StashBoxServer(state) as server:
        server.rate = rate = _Rate(PER_MINUTE, clock.now)
        cost = cost_of(lambda: asyncio.run(_read(server.endpoint, clock, ids, batches)))
        if cost.result != count or server.flaws:
            raise RuntimeError(f"{cost.result} of {count} were read; {server.flaws}")
    return {
        "ids a request": batches[0],
        "requests": rate.asked,
        "refused": rate.refused,
        "minutes": round(clock.now() / 60.0, 2),
        "limit alone, minutes": round((rate.asked - 1) / PER_MINUTE, 2),
        "CPU ms a performer": round(cost.cpu / count * 1000, 3),
    }


async def _read(endpoint: str, clock: SimulatedClock, ids: list[str], batches: tuple[int, ...]) -> int:
    told = StashBoxEndpoint("simulated", endpoint, "any", PER_MINUTE)
    connection = StashBoxConnection(told, Limiter(PER_MINUTE, clock), retrier=Retrier(clock.sleep), proxies={})
    client = StashBoxClient(endpoint, _Timed(connection, clock), batches)
    try:
        return len((await client.by_ids(PERFORMERS, ids)).items)
    finally:
        await client.aclose()


class _Timed(StashBoxConnection):
    """Takes as long for an answer as a real server did."""

    def __init__(self, connection: StashBoxConnection, clock: SimulatedClock) -> None:
        self.failures = connection.failures
        self._connection = connection
        self._clock = clock

    async def ask(self, document: Document, variables: Mapping[str, Any], *, partial: bool = False) -> Reply:
        reply = await self._connection.ask(document, variables, partial=partial)
        await self._clock.sleep(seconds_for(len(variables)))
        return reply

    async def aclose(self) -> None:
        await self._connection.aclose()


class _Rate(Rate):
    """Counts what it is asked."""

    asked = 0
    refused = 0

    def wait(self) -> float | None:
        wait = super().wait()
        self.asked += 1
        self.refused += wait is not None
        return wait


def seconds_for(count: int) -> float:
    """Return the seconds that an answer about so many performers takes, between those that were recorded."""
    place = min(max(bisect_left(RECORDED_SECONDS, (count,)), 1), len(RECORDED_SECONDS) - 1)
    (fewer, before), (more, after) = RECORDED_SECONDS[place - 1 : place + 1]
    return before + (after - before) * (count - fewer) / (more - fewer)


def _performer(number: int) -> dict[str, Any]:
    site = {"id": "00000000-0000-0000-0000-000000000001", "name": "Own page"}
    return {
        "name": f"Person {number}",
        "aliases": [f"P{number}", f"Per {number}"],
        "gender": "FEMALE",
        "urls": [{"url": f"https://example.org/{number}", "site": site}],
        "birth_date": "1980-01-02",
        "country": "US",
        "height": 170,
        "tattoos": [{"location": "Left arm", "description": "rose"}],
        "images": [{"id": f"10000000-0000-0000-0000-{number:012}", "width": 900, "height": 1200}],
        "scene_count": 3,
    }


if __name__ == "__main__":
    sys.exit(main())
