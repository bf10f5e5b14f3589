"""Frames to faces: detect in batches, follow, choose the best faces of each track, align, embed in batches.

Describing a face costs as much as finding ten, and the faces of one track resemble each other: a few say as much as
all. So a face is cut out when its frame is at hand and described only when its track is known.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.limits import Limits
from stash_sense.kernel.stages import StageClock
from stash_sense.media.frame import Frame
from stash_sense.recognition.alignment import PORTRAIT, Patch
from stash_sense.recognition.describing import DescribedFace, FaceDescriber
from stash_sense.recognition.faces import Detections, Faces, Sightings, no_faces
from stash_sense.recognition.ports import Detector
from stash_sense.recognition.quality import estimated_quality
from stash_sense.recognition.space import FaceSpace
from stash_sense.recognition.tracks import link, shots, thumbnail

_BATCH_FRAMES = 4
_BATCH_PIXELS = 4 * 1920 * 1080
"""A batch holds at most this many frames and pixels: 25 MB of full HD, one frame of 8K."""

_FACES_PER_TRACK = 4
"""Parts into which a track is cut in time, and of each of which the best face is described."""

_PATCH_BYTES = 96 * 1024 * 1024
"""Memory for faces cut out and not yet described, some 600; beyond, the best of the tracks so far are described."""


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
        describer: describes them.
        limits: `faces_per_frame`, the best by score, and `faces_per_file`, the most promising, are kept.
    """

    def __init__(self, detector: Detector, describer: FaceDescriber, limits: Limits | None = None) -> None:
        self.detector = detector
        self.describer = describer
        self._limits = limits or Limits()

    @property
    def space(self) -> FaceSpace:
        """The space of the vectors."""
        return self.describer.space

    def find(self, frames: Iterable[Frame], clock: StageClock, cancel: CancelToken) -> FoundFaces:
        """Find the faces of all frames at once; see `Sweep`."""
        sweep = self.sweep(clock, cancel)
        sweep.look_at(frames)
        return sweep.found()

    def sweep(
        self, clock: StageClock, cancel: CancelToken, on_frames: Callable[[int], None] = lambda _: None
    ) -> "Sweep":
        """Begin to look at one video or picture.

        Args:
            clock: told the time spent in extraction, detection and embedding.
            cancel: looked at after each batch.
            on_frames: told how many frames are done, after each batch.
        """
        return Sweep(self.detector, self.describer, self._limits, clock, cancel, on_frames)


@dataclass(slots=True, eq=False)
class _Sighting:
    """One face: where it is, how good it promises to be, and what was cut out or described of it so far."""

    frame: int
    box: Floats
    score: float
    landmarks: Floats
    quality: float
    patch: Patch | None
    described: int = -1


class Sweep:
    """The faces of one video or picture, found over one or several passes of frames.

    What was seen in earlier passes is kept: a later pass adds to it and nothing is looked at twice.
    """

    def __init__(
        self,
        detector: Detector,
        describer: FaceDescriber,
        limits: Limits,
        clock: StageClock,
        cancel: CancelToken,
        on_frames: Callable[[int], None],
    ) -> None:
        self._detector = detector
        self._describer = describer
        self._limits = limits
        self._clock = clock
        self._cancel = cancel
        self._on_frames = on_frames
        self._sightings: list[_Sighting] = []
        self._described: list[DescribedFace] = []
        self._times: list[float] = []
        self._thumbnails: list[Floats] = []
        self._size = (0, 0)
        self._patch_bytes = 0
        self._alignments = (PORTRAIT, *describer.alignments)

    def look_at(self, frames: Iterable[Frame]) -> None:
        """Find the faces of more frames.

        Args:
            frames: in any order; consumed one batch at a time.

        Raises:
            Cancelled: the token was set.
        """
        for batch in _timed_batches(frames, self._clock):
            self._cancel.raise_if_cancelled()
            with self._clock.stage("detection"):
                detections = self._detector.detect([frame.image for frame in batch])
                for frame, found in zip(batch, detections, strict=True):
                    self._keep(frame, found.best(self._limits.faces_per_frame))
            if self._patch_bytes > _PATCH_BYTES:
                self._describe()
                self._forget_patches()
            self._size = batch[-1].image.shape[:2]
            self._on_frames(len(self._times))

    def found(self) -> FoundFaces:
        """Describe the best faces of each track that are not described yet, and return all there is so far."""
        order, numbers, tracks = self._describe()
        height, width = self._size
        if not order:
            return FoundFaces(no_faces(self._describer.space.dim), len(self._times), width, height)
        seen = Sightings(
            frame=numbers,
            t=np.asarray([self._times[face.frame] for face in order], np.float64),
            boxes=np.stack([face.box for face in order]),
            scores=np.asarray([face.score for face in order], np.float32),
            landmarks=np.stack([face.landmarks for face in order]),
            track=tracks,
        )
        rows = np.flatnonzero([face.described >= 0 for face in order])
        chosen = [order[row] for row in rows.tolist()]
        described = [self._described[face.described] for face in chosen]
        own = zip(described, chosen, strict=True)
        faces = Faces(
            seen=seen,
            row=rows,
            quality=np.array([d.quality if d.quality is not None else face.quality for d, face in own], np.float32),
            vectors=np.stack([face.vector for face in described]),
            crops=np.stack([face.portrait for face in described]),
        )
        return FoundFaces(faces, len(self._times), width, height)

    def _keep(self, frame: Frame, found: Detections) -> None:
        number = len(self._times)
        self._times.append(np.nan if frame.t is None else frame.t)
        self._thumbnails.append(thumbnail(frame.image))
        for box, score, landmarks in zip(found.boxes, found.scores, found.landmarks, strict=True):
            patch = Patch.cut(frame.image, landmarks, self._alignments)
            self._patch_bytes += patch.image.nbytes
            quality = estimated_quality(box, float(score), landmarks, patch)
            self._sightings.append(_Sighting(number, box, float(score), landmarks, quality, patch))

    def _describe(self) -> tuple[list[_Sighting], Ints, Ints]:
        """Describe what is due; return the faces in the order of time, their frames' numbers, and their tracks."""
        self._drop_beyond_limit()
        number = np.empty(len(self._times), np.int64)
        by_time = np.argsort(np.asarray(self._times), kind="stable")
        number[by_time] = np.arange(len(self._times))
        order = sorted(self._sightings, key=lambda face: int(number[face.frame]))
        if not order:
            return order, np.zeros(0, np.int64), np.zeros(0, np.int64)
        numbers = number[[face.frame for face in order]]
        shot = shots(np.stack([self._thumbnails[place] for place in by_time.tolist()]))
        times = np.asarray(self._times)[[face.frame for face in order]]
        tracks = link(numbers, times, np.stack([face.box for face in order]), shot[numbers])
        due = [face for face in _best_of_tracks(order, tracks) if face.patch is not None]
        with self._clock.stage("embedding"):
            for some in self._describer.batches([face.patch for face in due if face.patch is not None]):
                self._cancel.raise_if_cancelled()
                self._described.extend(some)
        for place, face in enumerate(due, start=len(self._described) - len(due)):
            face.described = place
        return order, numbers, tracks

    def _drop_beyond_limit(self) -> None:
        """Forget the faces that promise least when there are more than a file may have; of equals the later ones."""
        most = self._limits.faces_per_file
        if len(self._sightings) > most:
            worth = np.array([np.inf if face.described >= 0 else face.quality for face in self._sightings])
            kept = np.sort(np.argsort(-worth, kind="stable")[:most])
            self._sightings = [self._sightings[row] for row in kept.tolist()]

    def _forget_patches(self) -> None:
        for face in self._sightings:
            face.patch = None
        self._patch_bytes = 0


def _best_of_tracks(order: Sequence[_Sighting], tracks: Ints) -> Iterator[_Sighting]:
    """Yield the most promising face of each part of each track of which no face is described yet."""
    by_track = np.split(np.argsort(tracks, kind="stable"), np.cumsum(np.bincount(tracks))[:-1])
    for rows in by_track:
        for part in np.array_split(rows, min(len(rows), _FACES_PER_TRACK)):
            faces = [order[row] for row in part.tolist()]
            if not any(face.described >= 0 for face in faces):
                yield max(faces, key=lambda face: (face.patch is not None, face.quality))


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
