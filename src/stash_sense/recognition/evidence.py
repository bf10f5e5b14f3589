"""What speaks for a group of faces being a known person, as numbers that the pack's curve reads."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.recognition.people import People, PeopleInMemory
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

_WIDE = 512
"""People nearest to a group, by whitened vectors, among whom those nearest by plain and by centred ones are looked
for; in a gallery of no more everybody is."""

_MOST_REMEMBERED = 50_000
"""People whose lookalikes are remembered: 40 MB."""


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


class Nearer(NamedTuple):
    """In how many faces, and tracks, of a group one person is nearer than another, and of how many."""

    faces: int
    of_faces: int
    tracks: int
    of_tracks: int


class GalleryEvidence:
    """Weighs groups of faces against the people of one gallery.

    A gallery of few people says little about how near a stranger can come. It is padded with a crowd of people who
    do not exist, made from the space's statistics, so that evidence means the same in a gallery of 3 and of 300.
    """

    def __init__(self, people: People, space: FaceSpace) -> None:
        """Prepare a gallery.

        Args:
            people: at least 21, with the crowd.
            space: where they live.
        """
        self._people = people
        self._space = space
        self._lookalikes: dict[int, list[tuple[int, float]]] = {}

    @classmethod
    def of(cls, vectors: Floats, owner: Ints, space: FaceSpace, crowd_size: int) -> "GalleryEvidence":
        """Prepare a gallery in memory (see `PeopleInMemory.of`)."""
        return cls(PeopleInMemory.of(vectors, owner, space, crowd_size), space)

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
        raised = raised or {}
        white = self._space.whitened(faces.vectors)
        weight = faces.quality / faces.quality.sum()
        template = unit(weight @ white)
        rows, similarity = self._wide(template, raised, hidden)
        bare_template = self._space.renormalised((weight @ faces.vectors)[None])[0]
        bare_values = self._people.plain(rows) @ bare_template
        boost = np.array([raised.get(row, 0.0) for row in rows.tolist()], np.float32)
        whole, bare = _Ranking(rows, similarity + boost), _Ranking(rows, bare_values + boost)
        there = np.flatnonzero(rows < self._people.known)
        both = (whole.values + 0.5 * bare.values)[there]
        chosen: Ints = there[np.lexsort((rows[there], -both))][:most]
        persons = rows[chosen]
        # Who is raised is so in what is weighed, too: the curve reads the boost as so much more likeness.
        centred = _Ranking(rows, self._centred(rows, whole.values, template))
        clear = np.argsort(-faces.quality, kind="stable")[: max(2, len(weight) // 4)]
        clear_template = unit(weight[clear] @ white[clear])
        single = self._single_faces(white, clear_template, faces.track, persons, hidden)
        nearest_face = (faces.vectors @ self._people.plain(persons).T).max(axis=0)
        likeness = self._likenesses(persons, hidden)
        roots = np.sqrt(faces.quality)
        tracks = np.log(len(single.track_shares))
        evidence: Floats = np.empty((len(persons), len(FEATURES)), np.float32)
        for row, (place, person) in enumerate(zip(chosen.tolist(), persons.tolist(), strict=True)):
            own, bare_own, centred_own = whole.values[place], bare.values[place], centred.values[place]
            gap = whole.gap(person, own)
            evidence[row] = (
                own,
                whole.margin(person, own),
                gap,
                centred.margin(person, centred_own),
                centred_own - likeness[row],
                bare_own,
                bare.margin(person, bare_own),
                bare.gap(person, bare_own),
                single.clear.gap(person, single.clear_values[row]),
                max(
                    track.gap(person, values[row])
                    for track, values in zip(single.tracks, single.track_values, strict=True)
                ),
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

    def compared(self, faces: ProbeFaces, person: int, other: int) -> Nearer:
        """Count the faces and the tracks that are nearer to one person than to another, as `votes` are counted."""
        white = self._space.whitened(faces.vectors)
        means, _ = _track_means(white, faces.track)
        templates = self._people.white(np.array([person, other], np.int64)).T
        by_face, by_track = white @ templates, means @ templates
        return Nearer(
            int((by_face[:, 0] > by_face[:, 1]).sum()),
            len(by_face),
            int((by_track[:, 0] > by_track[:, 1]).sum()),
            len(by_track),
        )

    def _wide(self, template: Floats, raised: dict[int, float], hidden: int | None) -> tuple[Ints, Floats]:
        """Return the people near a template and those who are expected, and their similarities to it."""
        rows, similarity = self._nearest(template[None], _WIDE, hidden)
        near, values = rows[0], similarity[0]
        far = np.setdiff1d(np.array([row for row in raised if row != hidden], np.int64), near)
        if not len(far):
            return near, values
        return np.concatenate([near, far]), np.concatenate([values, self._people.white(far) @ template])

    def _nearest(self, probes: Floats, most: int, hidden: int | None) -> tuple[Ints, Floats]:
        """Ask for the people nearest to each probe, without the one who is hidden."""
        if hidden is None:
            return self._people.nearest(probes, most)
        rows, values = self._people.nearest(probes, most + 1)
        values = np.where(rows == hidden, _NOBODY, values)
        order = np.argsort(rows == hidden, axis=1, kind="stable")[:, : rows.shape[1] - 1]
        return np.take_along_axis(rows, order, axis=1), np.take_along_axis(values, order, axis=1)

    def _single_faces(
        self, white: Floats, clear: Floats, track: Ints, persons: Ints, hidden: int | None
    ) -> "_SingleFaces":
        """Compare the clearest faces, every track and every face with everybody."""
        means, faces = _track_means(white, track)
        rows, values = self._nearest(np.concatenate([clear[None], means, white]), _COHORT + 1, hidden)
        rankings = [_Ranking(*found) for found in zip(rows[: len(means) + 1], values[: len(means) + 1], strict=True)]
        templates = self._people.white(persons).T
        faces_from = len(means) + 1
        return _SingleFaces(
            columns=white @ templates,
            cohort=values[faces_from:, :_COHORT].mean(axis=1),
            nearest=rows[faces_from:, 0],
            clear=rankings[0],
            clear_values=clear @ templates,
            tracks=rankings[1:],
            track_values=means @ templates,
            track_shares=(faces / len(white)).astype(np.float32),
        )

    def _likenesses(self, persons: Ints, hidden: int | None) -> list[float]:
        """Mean centred similarity of each person to the five nearest others who are there."""
        found = self._lookalikes_of(persons)
        return [
            float(np.mean([value for other, value in found[person] if other != hidden][:_LOOKALIKES]))
            for person in persons.tolist()
        ]

    def _lookalikes_of(self, persons: Ints) -> dict[int, list[tuple[int, float]]]:
        """Return the nearest others of each person, and how similar they are."""
        wanted = np.unique(persons).tolist()
        found = {person: near for person in wanted if (near := self._lookalikes.get(person)) is not None}
        missing = [person for person in wanted if person not in found]
        if missing:
            own = self._people.white(np.array(missing, np.int64))
            rows, values = self._people.nearest(own, _WIDE)
            for person, template, near, similarity in zip(missing, own, rows, values, strict=True):
                others = np.flatnonzero(near != person)
                centred = self._centred(near[others], similarity[others], template)
                order = np.argsort(-centred, kind="stable")[: _LOOKALIKES + 1]  # one more, who may be hidden
                found[person] = [(int(near[others][place]), float(centred[place])) for place in order]
            if len(self._lookalikes) > _MOST_REMEMBERED:
                self._lookalikes = {}
            self._lookalikes.update(found)
        return found

    def _centred(self, rows: Ints, similarity: Floats, template: Floats) -> Floats:
        """Turn cosines between some people and a whitened vector into those of centred vectors."""
        mean, own = self._space.mean, self._people.to_mean(rows)
        to_mean = template @ mean
        product = similarity - own - to_mean + mean @ mean
        distance = self._distance_from_mean(own) * self._distance_from_mean(to_mean)
        return np.asarray(product / distance, np.float32)

    def _distance_from_mean(self, to_mean: Floats) -> Floats:
        mean = self._space.mean
        return np.sqrt(np.maximum(1.0 - 2.0 * to_mean + mean @ mean, 1e-9), dtype=np.float32)


def _track_means(white: Floats, track: Ints) -> tuple[Floats, Ints]:
    """Return the mean vector of each track, (tracks, D), and how many faces it has."""
    numbers, own, faces = np.unique(track, return_inverse=True, return_counts=True)
    means = np.zeros((len(numbers), white.shape[1]), np.float32)
    np.add.at(means, own, white)
    means /= faces[:, None].astype(np.float32)
    return means, faces


@dataclass(frozen=True, slots=True, eq=False)
class _SingleFaces:
    """What the faces of a group say one by one.

    Attributes:
        columns: (faces, persons) cosines.
        cohort: (faces,) mean of the 20 largest cosines to anybody.
        nearest: (faces,) row number of the nearest of all.
        clear: who is nearest to the best quarter of the faces.
        clear_values: (persons,) their similarities to the persons.
        tracks: who is nearest to each track's faces on average.
        track_values: (tracks, persons) likewise.
        track_shares: (tracks,) share of the faces.
    """

    columns: Floats
    cohort: Floats
    nearest: Ints
    clear: "_Ranking"
    clear_values: Floats
    tracks: list["_Ranking"]
    track_values: Floats
    track_shares: Floats


class _Ranking:
    """Similarities to the people near something, with the largest 21 at hand."""

    def __init__(self, rows: Ints, values: Floats) -> None:
        self.values = values
        order = np.argsort(-values, kind="stable")[: _COHORT + 1]
        self._rows = rows[order].tolist()
        self._top = np.full(_COHORT + 1, _NOBODY, np.float32)
        self._top[: len(order)] = values[order]
        self.first = self._rows[0]

    def margin(self, person: int, own: float) -> float:
        """How much larger the person's is than the largest other one."""
        return float(own - self._top[1 if person == self.first else 0])

    def gap(self, person: int, own: float) -> float:
        """How much larger the person's is than the mean of the 20 largest others."""
        if person in self._rows:
            return float(own - (self._top.sum() - self._top[self._rows.index(person)]) / _COHORT)
        return float(own - self._top[:-1].mean())
