"""Answers beside the truth -> precision, recall, calibration and counts, each with how far chance moves it.

What each figure means is written out in docs/how-to/measure-on-your-own-library.md.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np

from stash_sense.evaluation.answers import Numbers
from stash_sense.evaluation.comparison import Compared, Counts
from stash_sense.kernel.arrays import Ints

ROUNDS = 1000
"""Bootstrap resamplings: the ends of the intervals then repeat to about .002."""
BINS = 10
"""Bins of the calibration error, of equally many claims each."""
_BLOCK = 100
"""Rounds drawn at once: for 5,000 files 4 MB."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and its 95 % bootstrap interval over files.

    Attributes:
        value: None where there was nothing to measure.
        low, high: ends of the interval; None where there is no value, or fewer than two files to draw from.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """How good the answers about some files are.

    Attributes:
        files: how many.
        counts: of all the files together.
        precision: right names of all names given.
        recall: known people who were named, of all known people in the files.
        f1: harmonic mean of the two.
        strangers_named: strangers who were given a wrong name, of all strangers in files where it can be told.
        calibration_error: mean gap between the probability of a person seen and how often it was right.
        brier: mean squared gap of each single one.
        unknown_count_error: mean distance of the number of unknown people from that of the strangers.
    """

    files: int
    counts: Counts
    precision: Figure
    recall: Figure
    f1: Figure
    strangers_named: Figure
    calibration_error: Figure
    brier: Figure
    unknown_count_error: Figure


FIGURES = tuple(field.name for field in fields(Figures) if field.name not in ("files", "counts"))


def measure(compared: Sequence[Compared], seed: int = 0, rounds: int = ROUNDS) -> Figures:
    """Sum up files, drawing them anew with replacement for the intervals.

    Args:
        compared: one for each file.
        seed: of the draws.
        rounds: how many times the files are drawn.
    """
    sums = np.array([astuple(one.counts) for one in compared], np.float64).reshape(-1, len(fields(Counts)))
    claims = _Claims.of(compared)

    def figures(weights: Numbers) -> dict[str, Numbers]:
        return {**_rates(weights @ sums), "calibration_error": claims.calibration_error(weights)}

    values = figures(np.ones((1, len(compared))))
    intervals = _intervals(figures, len(compared), seed, rounds) if len(compared) > 1 else {}
    measured = {name: _figure(values[name][0], intervals.get(name)) for name in FIGURES}
    return Figures(files=len(compared), counts=Counts(*sums.sum(axis=0).tolist()), **measured)


def by_label(compared: Sequence[Compared], seed: int = 0) -> dict[str, dict[str, Figures]]:
    """Sum up the files of each label apart: key -> value -> figures, in the order of their names."""
    groups: dict[str, dict[str, list[Compared]]] = {}
    for one in compared:
        for key, value in one.labels.items():
            groups.setdefault(key, {}).setdefault(value, []).append(one)
    return {
        key: {value: measure(files, seed) for value, files in sorted(values.items())}
        for key, values in sorted(groups.items())
    }


def by_references(compared: Sequence[Compared], references: Mapping[str, int], seed: int = 0) -> dict[int, Figures]:
    """Sum up people with equally many references apart; only precision, recall and F1 speak of single people."""
    numbers = sorted({references.get(name, 0) for one in compared for name in one.known | one.named} - {0})
    groups = {number: {name for name, count in references.items() if count == number} for number in numbers}
    parts = {number: [_only(one, names) for one in compared] for number, names in groups.items()}
    return {
        number: measure([one for one in found if one.known or one.named], seed) for number, found in parts.items()
    }


def _only(one: Compared, names: set[str]) -> Compared:
    """Return what concerns some people only."""
    known, named, wrong = one.known & names, one.named & names, one.wrong & names
    counts = Counts(named=len(named), right=len(named - wrong), known=len(known), wrong=len(wrong))
    return Compared(one.labels, known, frozenset(), named, wrong, counts, ())


def _rates(sums: Numbers) -> dict[str, Numbers]:
    """(rounds, counts) -> a figure for each round; nan where there is nothing to divide by."""
    of = {field.name: sums[:, place] for place, field in enumerate(fields(Counts))}
    ratios = {
        "precision": (of["right"], of["named"]),
        "recall": (of["right"], of["known"]),
        "f1": (2.0 * of["right"], of["named"] + of["known"]),
        "strangers_named": (of["strangers_named"], of["strangers"]),
        "brier": (of["squared_error"], of["claims"]),
        "unknown_count_error": (of["count_error"], of["counted"]),
    }
    return {name: _divided(above, below) for name, (above, below) in ratios.items()}


@dataclass(frozen=True, slots=True, eq=False)
class _Claims:
    """All claims in the order of their probability.

    Attributes:
        file: (n,) which file each is of.
        gap: (n,) its probability, less 1 if it was right.
    """

    file: Ints
    gap: Numbers

    @classmethod
    def of(cls, compared: Sequence[Compared]) -> "_Claims":
        rows = [(place, *claim) for place, one in enumerate(compared) for claim in one.claims]
        table = np.array(rows, np.float64).reshape(-1, 3)
        table = table[np.argsort(table[:, 1], kind="stable")]
        return cls(table[:, 0].astype(np.int64), table[:, 1] - table[:, 2])

    def calibration_error(self, weights: Numbers) -> Numbers:
        """(rounds, files) how often each file was drawn -> (rounds,) calibration error over bins of equal mass."""
        weight = weights[:, self.file]
        upto = weight.cumsum(axis=1)
        total = weight.sum(axis=1)
        place = (upto - weight / 2.0) * BINS / np.maximum(total, 1.0)[:, None]
        bins = np.minimum(place.astype(np.int64), BINS - 1) + BINS * np.arange(len(weights))[:, None]
        gaps = np.bincount(bins.ravel(), (weight * self.gap).ravel(), BINS * len(weights))
        return _divided(np.abs(gaps.reshape(-1, BINS)).sum(axis=1), total)


def _intervals(
    figures: Callable[[Numbers], dict[str, Numbers]], files: int, seed: int, rounds: int
) -> dict[str, tuple[float, float]]:
    drawn: dict[str, list[Numbers]] = {name: [] for name in FIGURES}
    for weights in _draws(files, seed, rounds):
        for name, values in figures(weights).items():
            drawn[name].append(values)
    intervals = {}
    for name, parts in drawn.items():
        values = np.concatenate(parts)
        values = values[np.isfinite(values)]  # rounds that drew no file with anything to measure say nothing
        if len(values):
            low, high = np.quantile(values, (0.025, 0.975)).tolist()
            intervals[name] = (low, high)
    return intervals


def _draws(files: int, seed: int, rounds: int) -> Iterator[Numbers]:
    """Draw as many files as there are, with replacement: (block, files) how often each was drawn."""
    random = np.random.default_rng(seed)
    for start in range(0, rounds, _BLOCK):
        block = min(_BLOCK, rounds - start)
        drawn = random.integers(files, size=(block, files)) + files * np.arange(block)[:, None]
        yield np.bincount(drawn.ravel(), minlength=block * files).reshape(block, files).astype(np.float64)


def _divided(above: Numbers, below: Numbers) -> Numbers:
    nothing: Numbers = np.full(len(above), np.nan)
    return np.divide(above, below, out=nothing, where=below > 0)


def _figure(value: float, interval: tuple[float, float] | None) -> Figure:
    if not np.isfinite(value):
        return Figure()
    return Figure(float(value)) if interval is None else Figure(float(value), *interval)
