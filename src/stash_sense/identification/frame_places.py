"""A scene or image of Stash -> the places where its frames may be had, the best first.

The file itself costs least. Where we do not see it, Stash sends the parts that are looked at. Sprites are small, but
need no decoding and are there also when the file is not.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from stash_sense.errors import LibraryFileNotHere, LibraryItemWithoutFile
from stash_sense.identification.subject import FramesFrom, Place, SpriteSheet
from stash_sense.library.kinds import IMAGES, SCENES
from stash_sense.library.media import Image, ImageFile, Scene, VideoFile
from stash_sense.library.paths import PathMap
from stash_sense.library.ports import LibraryMedia
from stash_sense.library.server import MediaRequest
from stash_sense.media.address import Address


@dataclass(frozen=True, slots=True)
class Offer:
    """A place where frames may be had, and of which kind it is."""

    place: Place
    kind: FramesFrom


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

    def of_scene(self, scene: Scene, wanted: FramesFrom | None = None) -> tuple[Offer, ...]:
        """List the places of a scene, the best first; with `wanted` only those of this kind.

        Raises:
            LibraryItemWithoutFile: it has none.
            LibraryFileNotHere: the file is wanted, and we do not see it.
        """
        source = f"{SCENES.name} {scene.id}"
        if not scene.files:
            raise LibraryItemWithoutFile(path=source)
        offers = [Offer(path, FramesFrom.FILE) for path in self._files(scene.files)]
        offers.append(Offer(self._address(self.media.stream(scene.id)), FramesFrom.STREAM))
        if scene.paths.vtt and scene.paths.sprite:
            sprites = SpriteSheet(
                self._at(scene.paths.vtt), self._at(scene.paths.sprite), scene.files[0].duration or None
            )
            offers.append(Offer(sprites, FramesFrom.SPRITES))
        chosen = tuple(offer for offer in offers if wanted in (None, offer.kind))
        if not chosen:
            raise LibraryFileNotHere(path=source)
        return chosen

    def of_image(self, image: Image) -> tuple[Offer, ...]:
        """List the places of an image, likewise.

        Raises:
            LibraryItemWithoutFile: it has none.
        """
        if not image.files:
            raise LibraryItemWithoutFile(path=f"{IMAGES.name} {image.id}")
        offers = [Offer(path, FramesFrom.FILE) for path in self._files(image.files)]
        if image.picture:
            offers.append(Offer(self._at(image.picture), FramesFrom.STREAM))
        return tuple(offers)

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
