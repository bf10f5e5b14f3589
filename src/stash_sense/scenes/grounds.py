"""A seed -> what is behind the people: a blurred place, words of a title, credits that scroll. Never a face."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from stash_sense.kernel.arrays import Doubles
from stash_sense.scenes.script import Shot

_COARSE = 4
"""Places are drawn with a quarter of the pixels and enlarged: they are out of focus."""
_MARGIN = 0.10
"""How far a place reaches beyond the frame, share of its width, so that the camera can pan."""
_ONSETS = ("b", "br", "d", "dr", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "st", "t", "v", "z")
_RHYMES = ("a", "al", "an", "e", "el", "en", "er", "i", "in", "o", "on", "or", "u", "un")


class Ground:
    """What is behind the people of one shot."""

    def __init__(self, shot: Shot, width: int, height: int) -> None:
        random = np.random.default_rng(shot.seed)
        self._size = width, height
        if shot.kind == "place":
            self._picture = _place(shot.light, width, height, random)
            spare = self._picture.width - width, self._picture.height - height
            ends = random.random((2, 2)) * spare
            still = random.random() < 0.4
            self._from, self._to = ends[0], ends[0] if still else ends[1]
        else:
            self._picture = _words(shot.kind == "credits", width, height, random)
            self._from, self._to = np.zeros(2), np.array([0.0, float(self._picture.height - height)])

    def at(self, share: float) -> Image.Image:
        """Return the (width, height) view at 0 to 1 of the shot, the caller's own."""
        left, top = (round(float(edge)) for edge in self._from + (self._to - self._from) * share)
        return self._picture.crop((left, top, left + self._size[0], top + self._size[1]))


def _place(light: float, width: int, height: int, random: np.random.Generator) -> Image.Image:
    whole = round(width * (1.0 + _MARGIN)), round(height * (1.0 + _MARGIN))
    coarse = whole[0] // _COARSE, whole[1] // _COARSE
    picture = Image.fromarray(_levels(_gradient(coarse, random)))
    _furnish(ImageDraw.Draw(picture), coarse, random)
    picture = picture.filter(ImageFilter.GaussianBlur(float(random.choice((1.0, 2.5, 5.0)))))
    picture = picture.resize(whole, Image.Resampling.BICUBIC)
    grain = random.normal(0.0, float(random.uniform(0.0, 5.0)), (whole[1], whole[0], 1))
    return Image.fromarray(_levels((np.asarray(picture) + grain) * light))


def _gradient(size: tuple[int, int], random: np.random.Generator) -> Doubles:
    """Mix two colours along a slanted line, with soft clouds."""
    x, y = np.meshgrid(np.linspace(-1.0, 1.0, size[0]), np.linspace(-1.0, 1.0, size[1]))
    angle = random.uniform(0.0, 6.28)
    share = np.clip(0.5 + 0.4 * (x * np.cos(angle) + y * np.sin(angle)), 0.0, 1.0)
    clouds = Image.fromarray(random.integers(0, 255, (5, 8)).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    share = share + (np.asarray(clouds) / 255.0 - 0.5) * random.uniform(0.0, 0.6)
    grey, cast = random.uniform(30.0, 190.0, (2, 1)), random.normal(0.0, 22.0, (2, 3))
    one, other = np.clip(grey + cast, 5.0, 235.0)
    mixed: Doubles = one + (other - one) * share[..., None]
    return mixed


def _furnish(pen: ImageDraw.ImageDraw, size: tuple[int, int], random: np.random.Generator) -> None:
    """Put walls, panes, stripes and lamps into a place; nothing as wide as high, which might pass for a head."""
    width, height = size
    for _ in range(int(random.integers(2, 9))):
        colour = tuple(int(level) for level in np.clip(random.uniform(20, 210) + random.normal(0, 25, 3), 0, 255))
        left, top = random.uniform(-0.2, 1.0) * width, random.uniform(-0.2, 0.9) * height
        wide, high = random.uniform(0.05, 0.5) * width, random.uniform(0.1, 0.9) * height
        pen.rectangle((left, top, left + wide, top + high), fill=colour)
    if random.random() < 0.3:
        step, wide = float(random.uniform(0.05, 0.15)) * width, float(random.uniform(0.01, 0.04)) * width
        colour = tuple(int(level) for level in random.integers(30, 200, 3))
        for left in np.arange(0.0, width, step):
            pen.rectangle((left, 0, left + wide, height), fill=colour)
    for _ in range(int(random.integers(0, 6))):
        middle, radius = random.random(2) * (width, height), random.uniform(0.01, 0.05) * width
        colour = tuple(int(level) for level in random.integers(170, 255, 3))
        pen.ellipse((*(middle - radius), *(middle + radius)), fill=colour)


def _words(many: bool, width: int, height: int, random: np.random.Generator) -> Image.Image:
    """Write a title of two lines, or credits of a few dozen, as high as they need plus a frame."""
    lines = 28 if many else 2
    spacing = round(height / 12)
    picture = Image.new(
        "RGB", (width, height + (lines * spacing if many else 0)), tuple(random.integers(0, 40, 3).tolist())
    )
    pen = ImageDraw.Draw(picture)
    first = height * (0.6 if many else 0.45)
    for number in range(lines):
        text = f"{_word(random)} {_word(random)}"
        size = height / 24 if many else height / (10 + 8 * number)
        pen.text(
            (width / 2, first + number * spacing * (1 if many else 1.6)),
            text,
            (225, 225, 215),
            anchor="mm",
            font_size=size,
        )
    return picture


def _word(random: np.random.Generator) -> str:
    syllables = (str(random.choice(_ONSETS)) + str(random.choice(_RHYMES)) for _ in range(int(random.integers(2, 4))))
    return "".join(syllables).capitalize()


def _levels(picture: Doubles) -> np.typing.NDArray[np.uint8]:
    return np.clip(picture, 0.0, 255.0).astype(np.uint8)
