"""People who are patterns of coloured tiles, in photographs and in scenes: all of calibration without a model.

In tests: `from tests.integration.calibration.stage import Stage, photographs`.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
from PIL import Image as Pictures

from stash_sense.evaluation.truth import TrueFile, read_truth
from stash_sense.kernel.arrays import Doubles, Floats, Image
from stash_sense.kernel.cancel import CancelToken
from stash_sense.media.frame import Frame
from stash_sense.media.plan import SamplingPlan
from stash_sense.media.ports import FrameSource, VideoInfo
from stash_sense.recognition.describing import FaceDescriber, View
from stash_sense.recognition.face_finder import FaceFinder
from stash_sense.recognition.faces import Detections
from stash_sense.recognition.ports import Alignment, Descriptions
from stash_sense.recognition.space import Block, FaceSpace
from stash_sense.scenes.people import half_of
from stash_sense.scenes.script import SceneOptions

SMALL = SceneOptions(width=320, height=180, rate=5, seconds=(8.0, 14.0), shots=(2, 4), covered=0.0)
"""Scenes that take a fraction of a second to film."""
_TILES = 6
_GREY, _AWAY, _NOISE = 128.0, 70.0, 45.0
_PHOTO, _FACE = 200, (70.0, 60.0, 130.0, 140.0)
_LANDMARKS = np.array([(0.3, 0.35), (0.7, 0.35), (0.5, 0.55), (0.35, 0.75), (0.65, 0.75)])
_CROP = 24


def names(count: int, half: int, kind: str) -> list[str]:
    """Return names of one half of the people."""
    found = (f"{kind}{number:04}" for number in range(100_000))
    return [name for name in found if half_of(name) == half][:count]


def photographs(folder: Path, known: int, strangers: int) -> Path:
    """Write photographs: three of each known person, one of each stranger, so many of both in each half."""
    for half in (0, 1):
        for name in names(known, half, "K"):
            for number in range(3):
                _save(folder / name / f"{name}-{number}.png", name, number)
        for name in names(strangers, half, "S"):
            _save(folder / f"{name}.png", name, 0)
    return folder


class Stage:
    """`VideoOpener`, `Detector` and `Embedder`: scenes of patterns where the truth beside a film says faces are."""

    id = "tiles"
    dim = _TILES * _TILES * 3
    alignment = Alignment(_CROP, tuple((float(x), float(y)) for x, y in _LANDMARKS * _CROP))

    def __init__(self) -> None:
        self._boxes: list[Floats] = [np.array([_FACE], np.float32)]
        """Of the photographs, then of every frame shown; a frame's number is the colour of its first pixel."""

    @property
    def finder(self) -> FaceFinder:
        """Finds and describes patterns."""
        return FaceFinder(
            self, FaceDescriber([View(self, (self.alignment,))], FaceSpace.plain([Block(self.dim, 1.0)]))
        )

    def open(self, path: Path) -> AbstractContextManager[FrameSource]:
        truth = next(file for file in read_truth(path.with_name("truth.json")).files if file.path == path.name)
        return nullcontext(_Scene(truth, self._boxes))

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        return [_detections(self._boxes[int.from_bytes(image[0, 0].tobytes(), "big")]) for image in images]

    def embed(self, crops: Image) -> Descriptions:
        side = _CROP // _TILES
        tiles = crops.reshape(len(crops), _TILES, side, _TILES, side, 3).mean(axis=(2, 4), dtype=np.float32)
        answers = tiles.reshape(len(crops), -1) - np.float32(_GREY)
        norms: Floats = np.linalg.norm(answers, axis=1)
        return Descriptions(np.asarray(answers / norms[:, None], np.float32), norms)


class _Scene:
    def __init__(self, truth: TrueFile, shown: list[Floats]) -> None:
        self._truth = truth
        self._shown = shown

    @property
    def info(self) -> VideoInfo:
        return VideoInfo(max(one.end for one in self._truth.appearances), SMALL.width, SMALL.height, 5.0, "tiles")

    def frames(self, plan: SamplingPlan, cancel: CancelToken) -> Iterator[Frame]:
        for frames in self.passes(plan, cancel):
            yield from frames

    def passes(self, plan: SamplingPlan, cancel: CancelToken) -> Iterator[Iterator[Frame]]:
        for moments in plan.passes(self.info.duration):
            yield (self._frame(moment) for moment in moments.tolist())

    def at(self, seconds: float, cancel: CancelToken) -> Frame:
        return self._frame(seconds)

    def _frame(self, t: float) -> Frame:
        random = np.random.default_rng([int(t * 1000), *self._truth.path.encode()])
        image = np.full((SMALL.height, SMALL.width, 3), _GREY)
        boxes = []
        for one in self._truth.appearances:
            if one.start <= t < one.end:
                _, left, top, width, height = min(one.track, key=lambda moment: abs(moment[0] - t))
                boxes.append((left, top, left + width, top + height))
                _paint(image, boxes[-1], one.subject, random)
        pixels = np.clip(image, 0, 255).astype(np.uint8)
        pixels[0, 0] = list(len(self._shown).to_bytes(3, "big"))
        self._shown.append(np.array(boxes, np.float32).reshape(-1, 4))
        return Frame(pixels, t)


def _save(path: Path, name: str, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.full((_PHOTO, _PHOTO, 3), _GREY)
    _paint(image, _FACE, name, np.random.default_rng([number, *name.encode()]))
    image[0, 0] = 0.0
    Pictures.fromarray(np.clip(image, 0, 255).astype(np.uint8)).save(path)


def _paint(image: Doubles, box: tuple[float, float, float, float], name: str, random: np.random.Generator) -> None:
    """Paint somebody's tiles, each a little lighter or darker every time."""
    own = np.random.default_rng(int(hashlib.sha256(name.encode()).hexdigest()[:12], 16))
    tiles = (
        _GREY + _AWAY * own.choice((-1.0, 1.0), (_TILES, _TILES, 3)) + random.normal(0.0, _NOISE, (_TILES, _TILES, 3))
    )
    left, top, right, bottom = (round(edge) for edge in box)
    rows, columns = (
        np.arange(max(top, 0), min(bottom, len(image))),
        np.arange(max(left, 0), min(right, image.shape[1])),
    )
    of_row = (rows - top) * _TILES // (bottom - top)
    of_column = (columns - left) * _TILES // (right - left)
    image[rows[:, None], columns[None, :]] = tiles[of_row[:, None], of_column[None, :]]


def _detections(boxes: Floats) -> Detections:
    sizes = boxes[:, 2:] - boxes[:, :2]
    landmarks = boxes[:, None, :2] + _LANDMARKS[None] * sizes[:, None, :]
    return Detections(boxes, np.full(len(boxes), 0.9, np.float32), landmarks.astype(np.float32))
