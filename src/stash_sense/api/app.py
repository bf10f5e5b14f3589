"""The service as an ASGI application: services in, routes behind the door out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import anyio.to_thread
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from stash_sense import __version__
from stash_sense.api.background import (
    Background,
    dispatching,
    following_settings,
    following_stash,
    idle_check,
    settling_writes,
)
from stash_sense.api.bodies import BodyLimits
from stash_sense.api.docs_page import POLICY, docs_page
from stash_sense.api.errors import ErrorAnswer, add_error_handlers
from stash_sense.api.hosts import AllowedHosts, hosts_in
from stash_sense.api.metrics import Metrics
from stash_sense.api.news import News
from stash_sense.api.openapi import describe
from stash_sense.api.recognising import BODY_BYTES, DOCUMENT_BYTES
from stash_sense.api.routers import ROUTERS
from stash_sense.api.security import Door
from stash_sense.api.state import State
from stash_sense.api.tickets import Tickets
from stash_sense.api.token import TokenFile, TokenKeeper
from stash_sense.api.turns import Room, Turns
from stash_sense.api.watch import Watch
from stash_sense.bootstrap import Services

_DESCRIPTION = """Recognises who is in your videos and pictures, on your own hardware.

Every request but `/health/live` carries `Authorization: Bearer TOKEN`; `stash-sense token` prints the token. Errors
have one form: `{"error": {"code", "message", "fields"}}`."""


_ANSWERS_FIRST = 0.2
"""Seconds; what is begun then needs libraries that take half a second of computing."""


def create_app(services: Services, bound: str = "127.0.0.1", *, alone: bool = False) -> FastAPI:
    """Make the application.

    Args:
        services: what the routes present.
        bound: the host that the service listens at.
        alone: this process holds the lock of the data folder.

    Raises:
        SettingInvalid: a name in the setting `allowed_hosts` is none.
    """
    metrics, news = Metrics(services), News(services)
    state = State(
        services=services,
        keeper=TokenKeeper(TokenFile.below(services.settings.data_dir)),
        tickets=Tickets(),
        metrics=metrics,
        turns=Turns(changed=metrics.waiting.set),
        room=Room(),
        background=Background(
            services, (idle_check, following_settings, dispatching(alone, news), following_stash, settling_writes)
        ),
        news=news,
    )
    app = FastAPI(
        title="Stash Sense",
        version=__version__,
        description=_DESCRIPTION,
        license_info={"name": "MIT", "identifier": "MIT"},
        responses={"default": {"model": ErrorAnswer, "description": "Why the request was not done."}},
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        lifespan=_lifespan,
    )
    app.state.shared = state
    add_error_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    app.add_api_route("/docs", _docs, include_in_schema=False, response_class=HTMLResponse)
    app.add_middleware(
        Door,
        hosts=AllowedHosts(bound, hosts_in(services.settings.allowed_hosts)),
        keeper=state.keeper,
        tickets=state.tickets,
        bodies=BodyLimits(forms={"/identify": BODY_BYTES}, documents={"/identify": DOCUMENT_BYTES}),
    )
    app.add_middleware(Watch, metrics=metrics)
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state: State = app.state.shared
    stopping = asyncio.Event()
    beginning = asyncio.create_task(_begin(state, stopping))
    watching = asyncio.create_task(state.watch_token())
    try:
        yield
    finally:
        stopping.set()
        state.stop()
        watching.cancel()
        await beginning
        await anyio.to_thread.run_sync(state.background.end)


async def _begin(state: State, stopping: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), _ANSWERS_FIRST)
        return
    await anyio.to_thread.run_sync(state.background.begin)


def _docs(request: Request) -> HTMLResponse:
    return HTMLResponse(docs_page(request.app.openapi()), headers={"content-security-policy": POLICY})


def _operation_id(route: APIRoute) -> str:
    return route.name
