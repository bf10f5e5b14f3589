"""Precision, recall, calibration and their intervals: by small cases that can be counted by hand."""

import numpy as np
import pytest
from benchmarks.accuracy.measures import Answers, calibration_error, intervals, recall_at, score


def answers(*rows: tuple[bool, bool, int]) -> Answers:
    known, right, names = zip(*rows, strict=True)
    return Answers(np.array(known), np.array(right), np.array(names))


FOUR_PEOPLE_TWO_STRANGERS = answers(
    (True, True, 1),
    (True, True, 2),  # the right name and a wrong one
    (True, False, 1),
    (True, False, 0),
    (False, False, 1),
    (False, False, 0),
)


def test_precision_counts_every_name_and_recall_every_known_person() -> None:
    found = score(FOUR_PEOPLE_TWO_STRANGERS)
    assert found.precision == pytest.approx(2 / 5)
    assert found.recall == pytest.approx(2 / 4)
    assert found.f1 == pytest.approx(2 * 0.4 * 0.5 / 0.9)


def test_strangers_and_wrong_names_are_told_apart() -> None:
    found = score(FOUR_PEOPLE_TWO_STRANGERS)
    assert found.strangers_named == pytest.approx(1 / 2)
    assert found.wrong_names == 2


def test_naming_nobody_is_precise_and_finds_nothing() -> None:
    found = score(answers((True, False, 0), (False, False, 0)))
    assert (found.precision, found.recall, found.f1) == (1.0, 0.0, 0.0)


def test_answers_about_known_people_only_can_be_summed_up() -> None:
    assert score(answers((True, True, 1))).strangers_named == 0.0


def test_intervals_hold_the_figure_and_narrow_with_more_people() -> None:
    few = [(True, row % 4 != 0, int(row % 4 != 0)) for row in range(20)] + [(False, False, 0)] * 20
    narrow, wide = intervals(answers(*few * 20), rounds=200), intervals(answers(*few), rounds=200)
    low, high = wide["recall"]
    assert low < 0.75 < high
    assert narrow["recall"][1] - narrow["recall"][0] < (high - low) / 2


def test_intervals_repeat() -> None:
    assert intervals(FOUR_PEOPLE_TWO_STRANGERS, 50) == intervals(FOUR_PEOPLE_TWO_STRANGERS, 50)


def test_promises_that_come_true_are_calibrated() -> None:
    probability = np.repeat([0.2, 0.8], 10)
    right = np.array([place % 10 < (2 if place < 10 else 8) for place in range(20)])
    assert calibration_error(probability, right, bins=2) == pytest.approx(0.0)


def test_calibration_error_is_the_mean_gap_over_equally_filled_bins() -> None:
    probability = np.repeat([0.0, 1.0], 10)
    right = np.array([True] * 2 + [False] * 8 + [True] * 6 + [False] * 4)
    assert calibration_error(probability, right, bins=2) == pytest.approx((0.2 + 0.4) / 2)


def test_nothing_asked_is_calibrated() -> None:
    assert calibration_error(np.zeros(0), np.zeros(0, bool)) == 0.0


def test_recall_at_a_precision_takes_the_best_threshold() -> None:
    probability = np.array([0.9, 0.8, 0.7, 0.6])
    right = np.array([True, False, True, True])
    weight = np.ones(4)
    assert recall_at(0.99, probability, right, weight, 4.0) == pytest.approx(1 / 4)
    assert recall_at(0.75, probability, right, weight, 4.0) == pytest.approx(3 / 4)


def test_recall_at_a_precision_that_is_never_reached_is_nothing() -> None:
    assert recall_at(0.5, np.array([0.9]), np.array([False]), np.ones(1), 1.0) == 0.0
