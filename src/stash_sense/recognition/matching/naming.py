"""Candidates of groups -> one name per person: no name twice in a frame, nobody named on too little."""

from collections.abc import Sequence
from dataclasses import dataclass

from stash_sense.recognition.matching.grouping import Group
from stash_sense.recognition.matching.person import Candidate, MatchedPerson


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """A group of faces and who it may be.

    Attributes:
        faces: of the group.
        candidates: in the order of the mode that proposes them; only the first may become its name.
        joined: the faces together with those of the pieces that turned out to be the same person.
    """

    faces: Group
    candidates: tuple[Candidate, ...]
    joined: Group | None = None

    @property
    def whole(self) -> Group:
        """All faces of the person."""
        return self.joined or self.faces


@dataclass(slots=True, eq=False)
class _Named:
    candidate: Candidate
    lead: Proposal
    faces: Group


def give_names(
    proposals: Sequence[Proposal], named_from: float, min_frames: int
) -> tuple[list[MatchedPerson], list[Proposal]]:
    """Decide who is who.

    The surest proposal takes its name first. A later one for the same person joins it when the two share no frame
    (the same person in another shot) and stays without a name when they do: one of them must be somebody else.

    Args:
        proposals: the groups of one video or picture.
        named_from: probability from which a name is given.
        min_frames: whoever is seen in fewer frames, all groups of one name together, is not named.

    Returns:
        The named persons with all their other candidates, the most probable first, and the proposals that are left
        without a name.
    """
    named: dict[int, _Named] = {}
    unnamed: list[Proposal] = []
    for proposal in sorted(proposals, key=lambda proposal: _rank(proposal, min_frames)):
        best = proposal.candidates[0] if proposal.candidates else None
        if best is None or not best.probability >= named_from:
            unnamed.append(proposal)
        elif (holder := named.get(best.person)) is None:
            named[best.person] = _Named(best, proposal, proposal.faces)
        elif not holder.faces.frames & proposal.faces.frames:
            holder.faces = holder.faces.with_(proposal.faces)
        else:
            unnamed.append(proposal)
    known = [holder for holder in named.values() if len(holder.faces.frames) >= min_frames]
    people = [
        MatchedPerson(holder.faces, holder.candidate, holder.lead.candidates[1:], holder.lead.faces)
        for holder in sorted(known, key=lambda holder: -holder.candidate.probability)
    ]
    return people, unnamed


def _rank(proposal: Proposal, min_frames: int) -> tuple[bool, float, int, int]:
    """The surest first, but those seen long enough before those who are not: they lead the group they join."""
    probability = proposal.candidates[0].probability if proposal.candidates else 0.0
    frames = len(proposal.faces.frames)
    return (frames < min_frames, -probability, -frames, int(proposal.faces.seen[0]))
