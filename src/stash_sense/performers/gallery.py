"""People in memory, each with reference vectors: what a folder of pictures becomes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.performers.records import ReferencePicture
from stash_sense.performers.roster import KnownPerson, ListedRoster
from stash_sense.performers.search.face_search import FaceSearch
from stash_sense.recognition.matching.judge import Judge
from stash_sense.recognition.spec import Decision


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """Known people and their reference faces; rows of one person lie together, in the order of the persons.

    Attributes:
        pack: id of the model pack that made the vectors; vectors of different packs are never compared.
        persons: every person has at least one reference.
        vectors: (n, dim) float32 unit vectors.
        owner: (n,) int64, ascending, which person each vector is of.
        from_pictures: of each row; empty where nobody kept them.
    """

    pack: str
    persons: tuple[KnownPerson, ...]
    vectors: Floats
    owner: Ints
    from_pictures: tuple[ReferencePicture, ...] = ()

    @classmethod
    def of(
        cls,
        pack: str,
        references: Sequence[tuple[KnownPerson, Floats]],
        dim: int,
        from_pictures: Sequence[ReferencePicture] = (),
    ) -> "Gallery":
        """Put people together; those without a reference are left out."""
        known = [(person, vectors) for person, vectors in references if len(vectors)]
        counts = [len(vectors) for _, vectors in known]
        return cls(
            pack=pack,
            persons=tuple(person for person, _ in known),
            vectors=np.concatenate([vectors for _, vectors in known] or [np.zeros((0, dim), np.float32)]),
            owner=np.repeat(np.arange(len(known), dtype=np.int64), counts),
            from_pictures=tuple(from_pictures),
        )

    @property
    def roster(self) -> ListedRoster:
        """Who is behind each row number."""
        return ListedRoster(self.persons)

    def pictures(self, rows: Ints) -> tuple[ReferencePicture, ...]:
        """Say which pictures some rows are of."""
        if not self.from_pictures:
            return (ReferencePicture(),) * len(rows)
        return tuple(self.from_pictures[row] for row in rows.tolist())

    def judge(self, decision: Decision, strict: bool = False, top_k: int = 3) -> Judge:
        """Make ready to weigh groups of faces against these people."""
        search = FaceSearch.of(self.vectors, self.owner)
        return Judge.over(self.vectors, self.owner, search, decision, strict, top_k)
