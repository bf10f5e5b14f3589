"""What speaks for a group of faces being a known person, as numbers that the pack's curve reads."""

from dataclasses import dataclass

import numpy as np

from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.recognition.space import FaceSpace, unit

FEATURES = (
    "similarity",
    "margin",
    "gap",
    "centred_margin",
    "apartness",
    "plain_similarity",
    "plain_margin",
    "plain_gap",
    "clear_gap",
    "track_gap",
    "face_gap",
    "nearest_face",
    "votes",
    "track_votes",
    "faces",
    "tracks",
    "quality",
    "best_quality",
    "poor",
    "gap_by_tracks",
    "gap_by_quality",
)
"""Columns of the evidence. Vectors are whitened, except where `plain` or `nearest_face` says otherwise.

similarity: cosine of the group's template, its faces weighted by quality, to the person's.
margin: how much nearer the person is than the nearest other one.
gap: how much nearer the person is than the 20 nearest others on average.
centred_margin: the margin, when what all faces have in common is taken out.
apartness: how much nearer the group is to the person than the person's own five nearest lookalikes are, centred.
plain_similarity, plain_margin, plain_gap: the same of vectors as the models give them.
clear_gap: the gap of the best quarter of the faces alone.
track_gap: the gap of the best track alone.
face_gap: how much nearer the best face alone is than its 20 nearest of all on average.
nearest_face: largest plain cosine of one face to the person.
votes: share of the faces, by their weight, that are nearer to the person than to anybody else.
track_votes: share of the faces on tracks that are.
faces, tracks: natural logarithms of the number of described faces, and of tracks.
quality, best_quality: mean and largest square root of the faces' quality.
poor: how much that mean is below 1.
gap_by_tracks, gap_by_quality: products; a gap says more with more tracks, less of poor faces.
"""

_COHORT = 20
_LOOKALIKES = 5
_NOBODY = np.float32(-1.0)
_ROWS = 64
"""Faces compared with everybody at once: 26 MB for 100,000 people."""


@dataclass(frozen=True, slots=True, eq=False)
class ProbeFaces:
    """The described faces of one group.

    Attributes:
        vectors: (n, D) unit vectors.
        quality: (n,) above 0.
        track: (n,) faces with equal numbers are of one track.
    """

    vectors: Floats
    quality: Floats
    track: Ints


class GalleryEvidence:
    """Weighs groups of faces against the people of one gallery.

    A gallery of few people says little about how near a stranger can come. It is padded with a crowd of people who
    do not exist, made from the space's statistics, so that evidence means the same in a gallery of 3 and of 300.
    """

    def __init__(self, vectors: Floats, owner: Ints, space: FaceSpace, crowd_size: int) -> None:
        """Prepare a gallery.

        Args:
            vectors: (references, D) unit vectors.
            owner: (references,) ascending, which person each is of.
            space: where they live.
            crowd_size: people that a gallery is padded up to, at least 21.
        """
        starts = np.flatnonzero(np.diff(owner, prepend=-1))
        self._space = space
        self._count = len(starts)
        crowd = space.strangers(max(0, crowd_size - self._count))
        # (N, D) everybody's templates; the weight of an embedder is restored where references disagree.
        self._plain = np.concatenate([space.renormalised(_sums(vectors, starts)), crowd])
        self._white = np.concatenate([unit(_sums(space.whitened(vectors), starts)), space.whitened(crowd)])
        self._to_mean = self._white @ space.mean
        self._from_mean = self._distance_from_mean(self._to_mean)
        self._lookalikes: dict[int, list[tuple[int, float]]] = {}

    def weigh(
        self, faces: ProbeFaces, most: int, raised: dict[int, float] | None = None, hidden: int | None = None
    ) -> tuple[Ints, Floats]:
        """Weigh one group against the persons who are nearest to it.

        Args:
            faces: of the group.
            most: how many persons.
            raised: what is added to the similarity of persons who are expected, by row number.
            hidden: row number of a person who is to be taken for absent.

        Returns:
            Row numbers of (k,) persons, nearest first, and (k, len(FEATURES)) float32.
        """
        absent = [] if hidden is None else [hidden]
        white = self._space.whitened(faces.vectors)
        weight = faces.quality / faces.quality.sum()
        template = unit(weight @ white)
        similarity = _without(self._white @ template, absent)
        plain = _without(self._plain @ self._space.renormalised((weight @ faces.vectors)[None])[0], absent)
        for person, bonus in (raised or {}).items():
            similarity[person] += bonus
            plain[person] += bonus
        persons: Ints = np.argsort(-(similarity + 0.5 * plain)[: self._count], kind="stable")
        persons = persons[~np.isin(persons, absent)][:most]
        whole, bare = _Ranking(similarity), _Ranking(plain)
        centred = _Ranking(_without(self._centred(similarity, template), absent))
        clear = np.argsort(-faces.quality, kind="stable")[: max(2, len(weight) // 4)]
        clearest = _Ranking(_without(self._white @ unit(weight[clear] @ white[clear]), absent))
        single = self._single_faces(white, faces.track, persons, absent)
        nearest_face = (faces.vectors @ self._plain[persons].T).max(axis=0)
        roots = np.sqrt(faces.quality)
        tracks = np.log(len(single.track_shares))
        evidence: Floats = np.empty((len(persons), len(FEATURES)), np.float32)
        for row, person in enumerate(persons.tolist()):
            gap = whole.gap(person)
            evidence[row] = (
                similarity[person],
                whole.margin(person),
                gap,
                centred.margin(person),
                centred.values[person] - self._likeness(person, absent),
                plain[person],
                bare.margin(person),
                bare.gap(person),
                clearest.gap(person),
                max(track.gap(person) for track in single.tracks),
                (single.columns[:, row] - single.cohort).max(),
                nearest_face[row],
                weight[single.nearest == person].sum(),
                sum(
                    share
                    for share, track in zip(single.track_shares, single.tracks, strict=True)
                    if track.first == person
                ),
                np.log(len(weight)),
                tracks,
                roots.mean(),
                roots.max(),
                max(0.0, 1.0 - roots.mean()),
                tracks * gap,
                gap * (roots.mean() - 1.0),
            )
        return persons, evidence

    def _single_faces(self, white: Floats, track: Ints, persons: Ints, absent: list[int]) -> "_SingleFaces":
        """Compare every face with everybody."""
        count = len(white)
        cohort, nearest = np.empty(count, np.float32), np.empty(count, np.int64)
        columns = np.empty((count, len(persons)), np.float32)
        numbers, own, faces = np.unique(track, return_inverse=True, return_counts=True)
        means = np.zeros((len(numbers), len(self._white)), np.float32)
        for start in range(0, count, _ROWS):
            rows = slice(start, start + _ROWS)
            similarity = white[rows] @ self._white.T
            similarity[:, absent] = _NOBODY
            cohort[rows] = np.partition(similarity, -_COHORT, axis=1)[:, -_COHORT:].mean(axis=1)
            nearest[rows] = similarity.argmax(axis=1)
            columns[rows] = similarity[:, persons]
            for number in np.unique(own[rows]).tolist():
                means[number] += similarity[own[rows] == number].sum(axis=0)
        means /= faces[:, None].astype(np.float32)
        tracks = [_Ranking(mean) for mean in means]
        return _SingleFaces(columns, cohort, nearest, tracks, (faces / count).astype(np.float32))

    def _likeness(self, person: int, absent: list[int]) -> float:
        """Mean centred similarity of a person to the five nearest others who are there."""
        if person not in self._lookalikes:
            own = self._white[person]
            similarity = _without(self._centred(self._white @ own, own), [person])
            nearest = np.argpartition(-similarity, _LOOKALIKES)[: _LOOKALIKES + 1]  # one more, who may be hidden
            nearest = nearest[np.argsort(-similarity[nearest])]
            self._lookalikes[person] = [(int(other), float(similarity[other])) for other in nearest]
        there = [likeness for other, likeness in self._lookalikes[person] if other not in absent]
        return float(np.mean(there[:_LOOKALIKES]))

    def _centred(self, similarity: Floats, template: Floats) -> Floats:
        """Turn (N,) cosines between everybody and a whitened vector into those of centred vectors."""
        to_mean = template @ self._space.mean
        product = similarity - self._to_mean - to_mean + self._space.mean @ self._space.mean
        return np.asarray(product / (self._from_mean * self._distance_from_mean(to_mean)), np.float32)

    def _distance_from_mean(self, to_mean: Floats) -> Floats:
        mean = self._space.mean
        return np.sqrt(np.maximum(1.0 - 2.0 * to_mean + mean @ mean, 1e-9), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _SingleFaces:
    """What the faces of a group say one by one.

    Attributes:
        columns: (faces, persons) cosines.
        cohort: (faces,) mean of the 20 largest cosines to anybody.
        nearest: (faces,) row number of the nearest of all.
        tracks: mean cosines of each track's faces to everybody.
        track_shares: (tracks,) share of the faces.
    """

    columns: Floats
    cohort: Floats
    nearest: Ints
    tracks: list["_Ranking"]
    track_shares: Floats


class _Ranking:
    """(N,) similarities to everybody, with the largest ones at hand."""

    def __init__(self, values: Floats) -> None:
        self.values = values
        self._top = -np.sort(-np.partition(values, -_COHORT - 1)[-_COHORT - 1 :])
        self.first = int(values.argmax())

    def margin(self, person: int) -> float:
        """How much larger the person's is than the largest other one."""
        return float(self.values[person] - self._top[1 if person == self.first else 0])

    def gap(self, person: int) -> float:
        """How much larger the person's is than the mean of the 20 largest others."""
        own, top = self.values[person], self._top
        others = (top.sum() - own) / _COHORT if own >= top[-1] else top[:-1].mean()
        return float(own - others)


def _sums(vectors: Floats, starts: Ints) -> Floats:
    return np.add.reduceat(vectors, starts, axis=0) if len(vectors) else vectors


def _without(similarity: Floats, absent: list[int]) -> Floats:
    similarity[absent] = _NOBODY
    return similarity
