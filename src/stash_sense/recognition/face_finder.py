"""Frames to faces: detect in batches, align, judge, embed in batches, holding few frames at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from stash_sense.kernel.arrays import Floats, Image
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.stages import StageClock
from stash_sense.media.frame import Frame
from stash_sense.recognition.alignment import PORTRAIT, align
from stash_sense.recognition.faces import Detections, Faces, no_faces
from stash_sense.recognition.ports import Alignment, Detector, Embedder
from stash_sense.recognition.quality import quality
from stash_sense.recognition.space import FaceSpace

_BATCH_FRAMES = 4
_BATCH_PIXELS = 4 * 1920 * 1080
"""A batch holds at most this many frames and pixels: 25 MB of full HD, one frame of 8K."""

_BATCH_FACES = 16
"""Faces aligned and described at once: dlib on one core takes 3.5 ms a face by 16; by 64, 4.5 ms and 80 MB more."""


@dataclass(frozen=True, slots=True)
class Describer:
    """An embedder and the views it takes of each face; their vectors are averaged."""

    embedder: Embedder
    views: tuple[Alignment, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FoundFaces:
    """The faces of one video or picture, and how many frames were looked at, of which size in pixels."""

    faces: Faces
    frame_count: int
    width: int
    height: int


class FaceFinder:
    """Finds and describes faces with the models of one pack.

    Args:
        detector: finds the faces of frames.
        describers: describe each face, in the order of the space's blocks.
        space: of the vectors.
        limits: `faces_per_frame`, the best by score, and `faces_per_file`, the best by quality, are kept.
    """

    def __init__(
        self, detector: Detector, describers: Sequence[Describer], space: FaceSpace, limits: Limits | None = None
    ) -> None:
        self._detector = detector
        self._describers = tuple(describers)
        self._limits = limits or Limits()
        self.space = space

    def find(
        self,
        frames: Iterable[Frame],
        clock: StageClock,
        cancel: CancelToken,
        on_frames: Callable[[int], None] = lambda _: None,
    ) -> FoundFaces:
        """Find the faces of all frames.

        Args:
            frames: in any order; consumed one batch at a time.
            clock: told the time spent in extraction, detection and embedding.
            cancel: looked at after each batch.
            on_frames: told how many frames are done, after each batch.

        Raises:
            Cancelled: the token was set.
        """
        parts: list[Faces] = []
        times: list[float] = []
        width = height = 0
        for batch in _timed_batches(frames, clock):
            cancel.raise_if_cancelled()
            with clock.stage("detection"):
                detections = self._detector.detect([frame.image for frame in batch])
            with clock.stage("embedding"):
                for frame, every in zip(batch, detections, strict=True):
                    found = every.best(self._limits.faces_per_frame)
                    if len(found):
                        described = self._describe(frame, found, index=len(times))
                        parts = _best([*parts, described], self._limits.faces_per_file)
                    times.append(np.nan if frame.t is None else frame.t)
            height, width = batch[-1].image.shape[:2]
            on_frames(len(times))
        return FoundFaces(_in_order_of_time(parts, times, self.space.dim), len(times), width, height)

    def _describe(self, frame: Frame, found: Detections, index: int) -> Faces:
        count = len(found)
        portraits = np.stack([align(frame.image, landmarks, PORTRAIT) for landmarks in found.landmarks])
        return Faces(
            frame=np.full(count, index, np.int64),
            t=np.full(count, np.nan if frame.t is None else frame.t, np.float64),
            boxes=found.boxes,
            scores=found.scores,
            landmarks=found.landmarks,
            quality=quality(found.boxes, found.scores, found.landmarks, portraits),
            vectors=self._embed(frame.image, found.landmarks),
            crops=portraits,
        )

    def _embed(self, image: Image, landmarks: Floats) -> Floats:
        """Describe faces by every model, and put the descriptions into the pack's space."""
        some_at_a_time = np.array_split(landmarks, -(-len(landmarks) // _BATCH_FACES))
        described = []
        for describer in self._describers:
            total = np.zeros((len(landmarks), describer.embedder.dim), np.float32)
            for view in describer.views:
                crops = (np.stack([align(image, points, view) for points in some]) for some in some_at_a_time)
                total += np.concatenate([describer.embedder.embed(batch) for batch in crops])
            described.append(total)
        return self.space.place(described)


def _timed_batches(frames: Iterable[Frame], clock: StageClock) -> Iterator[list[Frame]]:
    """Group frames into batches, counting the time until they arrive as extraction."""
    source = iter(frames)
    batch: list[Frame] = []
    pixels = 0
    while True:
        with clock.stage("extraction"):
            frame = next(source, None)
        if frame is None:
            break
        size = frame.image.shape[0] * frame.image.shape[1]
        if batch and (len(batch) == _BATCH_FRAMES or pixels + size > _BATCH_PIXELS):
            yield batch
            batch, pixels = [], 0
        batch.append(frame)
        pixels += size
    if batch:
        yield batch


def _best(parts: list[Faces], most: int) -> list[Faces]:
    """Drop the faces of the least quality when there are more than so many; of equals the later ones."""
    counts = [len(part) for part in parts]
    if sum(counts) <= most:
        return parts
    kept = np.zeros(sum(counts), np.bool_)
    kept[np.argsort(-np.concatenate([part.quality for part in parts]), kind="stable")[:most]] = True
    rows_of_parts = np.split(kept, np.cumsum(counts)[:-1])
    return [
        part if rows.all() else part.take(np.flatnonzero(rows))
        for part, rows in zip(parts, rows_of_parts, strict=True)
        if rows.any()
    ]


def _in_order_of_time(parts: list[Faces], times: list[float], dim: int) -> Faces:
    """Put the faces of frames in the order of time and number the frames, those without faces too, in it."""
    if not parts:
        return no_faces(dim)
    number = np.empty(len(times), np.int64)
    number[np.argsort(np.asarray(times), kind="stable")] = np.arange(len(times))
    parts = sorted(parts, key=lambda part: int(number[part.frame[0]]))
    return Faces(
        frame=number[np.concatenate([part.frame for part in parts])],
        t=np.concatenate([part.t for part in parts]),
        boxes=np.concatenate([part.boxes for part in parts]),
        scores=np.concatenate([part.scores for part in parts]),
        landmarks=np.concatenate([part.landmarks for part in parts]),
        quality=np.concatenate([part.quality for part in parts]),
        vectors=np.concatenate([part.vectors for part in parts]),
        crops=np.concatenate([part.crops for part in parts]),
    )
