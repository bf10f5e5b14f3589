"""Where somebody was seen -> a picture of them, head and shoulders, as Stash shows performers."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stash_sense.errors import InputError, PortraitMissing, TransferError
from stash_sense.identification.frame_places import FramePlaces, Offer
from stash_sense.identification.library_reading import ReadImage, ReadScene
from stash_sense.identification.sources import kind_of_file
from stash_sense.identification.subject import FramesFrom, Place, SpriteSheet
from stash_sense.kernel.arrays import Image
from stash_sense.kernel.cancel import CancelToken
from stash_sense.library.kinds import IMAGES, SCENES
from stash_sense.media.frame import Frame
from stash_sense.media.kinds import Kind
from stash_sense.media.ports import FrameSource, PictureReader, RemoteMedia, VideoOpener

Box = tuple[float, float, float, float]
"""Left, top, width, height of a face, in pixels of the upright picture."""
Encode = Callable[[Image, int], bytes]
"""Turns a picture into JPEG, made smaller where it is higher than so many pixels."""

HIGHEST = 1000
"""Pixels of a portrait's height; Stash shows performers at 300 x 450."""
_WIDE, _HIGH = 2, 3
"""Sides of the pictures of performers in Stash."""
_FACES_HIGH = 3.0
"""Height of a portrait, in heights of the face: from above the hair to below the shoulders."""
_ABOVE = 0.7
"""Of that, above the face: detectors begin it at the forehead."""
_SMALLEST = 24.0
"""Pixels of a face's shorter side from which a portrait shows anything."""
_AFTER_END = 1.0
"""Seconds by which a moment may lie behind what the container says of the length."""


@dataclass(frozen=True, slots=True)
class SeenIn:
    """In what a face was seen, where that is known: the kind of frames, and their width and height; 0 not known."""

    frames_from: FramesFrom | None = None
    size: tuple[int, int] = (0, 0)


def seen_in(details: Mapping[str, Any]) -> SeenIn:
    """Read from a fingerprint's details in what its faces were seen."""
    size = details.get("size")
    known = isinstance(size, list | tuple) and len(size) == 2 and all(isinstance(one, int) for one in size)
    named = details.get("frames_from")
    frames_from = FramesFrom(named) if named in list(FramesFrom) else None
    return SeenIn(frames_from, (size[0], size[1]) if known and size else (0, 0))


class Portraits:
    """Cuts portraits out of scenes and images of Stash.

    Args:
        places: knows where the frames are.
        videos: opens videos.
        pictures: reads pictures.
        remote: opens what is on servers.
        encode: makes the JPEG.
    """

    def __init__(
        self, places: FramePlaces, videos: VideoOpener, pictures: PictureReader, remote: RemoteMedia, encode: Encode
    ) -> None:
        self._places = places
        self._videos = videos
        self._pictures = pictures
        self._remote = remote
        self._encode = encode

    def portrait_of(
        self,
        read: ReadScene | ReadImage,
        t: float | None,
        box: Box,
        seen_in: SeenIn | None = None,
        cancel: CancelToken | None = None,
    ) -> bytes:
        """Cut a face out, with what is around it.

        Args:
            read: the scene or image.
            t: seconds from the first frame of a scene; None for its cover.
            box: of the face.
            seen_in: what it was seen in; without, the file or the stream.
            cancel: ends waiting for a server, and decoding.

        Returns:
            A JPEG of 2 to 3, at most 1,000 pixels high, with as many pixels as the source has there or fewer.

        Raises:
            PortraitMissing: the face is not in the picture, or too small in it.
            InputError, TransferError: what is there cannot be read, or be had.
            Cancelled: the token was set.
        """
        cancel, seen_in = cancel or CancelToken(), seen_in or SeenIn()
        kind, id_ = (SCENES, read.scene.id) if isinstance(read, ReadScene) else (IMAGES, read.image.id)

        def missing(reason: str) -> PortraitMissing:
            return PortraitMissing(kind=kind.name, id=id_, reason=reason)

        if not all(map(math.isfinite, (*box, t or 0.0))) or min(box[2:]) <= 0.0 or (t or 0.0) < 0.0:
            raise missing("no face can be there")
        image = self._picture(read, t, seen_in.frames_from, cancel, missing)
        height, width = image.shape[:2]
        if t is not None and all(seen_in.size) and seen_in.size != (width, height):
            across, down = width / seen_in.size[0], height / seen_in.size[1]
            box = (box[0] * across, box[1] * down, box[2] * across, box[3] * down)
        left, top, wide, high = box
        if not (0.0 <= left + wide / 2 < width and 0.0 <= top + high / 2 < height):
            raise missing("the face is outside of the picture")
        if min(wide, high) < _SMALLEST:
            raise missing(f"the face is only {min(wide, high):.0f} pixels wide")
        return self._encode(cut(image, box), HIGHEST)

    def _picture(
        self,
        read: ReadScene | ReadImage,
        t: float | None,
        wanted: FramesFrom | None,
        cancel: CancelToken,
        missing: Callable[[str], PortraitMissing],
    ) -> Image:
        if isinstance(read, ReadImage):
            return self._first(self._places.of_image(read.image), t, cancel, missing)
        if t is None:
            cover = self._places.cover_of(read.scene)
            if cover is None:
                raise missing("the scene has no cover any more")
            return self._at(cover, None, cancel, missing)
        offers = self._places.of_scene(read.scene)
        # Sprites show other moments than the video: a face of one is nowhere in the other.
        of_sprites = wanted is FramesFrom.SPRITES
        offers = tuple(offer for offer in offers if (offer.kind is FramesFrom.SPRITES) == of_sprites)
        return self._first(offers, t, cancel, missing)

    def _first(
        self, offers: Sequence[Offer], t: float | None, cancel: CancelToken, missing: Callable[[str], PortraitMissing]
    ) -> Image:
        first: InputError | TransferError | None = None
        for offer in offers:
            try:
                return self._at(offer.place, t, cancel, missing)
            except (InputError, TransferError) as error:
                first = first or error
        raise first or missing("the pictures it was seen in are not there any more")

    def _at(
        self, place: Place, t: float | None, cancel: CancelToken, missing: Callable[[str], PortraitMissing]
    ) -> Image:
        if isinstance(place, SpriteSheet):
            return self._moment(
                self._remote.sprites(place.cues, place.duration, cancel, place.sheet), t, cancel, missing
            )
        if not isinstance(place, Path):
            with self._remote.open(place, cancel) as media:
                return media.image if isinstance(media, Frame) else self._moment(media, t, cancel, missing)
        if kind_of_file(place) is Kind.PICTURE:
            return self._pictures.read(place).image
        with self._videos.open(place) as video:
            return self._moment(video, t, cancel, missing)

    def _moment(
        self, video: FrameSource, t: float | None, cancel: CancelToken, missing: Callable[[str], PortraitMissing]
    ) -> Image:
        length = video.info.duration
        if t is None:  # nobody said when
            return video.at(0.0, cancel).image
        if length > 0.0 and t > length + _AFTER_END:
            raise missing(f"it ends after {length:.0f} s")
        return video.at(t, cancel).image


def cut(image: Image, box: Box) -> Image:
    """Cut head and shoulders out: 2 to 3 around the face, as much of it as the picture has.

    Args:
        image: (height, width, 3).
        box: of a face whose middle is in it.

    Returns:
        The part, of the sides 2 to 3 to a pixel.
    """
    height, width = image.shape[:2]
    left, top, wide, high = box
    tall = min(_FACES_HIGH * max(high, wide), height, width * _HIGH / _WIDE)
    rows = max(1, min(height, round(tall)))
    columns = max(1, min(width, round(tall * _WIDE / _HIGH)))
    # Where the picture ends before the shoulders do, what is above the face is what there is less of.
    above = min(_ABOVE * high, (rows - high) / 2)
    first_row = _inside(top - above, rows, height)
    first_column = _inside(left + wide / 2 - columns / 2, columns, width)
    return image[first_row : first_row + rows, first_column : first_column + columns]


def _inside(start: float, length: int, most: int) -> int:
    return min(max(0, round(start)), most - length)
