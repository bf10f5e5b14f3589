"""What `stash-sense identify` does with scenes, images and galleries of Stash."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from rich.console import Console

from stash_sense.bootstrap import Services
from stash_sense.cli.people import Recognition
from stash_sense.cli.progress import ProgressDisplay
from stash_sense.errors import StashIdUnknown
from stash_sense.identification.library_reading import ReadGallery, ReadImage, ReadScene
from stash_sense.identification.recognizer import Request
from stash_sense.identification.result import Failure, Identification
from stash_sense.identification.subject import FramesFrom
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


def show_gallery(
    services: Services,
    known: Recognition,
    request: Request,
    read: ReadGallery,
    as_json: bool,
    progress: ProgressDisplay,
) -> bool:
    """Identify the images of a gallery, and print who is in it.

    Returns:
        Whether every image could be looked at.
    """
    identifier = services.library_identifier(known.recognizer, known.people, request)
    count = identifier.count_of(read)
    items = identifier.images(read, count, services.cancel, progress)
    if as_json:
        with DocumentWriter(sys.stdout) as document:
            for item in items:
                document.write(item.result)
            found = identifier.gallery(read, count)
            document.tell_gallery(found)
    else:
        failed = [item.result for item in items if item.result.failure is not None]
        found = identifier.gallery(read, count)
        progress.pause()
        Console().print(gallery_report(found, failed), crop=False)
    return found.images_processed == found.total_images
