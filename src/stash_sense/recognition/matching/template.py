"""Mode `template`: every group of faces is one quality-weighted vector, and the evidence as a whole decides."""

from dataclasses import dataclass

from stash_sense.recognition.clustering import cluster
from stash_sense.recognition.faces import Faces
from stash_sense.recognition.matching.judge import Judge
from stash_sense.recognition.matching.naming import Proposal, give_names
from stash_sense.recognition.matching.person import MatchedPerson


@dataclass(frozen=True, slots=True, eq=False)
class TemplateMatcher:
    """`Matcher` by templates."""

    judge: Judge
    top_k: int

    def match(self, faces: Faces, frame_count: int, tagged: frozenset[int] = frozenset()) -> list[MatchedPerson]:
        """Group the faces and name the groups."""
        constants = self.judge.decision.constants
        groups = cluster(faces.vectors, faces.frame, 1.0 - constants.cluster_distance)
        proposals = [
            Proposal(rows, frozenset(faces.frame[rows].tolist()), self.judge.candidates(faces, rows, tagged))
            for rows in groups
        ]
        return give_names(proposals, min(constants.min_unique_frames, frame_count), self.top_k)
