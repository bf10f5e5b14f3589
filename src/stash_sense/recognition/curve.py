"""The pack's curve from evidence to probability: a logistic over named features."""

import math
from dataclasses import dataclass

import numpy as np

from stash_sense.errors import SettingInvalid
from stash_sense.kernel.arrays import Floats
from stash_sense.recognition.evidence import FEATURES


@dataclass(frozen=True, slots=True)
class ProbabilityCurve:
    """Logistic regression over the features it names (see `evidence.py`).

    Attributes:
        features: names of the features it reads.
        coefficients: one per feature, for features as they are (not standardised).
        intercept: added to their sum.
        fitted_on: which faces it was fitted on, and the assumed share of strangers.
    """

    features: tuple[str, ...]
    coefficients: tuple[float, ...]
    intercept: float
    fitted_on: str

    def __post_init__(self) -> None:
        unknown = [name for name in self.features if name not in FEATURES]
        if unknown:
            raise SettingInvalid(name="curve feature", value=unknown[0], reason=f"known are {', '.join(FEATURES)}")
        numbers = (*self.coefficients, self.intercept)
        if len(self.features) != len(self.coefficients) or not all(map(math.isfinite, numbers)):
            reason = "one number per feature is needed, and one to add"
            raise SettingInvalid(name="curve", value=numbers, reason=reason)

    def probabilities(self, evidence: Floats) -> Floats:
        """Turn (n, len(FEATURES)) evidence into (n,) probabilities, 0 to 1."""
        columns = [FEATURES.index(name) for name in self.features]
        logits = evidence[:, columns] @ np.asarray(self.coefficients, np.float32) + self.intercept
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0))), np.float32)
