"""A scene, image or gallery of Stash that a request names -> who is in it."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from stash_sense.api.in_turn import Begun, Work
from stash_sense.api.recognising import IdentifyOptions, LookFailed
from stash_sense.bootstrap import Services
from stash_sense.errors import StateError, StorageError
from stash_sense.identification.subject import FramesFrom
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import MAX_FRAMES, MIN_FRAMES

if TYPE_CHECKING:
    from stash_sense.identification.library_result import IdentifiedItem
    from stash_sense.identification.recognizer import Request
    from stash_sense.identification.result import Identification

_LOG = logging.getLogger(__name__)
StashId = Annotated[str, Field(min_length=1, max_length=18, pattern="^[0-9]+$", description="Its id in Stash.")]


class _Kept(IdentifyOptions):
    save: bool = Field(
        default=True,
        description="Remember what is found, as a scan does, which then need not look again; only where it is looked "
        "at as the settings say, and fingerprint_saved in the answer tells.",
    )


class SceneRequest(_Kept):
    """A scene of Stash, and how it is looked at; the settings tell the rest."""

    scene_id: StashId
    num_frames: int | None = Field(
        default=None, ge=MIN_FRAMES, le=MAX_FRAMES, description="Frames to look at, at most."
    )
    frames_from: FramesFrom | None = Field(
        default=None,
        description="Where the frames come from; without, the file where path_map leads to it, else the stream of "
        "Stash, else its sprites.",
    )


class ImageRequest(_Kept):
    """An image of Stash, and how it is looked at."""

    image_id: StashId


class GalleryRequest(IdentifyOptions):
    """A gallery of Stash, and how its images are looked at."""

    gallery_id: StashId


def scene_work(services: Services, asked: SceneRequest, cancel: CancelToken) -> Work:
    """Read a scene, and return what identifies it.

    Raises:
        StashIdUnknown: there is no such scene.
        StashError: Stash cannot be asked, or none is named.
        Cancelled: the token was set.
    """
    read = services.read_scene(asked.scene_id, cancel)

    def work() -> Any:
        from stash_sense.reports.document import result_document

        request = _request(services, asked, asked.num_frames)
        with services.naming(asked.pack, cancel) as (recognizer, people):
            identifier = services.library_identifier(recognizer, people, request)
            found = identifier.scene(read, asked.frames_from, cancel)
            result = _without_failure(found)
            kept = _kept(services, asked, request, lambda: services.remember(read.scene, found, identifier, people))
        told = {"scene_id": asked.scene_id, "frames_requested": request.plan.num_frames, **kept}
        return {**told, **result_document(result, asked.crops)}

    return work


def image_work(services: Services, asked: ImageRequest, cancel: CancelToken) -> Work:
    """Read an image, likewise."""
    read = services.read_image(asked.image_id, cancel)

    def work() -> Any:
        from stash_sense.reports.document import result_document

        request = _request(services, asked)
        with services.naming(asked.pack, cancel) as (recognizer, people):
            identifier = services.library_identifier(recognizer, people, request)
            found = identifier.image(read, cancel)
            result = _without_failure(found)
            kept = _kept(services, asked, request, lambda: services.remember(read.image, found, identifier, people))
        return {"image_id": asked.image_id, **kept, **result_document(result, asked.crops)}

    return work


def gallery_work(services: Services, asked: GalleryRequest, cancel: CancelToken) -> Work:
    """Read a gallery with its images, likewise.

    Raises:
        Begun: it has too many for one request, and is looked at by a job.
    """
    from stash_sense.identification.galleries import MOST_IN_REQUEST

    read = services.read_gallery(asked.gallery_id, cancel)
    if len(read.images) > MOST_IN_REQUEST:
        from stash_sense.operations.gallery_identification import GALLERY_IDENTIFICATION

        payload = asked.model_dump(mode="json", exclude={"crops"})
        job, is_new = services.queue.submit(GALLERY_IDENTIFICATION, payload)
        raise Begun({"job_id": job.id, "status": job.status, "new": is_new, "total_images": len(read.images)})

    def work() -> Any:
        from stash_sense.reports.document import gallery_document, result_document

        with services.naming(asked.pack, cancel) as (recognizer, people):
            identifier = services.library_identifier(recognizer, people, _request(services, asked))
            count = identifier.count_of(read)
            images = [result_document(item.result, asked.crops) for item in identifier.images(read, count, cancel)]
            found = identifier.gallery(read, count)
        return {**gallery_document(found), "images": images}

    return work


def _without_failure(found: "IdentifiedItem") -> "Identification":
    """Return the answer.

    Raises:
        LookFailed: there is none. What is remembered from before stays.
    """
    if (failure := found.result.failure) is not None:
        raise LookFailed(failure.code, failure.message)
    return found.result


def _kept(services: Services, asked: _Kept, request: "Request", keep: Callable[[], None]) -> dict[str, Any]:
    """Remember what was found where that is wanted, and tell what came of it; the answer does not depend on it."""
    from stash_sense.identification.requesting import request_of

    reason = None
    if asked.save and (request != request_of(services.configuration) or _frames_chosen(asked)):
        reason = "It was looked at otherwise than the settings say, and so otherwise than by a scan."
    elif asked.save:
        try:
            keep()
        except (StorageError, StateError) as error:
            _LOG.warning("What was identified is not remembered: %s", error)
            reason = str(error)
    return {"fingerprint_saved": asked.save and reason is None, "fingerprint_error": reason}


def _frames_chosen(asked: _Kept) -> bool:
    return isinstance(asked, SceneRequest) and asked.frames_from is not None


def _request(services: Services, asked: IdentifyOptions, frames: int | None = None) -> Any:
    from stash_sense.identification.requesting import request_of

    return request_of(
        services.configuration,
        frames=frames,
        mode=asked.mode,
        strict=asked.strict,
        top_k=asked.top_k,
        tagged=asked.tagged,
    )
