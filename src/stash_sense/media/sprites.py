"""A sheet of small pictures of a video and the cues that say where and when each is -> a source of frames."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np

from stash_sense.kernel.arrays import Image
from stash_sense.kernel.cancel import CancelToken
from stash_sense.media.frame import Frame
from stash_sense.media.plan import SamplingPlan
from stash_sense.media.ports import VideoInfo
from stash_sense.media.webvtt import Cue

_SMALLEST = 16
"""Pixels of a sprite's shorter side: in less no face has an eye."""
_OVERHANG = 2
"""Pixels by which a sprite may lie beyond the sheet: heights are rounded before they are added up."""


@dataclass(frozen=True, slots=True)
class Sprite:
    """One small picture: `t` seconds into the video, and where it is on the sheet: left, top, width, height."""

    t: float
    box: tuple[int, int, int, int]


def sprites_of(cues: Sequence[Cue], sheet: tuple[int, int], duration: float | None) -> list[Sprite]:
    """Take the sprites that are on the sheet, in order of time, one for each place and each moment.

    Stash takes its sprites at equal parts of the video, but the steps of its cues are rounded down to whole frames:
    the last is up to 80 frames early. Where the duration is known and the cues fill a square grid row by row, equal
    parts are the times; otherwise the beginnings of the cues are.

    Args:
        cues: of one sheet.
        sheet: its width and height, pixels.
        duration: seconds of the video; None or 0 where it is not known.
    """
    sprites: dict[tuple[int, int, int, int], float] = {}
    for cue in cues:
        box = _on_the_sheet(cue.box, sheet)
        if box is not None:
            sprites.setdefault(box, cue.start)
    if duration and len(sprites) == len(cues) and _fills_rows(cues):
        return [Sprite(place * duration / len(cues), box) for place, box in enumerate(sprites)]
    times: dict[float, Sprite] = {}
    for box, t in sprites.items():
        times.setdefault(t, Sprite(t, box))
    return [times[t] for t in sorted(times)]


class SpriteFrames:
    """A `FrameSource` of sprites.

    Args:
        sheet: (height, width, 3) uint8 RGB.
        sprites: at least one, in order of time; see `sprites_of`.
        duration: seconds of the video; None or 0 where it is not known, and then one more sprite would be at its end.
    """

    def __init__(self, sheet: Image, sprites: Sequence[Sprite], duration: float | None) -> None:
        self._sheet = sheet
        self._sprites = sprites
        self._times = np.array([sprite.t for sprite in sprites])
        seconds = duration or sprites[-1].t * len(sprites) / max(1, len(sprites) - 1)
        _, _, width, height = sprites[0].box
        self._info = VideoInfo(seconds, width, height, len(sprites) / seconds if seconds > 0 else 0.0, "sprites")

    @property
    def info(self) -> VideoInfo:
        """What the cues say of the video; width and height are those of a sprite."""
        return self._info

    def frames(self, plan: SamplingPlan, cancel: CancelToken) -> Iterator[Frame]:
        """Yield the sprites nearest to the planned moments, each once.

        Raises:
            Cancelled: the token was set.
        """
        return chain.from_iterable(self.passes(plan, cancel))

    def passes(self, plan: SamplingPlan, cancel: CancelToken) -> Iterator[Iterator[Frame]]:
        """Yield the same in the plan's passes; raises as `frames` does."""
        given: set[int] = set()
        for moments in plan.passes(self._info.duration):
            cancel.raise_if_cancelled()
            chosen = sorted({self._nearest(moment) for moment in moments.tolist()} - given)
            given.update(chosen)
            yield self._shown(chosen, cancel)

    def at(self, seconds: float, cancel: CancelToken) -> Frame:
        """Return the sprite nearest to a moment; raises as `frames` does."""
        (frame,) = self._shown([self._nearest(seconds)], cancel)
        return frame

    def _nearest(self, moment: float) -> int:
        after = int(np.searchsorted(self._times, moment))
        beside = range(max(0, after - 1), min(len(self._times), after + 1))
        return min(beside, key=lambda place: abs(self._times[place] - moment))

    def _shown(self, chosen: Sequence[int], cancel: CancelToken) -> Iterator[Frame]:
        for place in chosen:
            cancel.raise_if_cancelled()
            sprite = self._sprites[place]
            left, top, width, height = sprite.box
            yield Frame(self._sheet[top : top + height, left : left + width].copy(), sprite.t)


def _on_the_sheet(box: tuple[int, int, int, int], sheet: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Return the part of a box that is on the sheet, None where that is not nearly all, or too little to see."""
    left, top, width, height = box
    right, bottom = min(left + width, sheet[0]), min(top + height, sheet[1])
    if left < 0 or top < 0 or left + width > right + _OVERHANG or top + height > bottom + _OVERHANG:
        return None
    if min(right - left, bottom - top) < _SMALLEST:
        return None
    return left, top, right - left, bottom - top


def _fills_rows(cues: Sequence[Cue]) -> bool:
    """Whether the cues, one after the other, are the cells of a square grid row by row, from the beginning on."""
    side = math.isqrt(len(cues))
    _, _, width, height = cues[0].box
    cells = ((place % side * width, place // side * height, width, height) for place in range(len(cues)))
    ordered = all(one.start < other.start for one, other in pairwise(cues))
    return (
        side * side == len(cues)
        and cues[0].start == 0.0
        and ordered
        and all(cue.box == cell for cue, cell in zip(cues, cells, strict=True))
    )
