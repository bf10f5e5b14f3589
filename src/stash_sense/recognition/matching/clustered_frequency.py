"""Mode `clustered_frequency`: in every group of faces, the person whom most frames agree on."""

from dataclasses import dataclass

import numpy as np

from stash_sense.kernel.arrays import Bools, Floats, Ints
from stash_sense.recognition.faces import Faces
from stash_sense.recognition.matching.grouping import group
from stash_sense.recognition.matching.judge import Judge
from stash_sense.recognition.matching.naming import Proposal
from stash_sense.recognition.matching.person import Matched

_PER_FACE = 10
"""Nearest persons of each face that count as its candidates."""

_FREQUENCY_WEIGHT = 0.1
"""What appearing in more frames adds at the most: it saturates (1 - 1/frames), so that many weak frames never outrank
a few strong ones."""


@dataclass(frozen=True, slots=True, eq=False)
class ClusteredFrequencyMatcher:
    """`Matcher` by frequency within clusters; what it proposes, the pack's curve turns into a probability."""

    judge: Judge

    def match(self, faces: Faces, frame_count: int, tagged: frozenset[int] = frozenset()) -> Matched:
        """Group the faces and name the groups."""
        constants = self.judge.decision.constants
        min_frames = min(constants.min_unique_frames, frame_count)
        hits = self.judge.search.search(faces.vectors, _PER_FACE)
        near = 1.0 - hits.best <= constants.max_distance
        proposals = []
        groups = group(faces, 1.0 - constants.cluster_distance, 1.0 - constants.track_distance)
        likely = self.judge.candidates_of_all(faces, groups, tagged)
        for one, likeliest in zip(groups, likely, strict=True):
            rows = one.described
            scores = self._scores(
                faces.frame[rows], hits.persons[rows], hits.best[rows], near[rows], tagged, min_frames
            )
            candidates = sorted(
                (candidate for candidate in likeliest if candidate.person in scores),
                key=lambda candidate: -scores[candidate.person],
            )
            proposals.append(Proposal(one, tuple(candidates)))
        return self.judge.decide(faces, proposals, frame_count)

    def _scores(
        self, frame: Ints, persons: Ints, best: Floats, near: Bools, tagged: frozenset[int], min_frames: int
    ) -> dict[int, float]:
        """Score the persons who are candidates of faces in enough frames; higher is better, about 0 to 1.1."""
        constants = self.judge.decision.constants
        scores: dict[int, float] = {}
        for person in np.unique(persons[near]).tolist():
            votes = near & (persons == person)
            frames = len(np.unique(frame[votes.any(axis=1)]))
            if frames < min(min_frames, len(np.unique(frame))):  # a single frame may still join its person
                continue
            closeness = 1.0 - (1.0 - float(best[votes].max())) / constants.stranger_distance
            score = closeness * (1.0 + _FREQUENCY_WEIGHT * (1.0 - 1.0 / frames))
            scores[person] = score + (constants.tagged_boost if person in tagged else 0.0)
        return scores
