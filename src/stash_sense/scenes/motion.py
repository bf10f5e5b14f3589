"""Where a face is at a moment of its shot: the transform from its photograph to the frame."""

import math
from dataclasses import dataclass

import numpy as np

from stash_sense.kernel.arrays import Doubles

_DEPTH = 0.45
"""How much a turned face narrows towards its far side: 1 would be a camera one face height away."""

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Motion:
    """How a face moves through its shot; pairs are at the start and at the end.

    Attributes:
        x, y: of the middle of its box, pixels of the frame.
        height: of its box, pixels.
        turn, yaw: degrees, in the plane and pretended to the side.
        sway: how far it swings about that path, share of its height; its head nods 4 degrees for each 0.1.
        period: of the swing, seconds.
        phase: of the swing, radians.
    """

    x: Range
    y: Range
    height: Range
    turn: Range
    yaw: Range
    sway: float
    period: float
    phase: float


@dataclass(frozen=True, slots=True)
class Pose:
    """A face at one moment: pixels of the frame, degrees; `body` is where its body stands, without the swing."""

    x: float
    y: float
    height: float
    turn: float
    yaw: float
    body: float


def pose_at(motion: Motion, at: float, seconds: float) -> Pose:
    """Say where a face is `at` (0 to 1) of its shot, which is `seconds` from its start."""
    swing = math.sin(2.0 * math.pi * seconds / motion.period + motion.phase)
    nod = math.sin(2.0 * math.pi * seconds / (0.73 * motion.period) + 1.7 * motion.phase)
    eased = at * at * (3.0 - 2.0 * at)
    height = _between(motion.height, at)
    x = _between(motion.x, at)
    return Pose(
        x=x + swing * motion.sway * height,
        y=_between(motion.y, at) + nod * 0.35 * motion.sway * height,
        height=height,
        turn=_between(motion.turn, eased) + nod * 40.0 * motion.sway,
        yaw=_between(motion.yaw, eased) + swing * 80.0 * motion.sway,
        body=x + 0.4 * swing * motion.sway * height,
    )


def transform(pose: Pose, face: Doubles) -> Doubles:
    """Return the (3, 3) transform of picture points (x, y, 1) into the frame.

    Args:
        face: (4,) left, top, right, bottom of the face in its picture.
    """
    middle = (face[:2] + face[2:]) / 2.0
    unit = 1.0 / (face[3] - face[1])
    yaw, turn = math.radians(pose.yaw), math.radians(pose.turn)
    normal = np.array([[unit, 0.0, -middle[0] * unit], [0.0, unit, -middle[1] * unit], [0.0, 0.0, 1.0]])
    squeeze = np.array([[math.cos(yaw), 0.0, 0.0], [0.0, 1.0, 0.0], [_DEPTH * math.sin(yaw), 0.0, 1.0]])
    along, across = pose.height * math.cos(turn), pose.height * math.sin(turn)
    place = np.array([[along, -across, pose.x], [across, along, pose.y], [0.0, 0.0, 1.0]])
    whole: Doubles = place @ squeeze @ normal
    return whole


def hull(matrix: Doubles, box: Doubles) -> Doubles:
    """Return left, top, right, bottom of the smallest upright box around a transformed (4,) box."""
    left, top, right, bottom = box
    corners = np.array([[left, right, right, left], [top, top, bottom, bottom], [1.0, 1.0, 1.0, 1.0]])
    moved: Doubles = matrix @ corners
    x, y = moved[:2] / moved[2]
    return np.array([x.min(), y.min(), x.max(), y.max()])


def _between(ends: Range, at: float) -> float:
    return ends[0] + (ends[1] - ends[0]) * at
