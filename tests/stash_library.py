"""A small library for the simulator of Stash, and clients that are soon tired of asking again."""

import asyncio
import copy
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from stash_sense.adapters.graphql.retrying import Patience, Retrier
from stash_sense.adapters.stash.client import StashClient
from stash_sense.adapters.stash.connection import StashLimits
from stash_sense.fakes.stash.server import SimulatedStash

T = TypeVar("T")
ENDPOINT = "https://stashbox.example/graphql"
AT = "2026-11-20T10:00:00+11:00"
IMPATIENT = StashLimits(
    seconds=60.0,
    slow_seconds=60.0,
    answer_bytes=300_000,
    passing=Patience(attempts=2, first_seconds=0.001, longest_seconds=0.001),
    locked=Patience(attempts=3, first_seconds=0.001, longest_seconds=0.001),
)


def library(scenes: int = 3, at: str = AT) -> dict[str, Any]:
    """Make scenes 1 to `scenes`, the first with performer, tag, studio and gallery 1, and a few of the others."""
    return {
        "tags": [dated(at, id=str(number), name=name) for number, name in enumerate(("Outdoor", "Beach"), 1)],
        "studios": [dated(at, id="1", name="Big House")],
        "performers": [
            dated(at, id="1", name="Ada Example", aliases=["Ada E."], urls=["https://example.org/ada"]),
            dated(
                at, id="2", name="Bob_Example", stash_ids=[{"endpoint": ENDPOINT, "stash_id": "b", "updated_at": at}]
            ),
            dated(at, id="3", name="Cid", gender="MALE", tags=[{"id": "2"}]),
        ],
        "galleries": [dated(at, id="1", title="A gallery")],
        "scenes": [scene(number, at) for number in range(1, scenes + 1)],
        "images": [dated(at, id=str(number), title=f"Image {number}", galleries=[{"id": "1"}]) for number in (1, 2)],
    }


def scene(number: int, at: str = AT) -> dict[str, Any]:
    tied: dict[str, Any] = {}
    if number == 1:
        tied = {"performers": [{"id": "1"}], "tags": [{"id": "1"}], "studio": {"id": "1"}, "galleries": [{"id": "1"}]}
    return dated(
        at,
        id=str(number),
        title=f"Scene {number}",
        files=[
            dated(
                at,
                id=str(100 + number),
                path=f"/library/scene {number}.mp4",
                basename=f"scene {number}.mp4",
                size=1000 + number,
                mod_time=at,
                duration=61.5,
                width=640,
                height=360,
                frame_rate=25,
                video_codec="h264",
                fingerprints=[
                    {"type": "oshash", "value": f"{number:016x}"},
                    {"type": "phash", "value": f"{number:x}"},
                ],
            )
        ],
        **tied,
    )


def dated(at: str, **columns: Any) -> dict[str, Any]:
    return {**columns, "created_at": at, "updated_at": at}


def snapshot(stash: SimulatedStash) -> Any:
    """Copy everything that the simulator holds."""
    return copy.deepcopy(stash.state.tables)


def asked(url: str, work: Callable[[StashClient], Awaitable[T]], api_key: str = "", **options: Any) -> T:
    """Do something with a client of its own."""

    async def run() -> T:
        options.setdefault("limits", IMPATIENT)
        async with StashClient(url, api_key, proxies={}, retrier=Retrier(), **options) as client:
            return await work(client)

    return asyncio.run(run())
