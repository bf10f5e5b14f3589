"""A calibration in one line.

In tests: `from tests.unit.calibration.made import calibration`.
"""

import numpy as np

from stash_sense.calibration.calibrate import Calibration
from stash_sense.evaluation.comparison import Counts
from stash_sense.evaluation.measures import Figure, Figures
from stash_sense.recognition.curve import ProbabilityCurve
from stash_sense.recognition.space import Block, FaceSpace
from stash_sense.recognition.spec import Decision, MatchingConstants

CURVE = ProbabilityCurve(("similarity", "margin"), (20.0, 5.0), -12.0, "8 generated scenes of 20 people")
PAIRS = ProbabilityCurve(("similarity",), (30.0,), -20.0, "8 generated scenes of 20 people")


def calibration(dim: int = 8, seed: int = 0) -> Calibration:
    """Of a pack with one embedder; another seed gives other statistics."""
    random = np.random.default_rng(seed)
    mean = random.normal(size=dim).astype(np.float32)
    identity = np.eye(dim, dtype=np.float32)
    space = FaceSpace((Block(dim, 1.0),), (identity,), mean, mean, identity)
    constants = MatchingConstants(0.4, 0.3, 0.9, join_from=0.2, strict_from=0.8)
    nothing = Figure()
    figures = Figures(4, Counts(), Figure(0.987654, 0.9, 1.0), Figure(0.75), *[nothing] * 5)
    return Calibration(
        decision=Decision(space, constants, CURVE, PAIRS),
        people=20,
        strangers=12,
        scenes=8,
        held_people=21,
        held_scenes=4,
        form="logistic",
        log_loss={"logistic": 0.123456, "isotonic": 0.2},
        default=figures,
        strict=figures,
    )
