"""The sample portraits -> a short H.264 film in which they move, turn, change size and light."""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from stash_sense.files import storage_errors
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.samples import PEOPLE, STRANGER

_WIDTH, _HEIGHT, _RATE = 800, 450, 12
_NIGHT, _DAY, _DUSK = (24, 28, 38), (206, 214, 222), (92, 70, 84)


@dataclass(frozen=True, slots=True)
class _Role:
    """A portrait in a shot: where its centre goes (fractions of the frame), how high it is, how it turns."""

    portrait: Path
    start: tuple[float, float]
    end: tuple[float, float]
    height: tuple[float, float]
    turn: float = 4.0
    light: float = 1.0
    blur: float = 0.0


@dataclass(frozen=True, slots=True)
class _Shot:
    seconds: float
    ground: tuple[int, int, int]
    roles: tuple[_Role, ...] = ()
    title: str = ""


_OBAMA, _BIDEN, _COLLINS = (
    PEOPLE / name / "portrait.jpg" for name in ("Barack Obama", "Joe Biden", "Eileen Collins")
)

_SHOTS = (
    _Shot(2.0, _NIGHT, title="Stash Sense\na film of public-domain portraits"),
    _Shot(4.0, _DAY, (_Role(_OBAMA, (0.3, 0.55), (0.6, 0.5), (0.7, 0.95)),)),
    _Shot(
        5.0,
        _DUSK,
        (
            _Role(_COLLINS, (0.27, 0.5), (0.3, 0.55), (0.75, 0.7), turn=-5.0),
            _Role(_BIDEN, (0.75, 0.55), (0.7, 0.5), (0.7, 0.8), light=0.8),
        ),
    ),
    _Shot(1.5, _NIGHT),
    _Shot(4.0, _DAY, (_Role(STRANGER, (0.62, 0.5), (0.42, 0.5), (0.75, 0.9), turn=3.0),)),
    _Shot(
        4.0,
        _DUSK,
        (
            _Role(_OBAMA, (0.28, 0.55), (0.25, 0.5), (0.55, 0.6), light=0.7, blur=0.8),
            _Role(STRANGER, (0.72, 0.5), (0.75, 0.5), (0.65, 0.6), turn=-3.0),
        ),
    ),
    _Shot(3.0, _DAY, (_Role(_BIDEN, (0.5, 0.5), (0.55, 0.5), (1.0, 0.8), light=1.15),)),
    _Shot(2.0, _NIGHT, title="Portraits: White House, NASA, U.S. Navy"),
)


def make_film(path: Path, progress: ProgressListener = silent, cancel: CancelToken | None = None) -> None:
    """Write the film: 800 x 450, 12 frames a second, 25.5 s, a keyframe every 2 s at most.

    Raises:
        StorageError: it cannot be written; nothing is left behind.
        Cancelled: the token was set; nothing is left behind.
    """
    frames = round(sum(shot.seconds for shot in _SHOTS) * _RATE)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with av.open(str(part), "w", format="mp4") as container:
                stream = container.add_stream("libx264", rate=_RATE, options={"preset": "veryfast", "crf": "22"})
                stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
                stream.gop_size = 2 * _RATE
                stream.time_base = Fraction(1, _RATE)
                for number, picture in enumerate(_pictures()):
                    if cancel is not None:
                        cancel.raise_if_cancelled()
                    if number % _RATE == 0:
                        progress(Progress("making the sample film", number, frames))
                    container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")))
                container.mux(stream.encode(None))
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    progress(Progress("making the sample film", frames, frames))


def _pictures() -> Iterator[Image.Image]:
    for shot in _SHOTS:
        portraits = [_portrait(role) for role in shot.roles]
        ground = _ground(shot)
        count = round(shot.seconds * _RATE)
        for step in range(count):
            at = step / count
            picture = ground.copy()
            for role, portrait in zip(shot.roles, portraits, strict=True):
                _place(picture, role, portrait, at)
            yield picture


def _portrait(role: _Role) -> Image.Image:
    with Image.open(role.portrait) as photograph:
        portrait = ImageEnhance.Brightness(photograph.convert("RGB")).enhance(role.light)
    if role.blur:
        portrait = portrait.filter(ImageFilter.GaussianBlur(role.blur))
    return portrait.convert("RGBA")


def _ground(shot: _Shot) -> Image.Image:
    """A plain ground, darker towards the bottom, with the title if there is one."""
    shade = np.linspace(1.1, 0.7, _HEIGHT)[:, None, None] * np.array(shot.ground)[None, None, :]
    ground = Image.fromarray(np.clip(np.broadcast_to(shade, (_HEIGHT, _WIDTH, 3)), 0, 255).astype(np.uint8))
    if shot.title:
        pen = ImageDraw.Draw(ground)
        pen.multiline_text(
            (_WIDTH / 2, _HEIGHT / 2), shot.title, (230, 230, 230), anchor="mm", align="center", font_size=30
        )
    return ground


def _place(picture: Image.Image, role: _Role, portrait: Image.Image, at: float) -> None:
    height = (role.height[0] + (role.height[1] - role.height[0]) * at) * _HEIGHT
    width = portrait.width * height / portrait.height
    angle = role.turn * math.sin(2.0 * math.pi * at)
    turned = portrait.resize((round(width), round(height))).rotate(angle, Image.Resampling.BILINEAR, expand=True)
    x, y = (start + (end - start) * at for start, end in zip(role.start, role.end, strict=True))
    picture.paste(turned, (round(x * _WIDTH - turned.width / 2), round(y * _HEIGHT - turned.height / 2)), turned)
