"""What a model pack says about deciding: constants on the pack's own scale. Nothing of it stands in code."""

from dataclasses import dataclass

from stash_sense.errors import SettingInvalid
from stash_sense.recognition.curve import ProbabilityCurve
from stash_sense.recognition.space import FaceSpace


@dataclass(frozen=True, slots=True)
class MatchingConstants:
    """Cosine distances (0 to 2) of fused vectors at which this pack's models separate people, and counts.

    Attributes:
        cluster_distance: two groups of faces further apart than this are different people.
        max_distance: a person further away than this is no candidate in the mode that counts frames.
        stranger_distance: what faces of two different people typically measure; the unit in which the
            boost of a tagged person is meant.
        tagged_boost: what being tagged already is worth, on the scale where `stranger_distance` is 1.
        min_unique_frames: frames of a video a person must be seen in; does not apply to still pictures.
        crowd_size: others that a small gallery is padded up to (see `evidence.py`).
        faces_cap: faces of a group that count as evidence.
    """

    cluster_distance: float
    max_distance: float
    stranger_distance: float
    tagged_boost: float = 0.03
    min_unique_frames: int = 2
    crowd_size: int = 200
    faces_cap: int = 3

    def __post_init__(self) -> None:
        for name in ("cluster_distance", "max_distance", "stranger_distance"):
            value = getattr(self, name)
            if not 0.0 < value <= 2.0:
                raise SettingInvalid(name=name, value=value, reason="a cosine distance is above 0 and at most 2")


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """All of a pack that decides on names."""

    space: FaceSpace
    constants: MatchingConstants
    curve: ProbabilityCurve
