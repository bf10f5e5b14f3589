"""Templates of the people of a large database: on the disk, found through bytes."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from stash_sense.files import storage_errors
from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.performers.search.index import ArrayVectors, Vectors
from stash_sense.performers.search.int8_search import Int8Search
from stash_sense.performers.vectors import VectorFile
from stash_sense.recognition.people import templates
from stash_sense.recognition.space import FaceSpace

_FACES = 512
"""Faces summed up, and templates read, at once: 2 MiB of 1,024 numbers, which stay near the processor (see
`int8_matrix`)."""


class IndexedPeople:
    """`People` of a database, all of whom exist.

    Args:
        index: finds whitened templates.
        white, plain: the templates.
        dot_means: (people,) dot products of the whitened ones and the space's mean.
    """

    def __init__(self, index: Int8Search, white: Vectors, plain: Vectors, dot_means: Floats) -> None:
        self._index = index
        self._white = white
        self._plain = plain
        self._dot_means = dot_means

    def held(self) -> "IndexedPeople":
        """The same with the whitened templates in memory, 128 MB for 100,000 people of 320 numbers.

        For who asks for many: the reading of the rows is most of the time of a search for hundreds.
        """
        held: Floats = np.empty((self._white.count, self._white.dim), np.float32)
        for start in range(0, len(held), _FACES):
            held[start : start + _FACES] = self._white.block(start, min(start + _FACES, len(held)))
        white = ArrayVectors(held)
        return IndexedPeople(self._index.over(white), white, self._plain, self._dot_means)

    @property
    def known(self) -> int:
        """How many people there are."""
        return self._white.count

    @property
    def count(self) -> int:
        """How many people there are."""
        return self._white.count

    def nearest(self, probes: Floats, most: int) -> tuple[Ints, Floats]:
        """Find the people whose whitened templates have the largest dot products with probes of any length."""
        lengths = np.maximum(np.linalg.norm(probes, axis=1, keepdims=True), 1e-9).astype(np.float32)
        found = self._index.search(probes / lengths, most)
        return found.rows, found.cosines * lengths

    def white(self, rows: Ints) -> Floats:
        """(k, D) whitened unit templates."""
        return self._white.rows(rows)

    def plain(self, rows: Ints) -> Floats:
        """(k, D) unit templates."""
        return self._plain.rows(rows)

    def to_mean(self, rows: Ints) -> Floats:
        """(k,) dot products with the mean."""
        return self._dot_means[rows]


def write_templates(
    faces: Vectors,
    starts: Ints,
    space: FaceSpace,
    plain: Path,
    white: Path,
    dot_means: Path,
    cancel: CancelToken,
    progress: ProgressListener = silent,
) -> None:
    """Make everybody's templates, in bounded memory.

    Args:
        faces: each person's together.
        starts: (people,) where the faces of each person begin; everybody has one.
        space: where they live.
        plain, white: files to write, of (people, D) in half precision.
        dot_means: file to write, of (people,) dot products with the space's mean.
        cancel: looked at before each block.
        progress: told the people done.

    Raises:
        StorageError: the disk said no.
        Cancelled: the token was set.
    """
    means: list[Floats] = []
    with (
        storage_errors(plain),
        VectorFile(plain, faces.dim) as plain_file,
        VectorFile(white, faces.dim) as white_file,
    ):
        for first, last in _blocks(starts, faces.count):
            cancel.raise_if_cancelled()
            progress(Progress("templates", first, len(starts)))
            begin, end = int(starts[first]), int(starts[last]) if last < len(starts) else faces.count
            bare, whitened = templates(faces.block(begin, end), starts[first:last] - begin, space)
            plain_file.append(bare)
            white_file.append(whitened)
            means.append(whitened @ space.mean)
        plain_file.finish()
        white_file.finish()
        np.save(dot_means, np.concatenate(means or [np.zeros(0, np.float32)]))
    progress(Progress("templates", len(starts), len(starts)))


def _blocks(starts: Ints, count: int) -> Sequence[tuple[int, int]]:
    """Cut the people into runs of about so many faces; nobody is cut in two."""
    cuts = np.searchsorted(starts, np.arange(0, count, _FACES))
    edges = np.unique(np.append(cuts, len(starts))).tolist()
    return list(pairwise(edges))
