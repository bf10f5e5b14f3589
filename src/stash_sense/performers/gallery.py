"""The people who are known: each with an id, a name and reference vectors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stash_sense.kernel.arrays import Floats, Ints


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Somebody who can be found: the id is unique in the gallery, the name is shown unchanged."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """Known people and their reference faces; rows of one person lie together, in the order of the persons.

    Attributes:
        pack: id of the model pack that made the vectors; vectors of different packs are never compared.
        persons: every person has at least one reference.
        vectors: (n, dim) float32 unit vectors.
        owner: (n,) int64, ascending, which person each vector is of.
    """

    pack: str
    persons: tuple[KnownPerson, ...]
    vectors: Floats
    owner: Ints

    @classmethod
    def of(cls, pack: str, references: Sequence[tuple[KnownPerson, Floats]], dim: int) -> "Gallery":
        """Put people together; those without a reference are left out."""
        known = [(person, vectors) for person, vectors in references if len(vectors)]
        counts = [len(vectors) for _, vectors in known]
        return cls(
            pack=pack,
            persons=tuple(person for person, _ in known),
            vectors=np.concatenate([vectors for _, vectors in known] or [np.zeros((0, dim), np.float32)]),
            owner=np.repeat(np.arange(len(known), dtype=np.int64), counts),
        )
