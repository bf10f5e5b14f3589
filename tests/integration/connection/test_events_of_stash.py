"""Stash's own events over a WebSocket, and what may be wrong with one."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from tests.exchanges import RECORDING

from stash_sense.adapters.stash.events import StashEvents
from stash_sense.connection.news import JobEnded, ListeningBegan, ScanFinished, StashNews
from stash_sense.errors import StashAnswerOdd, StashConnectionLost, StashError, StashKeyMissing, StashKeyWrong
from stash_sense.fakes.graphql.serving import served
from stash_sense.fakes.stash.server import simulated_stash
from stash_sense.library.server import JobState

ACK = {"type": "connection_ack"}
PING = {"type": "ping"}
ANSWERS = {str(ACK): 2, str(PING): 1}
"""Messages that come back for one: after the greeting both subscriptions."""


def heard_from(
    url: str, key: str = "", until: Callable[[list[StashNews]], bool] = lambda _: False
) -> list[StashNews]:
    """Listen until the connection is over, which raises, or enough was heard."""
    heard: list[StashNews] = []

    async def listen() -> None:
        listening = asyncio.create_task(StashEvents(url, key).listen(heard.append))
        try:
            async with asyncio.timeout(60):
                while not until(heard) and not listening.done():
                    await asyncio.sleep(0.005)
        finally:
            listening.cancel()
            (ended,) = await asyncio.gather(listening, return_exceptions=True)
        if isinstance(ended, StashError) and not until(heard):
            raise ended

    asyncio.run(listen())
    return heard


class Server:
    """Says what it is told to, whatever it is asked."""

    def __init__(self, *messages: Any, protocol: str | None = "graphql-transport-ws") -> None:
        self.messages = messages
        self.closes = not messages or messages[-1] == ACK
        self.protocol = protocol
        self.got: list[dict[str, Any]] = []
        self.headers: dict[str, str] = {}

    async def talk(self, socket: WebSocket) -> None:
        self.headers = dict(socket.headers)
        await socket.accept(self.protocol)
        self.got.append(json.loads(await socket.receive_text()))
        for message in self.messages:
            await socket.send_text(message if isinstance(message, str) else json.dumps(message))
            for _ in range(ANSWERS.get(str(message), 0)):
                self.got.append(json.loads(await socket.receive_text()))
        if self.closes:
            await socket.close()
        else:
            await socket.receive()  # the client goes

    @contextmanager
    def running(self) -> Iterator[str]:
        with served(Starlette(routes=[WebSocketRoute("/graphql", self.talk)])) as url:
            yield url


def next_(data: Any, name: str = "jobs") -> dict[str, Any]:
    return {"type": "next", "id": name, "payload": {"data": data}}


def test_scans_and_jobs_are_heard_of() -> None:
    with simulated_stash(api_key="a.key") as stash:
        started: list[str] = []

        def until(heard: list[StashNews]) -> bool:
            if ScanFinished() not in heard:
                stash.jobs.tell("scanCompleteSubscribe", True)
            elif not started:
                started.append(stash.jobs.add("Generating...", lambda: iter([("step", 0.5)])))
            return any(isinstance(news, JobEnded) for news in heard)

        heard = heard_from(stash.url, "a.key", until)
    assert heard[0] == ListeningBegan()
    assert heard[-1] == JobEnded(started[0], "Generating...", JobState.FINISHED)


@pytest.mark.parametrize(("key", "error"), [("", StashKeyMissing), ("wrong", StashKeyWrong)])
def test_a_key_that_is_missing_or_wrong_is_said(key: str, error: type[StashError]) -> None:
    with simulated_stash(api_key="a.key") as stash, pytest.raises(error):
        heard_from(stash.url, key)


def test_the_key_is_sent_and_what_keeps_the_connection_alive_answered() -> None:
    server = Server(ACK, PING, next_({"scanCompleteSubscribe": True}, "scans"))
    with server.running() as url:
        heard = heard_from(f"{url}/graphql", "a.key", lambda heard: len(heard) >= 2)
    assert server.headers["apikey"] == "a.key"
    assert heard == [ListeningBegan(), ScanFinished()]
    assert [message["type"] for message in server.got] == ["connection_init", "subscribe", "subscribe", "pong"]


@pytest.mark.skipif(not RECORDING.is_dir(), reason=f"no recorded answers in {RECORDING}")
def test_the_frames_of_a_real_stash_are_understood() -> None:
    recorded = json.loads((RECORDING / "subscription-frames.json").read_text("utf-8"))
    frames = [frame["got"] for frame in recorded if frame["proto"] == "graphql-transport-ws"]
    names = {"1": "jobs", "2": "scans"}
    server = Server(*({**frame, "id": names[frame["id"]]} if "id" in frame else frame for frame in frames))
    with server.running() as url:
        heard = heard_from(url, until=lambda heard: len(heard) >= 3)
    assert heard == [ListeningBegan(), ScanFinished(), JobEnded("2", "Scanning...", JobState.FINISHED)]


@pytest.mark.parametrize(
    "messages",
    [
        (ACK, "{"),
        (ACK, "[]"),
        (ACK, "[" * 100_000),
        (ACK, next_({"jobsSubscribe": {"type": "REMOVE", "job": {"id": 1}}})),
        (ACK, next_({"jobsSubscribe": {"type": "REMOVE", "job": {"id": 1, "status": "ASLEEP", "description": ""}}})),
        (ACK, {"type": "next", "id": "jobs", "payload": 3}),
    ],
)
def test_a_message_that_makes_no_sense_is_said(messages: tuple[Any, ...]) -> None:
    with Server(*messages).running() as url, pytest.raises(StashAnswerOdd):
        heard_from(url)


@pytest.mark.parametrize(
    "messages",
    [
        (),
        (ACK,),
        (ACK, {"type": "error", "id": "scans", "payload": [{"message": "no"}]}),
        (ACK, {"type": "complete", "id": "jobs"}),
        (ACK, " " * (2 * 1024 * 1024)),
    ],
)
def test_a_connection_that_ends_is_said(messages: tuple[Any, ...]) -> None:
    with Server(*messages).running() as url, pytest.raises(StashConnectionLost):
        heard_from(url)


def test_a_server_of_another_protocol_is_not_understood() -> None:
    with Server(ACK, protocol=None).running() as url, pytest.raises(StashConnectionLost):
        heard_from(url)


def test_messages_of_other_kinds_are_passed_over() -> None:
    strange = [{"type": "ka"}, next_({"other": 1}), next_(None), next_({"jobsSubscribe": None}), {"type": 5}]
    with Server(ACK, *strange, next_({"scanCompleteSubscribe": True}, "scans")).running() as url:
        assert heard_from(url, until=lambda heard: len(heard) >= 2)[1:] == [ScanFinished()]


def test_the_key_goes_nowhere_else() -> None:
    asked: list[str] = []

    async def elsewhere(request: Request) -> Response:
        asked.append(request.headers.get("apikey", ""))
        return PlainTextResponse("here", 400)

    async def redirect(_: Request) -> Response:
        return RedirectResponse(f"{other.replace('http', 'ws')}/graphql", 302)

    with (
        served(Starlette(routes=[Route("/graphql", elsewhere)])) as other,
        served(Starlette(routes=[Route("/graphql", redirect)])) as url,
        pytest.raises(StashError),
    ):
        heard_from(url, "a.key")
    assert asked == []


def test_nobody_there_is_said_without_the_key() -> None:
    with pytest.raises(StashConnectionLost) as caught:
        heard_from("http://127.0.0.1:9/", "a.key")
    assert "a.key" not in str(caught.value)
