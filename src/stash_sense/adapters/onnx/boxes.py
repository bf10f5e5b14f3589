"""Many overlapping boxes to one box per face."""

import numpy as np

from stash_sense.kernel.arrays import Floats, Ints

_MOST_CANDIDATES = 2000
"""Best boxes looked at: a crowd of 300 faces gives some 1,500, and the work grows with their square."""


def without_overlaps(boxes: Floats, scores: Floats, max_overlap: float) -> Ints:
    """Choose boxes, best score first, leaving out those that overlap a better one.

    Args:
        boxes: (n, 4) left, top, right, bottom.
        scores: (n,).
        max_overlap: intersection over union, 0 to 1, above which the weaker of two boxes is left out.

    Returns:
        Rows of the boxes that stay, best score first; of equal scores the earlier row first.
    """
    waiting = np.argsort(-scores, kind="stable")[:_MOST_CANDIDATES]
    left, top, right, bottom = boxes.T
    areas = np.maximum(right - left, 0.0) * np.maximum(bottom - top, 0.0)
    chosen: list[int] = []
    while waiting.size:
        best, waiting = waiting[0], waiting[1:]
        chosen.append(int(best))
        widths = np.minimum(right[best], right[waiting]) - np.maximum(left[best], left[waiting])
        heights = np.minimum(bottom[best], bottom[waiting]) - np.maximum(top[best], top[waiting])
        shared = np.maximum(widths, 0.0) * np.maximum(heights, 0.0)
        # Written without a division, so that two boxes without area do not divide nothing by nothing.
        waiting = waiting[shared <= max_overlap * (areas[best] + areas[waiting] - shared)]
    return np.array(chosen, np.int64)
