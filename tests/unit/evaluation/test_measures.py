"""Figures over files and their intervals: by small cases that can be counted by hand."""

import numpy as np
import pytest
from tests.unit.evaluation.made import answer, compared, named, truth, unknown

from stash_sense.evaluation.comparison import Compared, Counts
from stash_sense.evaluation.measures import FIGURES, Figure, by_label, by_references, measure

FOUR = [
    compared(answer(named("Ada", 0.9)), truth("Ada", strangers=0, size="large")),
    compared(answer(named("Ada", 0.9), named("Eve", 0.6)), truth("Ada", "Grace", strangers=1, size="large")),
    compared(answer(unknown("Eve", 0.2)), truth(strangers=1, size="small")),
    compared(answer(named("Eve", 0.5)), truth(strangers=2)),
]
"""Names: 4, of them right 2; known people: 3, of them found 2; strangers who are alone: 3, of them named 1."""


def claims(*rows: tuple[float, bool]) -> Compared:
    counts = Counts(claims=len(rows), squared_error=sum((probability - right) ** 2 for probability, right in rows))
    nobody: frozenset[str] = frozenset()
    return Compared({}, nobody, nobody, nobody, nobody, counts, rows)


def test_figures_sum_the_files_up() -> None:
    figures = measure(FOUR)
    assert figures.files == 4
    assert figures.precision.value == pytest.approx(2 / 4)
    assert figures.recall.value == pytest.approx(2 / 3)
    assert figures.f1.value == pytest.approx(2 * 0.5 * (2 / 3) / (0.5 + 2 / 3))
    assert figures.strangers_named.value == pytest.approx(1 / 3)
    assert figures.brier.value == pytest.approx((0.01 + 0.01 + 0.36 + 0.04 + 0.25) / 5)
    # Unknown people reported and strangers, file by file: 0 and 0, 0 and 1, 1 and 1, 0 and 2.
    assert figures.unknown_count_error.value == pytest.approx((0 + 1 + 0 + 2) / 4)
    assert (figures.counts.wrong, figures.counts.wrong_of_strangers) == (2, 1)


def test_calibration_error_is_the_mean_gap_over_ten_bins_of_equally_many_claims() -> None:
    rows = [(place / 100, False) for place in range(18)] + [(0.5, True), (0.7, True)]
    # Nine bins with two of the wrong ones each: gaps of .005, .025, … .165; the last bin promises .6 and holds 1.
    expected = (sum(0.005 + 0.02 * place for place in range(9)) + 0.4) / 10
    assert measure([claims(*rows)]).calibration_error.value == pytest.approx(expected)


def test_promises_that_come_true_are_calibrated_wherever_the_claims_lie() -> None:
    files = [claims((0.2, place == 0), (0.8, place != 0)) for place in range(5)] * 10
    assert measure(files).calibration_error.value == pytest.approx(0.0, abs=1e-9)


def test_what_cannot_be_measured_has_no_value() -> None:
    figures = measure([compared(answer(), truth()), compared(answer(), truth())])
    assert all(getattr(figures, name) == Figure() for name in FIGURES)
    assert measure([]).files == 0


def test_one_file_says_nothing_of_how_far_chance_moves_it() -> None:
    recall = measure(FOUR[:1]).recall
    assert (recall.value, recall.low, recall.high) == (1.0, None, None)


def test_intervals_repeat_with_the_seed() -> None:
    assert measure(FOUR, seed=3) == measure(FOUR, seed=3)
    many = FOUR * 5
    assert measure(many, seed=3).recall != measure(many, seed=4).recall


def test_the_interval_is_that_of_drawing_files_with_replacement() -> None:
    # 100 files with one known person each, of whom 80 are found: the recall of a draw is binomial(100, .8) / 100,
    # whose .025 and .975 quantiles are .72 and .87.
    files = [compared(answer(*[named("Ada")] * (place < 80)), truth("Ada")) for place in range(100)]
    recall = measure(files, rounds=4000).recall
    assert (recall.low, recall.high) == pytest.approx((0.72, 0.87), abs=0.011)


def test_people_of_one_file_are_drawn_together() -> None:
    crew = [f"P{place}" for place in range(50)]
    files = [
        compared(answer(*map(named, crew)), truth(*crew)),
        compared(answer(), truth(*crew)),
    ]
    recall = measure(files).recall
    assert (recall.value, recall.low, recall.high) == (0.5, 0.0, 1.0)


def test_intervals_of_every_figure_hold_its_value_and_narrow_with_more_files() -> None:
    few, many = measure(FOUR * 5), measure(FOUR * 80)
    for name in FIGURES:
        narrow, wide = getattr(many, name), getattr(few, name)
        assert narrow.low <= narrow.value <= narrow.high
        assert 0.0 < narrow.high - narrow.low < (wide.high - wide.low) / 2, name


def test_probabilities_that_mean_what_they_say_have_hardly_any_calibration_error() -> None:
    random = np.random.default_rng(0)
    files = [claims(*((float(p), bool(p > random.random())) for p in random.random(10))) for _ in range(1000)]
    error = measure(files, rounds=100).calibration_error
    assert error.value is not None
    assert error.value < 0.03


def test_files_are_grouped_by_each_of_their_labels() -> None:
    groups = by_label(FOUR)
    assert {key: list(values) for key, values in groups.items()} == {"size": ["large", "small"]}
    assert groups["size"]["large"].files == 2
    assert groups["size"]["large"].recall.value == pytest.approx(2 / 3)
    assert groups["size"]["small"].recall.value is None


def test_people_are_grouped_by_how_many_references_they_have() -> None:
    references = {"Ada": 3, "Grace": 1, "Eve": 1}
    files = [
        compared(answer(named("Ada"), named("Eve")), truth("Ada", "Grace"), references),
        compared(answer(), truth("Ada"), references),
        compared(answer(named("Grace")), truth("Grace", "Nobody's"), references),
    ]
    groups = by_references(files, references)
    assert list(groups) == [1, 3]
    assert (groups[1].counts.known, groups[1].counts.right, groups[1].counts.wrong) == (2, 1, 1)
    assert (groups[1].recall.value, groups[1].precision.value) == (0.5, 0.5)
    assert (groups[3].recall.value, groups[3].precision.value) == (0.5, 1.0)
    assert groups[1].calibration_error == Figure()
