"""Who a group of faces may be, and what a matching mode is."""

from dataclasses import dataclass, field
from typing import Protocol

from stash_sense.recognition.faces import Faces
from stash_sense.recognition.matching.grouping import Group


@dataclass(frozen=True, slots=True)
class Candidate:
    """One known person a group of faces may be.

    Attributes:
        person: row number among the gallery's persons.
        probability: 0 to 1, by the pack's curve.
        distance: cosine distance, 0 to 2, of the group's template to the person's nearest reference.
        votes: share of the faces, by their weight, that are nearer to the person than to anybody else; 0 to 1.
    """

    person: int
    probability: float
    distance: float
    votes: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class MatchedPerson:
    """A group of faces that is one person.

    Attributes:
        faces: of this person.
        name: who it is; None when nobody known is likely enough.
        alternatives: the next likely known persons, best first.
        weighed: the faces by which that was decided, before others of the same person were joined to them.
    """

    faces: Group
    name: Candidate | None
    alternatives: tuple[Candidate, ...]
    weighed: Group


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """Who is in a video or picture.

    Attributes:
        people: named persons first, the most probable first; then unknown ones, the most often seen first. No person
            is given to two groups that share a frame.
        undecided: whether more frames of the same video could change who is named.
    """

    people: tuple[MatchedPerson, ...]
    undecided: bool


class Matcher(Protocol):
    """One way to name people."""

    def match(self, faces: Faces, frame_count: int, tagged: frozenset[int] = frozenset()) -> Matched:
        """Group the faces of one video or picture and name the groups.

        Args:
            faces: of one video or picture.
            frame_count: frames that were looked at; 1 for a still picture.
            tagged: row numbers of persons who are tagged in it already.
        """
