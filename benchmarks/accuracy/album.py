"""Described photographs -> arrays by degraded level and photograph, split into two halves by the person's name."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from benchmarks.accuracy.photographs import Photograph

from stash_sense.kernel.arrays import Bools, Floats, Ints
from stash_sense.recognition.faces import CROP_SIZE, Faces
from stash_sense.recognition.space import FaceSpace


def half_of(subject: str) -> int:
    """Say which half somebody belongs to, 0 or 1; does not depend on who else there is."""
    return int(hashlib.sha256(subject.encode()).hexdigest(), 16) % 2


@dataclass(frozen=True, slots=True, eq=False)
class Album:
    """One face per photograph, as it is (level 0) and degraded (levels 1, 2).

    Attributes:
        plain: space of the vectors, which whitens nothing.
        people: names; each has at least two photographs.
        person: (n,) number of the person that a photograph shows, -1 for a stranger.
        half: (n,) which half the photograph belongs to.
        vectors: (levels, n, D).
        quality: (levels, n).
    """

    plain: FaceSpace
    people: tuple[str, ...]
    person: Ints
    half: Ints
    vectors: Floats
    quality: Floats

    @classmethod
    def of(cls, photographs: Iterable[Photograph], plain: FaceSpace) -> "Album":
        """Put photographs together; those without a face, and people of whom one or none is left, are left out."""
        usable = [photograph for photograph in photographs if photograph.face is not None]
        names = [photograph.listed.person for photograph in usable if photograph.listed.person is not None]
        people = tuple(sorted({name for name in names if names.count(name) >= 2}))
        number = {name: place for place, name in enumerate(people)}
        usable = [one for one in usable if one.listed.person is None or one.listed.person in number]
        return cls(
            plain=plain,
            people=people,
            person=np.array([number.get(one.listed.person or "", -1) for one in usable], np.int64),
            half=np.array([half_of(one.listed.subject) for one in usable], np.int64),
            vectors=np.stack(
                [np.vstack([one.faces.vectors[one.face], one.copies.vectors]) for one in usable], axis=1
            ),
            quality=np.stack(
                [np.hstack([one.faces.quality[one.face], one.copies.quality]) for one in usable], axis=1
            ),
        )

    @property
    def strangers(self) -> Bools:
        """(n,) whether a photograph is a stranger's."""
        return self.person < 0

    def photographs_of(self, person: int) -> Ints:
        """Return the columns of a person's photographs, in order."""
        return np.flatnonzero(self.person == person)

    def people_in(self, half: int | None) -> Ints:
        """Return the numbers of the people of one half, or of both."""
        numbers = np.arange(len(self.people))
        return numbers if half is None else numbers[[half_of(name) == half for name in self.people]]

    def is_in(self, half: int | None) -> Bools:
        """(n,) whether a photograph belongs to a half, or to either."""
        return np.ones(len(self.half), bool) if half is None else self.half == half

    def placed(self, space: FaceSpace) -> Faces:
        """Put all faces into a space: row `level * n + column`, as `Faces` that a matcher can read."""
        count = self.quality.size
        return Faces(
            frame=np.arange(count),
            t=np.full(count, np.nan, np.float64),
            boxes=np.zeros((count, 4), np.float32),
            scores=np.ones(count, np.float32),
            landmarks=np.zeros((count, 5, 2), np.float32),
            quality=self.quality.ravel(),
            vectors=space.place(parts_of(space, self.vectors.reshape(count, -1))),
            crops=np.broadcast_to(np.uint8(0), (count, CROP_SIZE, CROP_SIZE, 3)),
        )


def parts_of(space: FaceSpace, vectors: Floats) -> list[Floats]:
    """Take (n, D) vectors apart into those of the embedders."""
    ends = np.cumsum([block.dim for block in space.blocks])[:-1]
    return np.split(vectors, ends, axis=1)
