"""One person's faces -> which of them to keep, and what to say about the rest.

All distances are in units of the pack's `stranger_distance`, what faces of two people typically measure: as shares of
it, the distances of one person's photographs are the same for every pack. Measured on 1,391 photographs of 400 people
(Labeled Faces in the Wild) with the packs lite and duo: `benchmarks/accuracy` has the same photographs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from stash_sense.kernel.arrays import Bools, Floats, Image, Ints
from stash_sense.performers.building.portraits import Face
from stash_sense.recognition.clustering import cluster

_APART = 0.65
"""Mean distance from which two groups of faces are two people. Of 398 people nobody's photographs fall apart (at
.55, two people's do); of two people in one folder lite tells 97 %, duo 100 %, of one stranger's photograph 95 % and
99 %."""
_DOUBTFUL = 0.45
"""Distance to the sum of the others from which one face is worth a look: 1 in 1,000 right photographs."""
_COPY = ((0.08, 0.90), (0.04, 0.80))
"""Distance at most, and likeness of the looks at least, of two copies of one photograph. Told are all copies that
were saved again, made lighter or mirrored, 99 % of those cropped or enlarged, 77 % of those shrunk to a face of 50
pixels; of 2,221 pairs of other photographs 4, which were taken within a second."""
_LARGEST_MINORITY = 1 / 3
"""Share of the larger group that a smaller one may have to be left out: 2 faces beside 6 are, beside 5 not."""
_MOST_COMPARED = 4000
"""Photographs of one person that are compared with each other: 64 MB of distances. Of more the best ones are."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about a person's faces.

    Attributes:
        code: near_duplicate, unlike_the_others or two_people.
        rows: the faces it is about.
        beside: the faces they are compared with: the copy that is kept, or the other group.
        left_out: whether `rows` are left out.
    """

    code: str
    rows: tuple[int, ...]
    beside: tuple[int, ...]
    left_out: bool


def examine(
    faces: Sequence[Face], stranger_distance: float, in_company: frozenset[int] = frozenset()
) -> tuple[Finding, ...]:
    """Look for copies, for faces unlike the others, and for two people under one name.

    Left out is only what is surely of no use: a good photograph left out costs recognition more than a bad one kept.

    Args:
        faces: of one person, in an order that is always the same.
        stranger_distance: of the pack (`MatchingConstants`).
        in_company: those whose pictures show other faces, too: of two copies the picture of one person is kept.

    Returns:
        Findings, each face left out in one of them at most.
    """
    order = sorted(range(len(faces)), key=lambda row: -faces[row].quality)[:_MOST_COMPARED]
    if len(order) < 2:
        return ()
    rows: Ints = np.sort(np.asarray(order, np.int64))
    vectors = np.stack([faces[row].vector for row in rows.tolist()])
    distances: Floats = (np.float32(1.0) - vectors @ vectors.T) / np.float32(stranger_distance)
    rank = [(row in in_company, -faces[row].quality) for row in rows.tolist()]
    findings = list(_copies(distances, [faces[row].look for row in rows.tolist()], rank))
    gone = {row for finding in findings for row in finding.rows}
    left: Ints = np.array([row for row in range(len(rows)) if row not in gone], np.int64)
    findings += _strangers(vectors[left], left, stranger_distance)
    return tuple(
        Finding(found.code, _taken(rows, found.rows), _taken(rows, found.beside), found.left_out)
        for found in findings
    )


def _taken(rows: Ints, places: Sequence[int]) -> tuple[int, ...]:
    return tuple(rows[list(places)].tolist())


def _copies(distances: Floats, looks: Sequence[Image], rank: Sequence[tuple[bool, float]]) -> Iterator[Finding]:
    """Yield every face that is a copy of one before it in rank; a copy of a copy belongs to the first of them."""
    alike = _likeness(looks)
    copies: Bools = np.zeros(distances.shape, bool)
    for distance, likeness in _COPY:
        copies |= (distances <= distance) & (alike >= likeness)
    kept: list[int] = []
    for row in sorted(range(len(looks)), key=lambda row: (rank[row], row)):
        of = next((other for other in kept if copies[row, other]), None)
        if of is None:
            kept.append(row)
        else:
            yield Finding("near_duplicate", (row,), (of,), left_out=True)


def _likeness(looks: Sequence[Image]) -> Floats:
    """Correlate (16, 16) looks with each other and with the mirrored ones, whichever is more: (n, n), -1 to 1.

    A look without any contrast is like nothing.
    """
    straight = np.stack(looks).astype(np.float32)
    parts = []
    for pictures in (straight, straight[:, :, ::-1]):
        flat = pictures.reshape(len(looks), -1)
        flat = flat - flat.mean(axis=1, keepdims=True)
        parts.append(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1.0))
    return np.asarray(np.maximum(parts[0] @ parts[0].T, parts[0] @ parts[1].T), np.float32)


def _strangers(vectors: Floats, rows: Ints, stranger_distance: float) -> Iterator[Finding]:
    count = len(rows)
    if count < 2:
        return
    together = np.zeros((count, count), bool)
    groups = cluster(vectors, np.ones(count, np.float32), together, 1.0 - _APART * stranger_distance)
    groups.sort(key=lambda group: (-len(group), int(group[0])))
    largest = groups[0]
    for group in groups[1:]:
        alone = len(group) == 1
        sure = len(largest) >= 2 if alone else len(group) <= _LARGEST_MINORITY * len(largest)
        code = "unlike_the_others" if alone and sure else "two_people"
        yield Finding(code, tuple(rows[group].tolist()), tuple(rows[largest].tolist()), sure)
    if len(largest) >= 3:
        yield from _doubtful(vectors[largest], rows[largest], stranger_distance)


def _doubtful(vectors: Floats, rows: Ints, stranger_distance: float) -> Iterator[Finding]:
    """Yield the faces that are far from the sum of the others, yet not so far that they are surely another's."""
    others = vectors.sum(axis=0) - vectors
    similarity = (others * vectors).sum(axis=1) / np.linalg.norm(others, axis=1)
    for place in np.flatnonzero(1.0 - similarity > _DOUBTFUL * stranger_distance).tolist():
        rest = tuple(row for row in rows.tolist() if row != rows[place])
        yield Finding("unlike_the_others", (int(rows[place]),), rest, left_out=False)
