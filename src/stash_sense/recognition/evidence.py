"""What speaks for a group of faces being a known person, as numbers that the pack's curve reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.recognition.people import People, PeopleInMemory
from stash_sense.recognition.ranking import COHORT, NOBODY, Ranking
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

_LOOKALIKES = 5
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
        return self.weigh_all([faces], most, raised, hidden)[0]

    def weigh_all(
        self,
        groups: Sequence[ProbeFaces],
        most: int,
        raised: dict[int, float] | None = None,
        hidden: int | None = None,
    ) -> list[tuple[Ints, Floats]]:
        """Weigh several groups as `weigh` does one, in about as many passes over the people as for one."""
        if not groups:
            return []
        raised = raised or {}
        probes = [_Probe.of(faces, self._space) for faces in groups]
        wide = zip(*self._nearest(np.stack([probe.template for probe in probes]), _WIDE, hidden), strict=True)
        nearby = [
            self._nearby(probe, *found, raised, hidden, most) for probe, found in zip(probes, wide, strict=True)
        ]
        rows, values = self._nearest(np.concatenate([probe.single for probe in probes]), COHORT + 1, hidden)
        ends = np.cumsum([len(probe.single) for probe in probes])[:-1]
        single = zip(np.split(rows, ends), np.split(values, ends), strict=True)
        lookalikes = self._lookalikes_of(np.concatenate([near.persons for near in nearby]))
        return [
            (near.persons, self._evidence(probe, near, _SingleFaces.of(probe, near, *found), lookalikes, hidden))
            for probe, near, found in zip(probes, nearby, single, strict=True)
        ]

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

    def _nearby(
        self,
        probe: "_Probe",
        near: Ints,
        values: Floats,
        raised: dict[int, float],
        hidden: int | None,
        most: int,
    ) -> "_Nearby":
        """Rank the people near a group and those who are expected, and choose who is weighed."""
        faces = probe.faces
        rows, similarity = near, values
        far = np.setdiff1d(np.array([row for row in raised if row != hidden], np.int64), near)
        if len(far):
            rows = np.concatenate([near, far])
            similarity = np.concatenate([values, self._people.white(far) @ probe.template])
        bare_template = self._space.renormalised((probe.weight @ faces.vectors)[None])[0]
        bare_values = self._people.plain(rows) @ bare_template
        boost = np.array([raised.get(row, 0.0) for row in rows.tolist()], np.float32)
        whole, bare = Ranking(rows, similarity + boost), Ranking(rows, bare_values + boost)
        there = np.flatnonzero(rows < self._people.known)
        both = (whole.values + 0.5 * bare.values)[there]
        chosen: Ints = there[np.lexsort((rows[there], -both))][:most]
        # Who is raised is so in what is weighed, too: the curve reads the boost as so much more likeness.
        centred = Ranking(rows, self._centred(rows, whole.values, probe.template))
        return _Nearby(rows[chosen], chosen, self._people.white(rows[chosen]), whole, bare, centred)

    def _evidence(
        self,
        probe: "_Probe",
        near: "_Nearby",
        single: "_SingleFaces",
        lookalikes: dict[int, list[tuple[int, float]]],
        hidden: int | None,
    ) -> Floats:
        """Put together what speaks for each person."""
        persons, whole, bare, centred = near.persons, near.whole, near.bare, near.centred
        nearest_face = (probe.faces.vectors @ self._people.plain(persons).T).max(axis=0)
        roots = np.sqrt(probe.faces.quality)
        tracks = np.log(len(single.track_shares))
        evidence: Floats = np.empty((len(persons), len(FEATURES)), np.float32)
        for row, (place, person) in enumerate(zip(near.chosen.tolist(), persons.tolist(), strict=True)):
            own, bare_own, centred_own = whole.values[place], bare.values[place], centred.values[place]
            gap = whole.gap(person, own)
            others = [value for other, value in lookalikes[person] if other != hidden][:_LOOKALIKES]
            evidence[row] = (
                own,
                whole.margin(person, own),
                gap,
                centred.margin(person, centred_own),
                centred_own - float(np.mean(others)),
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
                probe.weight[single.nearest == person].sum(),
                sum(
                    share
                    for share, track in zip(single.track_shares, single.tracks, strict=True)
                    if track.first == person
                ),
                np.log(len(probe.weight)),
                tracks,
                roots.mean(),
                roots.max(),
                max(0.0, 1.0 - roots.mean()),
                tracks * gap,
                gap * (roots.mean() - 1.0),
            )
        return evidence

    def _nearest(self, probes: Floats, most: int, hidden: int | None) -> tuple[Ints, Floats]:
        """Ask for the people nearest to each probe, without the one who is hidden."""
        if hidden is None:
            return self._people.nearest(probes, most)
        rows, values = self._people.nearest(probes, most + 1)
        values = np.where(rows == hidden, NOBODY, values)
        order = np.argsort(rows == hidden, axis=1, kind="stable")[:, : rows.shape[1] - 1]
        return np.take_along_axis(rows, order, axis=1), np.take_along_axis(values, order, axis=1)

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
class _Probe:
    """One group, ready to be compared.

    Attributes:
        faces: of the group.
        white: (faces, D) whitened.
        weight: (faces,) by quality; their sum is 1.
        template: (D,) whitened, of all faces.
        single: (1 + tracks + faces, D) whitened: of the best quarter of the faces, of each track, of each face.
        track_faces: (tracks,) faces on each track.
    """

    faces: ProbeFaces
    white: Floats
    weight: Floats
    template: Floats
    single: Floats
    track_faces: Ints

    @classmethod
    def of(cls, faces: ProbeFaces, space: FaceSpace) -> "_Probe":
        white = space.whitened(faces.vectors)
        weight = faces.quality / faces.quality.sum()
        clear = np.argsort(-faces.quality, kind="stable")[: max(2, len(weight) // 4)]
        means, track_faces = _track_means(white, faces.track)
        single = np.concatenate([unit(weight[clear] @ white[clear])[None], means, white])
        return cls(faces, white, weight, unit(weight @ white), single, track_faces)


@dataclass(frozen=True, slots=True, eq=False)
class _Nearby:
    """Who is near to a group.

    Attributes:
        persons: (k,) row numbers of those who are weighed, nearest first.
        chosen: (k,) their places in the rankings.
        templates: (k, D) their whitened templates.
        whole, bare, centred: everybody near, by whitened, plain and centred templates.
    """

    persons: Ints
    chosen: Ints
    templates: Floats
    whole: Ranking
    bare: Ranking
    centred: Ranking


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
    clear: Ranking
    clear_values: Floats
    tracks: list[Ranking]
    track_values: Floats
    track_shares: Floats

    @classmethod
    def of(cls, probe: _Probe, near: _Nearby, rows: Ints, values: Floats) -> "_SingleFaces":
        """Sort out who was found near to `probe.single`: (n, 21) people, and how near."""
        faces_from = 1 + len(probe.track_faces)
        clear, *tracks = map(Ranking, rows[:faces_from], values[:faces_from])
        templates = near.templates.T
        return cls(
            columns=probe.white @ templates,
            cohort=values[faces_from:, :COHORT].mean(axis=1),
            nearest=rows[faces_from:, 0],
            clear=clear,
            clear_values=probe.single[0] @ templates,
            tracks=tracks,
            track_values=probe.single[1:faces_from] @ templates,
            track_shares=(probe.track_faces / len(probe.white)).astype(np.float32),
        )
