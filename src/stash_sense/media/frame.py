"""One picture to look for faces in, with the moment it was taken from."""

from dataclasses import dataclass

from stash_sense.kernel.arrays import Image


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A decoded frame, upright, at full resolution.

    Attributes:
        image: (height, width, 3) uint8 RGB.
        t: seconds from the first frame shown, true to the frame; None for a still picture.
    """

    image: Image
    t: float | None
