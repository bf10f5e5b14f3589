"""Ids of scenes, images and galleries -> all that is read of them before anybody is identified."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from stash_sense.errors import StashIdUnknown
from stash_sense.library.kinds import GALLERIES, IMAGES, PERFORMERS, SCENES, Kind
from stash_sense.library.media import Gallery, Image, Scene
from stash_sense.library.people import Performer
from stash_sense.library.ports import Library
from stash_sense.library.reading import Scope

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReadScene:
    """A scene, and the performers who are tagged in it."""

    scene: Scene
    performers: tuple[Performer, ...]


@dataclass(frozen=True, slots=True)
class ReadImage:
    """An image, and the performers who are tagged in it."""

    image: Image
    performers: tuple[Performer, ...]


@dataclass(frozen=True, slots=True)
class ReadGallery:
    """A gallery, its images by rising id, and the performers who are tagged in it or in any of them."""

    gallery: Gallery
    images: tuple[Image, ...]
    performers: tuple[Performer, ...]


async def read_scene(library: Library, id: str) -> ReadScene:  # noqa: A002  what Stash calls it
    """Read a scene.

    Raises:
        StashIdUnknown: there is none of this id.
        StashError: Stash cannot be asked.
    """
    scene = await _one(library, SCENES, id)
    return ReadScene(scene, await _performers(library, scene.performer_ids))


async def read_image(library: Library, id: str) -> ReadImage:  # noqa: A002
    """Read an image; raises as `read_scene` does."""
    image = await _one(library, IMAGES, id)
    return ReadImage(image, await _performers(library, image.performer_ids))


async def read_gallery(library: Library, id: str) -> ReadGallery:  # noqa: A002
    """Read a gallery with its images; raises as `read_scene` does."""
    gallery = await _one(library, GALLERIES, id)
    scope = Scope({"galleries": {"value": [gallery.id], "modifier": "INCLUDES"}})
    images = [image async for page in library.reader.pages(IMAGES, scope) for image in page.items]
    tagged = {performer for image in images for performer in image.performer_ids}
    return ReadGallery(gallery, tuple(images), await _performers(library, (*gallery.performer_ids, *sorted(tagged))))


async def _one(library: Library, kind: Kind[T], id: str) -> T:  # noqa: A002
    item = await library.reader.one(kind, id)
    if item is None:
        raise StashIdUnknown(address=library.address, kind=kind.name, id=id)
    return item


async def _performers(library: Library, ids: Iterable[str]) -> tuple[Performer, ...]:
    found = await library.reader.by_ids(PERFORMERS, list(dict.fromkeys(ids)))
    return tuple(found.values())
