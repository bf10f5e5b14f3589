"""A script and its heads -> the truth: who is seen when, and where their faces are."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stash_sense.evaluation.truth import Appearance, TrueFile
from stash_sense.kernel.arrays import Doubles
from stash_sense.scenes.covering import hidden_share
from stash_sense.scenes.cutout import Cutout
from stash_sense.scenes.motion import hull, pose_at, transform
from stash_sense.scenes.script import Role, SceneScript, Shot

_A_SECOND = 5
"""Moments of a track in a second."""
_MOST_HIDDEN = 0.5
_COUNTS = 1.5
"""Seconds that a stranger must be seen for to be counted."""

Track = tuple[tuple[float, float, float, float, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Placed:
    """A face in a frame: its box, the head around it, and how much of it something hides."""

    role: Role
    box: Doubles
    head: Doubles
    hidden: float


def truth_of(script: SceneScript, cutouts: Mapping[Path, Cutout], path: str) -> TrueFile:
    """State the truth of a scene that is filmed with these heads."""
    appearances = [
        appearance for number in range(len(script.shots)) for appearance in _appearances(script, number, cutouts)
    ]
    seconds = dict.fromkeys((*script.people, *script.strangers), 0.0)
    for one in appearances:
        seconds[one.subject] = max(seconds[one.subject], one.end - one.start)
    return TrueFile(
        path=path,
        persons=tuple(name for name in script.people if seconds[name] > 0.0),
        strangers=sum(seconds[name] >= _COUNTS for name in script.strangers),
        labels={
            "size": script.size,
            "seed": str(script.seed),
            "people": str(len(script.people)),
            "keyframes": str(script.keyframes),
            "crf": str(script.crf),
        },
        appearances=tuple(appearances),
    )


def _appearances(script: SceneScript, number: int, cutouts: Mapping[Path, Cutout]) -> list[Appearance]:
    shot, rate = script.shots[number], script.options.rate
    tracks: dict[str, list[tuple[float, float, float, float, float]]] = {role.subject: [] for role in shot.roles}
    first, last = _clear(script, number)
    step = rate // _A_SECOND
    for frame in range(-(-first // step) * step, last, step):
        for placed in _placed(script, shot, frame, cutouts):
            if _is_seen(placed, script):
                left, top, right, bottom = (round(float(edge), 1) for edge in placed.box)
                track = round(frame / rate, 4), left, top, round(right - left, 1), round(bottom - top, 1)
                tracks[placed.role.subject].append(track)
    return [
        Appearance(
            subject=subject,
            start=track[0][0],
            end=track[-1][0] + step / rate,
            height=track[len(track) // 2][4],
            track=tuple(track),
        )
        for subject, track in tracks.items()
        if track
    ]


def _clear(script: SceneScript, number: int) -> tuple[int, int]:
    """Return the frames from which and before which a shot is more than half of what is seen."""
    shot = script.shots[number]
    after = script.shots[number + 1].fade if number + 1 < len(script.shots) else 0
    return shot.start + (shot.fade + 1) // 2, shot.start + shot.frames - (after + 1) // 2


def _placed(script: SceneScript, shot: Shot, frame: int, cutouts: Mapping[Path, Cutout]) -> list[_Placed]:
    at, seconds = (frame - shot.start) / shot.frames, (frame - shot.start) / script.options.rate
    placed: list[_Placed] = []
    for role in reversed(shot.roles):  # from the front, so that everybody before a face is known
        cutout = cutouts[role.photo]
        pose = pose_at(role.motion, at, seconds)
        box = hull(transform(pose, cutout.face), cutout.face)
        aspect = float((cutout.face[2] - cutout.face[0]) / cutout.height)
        hidden = hidden_share(role.cover, at, aspect) + sum(_overlap(box, front.head) for front in placed)
        reach = np.array([-0.5, -0.85, 0.5, 0.6]) * pose.height
        head = np.array([pose.x, pose.y, pose.x, pose.y]) + reach
        placed.append(_Placed(role, box, head, hidden))
    return placed


def _is_seen(placed: _Placed, script: SceneScript) -> bool:
    x, y = (placed.box[:2] + placed.box[2:]) / 2.0
    inside = 0.0 <= x < script.options.width and 0.0 <= y < script.options.height
    return bool(inside and placed.hidden <= _MOST_HIDDEN)


def _overlap(box: Doubles, front: Doubles) -> float:
    """Return the share of a box that lies behind another."""
    sides = np.minimum(box[2:], front[2:]) - np.maximum(box[:2], front[:2])
    return float(np.prod(np.maximum(sides, 0.0)) / np.prod(box[2:] - box[:2]))
