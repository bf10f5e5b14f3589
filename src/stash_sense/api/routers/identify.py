"""Who is in a picture."""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile

from stash_sense.api.bodies import FORM
from stash_sense.api.identifying_library import (
    GalleryRequest,
    ImageRequest,
    SceneRequest,
    gallery_work,
    image_work,
    scene_work,
)
from stash_sense.api.in_turn import Work, answered
from stash_sense.api.recognising import (
    BODY_BYTES,
    IdentifyDocument,
    IdentifyOptions,
    Picture,
    fetched,
    identify_picture,
    in_document,
    uploaded,
)
from stash_sense.api.state import State, StateHere
from stash_sense.errors import ContentTypeUnknown
from stash_sense.kernel.cancel import CancelToken

router = APIRouter(prefix="/identify", tags=["identify"])

T = TypeVar("T")
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

_FOUND: dict[int | str, dict[str, Any]] = {200: {"description": "See docs/reference/identify-json.md."}}


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
                return await _identified(request, state, *_from_form(form))
        return await _identified(request, state, *await _from_document(request))


@router.post("/scene", responses=_FOUND)
async def identify_scene(request: Request, asked: SceneRequest, state: StateHere) -> Response:
    """Recognise who is in a scene of Stash, with its cover as one more frame, and who of them is tagged already.

    It waits in the same line as pictures, and gives up its place likewise.
    """
    return await answered(
        request, state, lambda cancel: _read(state, lambda: scene_work(state.services, asked, cancel))
    )


@router.post("/image", responses=_FOUND)
async def identify_image(request: Request, asked: ImageRequest, state: StateHere) -> Response:
    """Recognise who is in an image of Stash, and who of them is tagged already."""
    return await answered(
        request, state, lambda cancel: _read(state, lambda: image_work(state.services, asked, cancel))
    )


@router.post(
    "/gallery",
    responses={
        **_FOUND,
        202: {"description": "It has too many images for one request: a job looks at them, whose result tells."},
    },
)
async def identify_gallery(request: Request, asked: GalleryRequest, state: StateHere) -> Response:
    """Recognise who is in the images of a gallery of Stash; an image that cannot be looked at says why.

    Of a gallery with more than 200 images the answer is a job of the queue, `gallery_identification`.
    """
    return await answered(
        request, state, lambda cancel: _read(state, lambda: gallery_work(state.services, asked, cancel))
    )


@router.get("/queue")
async def identify_queue(state: StateHere) -> QueueAnswer:
    """Tell which pictures are looked at or wait, by the name of their requests."""
    turns = [
        TurnAnswer(request_id=turn.name, position=turn.position, seconds=round(turn.seconds, 3))
        for turn in state.turns.status()
    ]
    return QueueAnswer(waiting=max(0, len(turns) - 1), turns=turns)


async def _identified(request: Request, state: State, options: IdentifyOptions, picture: Picture | str) -> Response:
    return await answered(request, state, lambda cancel: _brought(state, options, picture, cancel))


@contextlib.asynccontextmanager
async def _brought(
    state: State, options: IdentifyOptions, picture: Picture | str, cancel: CancelToken
) -> AsyncIterator[Work]:
    if isinstance(picture, str):
        url = picture
        picture = await anyio.to_thread.run_sync(lambda: fetched(url, state.services, cancel), limiter=state.fetching)
    with contextlib.closing(picture) as chosen:
        yield lambda: identify_picture(chosen, options, state.services, cancel)


@contextlib.asynccontextmanager
async def _read(state: State, read: Callable[[], Work]) -> AsyncIterator[Work]:
    yield await anyio.to_thread.run_sync(read, limiter=state.fetching)


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
