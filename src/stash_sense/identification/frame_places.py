"""A scene or image of Stash -> the places where its frames may be had, the best first.

The file itself costs least. Where we do not see it, Stash sends the parts that are looked at. Sprites are small, but
need no decoding and are there also when the file is not.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from stash_sense.errors import InputError, LibraryFileNotHere, LibraryItemWithoutFile
from stash_sense.identification.subject import Place, SpriteSheet
from stash_sense.library.media import Image, ImageFile, Scene, VideoFile
from stash_sense.library.paths import PathMap
from stash_sense.library.ports import LibraryMedia
from stash_sense.library.server import MediaRequest
from stash_sense.media.address import Address


class FramesFrom(StrEnum):
    """Where frames come from."""

    FILE = "file"
    STREAM = "stream"
    SPRITES = "sprites"


AUTO = "auto"
"""Not one of them, but the first that gives frames."""


@dataclass(frozen=True, slots=True)
class FramePlaces:
    """Knows where the frames of a library are.

    Attributes:
        paths: which folder of Stash is which folder here.
        size_of: gives the bytes of a file; None where there is none.
        media: says how to ask Stash.
        named: the address of Stash as the user named it.
    """

    paths: PathMap
    size_of: Callable[[Path], int | None]
    media: LibraryMedia
    named: str

    def of_scene(self, scene: Scene, wanted: FramesFrom | None = None) -> dict[Place, FramesFrom]:
        """List the places of a scene, the best first; with `wanted` only those of this kind.

        Raises:
            LibraryItemWithoutFile: it has none.
            LibraryFileNotHere: the file is wanted, and we do not see it.
        """
        source = scene_name(scene.id)
        if not scene.files:
            raise LibraryItemWithoutFile(path=source)
        places: dict[Place, FramesFrom] = dict.fromkeys(self._files(scene.files), FramesFrom.FILE)
        places[self._address(self.media.stream(scene.id))] = FramesFrom.STREAM
        if scene.paths.vtt and scene.paths.sprite:
            cues, sheet = (self._at(url) for url in (scene.paths.vtt, scene.paths.sprite))
            places[SpriteSheet(cues, sheet, scene.files[0].duration or None)] = FramesFrom.SPRITES
        return _only(wanted, places, source)

    def of_image(self, image: Image, wanted: FramesFrom | None = None) -> dict[Place, FramesFrom]:
        """List the places of an image, likewise; it has no sprites."""
        source = image_name(image.id)
        if not image.files:
            raise LibraryItemWithoutFile(path=source)
        places: dict[Place, FramesFrom] = dict.fromkeys(self._files(image.files), FramesFrom.FILE)
        if image.picture:
            places[self._at(image.picture)] = FramesFrom.STREAM
        return _only(wanted, places, source)

    def cover_of(self, scene: Scene) -> Address | None:
        """Return where the scene's cover is."""
        return self._at(scene.paths.screenshot) if scene.paths.screenshot else None

    def _files(self, files: Sequence[VideoFile | ImageFile]) -> Iterator[Path]:
        """Yield the files that we see: another size is another file of the same name, or one that is being copied."""
        for file in files:
            place = self.paths.local(file.path)
            if place is not None and self.size_of(place) == file.size:
                yield place

    def _at(self, url: str) -> Address:
        return self._address(self.media.request(url))

    def _address(self, request: MediaRequest) -> Address:
        return Address(request.url, request.headers, named=self.named)


def scene_name(id: str) -> str:  # noqa: A002  what Stash calls it
    """Return what answers call a scene."""
    return f"scene {id}"


def image_name(id: str) -> str:  # noqa: A002  what Stash calls it
    """Return what answers call an image."""
    return f"image {id}"


def _only(wanted: FramesFrom | None, places: dict[Place, FramesFrom], source: str) -> dict[Place, FramesFrom]:
    chosen = {place: kind for place, kind in places.items() if wanted in (None, kind)}
    if not chosen:
        raise LibraryFileNotHere(path=source)
    return chosen


__all__ = ["AUTO", "FramePlaces", "FramesFrom", "InputError", "image_name", "scene_name"]
