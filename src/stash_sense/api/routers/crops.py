"""Pictures of the faces that are kept of scenes and images."""

import hashlib
from enum import StrEnum
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Header, Path, Response

from stash_sense.api.state import ServicesHere
from stash_sense.errors import CropMissing
from stash_sense.library.kinds import IMAGES, SCENES

router = APIRouter(prefix="/crops", tags=["crops"])

KEPT = "private, max-age=300"
"""What a browser may keep: for itself, and not much longer than a link is good; another scan numbers faces anew."""
_JPEG = "image/jpeg"


class CropKind(StrEnum):
    """What faces are kept of."""

    SCENE = SCENES.name
    IMAGE = IMAGES.name


@router.get(
    "/{kind}/{id}/{face}",
    response_class=Response,
    responses={200: {"content": {_JPEG: {}}, "description": "96 x 96 pixels."}, 304: {"description": "As it was."}},
)
async def crop(
    services: ServicesHere,
    kind: CropKind,
    id: Annotated[str, Path(pattern="^[0-9]{1,18}$", description="In Stash.")],  # noqa: A002  what Stash calls it
    face: Annotated[int, Path(ge=0, le=1_000_000, description="Its number among the faces that are kept.")],
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Show one face. Opened with the token, or by a link of a recommendation, which is good for some minutes."""
    from stash_sense.fingerprints.fingerprint import Item

    content = await anyio.to_thread.run_sync(lambda: services.fingerprints.crop(Item(kind.value, id), face))
    if content is None:
        raise CropMissing(kind=kind.value, id=id, face=face)
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"cache-control": KEPT, "etag": tag}
    if if_none_match is not None and tag in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=_JPEG, headers=headers)
