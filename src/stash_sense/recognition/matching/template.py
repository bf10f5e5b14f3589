"""Mode `template`: every group of faces is one quality-weighted vector, and the evidence as a whole decides."""

from dataclasses import dataclass

from stash_sense.recognition.faces import Faces
from stash_sense.recognition.matching.grouping import group
from stash_sense.recognition.matching.judge import Judge
from stash_sense.recognition.matching.naming import Proposal
from stash_sense.recognition.matching.person import Matched


@dataclass(frozen=True, slots=True, eq=False)
class TemplateMatcher:
    """`Matcher` by templates."""

    judge: Judge

    def match(self, faces: Faces, frame_count: int, tagged: frozenset[int] = frozenset()) -> Matched:
        """Group the faces and name the groups."""
        return self.judge.decide(faces, self.proposals(faces, tagged), frame_count)

    def proposals(self, faces: Faces, tagged: frozenset[int] = frozenset()) -> list[Proposal]:
        """Group the faces, and say who each group may be."""
        constants = self.judge.decision.constants
        groups = group(faces, 1.0 - constants.cluster_distance, 1.0 - constants.track_distance)
        candidates = self.judge.candidates_of_all(faces, groups, tagged)
        return [Proposal(one, likely) for one, likely in zip(groups, candidates, strict=True)]
