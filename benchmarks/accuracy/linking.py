"""An album -> the distances at which groups of faces are told apart, found with the program's own clustering."""

from dataclasses import dataclass

import numpy as np
from benchmarks.accuracy.album import Album
from benchmarks.accuracy.crowd import learn_space

from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.recognition.clustering import cluster
from stash_sense.recognition.space import FaceSpace

SCENES = 150
"""For each half; people and strangers thrown together as a video might show them."""
_COPY_SHOWN = (0.9, 0.7, 0.4)
"""How likely a photograph and its degraded copies are in a scene."""
_PEOPLE_SHARE = 0.75
_STRANGER_IDS = 1_000_000
_SAME_BEST = 0.002
"""Pairwise F1 this near to the best counts as equal to it."""
_QUANTILES = np.linspace(0.001, 0.016, 16)
"""Thresholds tried, as shares of pairs of different people that they would join: on any pack's scale."""


@dataclass(frozen=True, slots=True)
class Linked:
    """One threshold on scenes of the other half: pairs of faces joined rightly, joined, and to be joined."""

    threshold: float
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        return 2.0 * self.precision * self.recall / max(self.precision + self.recall, 1e-12)


@dataclass(frozen=True, slots=True)
class Distances:
    """Cosine distances for a pack's card, and the thresholds tried for the first of them."""

    cluster: float
    maximum: float
    stranger: float
    tried: tuple[Linked, ...]


def measure_distances(album: Album, shipped: FaceSpace) -> Distances:
    """Find the distances; the space of `shipped` was learnt from all of the album."""
    stranger = _stranger_distance(album, shipped)
    grid = _thresholds(album, shipped)
    pairs = np.zeros((len(grid), 3))
    for half in (0, 1):
        faces = album.placed(learn_space(album, half)).vectors
        random = np.random.default_rng(12)
        for _ in range(SCENES):
            rows, subjects = _scene(album, 1 - half, random)
            pairs += [_pairs(faces[rows], subjects, threshold) for threshold in grid]
    tried = tuple(
        Linked(float(threshold), right / max(joined, 1.0), right / max(wanted, 1.0))
        for threshold, (right, joined, wanted) in zip(grid, pairs, strict=True)
    )
    best = max(linked.f1 for linked in tried)
    plateau = [linked.threshold for linked in tried if linked.f1 >= best - _SAME_BEST]
    # Of equals the purest: naming puts groups of one person together again, but takes none apart.
    # The brief's constants are 1 for strangers (orthogonal vectors) and 0.5 for the largest distance of a candidate.
    return Distances(1.0 - max(plateau), stranger / 2.0, stranger, tried)


def _impostors(album: Album, space: FaceSpace) -> Floats:
    """Cosines of all pairs of photographs of different subjects."""
    count = album.quality.shape[1]
    vectors = album.placed(space).vectors[:count]
    subject = np.where(album.strangers, np.arange(count) + _STRANGER_IDS, album.person)
    one, other = np.triu_indices(count, 1)
    different = subject[one] != subject[other]
    similarity: Floats = (vectors @ vectors.T)[one[different], other[different]]
    return similarity


def _stranger_distance(album: Album, space: FaceSpace) -> float:
    return 1.0 - float(np.median(_impostors(album, space)))


def _thresholds(album: Album, space: FaceSpace) -> list[float]:
    return [float(threshold) for threshold in np.quantile(_impostors(album, space), 1.0 - _QUANTILES)]


def _scene(album: Album, half: int, random: np.random.Generator) -> tuple[Ints, Ints]:
    """Throw 2 to 6 subjects of a half together: rows of the faces, and whose each is."""
    count = album.quality.shape[1]
    people, strangers = album.people_in(half), np.flatnonzero(album.strangers & album.is_in(half))
    rows: list[int] = []
    subjects: list[int] = []
    for _ in range(random.integers(2, 7)):
        if random.random() < _PEOPLE_SHARE:
            subject = int(random.choice(people))
            photographs = random.permutation(album.photographs_of(subject))[: random.integers(1, 6)]
        else:
            photographs = random.choice(strangers, 1)
            subject = _STRANGER_IDS + int(photographs[0])
        shown = random.random((len(photographs), len(_COPY_SHOWN))) < _COPY_SHOWN
        found = [
            int(photographs[place]) + int(level) * count for place, level in zip(*np.nonzero(shown), strict=True)
        ]
        rows += found
        subjects += [subject] * len(found)
    return np.array(rows, np.int64), np.array(subjects, np.int64)


def _pairs(vectors: Floats, subjects: Ints, threshold: float) -> tuple[int, int, int]:
    """Cluster a scene; count ordered pairs joined rightly, joined, and to be joined."""
    label = np.empty(len(vectors), np.int64)
    for number, group in enumerate(cluster(vectors, np.arange(len(vectors)), threshold)):
        label[group] = number
    joined, same = label[:, None] == label, subjects[:, None] == subjects
    own = len(vectors)
    return int((joined & same).sum()) - own, int(joined.sum()) - own, int(same.sum()) - own
