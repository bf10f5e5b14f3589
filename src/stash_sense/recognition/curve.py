"""A pack's curves from what speaks for something to its probability: logistics over named features."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stash_sense.errors import SettingInvalid
from stash_sense.kernel.arrays import Floats


@dataclass(frozen=True, slots=True)
class ProbabilityCurve:
    """Logistic regression over the features it names, and a correction where the held half of the data wanted one.

    Attributes:
        features: names of the features it reads.
        coefficients: one per feature, for features as they are (not standardised).
        intercept: added to their sum.
        fitted_on: which faces it was fitted on.
        corrected_from, corrected_to: what the logistic says and what it then means, both ascending, 0 to 1; between
            two of them the line between counts. Empty for a curve without correction.
    """

    features: tuple[str, ...]
    coefficients: tuple[float, ...]
    intercept: float
    fitted_on: str
    corrected_from: tuple[float, ...] = ()
    corrected_to: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        numbers = (*self.coefficients, self.intercept, *self.corrected_from, *self.corrected_to)
        if len(self.features) != len(self.coefficients) or not all(map(math.isfinite, numbers)):
            reason = "one number per feature is needed, and one to add"
            raise SettingInvalid(name="curve", value=numbers, reason=reason)
        pairs = (self.corrected_from, self.corrected_to)
        ascending = all(list(row) == sorted(row) for row in pairs)
        ascending &= all(0.0 <= value <= 1.0 for row in pairs for value in row)
        if len(self.corrected_from) != len(self.corrected_to) or not ascending:
            raise SettingInvalid(
                name="curve correction", value=pairs, reason="two ascending rows from 0 to 1 are needed"
            )

    def check_features(self, known: Sequence[str]) -> None:
        """Make sure that the curve reads nothing but the known features.

        Raises:
            SettingInvalid: it names another one.
        """
        unknown = [name for name in self.features if name not in known]
        if unknown:
            raise SettingInvalid(name="curve feature", value=unknown[0], reason=f"known are {', '.join(known)}")

    def probabilities(self, values: Floats, names: Sequence[str]) -> Floats:
        """Turn (n, k) features with k names into (n,) probabilities, 0 to 1."""
        columns = [names.index(name) for name in self.features]
        logits = values[:, columns] @ np.asarray(self.coefficients) + self.intercept
        probabilities = 1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0)))
        if self.corrected_from:
            probabilities = np.interp(probabilities, self.corrected_from, self.corrected_to)
        return np.asarray(probabilities, np.float32)
