"""Pictures of people -> the one face in each that is meant, described.

Reading, hashing and decoding go on in a thread while the models work. Only the face that is meant is described: of
photographs with other people in them, the others' would cost as much.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from stash_sense.errors import Cancelled, InputUnreadable, PerformersLost, StashSenseError
from stash_sense.kernel.arrays import Floats, Image
from stash_sense.kernel.cancel import CancelToken
from stash_sense.media.frame import Frame
from stash_sense.media.ports import PictureReader
from stash_sense.performers.building.sources import PerformerSource, SourcePicture, fingerprint_of
from stash_sense.recognition.alignment import PORTRAIT, Patch
from stash_sense.recognition.describing import DescribedFace
from stash_sense.recognition.face_finder import FaceFinder
from stash_sense.recognition.faces import Detections
from stash_sense.recognition.quality import estimated_quality

_AHEAD = 3
"""Pictures read ahead at most: 50 MB each at the largest, of 4096 x 4096 pixels."""
_BATCH_FRAMES, _BATCH_PIXELS = 4, 4 * 1920 * 1080
"""Pictures whose faces are looked for together, as in a video: 25 MB."""
_BATCH_FACES = 16
"""Faces described together, as the describer does at most: 1 to 5 % faster than one by one, and two threads busy."""
_DESCRIBED = 0.5
"""Length of a vector above which it is one: of a face to which a model answers nothing it is 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """The face that a picture was taken for.

    Attributes:
        vector: (D,) float32 unit vector, in the pack's space.
        quality: above 0, how much it should count.
        look: (16, 16) uint8 grey levels of the aligned face, by which two copies of one photograph are told.
    """

    vector: Floats
    quality: float
    look: Image


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """What came of one picture.

    Attributes:
        sha256: of the file, hex; empty where it could not be read as a picture.
        faces: how many were found in it.
        face: the largest and most central one; None without one that can be described, or where `known` said so.
        problem: why it could not be read; empty otherwise.
        known: whether it was not looked at, since a picture of the same bytes is known.
    """

    picture: SourcePicture
    sha256: str = ""
    faces: int = 0
    face: Face | None = None
    problem: str = ""
    known: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    picture: SourcePicture
    sha256: str
    frame: Frame | None
    problem: str = ""


@dataclass(slots=True, eq=False)
class _Waiting:
    """A picture on its way through the models; `patch` is the face cut out of it."""

    read: _Read
    problem: str
    known: bool = False
    faces: int = 0
    patch: Patch | None = None
    quality: float = 0.0
    described: DescribedFace | None = None

    def portrait(self) -> Portrait:
        face = None
        if self.described is not None and np.linalg.norm(self.described.vector) > _DESCRIBED:
            quality = self.described.quality if self.described.quality is not None else self.quality
            face = Face(self.described.vector, float(quality), look_of(self.described.portrait))
        sha256 = "" if self.problem else self.read.sha256
        return Portrait(self.read.picture, sha256, self.faces, face, self.problem, self.known)


class PortraitFinder:
    """Finds and describes the face that each picture was taken for."""

    def __init__(self, pictures: PictureReader, finder: FaceFinder) -> None:
        self._pictures = pictures
        self._finder = finder
        self._alignments = (PORTRAIT, *finder.describer.alignments)

    def portraits(
        self,
        pictures: Iterable[SourcePicture],
        source: PerformerSource,
        cancel: CancelToken,
        known: Callable[[str], bool] = lambda _: False,
    ) -> Generator[Portrait]:
        """Yield what came of each picture, in their order; one that is bad does not stop the rest.

        Args:
            pictures: consumed a few ahead.
            source: that they are of.
            cancel: looked at between pictures.
            known: whether nothing need be done about a picture with that SHA-256.

        Raises:
            PerformersLost: the source went away.
            Cancelled: the token was set.
        """
        waiting: list[_Waiting] = []
        group: list[_Waiting] = []
        for read in self._read_ahead(pictures, source, cancel):
            cancel.raise_if_cancelled()
            one = _Waiting(read, read.problem, known=bool(read.sha256) and known(read.sha256))
            waiting.append(one)
            if one.known:
                one.read = replace(read, frame=None)
            elif read.frame is not None:
                group.append(one)
            if _full(group):
                self._detect(group)
                group = []
            if len(waiting) >= _BATCH_FACES:
                self._detect(group)
                group = []
                yield from self._described(waiting)
                waiting = []
        cancel.raise_if_cancelled()
        self._detect(group)
        yield from self._described(waiting)

    def _read_ahead(
        self, pictures: Iterable[SourcePicture], source: PerformerSource, cancel: CancelToken
    ) -> Iterator[_Read]:
        with ThreadPoolExecutor(source.readers, "reading-pictures") as threads:
            pending: deque[Future[_Read]] = deque()
            try:
                for picture in pictures:
                    cancel.raise_if_cancelled()
                    pending.append(threads.submit(self._read, picture, source))
                    if len(pending) > _AHEAD:
                        yield pending.popleft().result()
                while pending:
                    yield pending.popleft().result()
            finally:
                for future in pending:
                    future.cancel()

    def _read(self, picture: SourcePicture, source: PerformerSource) -> _Read:
        try:
            with source.opened(picture) as path:
                before = fingerprint_of(path)
                frame = self._pictures.read(path)
                sha256 = _sha256(path)
                if fingerprint_of(path) != before:
                    raise InputUnreadable(path=path, reason="it was changed while it was read; build again")
        except (Cancelled, PerformersLost):
            raise
        except StashSenseError as error:
            return _Read(picture, "", None, str(error))
        return _Read(picture, sha256, frame)

    def _detect(self, group: Sequence[_Waiting]) -> None:
        """Find the faces of some pictures, cut out the one that is meant, and let go of the pictures."""
        images = [one.read.frame.image for one in group if one.read.frame is not None]
        if not images:
            return
        try:
            detections = self._finder.detector.detect(images)
        except Cancelled:
            raise
        except StashSenseError as error:
            _blame(group, error, self._detect)
            return
        for one, image, found in zip(group, images, detections, strict=True):
            one.faces = len(found)
            if len(found):
                self._cut(one, image, found)
            one.read = replace(one.read, frame=None)

    def _cut(self, one: _Waiting, image: Image, found: Detections) -> None:
        row = most_prominent(found.boxes, image.shape)
        landmarks = found.landmarks[row]
        one.patch = Patch.cut(image, landmarks, self._alignments)
        one.quality = estimated_quality(found.boxes[row], float(found.scores[row]), landmarks, one.patch)

    def _described(self, waiting: Sequence[_Waiting]) -> Iterator[Portrait]:
        self._describe([one for one in waiting if one.patch is not None])
        for one in waiting:
            yield one.portrait()

    def _describe(self, with_face: Sequence[_Waiting]) -> None:
        patches = [one.patch for one in with_face if one.patch is not None]
        try:
            described = [face for batch in self._finder.describer.batches(patches) for face in batch]
        except Cancelled:
            raise
        except StashSenseError as error:
            _blame(with_face, error, self._describe)
            return
        for one, face in zip(with_face, described, strict=True):
            one.described, one.patch = face, None


def _blame(group: Sequence[_Waiting], error: StashSenseError, again: Callable[[Sequence[_Waiting]], None]) -> None:
    """Do again one by one what a model refused to do together, so that only the one to blame is refused."""
    if len(group) == 1:
        group[0].problem = str(error)
        group[0].read = replace(group[0].read, frame=None)
        return
    for one in group:
        again([one])


def most_prominent(boxes: Floats, shape: Sequence[int]) -> int:
    """Choose the face that is large and near the centre: height, down to half of it at a corner.

    Args:
        boxes: (n, 4) as in `Detections`, one at least.
        shape: (height, width, ...) of the picture.
    """
    height, width = shape[:2]
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2.0
    away = np.hypot(centres[:, 0] / width - 0.5, centres[:, 1] / height - 0.5) / np.hypot(0.5, 0.5)
    return int(((boxes[:, 3] - boxes[:, 1]) * (1.0 - 0.5 * away)).argmax())


LOOK_SIDE = 16
"""Side of a face's look, pixels."""


def look_of(portrait: Image) -> Image:
    """Average the middle of a (96, 96, 3) aligned face to (16, 16) grey levels."""
    inner = portrait[8:-8, 8:-8].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    cell = inner.shape[0] // LOOK_SIDE
    return np.asarray(inner.reshape(LOOK_SIDE, cell, LOOK_SIDE, cell).mean(axis=(1, 3)) + 0.5, np.uint8)


def _full(group: Sequence[_Waiting]) -> bool:
    pixels = sum(one.read.frame.image[..., 0].size for one in group if one.read.frame is not None)
    return len(group) >= _BATCH_FRAMES or pixels >= _BATCH_PIXELS


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise InputUnreadable(path=path, reason=error.strerror) from error
