"""Pictures for the self-test, made by integer arithmetic alone, so that every machine makes the same pixels."""

import numpy as np

from stash_sense.kernel.arrays import Image, Ints

FACE_SIDE = 320
"""Side of the drawn face, pixels: below every detector's `max_side`, so it is never scaled."""


def wave_pattern(size: int, variant: int = 0) -> Image:
    """Return waves of many directions and lengths, other ones in each channel: (size, size, 3) uint8.

    Nothing in it is symmetric or grey, so that a mirrored, turned, scaled or recoloured pattern is another pattern.
    """
    y, x = np.mgrid[:size, :size].astype(np.int64)
    channels = []
    for channel in range(3):
        shift = 40 * channel + 13 * variant
        coarse = _wave(2 * x + (3 + channel) * y + shift, 89 - 11 * channel)
        middle = _wave((5 + variant) * x - 3 * y + 7 * shift, 41 + 6 * channel)
        fine = _wave(9 * x + (7 - 2 * channel) * y, 17 + variant)
        bent = _wave(x * y // (6 + channel) + shift, 61)
        channels.append((4 * coarse + 2 * middle + fine + bent) // 8)
    return np.stack(channels, axis=-1).astype(np.uint8)


def drawn_face() -> Image:
    """Return a simple face that looks straight ahead, on a grey ground: (320, 320, 3) uint8."""
    canvas = np.empty((FACE_SIDE, FACE_SIDE, 3), np.int64)
    y, _ = np.mgrid[:FACE_SIDE, :FACE_SIDE]
    canvas[:] = (120 + y // 8)[..., None]
    for centre_x, centre_y, radius_x, radius_y, colour in _FACE:
        _shade_ellipse(canvas, centre_x, centre_y, radius_x, radius_y, colour)
    return np.clip(canvas, 0, 255).astype(np.uint8)


_HAIR, _SKIN, _SHADE, _WHITE, _DARK, _LIP = (
    (52, 38, 30),
    (214, 168, 140),
    (176, 128, 104),
    (236, 232, 228),
    (34, 26, 24),
    (168, 84, 84),
)
_FACE = (
    (160, 320, 120, 70, (60, 70, 110)),  # shoulders
    (160, 240, 32, 60, _SHADE),  # neck
    (160, 140, 84, 104, _HAIR),
    (160, 160, 70, 92, _SKIN),
    (160, 92, 62, 26, _HAIR),  # fringe
    (131, 132, 17, 4, _HAIR),  # eyebrows
    (189, 132, 17, 4, _HAIR),
    (131, 149, 14, 7, _WHITE),  # eyes
    (189, 149, 14, 7, _WHITE),
    (131, 149, 7, 7, _DARK),
    (189, 149, 7, 7, _DARK),
    (160, 176, 9, 22, _SHADE),  # nose
    (160, 172, 6, 20, _SKIN),
    (152, 194, 5, 3, _DARK),
    (168, 194, 5, 3, _DARK),
    (160, 216, 26, 8, _LIP),  # mouth
    (160, 215, 22, 2, _DARK),
)
"""Ellipses from back to front: centre and radii in pixels, colour in the middle."""


def _wave(steps: Ints, length: int) -> Ints:
    """Go up and down between 0 and 255, once in `2 * length` steps."""
    return np.abs(steps % (2 * length) - length) * 255 // length


def _shade_ellipse(
    canvas: Ints, centre_x: int, centre_y: int, radius_x: int, radius_y: int, colour: tuple[int, int, int]
) -> None:
    """Draw a filled ellipse that darkens towards its edge by a quarter."""
    y, x = np.mgrid[: canvas.shape[0], : canvas.shape[1]]
    distance = (x - centre_x) ** 2 * radius_y**2 + (y - centre_y) ** 2 * radius_x**2
    edge = radius_x**2 * radius_y**2
    inside = distance <= edge
    shading = 256 - 64 * distance[inside] // edge
    canvas[inside] = np.asarray(colour) * shading[:, None] // 256
