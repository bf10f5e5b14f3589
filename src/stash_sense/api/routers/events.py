"""What happens to jobs, as it happens: asked for again and again, as a stream, or through a socket."""

import contextlib
from collections.abc import AsyncIterable, AsyncIterator
from datetime import UTC, datetime
from typing import Annotated

import anyio
import anyio.to_thread
from fastapi import APIRouter, Depends, Header, Query, WebSocket, WebSocketDisconnect
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel
from starlette.requests import HTTPConnection

from stash_sense.api.audience import Listener
from stash_sense.api.state import state_of
from stash_sense.jobs.events import ProgressEvent
from stash_sense.jobs.job import JobStatus

router = APIRouter(prefix="/events", tags=["events"])

LONGEST_WAIT = 25.0
"""Seconds; proxies cut a connection off on which nothing comes for 30 or 60."""
_LARGEST = 2**53 - 1
"""The largest number that every reader of JSON reads alike."""
_GOING_AWAY, _POLICY = 1001, 1008
"""What a socket is closed with: when the service stops, and when the token that opened it has been changed."""


class EventDocument(BaseModel):
    """Where a job is; the same in all three ways to hear of it.

    Attributes:
        id: grows with each event, over restarts, too.
        attempt: which run of the job it is from.
        rate: units per second of late; eta_seconds: until this phase is done at that rate.
        at: when it was told.
    """

    id: int
    job_id: int
    type: str
    status: JobStatus
    attempt: int
    phase: str
    done: int
    total: int | None
    rate: float | None
    eta_seconds: float | None
    message: str
    at: datetime

    @classmethod
    def of(cls, event: ProgressEvent) -> "EventDocument":
        """Present an event."""
        return cls(
            id=event.id,
            job_id=event.job_id,
            type=event.type,
            status=event.status,
            attempt=event.attempt,
            phase=event.phase,
            done=event.done,
            total=event.total,
            rate=event.rate,
            eta_seconds=event.eta_seconds,
            message=event.message,
            at=datetime.fromtimestamp(event.at, UTC),
        )


class EventList(BaseModel):
    """What is new, oldest first, at most one event of each job; `last_id` is what to ask for next as `after`."""

    events: list[EventDocument]
    last_id: int


async def _listener(
    connection: HTTPConnection,
    after: Annotated[
        int | None,
        Query(
            ge=0,
            le=_LARGEST,
            description="Number of the last event that is known; 0 for the latest of each job, and so are numbers of "
            "before the service was started. Without it only what happens from now on is told.",
        ),
    ] = None,
    last_event_id: Annotated[
        int | None,
        Header(ge=0, le=_LARGEST, description="The same, as browsers send it when they connect again; it wins."),
    ] = None,
) -> AsyncIterator[Listener]:
    state = state_of(connection)
    # Whoever asks for it first opens the state: not on the event loop.
    hub = await anyio.to_thread.run_sync(state.news.hub)
    with state.audience.join(hub, after if last_event_id is None else last_event_id) as listener:
        yield listener


ListenerHere = Annotated[Listener, Depends(_listener)]


@router.get("")
async def list_events(
    listener: ListenerHere,
    wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT, description="Seconds to wait while nothing is new.")] = 0.0,
) -> EventList:
    """Tell what is new; at once, or as soon as there is something.

    The same is told as a stream by `/events/stream`, and by the WebSocket `/events/socket`, which pages open with
    `?ticket=` from `POST /tickets`.
    """
    events = await listener.next(wait)
    return EventList(events=[EventDocument.of(event) for event in events], last_id=listener.last_id)


@router.get("/stream", response_class=EventSourceResponse)
async def stream_events(listener: ListenerHere) -> AsyncIterable[ServerSentEvent]:
    """Tell what happens as Server-Sent Events, until the client leaves, the token changes or the service stops.

    Each has its number as `id:` and a document as in `/events` as `data:`.
    """
    while events := await listener.next():
        for event in events:
            yield ServerSentEvent(raw_data=EventDocument.of(event).model_dump_json(), id=str(event.id))


@router.websocket("/socket")
async def event_socket(socket: WebSocket, listener: ListenerHere) -> None:
    """Tell what happens through a socket, one document as in `/events` each; what the client sends is passed over."""
    await socket.accept()
    async with anyio.create_task_group() as group:

        async def leave_with_client() -> None:
            while (await socket.receive())["type"] != "websocket.disconnect":
                pass
            group.cancel_scope.cancel()

        group.start_soon(leave_with_client)
        with contextlib.suppress(WebSocketDisconnect):
            while events := await listener.next():
                for event in events:
                    await socket.send_text(EventDocument.of(event).model_dump_json())
            if state_of(socket).audience.is_over:
                await socket.close(_GOING_AWAY, "the service stops")
            else:
                await socket.close(_POLICY, "the token has changed")
        group.cancel_scope.cancel()
