"""Templates of everybody who is known: what groups of faces are compared with."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.recognition.space import FaceSpace, unit

PROBES = 64
"""Probes compared with everybody at once: 26 MB of similarities for 100,000 people."""


class People(Protocol):
    """One template for each person: the sum of their references, whitened and not, in unit length.

    Rows from `known` on are people who do not exist (see `evidence.GalleryEvidence`).
    """

    @property
    def known(self) -> int:
        """How many of them exist."""

    @property
    def count(self) -> int:
        """How many there are with those who do not."""

    def nearest(self, probes: Floats, most: int) -> tuple[Ints, Floats]:
        """Find the people whose whitened templates have the largest dot products with each of (n, D) probes.

        Returns:
            (n, k) rows, the largest first, and (n, k) float32 dot products; k is the smaller of `most` and `count`.
        """

    def white(self, rows: Ints) -> Floats:
        """(k, D) whitened unit templates of some rows."""

    def plain(self, rows: Ints) -> Floats:
        """(k, D) unit templates of some rows as the embedders give them."""

    def to_mean(self, rows: Ints) -> Floats:
        """(k,) dot products of some rows' whitened templates and the space's mean."""


@dataclass(frozen=True, slots=True, eq=False)
class PeopleInMemory:
    """`People` of a gallery that fits into memory, padded with a crowd of people who do not exist."""

    known: int
    plain_templates: Floats
    white_templates: Floats
    dot_means: Floats

    @classmethod
    def of(cls, vectors: Floats, owner: Ints, space: FaceSpace, crowd_size: int) -> "PeopleInMemory":
        """Make templates.

        Args:
            vectors: (references, D) unit vectors.
            owner: (references,) ascending, which person each is of.
            space: where they live.
            crowd_size: people that a gallery is padded up to.
        """
        starts = np.flatnonzero(np.diff(owner, prepend=-1))
        plain, white = templates(vectors, starts, space)
        crowd = space.strangers(max(0, crowd_size - len(starts)))
        white = np.concatenate([white, space.whitened(crowd)])
        return cls(len(starts), np.concatenate([plain, crowd]), white, white @ space.mean)

    @property
    def count(self) -> int:
        """How many there are with those who do not exist."""
        return len(self.white_templates)

    def nearest(self, probes: Floats, most: int) -> tuple[Ints, Floats]:
        """Compare the probes with everybody."""
        k = min(most, self.count)
        rows, values = np.zeros((len(probes), k), np.int64), np.zeros((len(probes), k), np.float32)
        everybody = np.arange(self.count)
        for start in range(0, len(probes), PROBES):
            some = probes[start : start + PROBES]
            found = np.broadcast_to(everybody, (len(some), k)) if k == self.count else self._candidates(some, k)
            for place, (probe, own) in enumerate(zip(some, found, strict=True), start):
                templates = self.white_templates if k == self.count else self.white_templates[own]
                # One product after another: a matrix product rounds by how many probes there are, and where each is.
                similarity = np.vecdot(templates, probe)
                order = np.lexsort((own, -similarity))
                rows[place], values[place] = own[order], similarity[order]
        return rows, values

    def _candidates(self, probes: Floats, k: int) -> Ints:
        similarity = probes @ self.white_templates.T
        found: Ints = np.argpartition(-similarity, k - 1, axis=1)[:, :k]
        return found

    def white(self, rows: Ints) -> Floats:
        """(k, D) whitened unit templates."""
        return self.white_templates[rows]

    def plain(self, rows: Ints) -> Floats:
        """(k, D) unit templates."""
        return self.plain_templates[rows]

    def to_mean(self, rows: Ints) -> Floats:
        """(k,) dot products with the mean."""
        return self.dot_means[rows]


def templates(vectors: Floats, starts: Ints, space: FaceSpace) -> tuple[Floats, Floats]:
    """Sum up each person's references.

    Args:
        vectors: (references, D) unit vectors, each person's together.
        starts: (people,) where the references of each person begin.
        space: where they live.

    Returns:
        (people, D) unit templates, plain and whitened. In the plain ones the share of an embedder is restored where
        the references disagree.
    """
    if not len(starts):
        return vectors, vectors
    plain = space.renormalised(np.add.reduceat(vectors, starts, axis=0))
    return plain, unit(np.add.reduceat(space.whitened(vectors), starts, axis=0))
