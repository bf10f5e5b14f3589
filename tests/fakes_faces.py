"""Models for which a face is a square of one colour on grey and a person is a colour; films are arrays on the disk.

In tests: `from tests.fakes_faces import RED, finder, picture`.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import chain
from pathlib import Path

import numpy as np
from PIL import Image as Pictures

from stash_sense.errors import VideoDamaged
from stash_sense.kernel.arrays import AnyArray, Bools, Floats, Image
from stash_sense.kernel.cancel import CancelToken
from stash_sense.media.frame import Frame
from stash_sense.media.plan import SamplingPlan
from stash_sense.media.ports import FrameSource, VideoInfo
from stash_sense.recognition.curve import ProbabilityCurve
from stash_sense.recognition.describing import FaceDescriber, View
from stash_sense.recognition.face_finder import FaceFinder
from stash_sense.recognition.faces import Detections
from stash_sense.recognition.ports import Alignment, Descriptions
from stash_sense.recognition.space import Block, FaceSpace
from stash_sense.recognition.spec import Decision, MatchingConstants

Colour = tuple[int, int, int]
RED, GREEN, BLUE, YELLOW = (250, 5, 5), (5, 250, 5), (5, 5, 250), (250, 250, 5)
NEARLY_RED = (250, 60, 5)
"""Cosine of 0.97 to red; between the other colours it is 0.33 at most."""
_GREY = 128
_LANDMARKS = np.array([(0.3, 0.35), (0.7, 0.35), (0.5, 0.55), (0.35, 0.75), (0.65, 0.75)])
"""Fractions of a square at which its features are taken to be."""
_CROP = 16


def picture(*faces: tuple[Colour, int, int, int], size: tuple[int, int] = (320, 200)) -> Image:
    """A grey picture of (width, height) pixels with squares: colour, left, top, side; none above another."""
    image = np.full((size[1], size[0], 3), _GREY, np.uint8)
    for colour, left, top, side in faces:
        image[top : top + side, left : left + side] = colour
    return image


def striped(image: Image) -> Image:
    """The picture with every second row of its squares a fifth darker: faces that are sharp."""
    stripes = image.copy()
    rows = stripes[::2]
    rows[:] = np.where((rows == _GREY).all(axis=2, keepdims=True), rows, rows // 5 * 4)
    return stripes


def save_picture(path: Path, image: Image) -> Path:
    """Write a picture in the format of its extension, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Pictures.fromarray(image).save(path)
    return path


def save_film(path: Path, frames: Sequence[Image]) -> Path:
    """Write a film for `ArrayFilms`, a frame a second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        np.save(file, np.stack(frames))
    return path


class SquareDetector:
    """A `Detector` that takes every coloured square for a face."""

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        return [_squares(image) for image in images]


class ColourEmbedder:
    """An `Embedder` whose answer is the colour in the middle of the crop, from grey: the purer, the longer."""

    id = "colour"
    dim = 3
    alignment = Alignment(_CROP, tuple((float(x), float(y)) for x, y in _LANDMARKS * _CROP))

    def embed(self, crops: Image) -> Descriptions:
        middle = crops[:, _CROP // 4 : -_CROP // 4, _CROP // 4 : -_CROP // 4].mean(axis=(1, 2), dtype=np.float32)
        answers = middle - _GREY
        norms: Floats = np.linalg.norm(answers, axis=1)
        return Descriptions(np.asarray(answers / norms[:, None], np.float32), norms)


class ArrayFilms:
    """A `VideoOpener` for what `save_film` wrote; any other file is a damaged video."""

    def open(self, path: Path) -> AbstractContextManager[FrameSource]:
        try:
            return nullcontext(_ArrayFilm(np.load(path)))
        except ValueError as error:
            raise VideoDamaged(path=path, reason="no film") from error


class _ArrayFilm:
    def __init__(self, frames: AnyArray) -> None:
        self._frames = frames

    @property
    def info(self) -> VideoInfo:
        count, height, width = self._frames.shape[:3]
        return VideoInfo(float(count), width, height, 1.0, "array")

    def frames(self, plan: SamplingPlan, cancel: CancelToken) -> Iterator[Frame]:
        return chain.from_iterable(self.passes(plan, cancel))

    def passes(self, plan: SamplingPlan, cancel: CancelToken) -> Iterator[Iterator[Frame]]:
        """The seconds in which the moments of each pass lie, but those of an earlier pass."""
        given: set[int] = set()
        for moments in plan.passes(self.info.duration):
            seconds = set(np.minimum(moments.astype(int), len(self._frames) - 1).tolist()) - given
            given |= seconds
            yield self._shown(sorted(seconds), cancel)

    def at(self, seconds: float, cancel: CancelToken) -> Frame:
        cancel.raise_if_cancelled()
        return Frame(self._frames[min(int(seconds), len(self._frames) - 1)], seconds)

    def _shown(self, seconds: Sequence[int], cancel: CancelToken) -> Iterator[Frame]:
        """The last second first: the port promises no order."""
        for second in reversed(seconds):
            cancel.raise_if_cancelled()
            yield Frame(self._frames[second], float(second))


def finder() -> FaceFinder:
    """A face finder over squares and colours."""
    embedder = ColourEmbedder()
    view = View(embedder, (embedder.alignment,))
    return FaceFinder(SquareDetector(), FaceDescriber([view], FaceSpace.plain([Block(3, 1.0)])))


def decision() -> Decision:
    """Even odds at a cosine of 0.8 between colours."""
    curve = ProbabilityCurve(("similarity",), (40.0,), -32.0, "colours")
    return Decision(FaceSpace.plain([Block(3, 1.0)]), MatchingConstants(0.3, 0.3, 1.0), curve)


def _squares(image: Image) -> Detections:
    away = np.abs(image.astype(np.int16) - _GREY).max(axis=2) > 60
    boxes = [
        (left, top, right, bottom)
        for left, right in _runs(away.any(axis=0))
        for top, bottom in _runs(away[:, left:right].any(axis=1))
        if min(right - left, bottom - top) >= 4
    ]
    corners = np.array(boxes, np.float32).reshape(-1, 4)
    sizes = corners[:, 2:] - corners[:, :2]
    landmarks = corners[:, None, :2] + _LANDMARKS[None] * sizes[:, None, :]
    return Detections(corners, np.full(len(corners), 0.9, np.float32), landmarks.astype(np.float32))


def _runs(marks: Bools) -> list[tuple[int, int]]:
    """First and one past the last place of each run of marks."""
    steps = np.diff(np.concatenate([[0], marks.astype(np.int8), [0]]))
    return list(zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True))
