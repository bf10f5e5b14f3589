"""Faces and who they are said to be -> what that rests on; asked for those only who are told to the user."""

from stash_sense.identification.reasons import Because, Reference, RunnerUp
from stash_sense.performers.known import KnownPeople
from stash_sense.recognition.evidence import Nearer
from stash_sense.recognition.faces import Faces
from stash_sense.recognition.matching.judge import Judge
from stash_sense.recognition.matching.person import Candidate, MatchedPerson

_REFERENCES = 3
"""Pictures of a person that are told: beside the face one compares with two or three."""
_CLOSE = 0.5
"""Share of the name's probability from which the next likely person was close."""
_CLOSELY_MISSED = 0.1
"""Probability below what a name needs, up to which it was closely missed."""
_CLEARLY = 2 / 3
"""Share of the faces that are nearer to the name where they speak for it clearly."""


class Grounds:
    """Says what names rest on.

    Args:
        judge: that weighed the faces.
        people: that they were compared with.
    """

    def __init__(self, judge: Judge, people: KnownPeople) -> None:
        self._judge = judge
        self._people = people

    def references(self, faces: Faces, person: MatchedPerson, of: Candidate) -> tuple[Reference, ...]:
        """Return the pictures of somebody that a person's faces are nearest to, the nearest first.

        Raises:
            DatabaseError: the database cannot be read.
        """
        rows, distances = self._judge.references(faces, person.weighed, of.person, _REFERENCES)
        pictures = self._people.pictures(rows)
        return tuple(map(Reference, distances.tolist(), pictures))

    def runner_up(self, faces: Faces, person: MatchedPerson) -> RunnerUp:
        """Say why the first of a person's alternatives has not got the name.

        Args:
            faces: of the video or picture.
            person: with an alternative.

        Raises:
            DatabaseError: the database cannot be read.
        """
        other = person.alternatives[0]
        nearer = None
        if person.name is not None:
            nearer = self._judge.compared(faces, person.weighed, person.name.person, other.person)
        because = self._because(person, other)
        return RunnerUp(
            references=self.references(faces, person, other),
            because=because,
            close=self._is_close(person.name, other, nearer, because),
            votes=other.votes,
            nearer=nearer,
            needed=self._judge.named_from,
        )

    def _because(self, person: MatchedPerson, other: Candidate) -> Because:
        if person.name is not None:
            return Because.FREQUENCY if other.probability > person.name.probability else Because.LESS_LIKELY
        # Who is probable enough and first, and has not got the name, has it elsewhere in the frame.
        return Because.NOT_TWICE if other.probability >= self._judge.named_from else Because.UNSURE

    def _is_close(self, name: Candidate | None, other: Candidate, nearer: Nearer | None, because: Because) -> bool:
        if name is None or nearer is None:
            missed = self._judge.named_from - other.probability
            return because is Because.UNSURE and missed <= _CLOSELY_MISSED
        return (
            other.probability >= _CLOSE * name.probability
            or other.distance <= name.distance
            or nearer.faces < _CLEARLY * nearer.of_faces
        )
