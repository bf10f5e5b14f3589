"""Groups of faces -> the known people they may be, each with a probability, and who is who in the end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from stash_sense.kernel.arrays import Floats, Ints
from stash_sense.recognition.evidence import FEATURES, GalleryEvidence, Nearer, ProbeFaces
from stash_sense.recognition.faces import Faces
from stash_sense.recognition.matching.counting import PAIR_FEATURES, Piece, Pieces
from stash_sense.recognition.matching.grouping import Group
from stash_sense.recognition.matching.naming import Proposal, give_names
from stash_sense.recognition.matching.person import Candidate, Matched, MatchedPerson
from stash_sense.recognition.ports import PersonSearch
from stash_sense.recognition.spec import WHOLE_PLAN, Decision

_VOTES = FEATURES.index("votes")
_CANDIDATES = 8
"""Persons nearest to a group that are weighed: the right one is among them or cannot be told from strangers."""


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """Weighs groups of faces against one gallery, by one pack's decision.

    Attributes:
        search: finds the gallery's persons by their references.
        decision: the pack's constants, curves and space.
        evidence: the gallery, prepared for weighing.
        strict: name nobody below the pack's stricter level.
        top_k: other likely people kept for each person.
    """

    search: PersonSearch
    decision: Decision
    evidence: GalleryEvidence
    strict: bool = False
    top_k: int = 3

    @classmethod
    def over(
        cls,
        vectors: Floats,
        owner: Ints,
        search: PersonSearch,
        decision: Decision,
        strict: bool = False,
        top_k: int = 3,
    ) -> "Judge":
        """Prepare a judge over references: (n, D) unit vectors of (n,) ascending persons."""
        evidence = GalleryEvidence.of(vectors, owner, decision.space, decision.constants.crowd_size)
        return cls.of(evidence, search, decision, strict, top_k)

    @classmethod
    def of(
        cls,
        evidence: GalleryEvidence,
        search: PersonSearch,
        decision: Decision,
        strict: bool = False,
        top_k: int = 3,
    ) -> "Judge":
        """Prepare a judge over people who are ready to be weighed against."""
        decision.curve.check_features(FEATURES)
        if decision.same_person is not None:
            decision.same_person.check_features(PAIR_FEATURES)
        return cls(search, decision, evidence, strict, top_k)

    def candidates(self, faces: Faces, group: Group, tagged: frozenset[int]) -> tuple[Candidate, ...]:
        """Return the known persons that the faces of a group may be together, most probable first."""
        return self.candidates_of_all(faces, [group], tagged)[0]

    def candidates_of_all(
        self, faces: Faces, groups: Sequence[Group], tagged: frozenset[int]
    ) -> list[tuple[Candidate, ...]]:
        """Return the candidates of each of several groups; together they cost less than one by one."""
        if not self.search.person_count:
            return [()] * len(groups)
        constants = self.decision.constants
        boost = dict.fromkeys(tagged, constants.tagged_boost * constants.stranger_distance)
        probes = [_probe(faces, group) for group in groups]
        weighed = self.evidence.weigh_all(probes, _CANDIDATES, boost)
        return [self._likely(probe, *found) for probe, found in zip(probes, weighed, strict=True)]

    def _likely(self, probe: ProbeFaces, persons: Ints, evidence: Floats) -> tuple[Candidate, ...]:
        probabilities = self.decision.curve.probabilities(evidence, FEATURES)
        distances = self._distances(probe.vectors, probe.quality, persons)
        votes = evidence[:, _VOTES]
        return tuple(
            Candidate(int(persons[place]), float(probabilities[place]), float(distances[place]), float(votes[place]))
            for place in (-probabilities).argsort(kind="stable").tolist()
        )

    @property
    def named_from(self) -> float:
        """Probability from which a name is given."""
        constants = self.decision.constants
        return constants.strict_from if self.strict else constants.named_from

    def references(self, faces: Faces, group: Group, person: int, most: int) -> tuple[Ints, Floats]:
        """Find a person's references that a group is nearest to (see `PersonSearch.references`).

        Returns:
            Their rows, the nearest first, and their cosine distances: the first is the candidate's distance.
        """
        template = self._template(faces.vectors[group.described], faces.quality[group.described])
        rows, cosines = self.search.references(template, person, most)
        return rows, np.asarray(1.0 - cosines, np.float32)

    def compared(self, faces: Faces, group: Group, person: int, other: int) -> Nearer:
        """Count the faces of a group that are nearer to one person than to another."""
        return self.evidence.compared(_probe(faces, group), person, other)

    def decide(self, faces: Faces, proposals: Sequence[Proposal], frame_count: int) -> Matched:
        """Name the groups, and tell apart the people who have no name."""
        constants = self.decision.constants
        named_from = self.named_from
        named, unnamed = give_names(proposals, named_from, min(constants.min_unique_frames, frame_count))
        named, unnamed = self._joined(faces, named, unnamed)
        fewest = min(_of(frame_count, constants.min_unknown_frames), frame_count)
        unknown = [proposal for proposal in unnamed if len(proposal.whole.frames) >= fewest]
        unknown.sort(key=lambda proposal: (-len(proposal.whole.frames), int(proposal.whole.seen[0])))
        people = [
            *(replace(person, alternatives=person.alternatives[: self.top_k]) for person in named),
            *(MatchedPerson(one.whole, None, one.candidates[: self.top_k], one.faces) for one in unknown),
        ]
        fewest = min(constants.min_unique_frames, frame_count)
        unsure_to = max(constants.unsure_to, named_from)
        undecided = any(self._is_undecided(proposal, fewest, unsure_to) for proposal in proposals)
        # Who is seen in few frames of a long video may have been missed by all of a first few.
        return Matched(tuple(people), undecided or not proposals)

    def _is_undecided(self, proposal: Proposal, fewest: int, unsure_to: float) -> bool:
        """Whether more frames could give a group its name, or take it."""
        best = proposal.candidates[0].probability if proposal.candidates else 0.0
        seldom = len(proposal.faces.frames) < fewest
        return best >= self.decision.constants.unsure_from and (seldom or best < unsure_to)

    def _joined(
        self, faces: Faces, named: list[MatchedPerson], unnamed: list[Proposal]
    ) -> tuple[list[MatchedPerson], list[Proposal]]:
        """Join the groups without a name that are one person, or that are pieces of somebody who has one."""
        curve = self.decision.same_person
        if curve is None or not unnamed:
            return named, unnamed
        names = [Piece(person.faces, person.name.person, person.name.person) for person in named if person.name]
        others = [
            Piece(proposal.faces, None, proposal.candidates[0].person if proposal.candidates else None)
            for proposal in unnamed
        ]
        constants = self.decision.constants
        pieces = Pieces(faces, [*names, *others], self.decision.space)
        joined = pieces.join(curve, constants.join_from, max(constants.join_from, constants.named_from))
        people: list[MatchedPerson] = list(named)
        left: list[Proposal] = []
        for first, *rest in joined:
            parts = [unnamed[place - len(names)].faces for place in rest]
            if first < len(names):
                person = named[first]
                people[first] = replace(person, faces=_all(person.faces, parts))
            else:
                proposal = unnamed[first - len(names)]
                left.append(replace(proposal, joined=_all(proposal.faces, parts)))
        return people, left

    def _distances(self, vectors: Floats, quality: Floats, persons: Ints) -> Floats:
        """(k,) cosine distances of a group's template to the nearest reference of each person."""
        return 1.0 - self.search.nearest(self._template(vectors, quality), persons)

    def _template(self, vectors: Floats, quality: Floats) -> Floats:
        template: Floats = self.decision.space.renormalised((quality @ vectors)[None])[0]
        return template


def _probe(faces: Faces, group: Group) -> ProbeFaces:
    rows = group.described
    return ProbeFaces(faces.vectors[rows], faces.quality[rows], faces.track[rows])


def _of(frame_count: int, frames: int) -> int:
    """Turn a number of frames of a whole plan into one of the frames that were looked at: as much less, but two."""
    return max(min(frames, 2), round(frames * min(1.0, frame_count / WHOLE_PLAN)))


def _all(first: Group, rest: Sequence[Group]) -> Group:
    for group in rest:
        first = first.with_(group)
    return first
