"""A decoded frame of libav to the picture a viewer sees: RGB, turned and mirrored as the file says."""

from dataclasses import dataclass

import numpy as np
from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame

from stash_sense.kernel.arrays import Image

_COPY = 16
"""Sides, in pixels."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """How a stored picture becomes an upright one: first rows and columns are swapped, then it is mirrored."""

    swapped: bool = False
    mirrored_across: bool = False
    mirrored_down: bool = False


def orientation_of(frame: VideoFrame) -> Orientation:
    """Read the display matrix, the same for all frames of a video.

    A small copy is asked: looking at a frame's side data ties it into a reference cycle, and of each video that is
    opened a frame would wait for the garbage collector.

    The matrix (ISO 14496-12, 6.2.2) maps a stored point to a shown one: x' = a x + c y, y' = b x + d y. Files turn by
    right angles only, so either a and d or b and c are zero, and their signs say all.
    """
    matrix = frame.reformat(width=_COPY, height=_COPY, interpolation="POINT").side_data.get("DISPLAYMATRIX")
    if not isinstance(matrix, SideData):
        return Orientation()
    a, b, _, c, d = np.frombuffer(bytes(matrix), dtype=np.int32, count=5).tolist()
    if abs(b) > abs(a):
        return Orientation(swapped=True, mirrored_across=c < 0, mirrored_down=b < 0)
    return Orientation(mirrored_across=a < 0, mirrored_down=d < 0)


def upright(frame: VideoFrame, orientation: Orientation) -> Image:
    """Convert to (height, width, 3) uint8 RGB, contiguous; range and matrix are libswscale's reading of the tags."""
    image: Image = np.asarray(frame.to_ndarray(format="rgb24", threads=1), dtype=np.uint8)
    if orientation.swapped:
        image = image.swapaxes(0, 1)
    across, down = (-1 if mirrored else 1 for mirrored in (orientation.mirrored_across, orientation.mirrored_down))
    return np.ascontiguousarray(image[::down, ::across])
