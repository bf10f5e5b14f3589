"""The ports of recognition: models that find and describe faces, and the search for the people they may be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from stash_sense.kernel.arrays import Floats, Image, Ints
from stash_sense.recognition.faces import Detections


@dataclass(frozen=True, slots=True)
class Alignment:
    """Where a model expects a face: a square of `size` pixels, five (x, y) landmarks in it as in `Detections`."""

    size: int
    points: tuple[tuple[float, float], ...]


class Detector(Protocol):
    """Finds faces."""

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """Find the faces of each image; answers are in pixels of the image as given.

        Args:
            images: each (height, width, 3) uint8 RGB; those of one size are run together.
        """


@dataclass(frozen=True, slots=True, eq=False)
class Descriptions:
    """What an embedder says of faces.

    Attributes:
        vectors: (n, dim) float32, unit length.
        norms: (n,) float32, the length of the model's own answer; of some models it grows with the face's clarity.
    """

    vectors: Floats
    norms: Floats


class Embedder(Protocol):
    """Describes aligned faces as unit vectors."""

    @property
    def id(self) -> str:
        """Name of the embedder within its pack."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    @property
    def alignment(self) -> Alignment:
        """How the crops must be aligned."""

    def embed(self, crops: Image) -> Descriptions:
        """Describe (n, size, size, 3) uint8 RGB crops."""


@dataclass(frozen=True, slots=True, eq=False)
class PersonHits:
    """The nearest persons of each probe, best first; `k` is the smaller of what was asked and what there is.

    Attributes:
        persons: (n, k) int64, row numbers of the gallery's persons.
        best: (n, k) float32, cosine to the person's nearest reference, in descending order.
    """

    persons: Ints
    best: Floats


class PersonSearch(Protocol):
    """Finds the persons whose reference faces are nearest to probe vectors."""

    @property
    def person_count(self) -> int:
        """How many persons can be found."""

    def search(self, probes: Floats, top_k: int) -> PersonHits:
        """Return the `top_k` nearest persons of each (n, dim) unit vector, by their nearest reference."""

    def references(self, probe: Floats, person: int, most: int) -> tuple[Ints, Floats]:
        """Find the references of one person that are nearest to a (dim,) unit vector.

        Returns:
            (k,) int64 rows of the gallery's vectors, the nearest first, and (k,) float32 cosines; k is the smaller of
            `most` and the number of references.
        """

    def nearest(self, probe: Floats, persons: Ints) -> Floats:
        """Return the cosine, (k,) float32, of one (dim,) unit vector to the nearest reference of each person."""
