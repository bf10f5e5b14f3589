"""Photographs -> heads cut out of them, with a soft edge and where the face is."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from stash_sense.kernel.arrays import Doubles, Floats
from stash_sense.media.ports import PictureReader
from stash_sense.recognition.ports import Detector
from stash_sense.scenes.script import Colour

_LARGEST_FACE = 256.0
"""Height, pixels, that faces of larger photographs are scaled down to: no frame shows them larger."""
_SMALLEST_FACE = 40.0
"""Height, pixels, below which a photograph shows too little to make a film of."""
_AROUND = (0.63, 0.96, 0.63, 0.80)
"""What is cut out to the left, above, to the right and below the middle of a face, in face heights."""
_HEAD_MIDDLE, _HEAD_WIDE, _HEAD_HIGH = -0.10, 0.60, 0.84
"""Of the ellipse around a head with its hair: its middle above the face's, its half axes; in face heights."""
_NECK_WIDE, _NECK_END = 0.30, 0.78
_EDGE = 0.16
"""Width of the soft edge, in face heights."""
_SURE = 0.6
"""Score from which something else in the photograph counts as a second face."""


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """A head cut out of a photograph.

    Attributes:
        picture: RGB; its content beyond the head is not meant to be seen.
        mask: L, of the same size: how much of the head is opaque.
        face: (4,) left, top, right, bottom of the detected face, pixels of the picture.
        skin: a typical colour of the face.
    """

    picture: Image.Image
    mask: Image.Image
    face: Doubles
    skin: Colour

    @property
    def height(self) -> float:
        """Height of the face, pixels."""
        return float(self.face[3] - self.face[1])


class Wardrobe:
    """Cuts heads out of photographs, remembering where the faces are, not the pictures."""

    def __init__(self, detector: Detector, reader: PictureReader) -> None:
        self._detector = detector
        self._reader = reader
        self._faces: dict[Path, Doubles | None] = {}

    def has_face(self, photo: Path) -> bool:
        """Whether there is one clear face in a photograph, and no other where it would be cut out too.

        Raises:
            InputError: the photograph cannot be read.
        """
        return self._face(photo, None) is not None

    def cut_out(self, photo: Path) -> Cutout:
        """Cut the head out of a photograph that has a face.

        Raises:
            InputError: the photograph cannot be read.
            ValueError: it has no face.
        """
        image = self._reader.read(photo).image
        face = self._face(photo, image)
        if face is None:
            raise ValueError(f"no face in {photo}")
        return cut_out(Image.fromarray(image), face)

    def _face(self, photo: Path, image: np.typing.NDArray[np.uint8] | None) -> Doubles | None:
        if photo not in self._faces:
            image = self._reader.read(photo).image if image is None else image
            (found,) = self._detector.detect([image])
            self._faces[photo] = nearest_the_middle(found.boxes, found.scores, image.shape[1], image.shape[0])
        return self._faces[photo]


def nearest_the_middle(boxes: Floats, scores: Floats, width: int, height: int) -> Doubles | None:
    """Choose the face nearest the middle of a picture; None if it is tiny, cut off, or not alone.

    Args:
        boxes: (n, 4) left, top, right, bottom, pixels.
        scores: (n,) 0 to 1.
    """
    if not len(boxes):
        return None
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2.0
    nearest = int(np.argmin(np.hypot(*(middles - (width / 2.0, height / 2.0)).T)))
    face = boxes[nearest].astype(np.float64)
    tall = face[3] - face[1]
    reach = 0.1 * tall
    if tall < _SMALLEST_FACE or min(face[0], face[1], width - face[2], height - face[3]) < -reach:
        return None
    others = np.arange(len(scores)) != nearest
    away = (middles[others & (scores >= _SURE)] - middles[nearest]) / tall
    beside = np.hypot(away[:, 0] / (_HEAD_WIDE + 0.25), (away[:, 1] - _HEAD_MIDDLE) / (_HEAD_HIGH + 0.25)) < 1.0
    return None if beside.any() else face


def cut_out(picture: Image.Image, face: Doubles) -> Cutout:
    """Cut a head out of an RGB picture, scaled so that its face is no higher than 256 pixels."""
    tall = float(face[3] - face[1])
    scale = min(1.0, _LARGEST_FACE / tall)
    middle = (face[:2] + face[2:]) / 2.0
    left, top = (int(middle[axis] - _AROUND[axis] * tall) for axis in (0, 1))
    right, bottom = (int(middle[axis] + _AROUND[2 + axis] * tall) for axis in (0, 1))
    size = (round((right - left) * scale), round((bottom - top) * scale))
    patch = picture.crop((left, top, right, bottom)).resize(size, Image.Resampling.LANCZOS)
    moved = (face - np.array([left, top, left, top])) * scale
    edges = np.array([-left, -top, picture.width - left, picture.height - top]) * scale
    return Cutout(patch, _mask(size, moved, edges), moved, _skin(patch, moved))


def _mask(size: tuple[int, int], face: Doubles, edges: Doubles) -> Image.Image:
    """Draw an ellipse around the head and the neck below it, ending softly, before the photograph's own edges too."""
    tall = face[3] - face[1]
    x = np.arange(size[0])[None, :] + 0.5
    y = np.arange(size[1])[:, None] + 0.5
    across, down = (x - (face[0] + face[2]) / 2.0) / tall, (y - (face[1] + face[3]) / 2.0) / tall
    radius = np.hypot(across / _HEAD_WIDE, (down - _HEAD_MIDDLE) / _HEAD_HIGH)
    head = (1.0 - radius) * _HEAD_WIDE
    neck = np.minimum(np.minimum(_NECK_WIDE - np.abs(across), _NECK_END - down), down)
    border = np.minimum(np.minimum(x - edges[0], edges[2] - x), np.minimum(y - edges[1], edges[3] - y)) / tall
    inside = np.clip(np.minimum(np.maximum(head, neck), border) / _EDGE, 0.0, 1.0)
    return Image.fromarray((255.0 * inside * inside * (3.0 - 2.0 * inside)).astype(np.uint8))


def _skin(patch: Image.Image, face: Doubles) -> Colour:
    """Take the middle colour of the cheeks and the nose."""
    width, height = face[2] - face[0], face[3] - face[1]
    cheeks = patch.crop(
        (
            int(face[0] + 0.2 * width),
            int(face[1] + 0.45 * height),
            int(face[2] - 0.2 * width),
            int(face[3] - 0.3 * height),
        )
    )
    red, green, blue = (int(level) for level in np.median(np.asarray(cheeks).reshape(-1, 3), axis=0))
    return red, green, blue
