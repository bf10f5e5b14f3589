"""Sprite sheets and their WebVTT, as Stash makes them: cells row by row, frame i taken at i/n of the video."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from stash_sense.fakes.stash.drawing import Pixels, encoded, sides_of
from stash_sense.fakes.stash.profiles import Profile
from stash_sense.fakes.stash.rows import Row

_WIDTH, _COUNT = 160, 81
"""Of cells, and how many there are, before 0.31 and by default."""

FrameAt = Callable[[float], Pixels]
"""Gives the frame at a moment from 0 to 1."""


@dataclass(frozen=True)
class Grid:
    """A sheet.

    Attributes:
        count: of frames.
        side: cells in a row and in a column.
        width: of a cell, in pixels.
        height: of a cell, in pixels.
    """

    count: int
    side: int
    width: int
    height: int


def grid_of(file: Row, profile: Profile, general: Row) -> Grid:
    """Return the sheet of a video.

    Args:
        file: the video.
        profile: 0.31 counts and sizes as it is configured.
        general: the configuration.
    """
    width, height = sides_of(file)
    count = _COUNT
    cell = (_WIDTH, _even(_WIDTH * height / width))
    if profile is Profile.V0_31:
        longest = int(general["spriteScreenshotSize"])
        cell = (
            (longest, _even(longest * height / width))
            if width >= height
            else (_even(longest * width / height), longest)
        )
        if general["useCustomSpriteInterval"]:
            wanted = math.ceil(file["duration"] / max(general["spriteInterval"], 0.001))
            count = min(max(wanted, general["minimumSprites"]), general["maximumSprites"])
    side = math.isqrt(count - 1) + 1
    return Grid(side * side, side, *cell)


def sheet(grid: Grid, frame_at: FrameAt) -> bytes:
    """Return the sheet as JPEG."""
    whole = np.zeros((grid.side * grid.height, grid.side * grid.width, 3), np.uint8)
    for index in range(grid.count):
        cell = Image.fromarray(frame_at(index / grid.count)).resize((grid.width, grid.height))
        top, left = (index // grid.side) * grid.height, (index % grid.side) * grid.width
        whole[top : top + grid.height, left : left + grid.width] = np.asarray(cell.convert("RGB"))
    return encoded(Image.fromarray(whole), "jpeg")


def cues(grid: Grid, file: Row, name: str) -> str:
    """Return the WebVTT: its steps are whole frames, so it runs ahead of the frames that are shown.

    Args:
        grid: of the sheet.
        file: the video.
        name: of the sheet.
    """
    rate = file["frame_rate"] or 25.0
    frames = file["duration"] * rate
    whole = math.floor(frames / grid.count)
    step = (whole if whole and file["duration"] >= 5 else frames / grid.count) / rate
    lines = ["WEBVTT", ""]
    for index in range(grid.count):
        left, top = (index % grid.side) * grid.width, (index // grid.side) * grid.height
        lines += [
            f"{_clock(index * step)} --> {_clock((index + 1) * step)}",
            f"{name}#xywh={left},{top},{grid.width},{grid.height}",
            "",
        ]
    return "\n".join(lines)


def _clock(seconds: float) -> str:
    whole = int(seconds * 1000)
    return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}.{whole % 1000:03}"


def _even(length: float) -> int:
    return max(2, 2 * round(length / 2))
