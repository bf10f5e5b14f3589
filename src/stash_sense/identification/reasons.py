"""What a name rests on: the reference pictures that are nearest, and why the next likely person has not got it."""

from dataclasses import dataclass
from enum import StrEnum

from stash_sense.performers.records import ReferencePicture
from stash_sense.recognition.evidence import Nearer


@dataclass(frozen=True, slots=True)
class Reference:
    """A picture that a person is known by, and its cosine distance, on the pack's scale, to the faces together."""

    distance: float
    picture: ReferencePicture


class Because(StrEnum):
    """What decided against somebody."""

    LESS_LIKELY = "less_likely"
    """Somebody else is more probable."""
    FREQUENCY = "frequency"
    """The mode goes by the nearest face and the number of frames, and these speak for somebody else."""
    UNSURE = "unsure"
    """Less probable than a name must be."""
    NOT_TWICE = "not_twice"
    """Another face of the same frame is more surely this person, and nobody is in a frame twice."""


@dataclass(frozen=True, slots=True)
class RunnerUp:
    """What decided against the next likely person.

    Attributes:
        references: of that person, the nearest first.
        because: what decided.
        close: whether it could as well have come out otherwise.
        votes: share of the faces, by their weight, that are nearer to this person than to anybody else.
        nearer: of how many faces and tracks the one who has the name is nearer; None where nobody has.
        needed: the probability from which a name is given.
    """

    references: tuple[Reference, ...]
    because: Because
    close: bool
    votes: float
    nearer: Nearer | None
    needed: float
