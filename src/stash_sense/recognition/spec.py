"""What a model pack says about deciding: constants on the pack's own scale. Nothing of it stands in code."""

from dataclasses import dataclass

from stash_sense.errors import SettingInvalid
from stash_sense.recognition.curve import ProbabilityCurve
from stash_sense.recognition.space import FaceSpace

DISTANCES = ("cluster_distance", "track_distance", "max_distance", "stranger_distance")
WHOLE_PLAN = 60
"""Frames of a video that the counts of frames are meant for."""
SMALLEST_CROWD, LARGEST_CROWD = 21, 100_000
PROBABILITIES = ("named_from", "strict_from", "unsure_from", "unsure_to", "join_from")


@dataclass(frozen=True, slots=True)
class MatchingConstants:
    """Cosine distances (0 to 2) of fused vectors, probabilities (0 to 1) and counts at which this pack decides.

    Attributes:
        cluster_distance: two groups of faces further apart than this, on average, are different people.
        max_distance: a person further away than this is no candidate in the mode that counts frames.
        stranger_distance: what faces of two different people typically measure; the unit in which the
            boost of a tagged person is meant.
        track_distance: two parts of a track further apart than this are different people.
        tagged_boost: what being tagged already is worth, on the scale where `stranger_distance` is 1.
        min_unique_frames: frames of a video a person must be seen in; does not apply to still pictures.
        min_unknown_frames: frames, of 60 that are looked at, in which an unknown person must be seen to be counted;
            of fewer frames as much less, but two; does not apply to still pictures.
        crowd_size: people that a small gallery is padded up to (see `evidence.py`).
        named_from: probability from which a name is given.
        strict_from: the same at the stricter level, at which no stranger of the fit was named.
        unsure_from, unsure_to: while somebody's probability lies between them, more frames are looked at.
        join_from: probability from which two groups without a name are counted as one person.
    """

    cluster_distance: float
    max_distance: float
    stranger_distance: float
    track_distance: float = 1.0
    tagged_boost: float = 0.03
    min_unique_frames: int = 2
    min_unknown_frames: int = 2
    crowd_size: int = 400
    named_from: float = 0.5
    strict_from: float = 0.9
    unsure_from: float = 0.05
    unsure_to: float = 0.9
    join_from: float = 0.5

    def __post_init__(self) -> None:
        if not SMALLEST_CROWD <= self.crowd_size <= LARGEST_CROWD:
            reason = f"it must be from {SMALLEST_CROWD}, as people are compared with 20 others, to {LARGEST_CROWD}"
            raise SettingInvalid(name="crowd_size", value=self.crowd_size, reason=reason)
        for name in DISTANCES:
            value = getattr(self, name)
            if not 0.0 < value <= 2.0:
                raise SettingInvalid(name=name, value=value, reason="a cosine distance is above 0 and at most 2")
        for name in PROBABILITIES:
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise SettingInvalid(name=name, value=value, reason="a probability is from 0 to 1")


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """All of a pack that decides on names.

    Attributes:
        space: of the vectors.
        constants: distances, probabilities and counts.
        curve: from the evidence for a name to its probability (`evidence.FEATURES`).
        same_person: from what two groups have in common to the probability that they are one person
            (`counting.PAIR_FEATURES`); without it groups are not joined to be counted.
    """

    space: FaceSpace
    constants: MatchingConstants
    curve: ProbabilityCurve
    same_person: ProbabilityCurve | None = None
