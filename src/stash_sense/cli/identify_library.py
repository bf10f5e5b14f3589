"""What `stash-sense identify` does with scenes, images and galleries of Stash."""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from stash_sense.bootstrap import Services
from stash_sense.cli.people import Recognition
from stash_sense.cli.present import print_shaped, say
from stash_sense.cli.progress import ProgressDisplay, shown_progress
from stash_sense.cli.serving import done_by_service
from stash_sense.errors import StashIdUnknown
from stash_sense.identification.library_reading import ReadGallery, ReadImage, ReadScene
from stash_sense.identification.library_result import GalleryPerson, IdentifiedGallery
from stash_sense.identification.recognizer import Request
from stash_sense.identification.result import Failure, Identification, TaggedPerformer
from stash_sense.identification.subject import FramesFrom
from stash_sense.operations.gallery_identification import GALLERY_IDENTIFICATION
from stash_sense.reports.document import DocumentWriter
from stash_sense.reports.gallery import gallery_report


@dataclass(frozen=True, slots=True)
class Asked:
    """What of Stash is to be identified, by its ids, and where the frames of scenes shall come from."""

    scenes: tuple[str, ...]
    images: tuple[str, ...]
    frames_from: FramesFrom | None

    def __bool__(self) -> bool:
        return bool(self.scenes or self.images)


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of it; in its place why it was not, where there is no such thing."""

    items: tuple[ReadScene | ReadImage | tuple[str, Failure], ...]
    frames_from: FramesFrom | None

    def __bool__(self) -> bool:
        return bool(self.items)


def read_asked(services: Services, asked: Asked) -> Read:
    """Ask Stash, before models are opened.

    Raises:
        StashError: it cannot be asked, or none is named.
    """
    questions: list[tuple[str, Callable[[], ReadScene | ReadImage]]] = [
        *((f"scene {one}", partial(services.read_scene, one)) for one in asked.scenes),
        *((f"image {one}", partial(services.read_image, one)) for one in asked.images),
    ]
    items: list[ReadScene | ReadImage | tuple[str, Failure]] = []
    for name, read in questions:
        try:
            items.append(read())
        except StashIdUnknown as error:
            items.append((name, Failure.of(error)))
    return Read(tuple(items), asked.frames_from)


def identified(
    services: Services, known: Recognition, request: Request, read: Read, progress: ProgressDisplay
) -> Iterator[Identification]:
    """Identify it, one after the other."""
    identifier = services.library_identifier(known.recognizer, known.people, request)
    for item in read.items:
        if isinstance(item, ReadScene):
            yield identifier.scene(item, read.frames_from, services.cancel, progress).result
        elif isinstance(item, ReadImage):
            yield identifier.image(item, services.cancel, progress).result
        else:
            name, failure = item
            yield Identification(name, known.recognizer.pack, request.mode, failure=failure)


def shown_by_service(services: Services, read: ReadGallery, given: Mapping[str, Any], as_json: bool) -> bool | None:
    """Have a large gallery identified by the service of the data folder, as a job, and print who is in it.

    Returns:
        Whether every image could be looked at; None where no service runs, and nothing was done.

    Raises:
        ServiceError, JobNotDone, Cancelled: as `done_by_service`.
    """
    payload = {"gallery_id": read.gallery.id, **given}
    with shown_progress() as progress:
        told = done_by_service(services, GALLERY_IDENTIFICATION, payload, progress)
    if told is None:
        return None
    found = _gallery_of(told)
    if as_json:
        with DocumentWriter(sys.stdout) as document:
            document.tell_gallery(found)
    else:
        print_shaped(gallery_report(found, ()))
        for one in told["errors"]:
            say(f"image {one['image_id']}: {one['message']}")
    return found.images_processed == found.total_images


def _gallery_of(told: Mapping[str, Any]) -> IdentifiedGallery:
    """Read what a job says of a gallery; of somebody in very many images not all are named in it."""
    persons = tuple(
        GalleryPerson(
            one["person_id"],
            one["name"],
            one["best_distance"],
            one["mean_distance"],
            one["probability"],
            tuple(one["image_ids"]),
            one["tagged"],
        )
        for one in told["persons"]
    )
    performers = tuple(
        TaggedPerformer(one["performer_id"], one["name"], tuple(one["person_ids"]), one["seen"])
        for one in told["performers"]
    )
    counts = (told["total_images"], told["images_processed"], told["faces_detected"])
    return IdentifiedGallery(told["gallery_id"], *counts, persons, performers)


def show_gallery(
    services: Services,
    known: Recognition,
    request: Request,
    read: ReadGallery,
    as_json: bool,
    progress: ProgressDisplay,
    crops: bool = False,
) -> bool:
    """Identify the images of a gallery, and print who is in it.

    Returns:
        Whether every image could be looked at.
    """
    identifier = services.library_identifier(known.recognizer, known.people, request)
    count = identifier.count_of(read)
    items = identifier.images(read, count, services.cancel, progress)
    if as_json:
        with DocumentWriter(sys.stdout, crops) as document:
            for item in items:
                document.write(item.result)
            found = identifier.gallery(read, count)
            document.tell_gallery(found)
    else:
        failed = [item.result for item in items if item.result.failure is not None]
        found = identifier.gallery(read, count)
        progress.pause()
        print_shaped(gallery_report(found, failed))
    return found.images_processed == found.total_images
