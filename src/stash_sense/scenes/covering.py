"""What hides part of a face: its shapes at a moment, and how much of the face is behind them."""

import math

import numpy as np

from stash_sense.kernel.arrays import Bools, Doubles
from stash_sense.scenes.script import Cover

_COMING = 0.06
"""Share of the shot in which a cover comes and goes."""
_CELLS = 12
"""A face is looked at in so many by so many places."""

Ellipse = tuple[float, float, float, float]
"""Middle x, y and half axes, in face heights from the middle of the face."""


def place_at(cover: Cover, at: float) -> tuple[float, float] | None:
    """Say where a cover is at 0 to 1 of the shot, in face heights from the middle of the face; None if away."""
    if not cover.since <= at <= cover.until:
        return None
    away = max(0.0, 1.0 - min(at - cover.since, cover.until - at) / _COMING)
    x, y = cover.place
    if cover.kind == "bar":
        return x + math.copysign(1.1, x) * away, y
    return x, y + 1.2 * away


def hand(cover: Cover, place: tuple[float, float]) -> list[Ellipse]:
    """Return the palm and the fingers of a hand, as ellipses."""
    x, y = place
    reach = cover.reach
    fingers = [(x + (number - 1.5) * 0.5 * reach, y - 1.0 * reach, 0.24 * reach, 0.8 * reach) for number in range(4)]
    return [(x, y + 0.3 * reach, reach, 1.05 * reach), *fingers]


def hidden_share(cover: Cover | None, at: float, aspect: float) -> float:
    """Return how much of a face's box, `aspect` times as wide as high, a cover hides at 0 to 1 of the shot."""
    place = None if cover is None else place_at(cover, at)
    if cover is None or place is None:
        return 0.0
    cells = (np.arange(_CELLS) + 0.5) / _CELLS - 0.5
    x, y = np.meshgrid(cells * aspect, cells)
    return float(_behind(cover, place, x, y).mean())


def _behind(cover: Cover, place: tuple[float, float], x: Doubles, y: Doubles) -> Bools:
    if cover.kind == "bar":
        return np.abs(x - place[0]) <= cover.reach
    behind = np.zeros(x.shape, bool)
    for middle_x, middle_y, wide, high in hand(cover, place):
        behind |= np.hypot((x - middle_x) / wide, (y - middle_y) / high) <= 1.0
    return behind
