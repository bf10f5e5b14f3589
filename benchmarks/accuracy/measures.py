"""Answers to questions whose truth is known -> precision, recall, calibration, each with how far chance moves it."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from stash_sense.kernel.arrays import Bools, Ints

Numbers = NDArray[np.float64]
ROUNDS = 1000
"""Bootstrap resamplings: the ends of the intervals then repeat to about .002."""


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What was answered about pictures, one row each; rows are resampled as a whole.

    Attributes:
        known: (n,) whether somebody of the gallery is in the picture; else it is a stranger's.
        right: (n,) whether that person was named.
        names: (n,) names given, right or wrong.
    """

    known: Bools
    right: Bools
    names: Ints

    def take(self, rows: Ints) -> "Answers":
        """Return the given rows only."""
        return Answers(self.known[rows], self.right[rows], self.names[rows])


@dataclass(frozen=True, slots=True)
class Score:
    """How good answers are.

    Attributes:
        precision: right names of all names given; 1 where none was given.
        recall: known people who were named, of all who were asked.
        f1: harmonic mean of the two.
        strangers_named: share of strangers' pictures in which somebody was named.
        wrong_names: how many names were wrong in pictures of known people.
    """

    precision: float
    recall: float
    f1: float
    strangers_named: float
    wrong_names: int


def score(answers: Answers) -> Score:
    """Sum answers up."""
    right, names = int(answers.right.sum()), int(answers.names.sum())
    precision = right / names if names else 1.0
    recall = right / max(int(answers.known.sum()), 1)
    strangers = answers.names[~answers.known] > 0
    return Score(
        precision=precision,
        recall=recall,
        f1=2.0 * precision * recall / (precision + recall) if precision + recall else 0.0,
        strangers_named=float(strangers.mean()) if len(strangers) else 0.0,
        wrong_names=int((answers.names - answers.right)[answers.known].sum()),
    )


def intervals(answers: Answers, rounds: int = ROUNDS, seed: int = 0) -> dict[str, tuple[float, float]]:
    """Return the 95 % bootstrap interval of every figure of `score`, over people and strangers drawn anew."""
    random = np.random.default_rng(seed)
    people, strangers = np.flatnonzero(answers.known), np.flatnonzero(~answers.known)
    scores = [
        asdict(score(answers.take(np.concatenate([random.choice(rows, len(rows)) for rows in (people, strangers)]))))
        for _ in range(rounds)
    ]
    quantiles = {name: np.quantile([one[name] for one in scores], (0.025, 0.975)) for name in scores[0]}
    return {name: (float(low), float(high)) for name, (low, high) in quantiles.items()}


def calibration_error(probability: Numbers, right: Bools, bins: int = 10) -> float:
    """Mean gap between what was promised and what came true, over bins of equally many answers."""
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    gaps = [abs(float(probability[part].mean()) - float(right[part].mean())) * len(part) for part in parts]
    return sum(gaps) / max(len(order), 1)


def recall_at(precision: float, probability: Numbers, right: Bools, weight: Numbers, total: float) -> float:
    """Return the largest recall that some threshold reaches at this precision or a better one.

    Args:
        precision: 0 to 1.
        probability: (n,) of the answers.
        right: (n,) whether they were.
        weight: (n,) how much each counts.
        total: weight of all who could be found.
    """
    order = np.argsort(-probability, kind="stable")
    found = np.cumsum((weight * right)[order])
    good = found / np.maximum(np.cumsum(weight[order]), 1e-12) >= precision
    return float(found[good].max() / total) if good.any() else 0.0
