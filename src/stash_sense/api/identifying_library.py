"""A scene, image or gallery of Stash that a request names -> who is in it."""

from typing import Annotated, Any

from pydantic import Field

from stash_sense.api.in_turn import Work
from stash_sense.api.recognising import IdentifyOptions, LookFailed
from stash_sense.bootstrap import Services
from stash_sense.identification.subject import FramesFrom
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import MAX_FRAMES, MIN_FRAMES

StashId = Annotated[str, Field(min_length=1, max_length=18, pattern="^[0-9]+$", description="Its id in Stash.")]


class SceneRequest(IdentifyOptions):
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


class ImageRequest(IdentifyOptions):
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
            result = identifier.scene(read, asked.frames_from, cancel).result
        if result.failure is not None:
            raise LookFailed(result.failure.code, result.failure.message)
        told = {"scene_id": asked.scene_id, "frames_requested": request.plan.num_frames}
        return {**told, **result_document(result)}

    return work


def image_work(services: Services, asked: ImageRequest, cancel: CancelToken) -> Work:
    """Read an image, likewise."""
    read = services.read_image(asked.image_id, cancel)

    def work() -> Any:
        from stash_sense.reports.document import result_document

        with services.naming(asked.pack, cancel) as (recognizer, people):
            identifier = services.library_identifier(recognizer, people, _request(services, asked))
            result = identifier.image(read, cancel).result
        if result.failure is not None:
            raise LookFailed(result.failure.code, result.failure.message)
        return {"image_id": asked.image_id, **result_document(result)}

    return work


def gallery_work(services: Services, asked: GalleryRequest, cancel: CancelToken) -> Work:
    """Read a gallery with its images, likewise."""
    read = services.read_gallery(asked.gallery_id, cancel)

    def work() -> Any:
        from stash_sense.reports.document import gallery_document, result_document

        with services.naming(asked.pack, cancel) as (recognizer, people):
            identifier = services.library_identifier(recognizer, people, _request(services, asked))
            count = identifier.count_of(read)
            images = [result_document(item.result) for item in identifier.images(read, count, cancel)]
            found = identifier.gallery(read, count)
        return {**gallery_document(found), "images": images}

    return work


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
