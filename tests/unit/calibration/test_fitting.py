from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stash_sense.calibration.fitting import corrected, fit_logistic, isotonic

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)


@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from((1.0, 2.0))), min_size=1, max_size=4))
def test_no_other_ascending_answers_are_nearer_to_what_is_right(examples: list[tuple[int, float]]) -> None:
    right, weight = (np.array(column, float) for column in zip(*examples, strict=True))
    answers = isotonic(np.linspace(0.1, 0.9, len(right)), right, weight)
    assert (np.diff(answers) >= -1e-12).all()
    found = weight @ (answers - right) ** 2
    for tried in combinations_with_replacement(LEVELS, len(right)):
        assert found <= weight @ (np.array(tried) - right) ** 2 + 1e-12


def test_answers_come_in_the_order_of_what_was_said() -> None:
    answers = isotonic(np.array([0.9, 0.1, 0.5]), np.array([1.0, 0.0, 0.0]), np.ones(3))
    assert answers.tolist() == [1.0, 0.0, 0.0]


def test_known_coefficients_are_recovered() -> None:
    random = np.random.default_rng(0)
    values = random.normal(0.0, (1.0, 5.0), (20_000, 2))
    right = (random.random(20_000) < 1.0 / (1.0 + np.exp(-(2.0 * values[:, 0] - 0.3 * values[:, 1] + 0.5)))).astype(
        float
    )
    curve = fit_logistic(("a", "b"), values, right, np.ones(20_000), 100.0, "drawn")
    assert curve.coefficients == pytest.approx((2.0, -0.3), rel=0.05)
    assert curve.intercept == pytest.approx(0.5, abs=0.05)


def test_what_counts_twice_is_as_if_it_were_there_twice() -> None:
    random = np.random.default_rng(1)
    values, right = random.normal(size=(50, 2)), (random.random(50) < 0.5).astype(float)
    heavy = np.where(np.arange(50) < 10, 2.0, 1.0)
    once = fit_logistic(("a", "b"), values, right, heavy, 3.0, "")
    twice = fit_logistic(("a", "b"), np.r_[values, values[:10]], np.r_[right, right[:10]], np.ones(60), 3.0, "")
    assert once.coefficients == pytest.approx(twice.coefficients, abs=1e-3)


def test_separable_examples_give_finite_coefficients() -> None:
    values = np.array([[-1.0], [-0.9], [0.9], [1.0]])
    curve = fit_logistic(("a",), values, np.array([0.0, 0.0, 1.0, 1.0]), np.ones(4), 3.0, "")
    assert 0.0 < curve.coefficients[0] < 100.0


def test_a_correction_ascends_and_mends_what_was_said_too_surely() -> None:
    random = np.random.default_rng(2)
    values = random.normal(size=(5000, 1))
    said = 1.0 / (1.0 + np.exp(-4.0 * values[:, 0]))
    right = (random.random(5000) < 0.2 + 0.6 * said).astype(float)
    logistic = fit_logistic(("a",), values, said, np.ones(5000), 1e6, "")
    mended = corrected(logistic, said, right, np.ones(5000))
    assert list(mended.corrected_to) == sorted(mended.corrected_to)
    assert len(mended.corrected_from) == len(mended.corrected_to) <= 12
    probabilities = mended.probabilities(values.astype(np.float32), ("a",))
    assert np.abs(probabilities - (0.2 + 0.6 * said)).mean() < 0.05
