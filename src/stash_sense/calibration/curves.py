"""Examples of names, right and wrong -> a curve from evidence to probability, in the form others prefer."""

from typing import Literal, get_args

import numpy as np

from stash_sense.calibration.examples import Examples
from stash_sense.calibration.fitting import Numbers, corrected, fit_logistic
from stash_sense.recognition.curve import ProbabilityCurve
from stash_sense.recognition.evidence import FEATURES

Form = Literal["logistic", "isotonic"]
"""Of a curve: as it was fitted, or corrected isotonically."""

_STRENGTH = 3.0
"""Weak penalty: many weak features beat few."""
_CERTAIN = 1e-4
"""Probabilities nearer to 0 and 1 count as this near: one example must not make a log-loss infinite."""


def curve_of(examples: Examples, form: Form, fitted_on: str) -> ProbabilityCurve:
    """Fit a curve.

    Args:
        examples: of `FEATURES`.
        form: of the curve.
        fitted_on: what the examples are of.
    """
    logistic = fit_logistic(FEATURES, examples.values, examples.right, examples.weight, _STRENGTH, fitted_on)
    if form == "logistic":
        return logistic
    return corrected(logistic, said_by(logistic, examples), examples.right, examples.weight)


def choose_curve(fit: Examples, held: Examples, fitted_on: str) -> tuple[Form, ProbabilityCurve, dict[Form, float]]:
    """Fit both forms on one half of the people, and take the one that the held half prefers.

    Returns:
        The form, its curve, and the log-loss of the held half by form.
    """
    curves: dict[Form, ProbabilityCurve] = {form: curve_of(fit, form, fitted_on) for form in get_args(Form)}
    losses = {form: log_loss(curve, held) for form, curve in curves.items()}
    best = min(losses, key=lambda form: losses[form])
    return best, curves[best], losses


def log_loss(curve: ProbabilityCurve, examples: Examples) -> float:
    """Mean of -log(probability of what is true), by the weights of the examples."""
    said = np.clip(said_by(curve, examples), _CERTAIN, 1.0 - _CERTAIN)
    losses = examples.right * np.log(said) + (1.0 - examples.right) * np.log(1.0 - said)
    return -float(np.average(losses, weights=examples.weight))


def said_by(curve: ProbabilityCurve, examples: Examples) -> Numbers:
    """(n,) probabilities that a curve gives to examples, from the numbers that the program has: of 32 bits."""
    return curve.probabilities(examples.values.astype(np.float32), FEATURES).astype(np.float64)
