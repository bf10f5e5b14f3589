"""Groups of faces without a name -> how many different people they are.

Names need pure groups, so the threshold at which groups are joined is tight, and one person may be left in several
pieces. To count people, pieces are joined once more, by a curve that weighs what two groups have in common.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.recognition.curve import ProbabilityCurve
from stash_sense.recognition.faces import Faces
from stash_sense.recognition.matching.grouping import Group
from stash_sense.recognition.space import FaceSpace, unit

PAIR_FEATURES = ("mean_similarity", "template_similarity", "similarity", "poorest", "fewest", "same_candidate")
"""Columns of what two groups have in common.

mean_similarity: mean cosine between their faces, as the models give them.
template_similarity: cosine of their templates, as the models give them.
similarity: cosine of their whitened templates.
poorest: the smaller mean quality's square root.
fewest: natural logarithm of the smaller number of described faces.
same_candidate: 1 when the same known person is nearest to both.
"""


_MOST = 1000
"""Pieces that are compared, those seen in most frames; the others stay as they are. It takes 50 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A group and what is known of it.

    Attributes:
        faces: of the group.
        name: row number of the person whose name it has.
        candidate: row number of the nearest known person.
    """

    faces: Group
    name: int | None
    candidate: int | None


class Pieces:
    """Groups that may be the same people.

    Args:
        faces: that the pieces are of.
        pieces: of one video or picture.
        space: of the faces' vectors.
    """

    def __init__(self, faces: Faces, pieces: Sequence[Piece], space: FaceSpace) -> None:
        self._faces = faces
        self._space = space
        self._pieces = list(pieces)
        self._places: list[tuple[int, ...]] = [(place,) for place in range(len(pieces))]
        count, dim = len(pieces), faces.vectors.shape[1]
        self._means, self._plain, self._white = (np.zeros((count, dim), np.float32) for _ in range(3))
        self._quality, self._counts = np.zeros(count), np.zeros(count)
        for place in range(count):
            self._describe(place)

    def common(self, place: int) -> tuple[Ints, Floats]:
        """Compare one piece with the others.

        Returns:
            Places of (k,) other pieces that may be the same person (not both have a name, they are never in one
            frame), and what they have in common, (k, len(PAIR_FEATURES)) float64.
        """
        own = self._pieces[place]
        others = np.array([other for other in range(len(self._pieces)) if self._may_be(place, other)], np.int64)
        candidates = [self._pieces[other].candidate for other in others.tolist()]
        same = [own.candidate is not None and candidate == own.candidate for candidate in candidates]
        return others, np.column_stack(
            [
                self._means[others] @ self._means[place],
                self._plain[others] @ self._plain[place],
                self._white[others] @ self._white[place],
                np.minimum(self._quality[others], self._quality[place]),
                np.log(np.minimum(self._counts[others], self._counts[place])),
                np.array(same, np.float64),
            ]
        )

    def join(self, curve: ProbabilityCurve, join_from: float, claim_from: float) -> list[tuple[int, ...]]:
        """Join pieces, the likeliest pair first, while it is likely enough.

        Args:
            curve: from what two pieces have in common to the probability that they are one person.
            join_from: probability from which two pieces without a name are joined.
            claim_from: probability from which a piece goes to somebody who has a name: nobody's face is to stand
                under another one's name for the sake of a better count.

        Returns:
            Places among the pieces that are one person each, the named or longest first.
        """
        compared = self._compared()
        likely = np.full((len(self._pieces), len(self._pieces)), -1.0)
        for place in compared:
            self._compare(place, compared, likely, curve, claim_from)
        while len(compared):
            pair = int(likely.argmax())
            if likely.flat[pair] < join_from:
                break
            kept, gone = sorted(divmod(pair, len(self._pieces)), key=self._rank)
            one, other = self._pieces[kept], self._pieces[gone]
            self._pieces[kept] = Piece(one.faces.with_(other.faces), one.name, one.candidate)
            self._pieces[gone] = Piece(_NO_FACES, None, None)
            self._places[kept], self._places[gone] = self._places[kept] + self._places[gone], ()
            self._describe(kept)
            likely[[kept, gone]] = -1.0
            likely[:, [kept, gone]] = -1.0
            self._compare(kept, compared, likely, curve, claim_from)
        return [places for places in self._places if places]

    def _compared(self) -> list[int]:
        """Places of the pieces that are compared: at most so many, those with a name and the most often seen."""
        return sorted(range(len(self._pieces)), key=self._rank)[:_MOST]

    def _rank(self, place: int) -> tuple[bool, int, int]:
        piece = self._pieces[place]
        return piece.name is None, -len(piece.faces.frames), place

    def _compare(
        self, place: int, compared: Sequence[int], likely: Floats, curve: ProbabilityCurve, claim_from: float
    ) -> None:
        """Fill in how likely one piece and others are the same person; an unlikely claim on a name does not count."""
        others, common = self.common(place)
        probabilities = curve.probabilities(common, PAIR_FEATURES)
        named = np.array([self._pieces[other].name is not None for other in others.tolist()], np.bool_)
        claims = named | (self._pieces[place].name is not None)
        possible = np.isin(others, compared) & (~claims | (probabilities >= claim_from))
        likely[place, others[possible]] = probabilities[possible]

    def _may_be(self, place: int, other: int) -> bool:
        one, two = self._pieces[place], self._pieces[other]
        if other == place or not two.faces.frames or (one.name is not None and two.name is not None):
            return False
        return one.faces.frames.isdisjoint(two.faces.frames)

    def _describe(self, place: int) -> None:
        rows = self._pieces[place].faces.described
        vectors, weights = self._faces.vectors[rows], self._faces.quality[rows]
        self._means[place] = vectors.mean(axis=0)
        self._plain[place] = unit(weights @ vectors)
        self._white[place] = unit(weights @ self._space.whitened(vectors))
        self._quality[place] = np.sqrt(weights).mean()
        self._counts[place] = len(rows)


_NO_FACES = Group(np.zeros(0, np.int64), np.zeros(0, np.int64), frozenset())
