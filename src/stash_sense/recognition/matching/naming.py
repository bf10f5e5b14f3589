"""Candidates of groups -> one name per person: no name twice in a frame, nobody named below even odds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stash_sense.kernel.arrays import Ints
from stash_sense.recognition.matching.person import Candidate, MatchedPerson

NAMED_FROM = 0.5
"""Probability from which a name is given: more likely right than wrong, by the pack's curve."""


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """A group of faces and who it may be.

    Attributes:
        faces: row numbers of the faces, ascending.
        frames: the frames they are in, each once.
        candidates: in the order of the mode that proposes them; only the first may become its name.
    """

    faces: Ints
    frames: frozenset[int]
    candidates: tuple[Candidate, ...]


@dataclass(slots=True, eq=False)
class _Named:
    candidate: Candidate
    lead: Proposal
    faces: list[Ints]
    frames: set[int]


def give_names(proposals: Sequence[Proposal], min_frames: int, top_k: int) -> list[MatchedPerson]:
    """Decide who is who.

    The surest proposal takes its name first. A later one for the same person joins it when the two share no frame
    (the same person in another shot) and stays without a name when they do: one of them must be somebody else.

    Args:
        proposals: the groups of one video or picture.
        min_frames: whoever is seen in fewer frames, all groups of one name together, is left out.
        top_k: how many alternatives are kept.
    """
    named: dict[int, _Named] = {}
    unknown: list[Proposal] = []
    for proposal in sorted(proposals, key=lambda proposal: _rank(proposal, min_frames)):
        best = proposal.candidates[0] if proposal.candidates else None
        if best is None or best.probability < NAMED_FROM:
            unknown.append(proposal)
        elif (holder := named.get(best.person)) is None:
            named[best.person] = _Named(best, proposal, [proposal.faces], set(proposal.frames))
        elif not holder.frames & proposal.frames:
            holder.faces.append(proposal.faces)
            holder.frames |= proposal.frames
        else:
            unknown.append(proposal)
    known = [holder for holder in named.values() if len(holder.frames) >= min_frames]
    strangers = [proposal for proposal in unknown if len(proposal.frames) >= min_frames]
    return [_person(holder, top_k) for holder in sorted(known, key=lambda holder: -holder.candidate.probability)] + [
        MatchedPerson(proposal.faces, None, proposal.candidates[:top_k])
        for proposal in sorted(strangers, key=lambda proposal: (-len(proposal.frames), int(proposal.faces[0])))
    ]


def _rank(proposal: Proposal, min_frames: int) -> tuple[bool, float, int, int]:
    """The surest first, but those seen long enough before those who are not: they lead the group they join."""
    probability = proposal.candidates[0].probability if proposal.candidates else 0.0
    return (len(proposal.frames) < min_frames, -probability, -len(proposal.frames), int(proposal.faces[0]))


def _person(holder: _Named, top_k: int) -> MatchedPerson:
    return MatchedPerson(
        faces=np.sort(np.concatenate(holder.faces)),
        name=holder.candidate,
        alternatives=holder.lead.candidates[1 : top_k + 1],
    )
