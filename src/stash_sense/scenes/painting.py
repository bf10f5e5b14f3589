"""Cut-out heads, a shot and a moment -> the frame."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from stash_sense.kernel.arrays import Doubles
from stash_sense.scenes.covering import hand, place_at
from stash_sense.scenes.cutout import Cutout
from stash_sense.scenes.grounds import Ground
from stash_sense.scenes.motion import Pose, hull, pose_at, transform
from stash_sense.scenes.script import Colour, Cover, Look, Role, SceneOptions, Shot

_LARGEST_SHRINK = 1.3
"""How much larger than in the film a head may be before it is drawn: more would glitter."""

_SHOULDERS = ((0.62, 0.83), (0.98, 0.97), (1.18, 1.15), (1.27, 1.45), (1.32, 2.0))
"""Outline from the neck down: half the width and the depth below the middle of the face, in face heights."""
_BRIGHTEST = 235.0
"""Level that the bright parts of a face are held below, as a camera's exposure would."""


@dataclass(frozen=True, slots=True, eq=False)
class _Actor:
    role: Role
    cutout: Cutout


class ShotPainter:
    """Paints the frames of one shot."""

    def __init__(self, shot: Shot, cutouts: Mapping[Path, Cutout], options: SceneOptions) -> None:
        self._shot = shot
        self._rate = options.rate
        self._ground = Ground(shot, options.width, options.height)
        self._actors = [_Actor(role, _dressed(cutouts[role.photo], role, shot.light)) for role in shot.roles]

    def paint(self, number: int) -> Image.Image:
        """Paint a frame of the shot by its number, from 0: RGB, the caller's own."""
        at = number / self._shot.frames
        frame = self._ground.at(at)
        pen = ImageDraw.Draw(frame)
        for actor in self._actors:
            pose = pose_at(actor.role.motion, at, number / self._rate)
            _draw_neck(pen, actor.cutout.skin, pose)
            _draw_head(frame, actor.cutout, pose)
            _draw_clothes(pen, actor.role.clothes, pose, frame.height)
            if actor.role.cover is not None:
                _draw_cover(pen, actor.role.cover, at, pose, actor.cutout.skin, frame.height)
        return frame


def _dressed(cutout: Cutout, role: Role, light: float) -> Cutout:
    """Scale a head to about its size in the shot, light it and blur it."""
    scale = min(1.0, _LARGEST_SHRINK * max(role.motion.height) / cutout.height)
    size = round(cutout.picture.width * scale), round(cutout.picture.height * scale)
    picture, mask = (part.resize(size, Image.Resampling.BICUBIC) for part in (cutout.picture, cutout.mask))
    face = cutout.face * scale
    # Blur is given in pixels of the frame; here the head is larger or smaller than there.
    zoom = (face[3] - face[1]) * 2.0 / sum(role.motion.height)
    picture = _blurred(_lit(picture, face, role.look, light), role.look, zoom)
    skin = np.clip(np.array(cutout.skin) * role.look.gain * light * role.look.tint, 0, 255)
    return Cutout(picture, mask, face, (int(skin[0]), int(skin[1]), int(skin[2])))


def _lit(picture: Image.Image, face: Doubles, look: Look, light: float) -> Image.Image:
    levels = 255.0 * (np.asarray(picture) / 255.0) ** look.gamma
    across = (np.arange(picture.width) - face[0]) / (face[2] - face[0]) - 0.5
    side = 1.0 - 0.6 * abs(look.side) * np.clip(0.5 + np.sign(look.side) * across, 0.0, 1.0)
    left, top, right, bottom = face.astype(int)
    bright = float(np.quantile(levels[top:bottom, left:right], 0.97))
    gain = min(look.gain * light, _BRIGHTEST / max(bright, 1.0))
    levels *= gain * np.array(look.tint) * side[None, :, None]
    return Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))


def _blurred(picture: Image.Image, look: Look, zoom: float) -> Image.Image:
    radius = (look.focus * zoom, look.focus * zoom)
    if look.focus:
        picture = picture.filter(ImageFilter.GaussianBlur(radius))
    if look.smear:
        picture = picture.filter(ImageFilter.BoxBlur((look.smear * zoom / 2.0, 0.0)))
    return picture


def _draw_head(frame: Image.Image, cutout: Cutout, pose: Pose) -> None:
    matrix = transform(pose, cutout.face)
    around = hull(matrix, np.array([0.0, 0.0, cutout.picture.width, cutout.picture.height]))
    left, top = (max(0, int(np.floor(edge))) for edge in around[:2])
    right, bottom = min(frame.width, int(around[2]) + 1), min(frame.height, int(around[3]) + 1)
    if left >= right or top >= bottom:
        return
    back = np.linalg.inv(matrix) @ np.array([[1.0, 0.0, left], [0.0, 1.0, top], [0.0, 0.0, 1.0]])
    data = tuple((back / back[2, 2]).ravel()[:8])
    size = right - left, bottom - top
    picture, mask = (
        part.transform(size, Image.Transform.PERSPECTIVE, data, Image.Resampling.BILINEAR)
        for part in (cutout.picture, cutout.mask)
    )
    frame.paste(picture, (left, top), mask)


def _draw_neck(pen: ImageDraw.ImageDraw, skin: Colour, pose: Pose) -> None:
    """Join the head to a body, so that it is not afloat."""
    tall, y = pose.height, pose.y
    upper, lower = y + 0.3 * tall, y + 1.0 * tall
    corners = [
        (pose.x - 0.27 * tall, upper),
        (pose.x + 0.27 * tall, upper),
        (pose.body + 0.33 * tall, lower),
        (pose.body - 0.33 * tall, lower),
    ]
    pen.polygon(corners, fill=_times(skin, 0.75))


def _draw_clothes(pen: ImageDraw.ImageDraw, colour: Colour, pose: Pose, bottom: int) -> None:
    """Draw shoulders down to the bottom of the frame, with an open collar; they swing less than the head."""
    tall, x, y = pose.height, pose.body, pose.y
    collar = [(x + 0.32 * tall, y + 0.70 * tall), (x, y + 0.97 * tall), (x - 0.32 * tall, y + 0.70 * tall)]
    right = [(x + wide * tall, y + down * tall) for wide, down in _SHOULDERS]
    left = [(x - wide * tall, y + down * tall) for wide, down in reversed(_SHOULDERS)]
    low = max(bottom, y + 4.0 * tall)
    pen.polygon([*reversed(collar), *right, (x + 1.4 * tall, low), (x - 1.4 * tall, low), *left], fill=colour)
    pen.line(collar, fill=_times(colour, 0.7), width=max(1, round(0.05 * tall)))


def _draw_cover(pen: ImageDraw.ImageDraw, cover: Cover, at: float, pose: Pose, skin: Colour, bottom: int) -> None:
    place = place_at(cover, at)
    if place is None:
        return
    tall, x, y = pose.height, pose.x, pose.y
    if cover.kind == "bar":
        middle, half = x + place[0] * tall, cover.reach * tall
        pen.rectangle((middle - half, -1, middle + half, bottom), fill=cover.colour)
        return
    arm = place[0] * tall + x, place[1] * tall + y
    half = 0.7 * cover.reach * tall
    pen.polygon(
        [(arm[0] - half, arm[1]), (arm[0] + half, arm[1]), (arm[0] + 2 * half, bottom + 1), (arm[0], bottom + 1)],
        fill=_times(skin, 0.85),
    )
    for number, (middle_x, middle_y, wide, high) in enumerate(hand(cover, place)):
        box = (
            x + (middle_x - wide) * tall,
            y + (middle_y - high) * tall,
            x + (middle_x + wide) * tall,
            y + (middle_y + high) * tall,
        )
        pen.ellipse(box, fill=_times(skin, 0.92 + 0.03 * number))


def _times(colour: Colour, factor: float) -> Colour:
    red, green, blue = (min(255, round(level * factor)) for level in colour)
    return red, green, blue
