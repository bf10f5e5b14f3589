"""What speaks for a group of faces being a known person, as numbers that the pack's curve reads."""

from statistics import NormalDist

import numpy as np

from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.recognition.space import FaceSpace

FEATURES = ("similarity", "margin", "apartness", "faces")
"""Columns of the evidence:

similarity: cosine of the group's template to the person's.
margin: how much nearer the person is than the nearest other one, centred.
apartness: how much nearer the group is to the person than the person's own five nearest lookalikes are, centred.
faces: natural logarithm of the number of faces, counted up to the pack's cap (frames of one shot repeat themselves).
"""

_LOOKALIKES = 5
_ROWS = 256
"""Persons compared at once with all others while lookalikes are looked for."""


class GalleryEvidence:
    """Weighs groups of faces against the people of one gallery.

    A gallery of few people says little about how near a stranger can come. It is padded with a crowd: the largest
    similarities that `crowd_size` strangers would reach, from the space's statistics, so that evidence means the
    same in a gallery of 3 and of 300 people.
    """

    def __init__(self, templates: Floats, space: FaceSpace, crowd_size: int, faces_cap: int) -> None:
        """Prepare a gallery.

        Args:
            templates: (persons, D) unit vectors, one per person.
            space: where they live.
            crowd_size: others that a gallery is padded up to.
            faces_cap: faces of a group that count.
        """
        self._templates = templates
        self._centred = space.centred(templates)
        self._space = space
        self._crowd_size = crowd_size
        self._faces_cap = faces_cap
        self._lookalikes = self._measure_lookalikes()

    def weigh(self, template: Floats, face_count: int, persons: Ints, boost: Floats) -> Floats:
        """Weigh one group against some persons.

        Args:
            template: (D,) unit vector of the group.
            face_count: faces in the group.
            persons: (k,) row numbers of persons.
            boost: (k,) what is added to the similarity, for persons who are expected.

        Returns:
            (k, len(FEATURES)) float32.
        """
        centred = self._space.centred(template[None, :])
        similarity = (centred @ self._centred.T)[0]
        nearest = np.argsort(-similarity)[:2]
        crowd = self._crowd(centred, 1)[0, 0]
        runner_up = [
            max(crowd, *similarity[nearest[nearest != person]].tolist(), -1.0) for person in persons.tolist()
        ]
        evidence = np.empty((len(persons), len(FEATURES)), np.float32)
        evidence[:, 0] = self._templates[persons] @ template + boost
        evidence[:, 1] = similarity[persons] - np.asarray(runner_up, np.float32)
        evidence[:, 2] = similarity[persons] - self._lookalikes[persons]
        evidence[:, 3] = np.log(min(face_count, self._faces_cap))
        return evidence

    def _measure_lookalikes(self) -> Floats:
        """Mean centred similarity of each person to the five nearest others, crowd included."""
        means = np.empty(len(self._centred), np.float32)
        for start in range(0, len(self._centred), _ROWS):
            rows = np.arange(start, min(start + _ROWS, len(self._centred)))
            similarity = self._centred[rows] @ self._centred.T
            similarity[np.arange(len(rows)), rows] = -1.0
            near = -np.partition(-similarity, min(_LOOKALIKES, similarity.shape[1]) - 1, axis=1)[:, :_LOOKALIKES]
            both = np.concatenate([near, self._crowd(self._centred[rows], _LOOKALIKES)], axis=1)
            means[rows] = -np.sort(-both, axis=1)[:, :_LOOKALIKES].mean(axis=1)
        return means

    def _crowd(self, centred: Floats, count: int) -> Floats:
        """Return the expected largest similarities of the strangers who pad the gallery: (n, count), best first."""
        missing = self._crowd_size - (len(self._centred) - 1)
        mean, deviation = self._space.crowd_similarity(centred)
        return mean[:, None] + deviation[:, None] * _largest_of(missing, count)[None, :]


def _largest_of(size: int, count: int) -> Floats:
    """Expected largest values of `size` standard normal draws, best first; -1e3 where there are no draws.

    Blom, "Statistical estimates and transformed beta-variables", 1958: the k-th largest lies near the quantile
    1 - (k - 3/8) / (size + 1/4).
    """
    normal = NormalDist()
    values = [
        normal.inv_cdf(1.0 - (rank - 0.375) / (size + 0.25)) if rank <= size else -1e3 for rank in range(1, count + 1)
    ]
    return np.asarray(values, np.float32)
