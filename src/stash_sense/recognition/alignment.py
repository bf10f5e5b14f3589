"""Faces cut out of a frame so that eyes, nose and mouth lie where a model expects them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stash_sense.kernel.arrays import Floats, Image
from stash_sense.recognition.faces import CROP_SIZE
from stash_sense.recognition.ports import Alignment

_ARCFACE_POINTS = ((38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041))
"""Landmarks in a 112-pixel square, as insightface aligns faces."""

_MARGIN = 20.0
"""Pixels added around that square, of 112, so that a person recognises the head, not only the features."""

PORTRAIT = Alignment(
    size=CROP_SIZE,
    points=tuple(
        ((x + _MARGIN) * CROP_SIZE / (112.0 + 2 * _MARGIN), (y + 0.7 * _MARGIN) * CROP_SIZE / (112.0 + 2 * _MARGIN))
        for x, y in _ARCFACE_POINTS
    ),
)
"""How faces are cut out for people to look at."""

_COMPLEX = np.array([1.0, 1.0j])
"""Turns (x, y) into x + iy."""

_MOST_SHRINK = 128
"""Pixels averaged into one at most, per side: no face that an 8K frame can hold needs more for a 96-pixel crop."""


def enlarged(alignment: Alignment, factor: float) -> Alignment:
    """Return an alignment in which the face is `factor` times as large, about the mean of its landmarks."""
    points = np.asarray(alignment.points)
    moved = points.mean(axis=0) + (points - points.mean(axis=0)) * factor
    return Alignment(alignment.size, tuple((float(x), float(y)) for x, y in moved))


def similarity_transform(source: Floats, target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find the rotation, scale and shift that bring `source` nearest to `target` in the least-squares sense.

    In the plane this is a linear fit of complex numbers, the same as Umeyama's method ("Least-squares estimation of
    transformation parameters between two point patterns", PAMI 1991) without its singular values.

    Args:
        source: (k, 2) points.
        target: (k, 2) points.

    Returns:
        (2, 3) matrix M with target ~ M @ (x, y, 1). Points that all coincide give scale 0.
    """
    points, goals = source.astype(np.float64) @ _COMPLEX, target @ _COMPLEX
    away = points - points.mean()
    spread = float((np.abs(away) ** 2).sum())
    turn = complex((np.conj(away) * (goals - goals.mean())).sum()) / spread if spread > 0.0 else 0j
    shift = complex(goals.mean() - turn * points.mean())
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def align(image: Image, landmarks: Floats, alignment: Alignment) -> Image:
    """Cut one face out.

    Faces much larger than the crop are first averaged down, or the crop would show every second or third pixel
    only and alias; the rest is bilinear. What lies outside the image is black.

    Args:
        image: (height, width, 3) uint8.
        landmarks: (5, 2) in pixels of the image.
        alignment: where they go.

    Returns:
        (size, size, 3) uint8; all black when the landmarks coincide or are no numbers.
    """
    size = alignment.size
    placed = _placed(landmarks, alignment)
    if placed is None:
        return np.zeros((size, size, 3), np.uint8)
    inverse, shrink = placed
    patch, left, top = _cut(image, _corners(inverse, size), shrink)
    if patch.size == 0:
        return np.zeros((size, size, 3), np.uint8)
    return _warp(_average_down(patch, shrink), inverse, (left, top), shrink, size)


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A face cut out of its frame with what is around it, so that it can be aligned when the frame is gone.

    Attributes:
        image: (height, width, 3) uint8; averaged down where the face is larger than any model wants it.
        landmarks: (5, 2) float32 in pixels of the patch.
    """

    image: Image
    landmarks: Floats

    @classmethod
    def cut(cls, image: Image, landmarks: Floats, alignments: Sequence[Alignment]) -> "Patch":
        """Cut out all that the given alignments can ask for; nothing where the landmarks make no face."""
        placed = [(place, one.size) for one in alignments if (place := _placed(landmarks, one)) is not None]
        if not placed:
            return cls(np.zeros((0, 0, 3), np.uint8), landmarks)
        corners = np.concatenate([_corners(inverse, size) for (inverse, _), size in placed], axis=1)
        shrink = min(shrink for (_, shrink), _ in placed)
        patch, left, top = _cut(image, corners, shrink)
        centre = (shrink - 1) / 2.0
        moved = (landmarks - np.array([left + centre, top + centre], np.float32)) / np.float32(shrink)
        small = patch.copy() if shrink == 1 else (_average_down(patch, shrink) + 0.5).astype(np.uint8)
        return cls(small, moved.astype(np.float32))


def _placed(landmarks: Floats, alignment: Alignment) -> tuple[NDArray[np.float64], int] | None:
    """Return the matrix from crop to image and how many pixels are averaged into one; None for no face at all."""
    if not np.isfinite(landmarks).all():
        return None
    matrix = similarity_transform(landmarks, np.asarray(alignment.points, np.float64))
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < 1e-6:
        return None
    return _invert(matrix), min(max(1, int(1.0 / scale)), _MOST_SHRINK)


def _corners(inverse: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """(2, 4) corners of a crop in pixels of the image."""
    return inverse @ np.array([[0, size, 0, size], [0, 0, size, size], [1, 1, 1, 1]], np.float64)


def _invert(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = np.linalg.inv(matrix[:, :2])
    return np.concatenate([linear, -(linear @ matrix[:, 2:])], axis=1)


def _cut(image: Image, corners: NDArray[np.float64], shrink: int) -> tuple[Image, int, int]:
    """Return the part of the image around the corners, and where it begins."""
    height, width = image.shape[:2]
    edges = [
        (max(0, int(np.floor(axis.min())) - 2 * shrink), min(limit, int(np.ceil(axis.max())) + 2 * shrink))
        for axis, limit in zip(corners, (width, height), strict=True)
    ]
    (left, right), (top, bottom) = edges
    return image[top : max(top, bottom), left : max(left, right)], left, top


def _average_down(patch: Image, shrink: int) -> Floats | Image:
    """Average squares of `shrink` x `shrink` pixels; a rest at the right and bottom repeats the last pixels."""
    if shrink == 1:
        return patch
    height, width = patch.shape[:2]
    padded = np.pad(patch, ((0, -height % shrink), (0, -width % shrink), (0, 0)), mode="edge")
    rows, columns = padded.shape[0] // shrink, padded.shape[1] // shrink
    blocks = padded.reshape(rows, shrink, columns, shrink, 3)
    means: Floats = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means


def _warp(
    patch: Floats | Image, inverse: NDArray[np.float64], origin: tuple[int, int], shrink: int, size: int
) -> Image:
    """Sample the patch bilinearly at every pixel of the crop.

    Written for numpy because OpenCV would be a 150 MB dependency for this one function; equal to its warpAffine
    within one grey level. Channel by channel, in place and with indices that need no conversion it takes 0.5 ms for
    112 pixels, less than half of the plain formula.
    """
    height, width = patch.shape[:2]
    grid = np.arange(size, dtype=np.float32)
    # Pixel i of a patch averaged down covers pixels i*shrink .. i*shrink+shrink-1 of the image: its centre moves.
    # The patch gets a black border of one pixel; everything further out is clipped to it.
    shift = [(inverse[axis, 2] - start - (shrink - 1) / 2.0) / shrink + 1.0 for axis, start in enumerate(origin)]
    x, y = (
        np.float32(inverse[axis, 0] / shrink) * grid[None, :]
        + (np.float32(inverse[axis, 1] / shrink) * grid[:, None] + np.float32(shift[axis]))
        for axis in (0, 1)
    )
    np.clip(x, 0.0, width + 0.999, out=x)
    np.clip(y, 0.0, height + 0.999, out=y)
    column, row = np.floor(x), np.floor(y)
    right, down = (x - column).ravel(), (y - row).ravel()
    first = (row.astype(np.intp) * (width + 2) + column.astype(np.intp)).ravel()
    corners = first, first + 1, first + (width + 2), first + (width + 3)
    planes = np.zeros((3, height + 2, width + 2), np.float32)
    planes[:, 1:-1, 1:-1] = patch.transpose(2, 0, 1)
    crop = np.empty((size * size, 3), np.uint8)
    for channel, plane in enumerate(planes.reshape(3, -1)):
        upper, upper_right, lower, lower_right = (plane.take(corner) for corner in corners)
        upper += _times(upper_right, upper, right)
        lower += _times(lower_right, lower, right)
        upper += _times(lower, upper, down)
        upper += 0.5
        crop[:, channel] = upper
    return crop.reshape(size, size, 3)


def _times(end: Floats, start: Floats, share: Floats) -> Floats:
    """(end - start) * share, in the memory of `end`."""
    end -= start
    end *= share
    return end
