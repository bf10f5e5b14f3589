"""Faces of neighbouring frames -> tracks: one person at one place in one shot."""

import numpy as np

from stash_sense.kernel.arrays import Bools, Doubles, Floats, Image, Ints

_THUMBNAIL = (18, 32)
"""Rows and columns to which a frame is averaged; enough to see that a shot ended, too little to see a gesture."""
_LOOKED_AT = 90
"""Rows of a frame that are averaged: all of them would cost 2 ms a frame and show the same."""
_CUT = 18.0
"""Mean difference of two thumbnails, grey levels of 255, from which a shot has ended."""
_MOVE = 0.6
"""Of the larger face's height: how far a face may move from one frame to the next."""
_GROWTH = 0.6
"""A face may shrink to this share of its height from one frame to the next, or grow by as much."""
_FRAMES_MISSED = 1
"""Frames in which a face may go unseen within its track."""
_SECONDS = 4.0
"""Longest time between two faces of a track: after more, somebody else may sit in the same place."""


def thumbnail(image: Image) -> Floats:
    """Average a (height, width, 3) frame to (18, 32, 3) float32 grey levels, from some 90 of its rows and columns."""
    rows, columns = _THUMBNAIL
    step = max(1, min(image.shape[:2]) // _LOOKED_AT)
    image = image[::step, ::step]
    height, width = image.shape[:2]
    if height < rows or width < columns:
        image = np.repeat(np.repeat(image, -(-rows // height), axis=0), -(-columns // width), axis=1)
        height, width = image.shape[:2]
    tops = np.linspace(0, height, rows + 1).astype(np.int64)
    lefts = np.linspace(0, width, columns + 1).astype(np.int64)
    sums = np.add.reduceat(image, tops[:-1], axis=0, dtype=np.uint32)
    sums = np.add.reduceat(sums, lefts[:-1], axis=1)
    areas = np.diff(tops)[:, None, None] * np.diff(lefts)[None, :, None]
    return np.asarray(sums / areas, np.float32)


def shots(thumbnails: Floats) -> Ints:
    """Number the shots: (n, 18, 32, 3) thumbnails in the order of time -> (n,), 0 for the first shot."""
    if len(thumbnails) == 0:
        return np.zeros(0, np.int64)
    change = np.abs(np.diff(thumbnails, axis=0)).mean(axis=(1, 2, 3))
    return np.concatenate([[0], np.cumsum(change > _CUT)]).astype(np.int64)


def link(frame: Ints, t: Doubles, boxes: Floats, shot: Ints) -> Ints:
    """Give every face the number of its track.

    A face continues the track whose last face is nearest to it in place and size, in the same shot, a moment ago;
    the nearest pairs are joined first, and a track takes at most one face of a frame.

    Args:
        frame: (n,) ascending, which frame each face is in.
        t: (n,) seconds; nan for still pictures, whose faces are each a track of their own.
        boxes: (n, 4) left, top, right, bottom, pixels.
        shot: (n,) which shot each face is in.

    Returns:
        (n,) track numbers from 0, in the order of the tracks' first faces.
    """
    count = len(frame)
    track = np.full(count, -1, np.int64)
    heights = np.maximum(boxes[:, 3] - boxes[:, 1], 1.0)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2.0
    tips = np.zeros(0, np.int64)  # the last face of each track that may go on
    tracks = 0
    for rows in np.split(np.arange(count), np.flatnonzero(np.diff(frame)) + 1) if count else []:
        first = rows[0]
        near_in_time = (frame[first] - frame[tips] <= _FRAMES_MISSED + 1) & (t[first] - t[tips] <= _SECONDS)
        tips = tips[near_in_time & (shot[tips] == shot[first])]
        move = np.hypot(*(centres[tips][:, None] - centres[rows][None]).transpose(2, 0, 1))
        larger = np.maximum(heights[tips][:, None], heights[rows][None])
        smaller = np.minimum(heights[tips][:, None], heights[rows][None])
        _continue(track, tips, rows, move / larger, (move < _MOVE * larger) & (smaller > _GROWTH * larger))
        new = rows[track[rows] < 0]
        track[new] = tracks + np.arange(len(new))
        tracks += len(new)
        tips = np.concatenate([tips[~np.isin(track[tips], track[rows])], rows])
    return track


def _continue(track: Ints, tips: Ints, rows: Ints, distance: Floats, possible: Bools) -> None:
    """Put faces on the tracks of the tips: the nearest possible pairs first, each tip and each face once."""
    pairs = np.argwhere(possible)
    taken_tips, taken_rows = set(), set()
    for tip, row in pairs[np.argsort(distance[possible], kind="stable")].tolist():
        if tip not in taken_tips and row not in taken_rows:
            track[rows[row]] = track[tips[tip]]
            taken_tips.add(tip)
            taken_rows.add(row)
