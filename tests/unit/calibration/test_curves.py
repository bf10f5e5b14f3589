from typing import get_args

import numpy as np
import pytest

from stash_sense.calibration.curves import Form, choose_curve, curve_of, log_loss, said_by
from stash_sense.calibration.examples import Examples
from stash_sense.calibration.strangers import strict_level
from stash_sense.recognition.evidence import FEATURES


def examples(seed: int, count: int = 3000, most: float = 1.0) -> Examples:
    """Of which the first feature alone tells how likely they are right, at most so likely."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(count, len(FEATURES)))
    right = random.random(count) < most / (1.0 + np.exp(-4.0 * values[:, 0]))
    return Examples(values, right.astype(float), np.ones(count))


def test_a_logistic_stays_as_it_is_where_it_is_right() -> None:
    form, curve, losses = choose_curve(examples(0), examples(1), "drawn")
    assert losses["logistic"] <= losses["isotonic"] + 0.01
    assert losses[form] == min(losses.values())
    assert curve.fitted_on == "drawn"


def test_a_curve_that_never_becomes_sure_is_corrected() -> None:
    form, curve, losses = choose_curve(examples(0, most=0.6), examples(1, most=0.6), "drawn")
    assert form == "isotonic"
    assert losses["isotonic"] < losses["logistic"]
    assert said_by(curve, examples(2, most=0.6)).max() < 0.75


def test_a_coin_costs_the_logarithm_of_two() -> None:
    coin = Examples(np.zeros((4, len(FEATURES))), np.array([0.0, 1.0, 0.0, 1.0]), np.ones(4))
    assert log_loss(curve_of(coin, "logistic", ""), coin) == pytest.approx(np.log(2.0), abs=1e-3)


@pytest.mark.parametrize("form", get_args(Form))
def test_the_stricter_level_lies_where_no_wrong_name_of_other_folds_came(form: Form) -> None:
    sure = examples(0)
    assert strict_level(sure, form) == 0.98  # wrong ones come near to 1 here
    apart = Examples(np.where(sure.right[:, None] == 1.0, 5.0, -5.0) + sure.values * 0.1, sure.right, sure.weight)
    assert strict_level(apart, form) == 0.6


def test_there_are_as_many_of_a_kind_as_of_the_rarer_one() -> None:
    some = Examples(np.zeros((5, 1)), np.array([1.0, 0.0, 0.0, 0.0, 0.0]), np.ones(5))
    assert some.fewest == 1
    assert some.only(np.array([True, True, False, False, False])).fewest == 1
    assert Examples.of([], 3).fewest == 0
