"""The faces found in frames, column by column."""

from dataclasses import dataclass

import numpy as np

from stash_sense.kernel.arrays import Doubles, Floats, Image, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Faces of one frame, best score first.

    Attributes:
        boxes: (n, 4) float32, left, top, right, bottom in pixels of the full frame; may reach past its edges.
        scores: (n,) float32, 0 to 1.
        landmarks: (n, 5, 2) float32, x and y in pixels: right eye, left eye, nose tip, mouth corners, as seen.
    """

    boxes: Floats
    scores: Floats
    landmarks: Floats

    def __len__(self) -> int:
        return len(self.scores)

    def best(self, most: int) -> "Detections":
        """Return the faces with the best scores, at most so many."""
        return Detections(self.boxes[:most], self.scores[:most], self.landmarks[:most])


CROP_SIZE = 96
"""Side of the crops kept for people to look at, pixels: sharp on a screen, 27 kB a face."""


@dataclass(frozen=True, slots=True, eq=False)
class Sightings:
    """All faces of one video or picture, row by row, in the order of time.

    Attributes:
        frame: (n,) int64, ascending, which analysed frame the face is in; equal numbers mean the same frame.
        t: (n,) float64 seconds, nan for a still picture; float32 would lose milliseconds from 8,192 s on.
        boxes, scores, landmarks: as in `Detections`.
        track: (n,) int64; faces of one track are one person at one place in one shot (see `tracks.py`).
    """

    frame: Ints
    t: Doubles
    boxes: Floats
    scores: Floats
    landmarks: Floats
    track: Ints

    def __len__(self) -> int:
        return len(self.scores)


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """The faces of one video or picture that were described: the best ones of every track.

    Attributes:
        seen: every face there is.
        row: (n,) int64, ascending, which row of `seen` each described face is.
        quality: (n,) float32 above 0, how much the face should count (see `quality.py`).
        vectors: (n, dim) float32 unit vectors: the embedders' unit vectors side by side, by the pack's weights.
        crops: (n, 96, 96, 3) uint8 RGB, the aligned face, for people to look at.
    """

    seen: Sightings
    row: Ints
    quality: Floats
    vectors: Floats
    crops: Image

    def __len__(self) -> int:
        return len(self.row)

    @property
    def frame(self) -> Ints:
        """(n,) which frame each described face is in."""
        return self.seen.frame[self.row]

    @property
    def track(self) -> Ints:
        """(n,) the track of each described face."""
        return self.seen.track[self.row]


def no_faces(dim: int) -> Faces:
    """Return an empty set of faces for vectors of the given dimension."""
    floats, ints = np.zeros(0, np.float32), np.zeros(0, np.int64)
    seen = Sightings(
        frame=ints,
        t=np.zeros(0, np.float64),
        boxes=np.zeros((0, 4), np.float32),
        scores=floats,
        landmarks=np.zeros((0, 5, 2), np.float32),
        track=ints,
    )
    return Faces(
        seen=seen,
        row=ints,
        quality=floats,
        vectors=np.zeros((0, dim), np.float32),
        crops=np.zeros((0, CROP_SIZE, CROP_SIZE, 3), np.uint8),
    )
