"""Examples of right and wrong -> a probability: logistic regression, and an isotonic correction of it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from stash_sense.recognition.curve import ProbabilityCurve

Numbers = NDArray[np.float64]

_STEPS = 60
_KNOTS = 12
"""Points that a correction is kept as: more would copy the chance of one set of scenes."""


def fit_logistic(
    features: Sequence[str], values: Numbers, right: Numbers, weight: Numbers, strength: float, fitted_on: str
) -> ProbabilityCurve:
    """Fit a logistic by Newton's method.

    Args:
        features: names of the k columns.
        values: (n, k).
        right: (n,) 0 or 1.
        weight: (n,) how much each example counts.
        strength: how much a squared coefficient of a standardised feature may cost: 1 / (2 strength) each.
        fitted_on: what the examples are of.
    """
    mean = np.average(values, axis=0, weights=weight)
    spread = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=weight)) + 1e-9
    columns = np.column_stack([(values - mean) / spread, np.ones(len(values))])
    penalty = np.diag(np.r_[np.full(values.shape[1], 1.0 / strength), 1e-9])
    found = np.zeros(columns.shape[1])
    for _ in range(_STEPS):
        probability = 1.0 / (1.0 + np.exp(-np.clip(columns @ found, -30.0, 30.0)))
        curvature = (columns * (weight * probability * (1.0 - probability))[:, None]).T @ columns + penalty
        slope = columns.T @ (weight * (probability - right)) + penalty @ found
        step = np.linalg.solve(curvature, slope)
        found -= step * min(1.0, 3.0 / (float(np.abs(step).max()) + 1e-12))
    coefficients = found[:-1] / spread
    rounded = tuple(round(float(value), 5) for value in coefficients)
    return ProbabilityCurve(tuple(features), rounded, round(float(found[-1] - coefficients @ mean), 5), fitted_on)


def isotonic(said: Numbers, right: Numbers, weight: Numbers) -> Numbers:
    """Find the ascending answers that are nearest to what is right, by pooling neighbours that are out of order.

    Args:
        said: (n,) probabilities.
        right: (n,) 0 or 1.
        weight: (n,) above 0.

    Returns:
        (n,) answers for `said`, in its order.
    """
    order = np.argsort(said, kind="stable")
    blocks: list[list[float]] = []  # sum of what is right, weight, count
    for value, heavy in zip(right[order].tolist(), weight[order].tolist(), strict=True):
        blocks.append([value * heavy, heavy, 1])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] >= blocks[-1][0] * blocks[-2][1]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    answers = np.empty(len(said))
    answers[order] = np.concatenate([np.full(int(count), total / heavy) for total, heavy, count in blocks])
    return answers


def corrected(curve: ProbabilityCurve, said: Numbers, right: Numbers, weight: Numbers) -> ProbabilityCurve:
    """Return the curve with an isotonic correction fitted to what it said of examples.

    A point's answer is the mean of the answers around it, half way to the next points: at the ends a single example
    would else say that everything is certain.
    """
    ascending = np.argsort(said, kind="stable")
    answers, weights = isotonic(said, right, weight)[ascending], weight[ascending]
    shares = np.linspace(0.0, 1.0, _KNOTS)
    knots, kept = np.unique(np.quantile(said, shares), return_index=True)
    reach = 0.5 / (_KNOTS - 1)
    first = np.floor(np.maximum(shares - reach, 0.0) * (len(said) - 1)).astype(int)[kept]
    last = np.ceil(np.minimum(shares + reach, 1.0) * (len(said) - 1)).astype(int)[kept]
    to = [
        np.average(answers[start : end + 1], weights=weights[start : end + 1])
        for start, end in zip(first, last, strict=True)
    ]
    return replace(
        curve,
        corrected_from=tuple(round(float(value), 5) for value in knots),
        corrected_to=tuple(round(float(value), 5) for value in to),
    )
