"""A photograph -> what a poor video makes of it: smaller, blurred, noisy, compressed."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image as Pillow
from PIL import ImageFilter

from stash_sense.kernel.arrays import Floats, Image

NOISE = 4.0
"""Standard deviation of the grey noise, of 255."""
JPEG_QUALITY = 60


@dataclass(frozen=True, slots=True)
class Level:
    """How poor: the face is scaled to `face_height` pixels and blurred by a Gaussian of `blur` pixels."""

    face_height: float
    blur: float


LEVELS = (Level(75.0, 0.9), Level(58.0, 1.7))
"""A small but usable face, and one of which little is left; chosen by the research that found the recipe."""


def degraded(
    image: Image, box: Floats, landmarks: Floats, level: Level, random: np.random.Generator
) -> tuple[Image, Floats, Floats]:
    """Make a poor copy.

    Args:
        image: (height, width, 3).
        box: (4,) of the face that is scaled to the level's height.
        landmarks: (5, 2) of that face.
        level: how poor.
        random: source of the noise.

    Returns:
        The copy, and the face's box and landmarks in it.
    """
    height, width = image.shape[:2]
    factor = level.face_height / float(box[3] - box[1])
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    scale = np.array([size[0] / width, size[1] / height], np.float32)
    # Pillow widens the bilinear kernel when it shrinks, so nothing aliases.
    small = Pillow.fromarray(image).resize(size, Pillow.Resampling.BILINEAR)
    blurred = np.asarray(small.filter(ImageFilter.GaussianBlur(level.blur)), np.float32)
    noisy = np.clip(blurred + random.normal(0.0, NOISE, (*blurred.shape[:2], 1)), 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Pillow.fromarray(noisy).save(file, "JPEG", quality=JPEG_QUALITY)
    with Pillow.open(file) as copy:
        # A coordinate names a pixel's centre: pixel i becomes (i + 1/2) * scale - 1/2.
        return np.asarray(copy), (box + 0.5) * np.tile(scale, 2) - 0.5, (landmarks + 0.5) * scale - 0.5
