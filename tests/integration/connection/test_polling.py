"""Behind a proxy that passes no WebSockets, Stash's queue is asked instead."""

import asyncio

from starlette.types import Receive, Scope, Send

from stash_sense.adapters.stash.client import StashClient
from stash_sense.adapters.stash.events import StashEvents
from stash_sense.connection.listening import Listening, ListeningPace, Manner
from stash_sense.connection.news import JobEnded, ListeningBegan, ScanFinished, StashNews
from stash_sense.connection.watching import Watcher
from stash_sense.fakes.graphql.serving import served
from stash_sense.fakes.stash.server import SimulatedStash
from stash_sense.library.server import JobState


def test_without_websockets_ended_jobs_are_found_by_asking() -> None:
    stash = SimulatedStash(job_pause=0.0)

    async def proxy(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.http.response.start", "status": 404, "headers": []})
            await send({"type": "websocket.http.response.body", "body": b""})
        else:
            await stash.app(scope, receive, send)

    heard: list[StashNews] = []
    with served(proxy) as url:
        job_id = asyncio.run(_listened(url, stash, heard))
    stash.close()
    assert heard == [ListeningBegan(), ScanFinished(), JobEnded(job_id, "Scanning...", JobState.FINISHED)]


async def _listened(url: str, stash: SimulatedStash, heard: list[StashNews]) -> str:
    async with StashClient(url) as client:
        watcher = Watcher(client.address, client.server.ready)
        pace = ListeningPace(poll=0.01)
        listening = Listening(watcher, StashEvents(url), client.jobs, heard.append, pace)
        tasks = [asyncio.create_task(work()) for work in (watcher.run, listening.run)]
        try:
            async with asyncio.timeout(60):
                while listening.manner is not Manner.POLLING:
                    await asyncio.sleep(0.005)
                stash.jobs.go_on.clear()  # until it was seen
                job_id = await client.jobs.scan()
                asked = len(stash.graphql.seen)
                while len(stash.graphql.seen) < asked + 2:
                    await asyncio.sleep(0.005)
                stash.jobs.go_on.set()
                while len(heard) < 3:
                    await asyncio.sleep(0.005)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return job_id
