"""Who is in a picture."""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile

from stash_sense.api.bodies import FORM
from stash_sense.api.errors import answer_to, document_of, status_of_code
from stash_sense.api.recognising import (
    BODY_BYTES,
    IdentifyDocument,
    IdentifyOptions,
    Picture,
    PictureFailed,
    fetched,
    identify_picture,
    in_document,
    uploaded,
)
from stash_sense.api.request_id import current_request_id
from stash_sense.api.state import State, StateHere
from stash_sense.errors import Cancelled, ContentTypeUnknown, ServiceStopping, StashSenseError
from stash_sense.kernel.cancel import CancelToken

router = APIRouter(prefix="/identify", tags=["identify"])

T = TypeVar("T")
_LEFT = 499
"""What is noted where the client left before there was an answer; nobody reads it but the log."""
_FIELDS = 300
"""Of a form: every option and 200 tagged people."""


class TurnAnswer(BaseModel):
    """A picture in the line: position 0 is being looked at."""

    request_id: str
    position: int
    seconds: float


class QueueAnswer(BaseModel):
    """The pictures that are looked at or wait for it."""

    waiting: int
    turns: list[TurnAnswer]


_FORM_SCHEMA = {
    "type": "object",
    "required": ["picture"],
    "additionalProperties": False,
    "properties": {
        "picture": {"type": "string", "format": "binary", "description": "JPEG, PNG, WebP, AVIF or GIF."},
        **IdentifyOptions.model_json_schema()["properties"],
    },
}
_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {"schema": _FORM_SCHEMA},
        "application/json": {"schema": IdentifyDocument.model_json_schema()},
    },
}


@router.post(
    "", openapi_extra={"requestBody": _BODY}, responses={200: {"description": "As `identify --json` prints it."}}
)
async def identify(request: Request, state: StateHere) -> Response:
    """Recognise who is in a picture: uploaded as `picture` of a form, or in JSON as base64 or as a public address.

    One picture is looked at at a time; others wait for as long as that takes, and `/identify/queue` shows their
    places under the `X-Request-ID` that was sent along. Who closes the connection gives up the place.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (FORM, "application/json"):
        raise ContentTypeUnknown(type=kind[:100] or "none", wanted=f"application/json or {FORM}")
    announced = request.headers.get("content-length", "")
    with state.room.take(int(announced) if announced.isdecimal() else BODY_BYTES):
        if kind == FORM:
            async with _form(request) as form:
                return await _answered(request, state, *_from_form(form))
        return await _answered(request, state, *await _from_document(request))


@router.get("/queue")
async def identify_queue(state: StateHere) -> QueueAnswer:
    """Tell which pictures are looked at or wait, by the name of their requests."""
    turns = [
        TurnAnswer(request_id=turn.name, position=turn.position, seconds=round(turn.seconds, 3))
        for turn in state.turns.status()
    ]
    return QueueAnswer(waiting=max(0, len(turns) - 1), turns=turns)


async def _answered(request: Request, state: State, options: IdentifyOptions, picture: Picture | str) -> Response:
    """Wait for the turn and identify, unless the client leaves meanwhile."""
    cancel = CancelToken()
    answer: Response = Response(status_code=_LEFT)
    async with anyio.create_task_group() as group:

        async def left() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            cancel.cancel()
            group.cancel_scope.cancel()

        group.start_soon(left)
        answer = await _outcome(state, options, picture, cancel)
        group.cancel_scope.cancel()
    return answer


async def _outcome(state: State, options: IdentifyOptions, picture: Picture | str, cancel: CancelToken) -> Response:
    """Return the answer; errors are answers here, for they must not take their way through a group of tasks."""
    outcome = "failed"
    try:
        if isinstance(picture, str):
            url = picture
            picture = await anyio.to_thread.run_sync(
                lambda: fetched(url, state.services, cancel), limiter=state.fetching
            )
        with contextlib.closing(picture) as chosen:
            async with state.turns.take(current_request_id(), cancel):
                result = await anyio.to_thread.run_sync(
                    lambda: identify_picture(chosen, options, state.services, cancel), limiter=state.heavy
                )
        outcome = "identified"
        return JSONResponse(result)
    except PictureFailed as failed:
        return JSONResponse(document_of(failed.code, failed.message), status_of_code(failed.code))
    except Cancelled:
        # Nobody reads this where the client has left; it is told where the service is being stopped.
        outcome = "cancelled"
        return answer_to(ServiceStopping())
    except StashSenseError as error:
        return answer_to(error)
    finally:
        cancel.cancel()  # where this task itself is ended, its thread is left to itself
        state.metrics.identified.labels(outcome).inc()


@contextlib.asynccontextmanager
async def _form(request: Request) -> AsyncIterator[FormData]:
    async with request.form(max_files=1, max_fields=_FIELDS, max_part_size=16 * 1024) as form:
        yield form


async def _from_document(request: Request) -> tuple[IdentifyOptions, Picture | str]:
    """Read a document; nothing of it is in memory any more when this returns.

    Raises:
        RequestValidationError: a field is missing, unknown or cannot be used.
        RequestInvalid: the picture is not base64.
        StorageError: the picture cannot be kept while it waits.
    """
    content = bytearray()
    async for chunk in request.stream():  # the request would keep a body that it reads itself
        content += chunk
    return await _aside(lambda: _parsed(in_document, content))


def _from_form(form: FormData) -> tuple[IdentifyOptions, Picture]:
    """Read a form.

    Raises:
        RequestValidationError: a field is missing, unknown or cannot be used.
    """
    picture = form.get("picture")
    if not isinstance(picture, UploadFile):
        raise RequestValidationError(
            [
                {
                    "type": "missing",
                    "loc": ("body", "picture"),
                    "msg": "send a file as the field picture",
                    "input": None,
                }
            ]
        )
    fields: dict[str, Any] = {name: form.get(name) for name in form if name not in ("picture", "tagged")}
    fields["tagged"] = form.getlist("tagged")
    return _parsed(IdentifyOptions.model_validate, fields), uploaded(picture.filename, picture.file)


def _parsed(parse: Callable[[Any], T], content: object) -> T:
    try:
        return parse(content)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        told = [{**fault, "loc": ("body", *fault["loc"])} for fault in faults]
        raise RequestValidationError(told) from error


async def _aside(work: Callable[[], T]) -> T:
    return await anyio.to_thread.run_sync(work)
