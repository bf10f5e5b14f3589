import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stash_sense.errors import SettingInvalid
from stash_sense.kernel.arrays import Floats
from stash_sense.recognition.curve import ProbabilityCurve
from stash_sense.recognition.evidence import FEATURES
from stash_sense.recognition.spec import MatchingConstants

numbers = st.floats(-3.0, 3.0, width=32)


@given(evidence=st.lists(numbers, min_size=len(FEATURES), max_size=len(FEATURES)))
def test_a_probability_is_the_logistic_of_the_named_features(evidence: list[float]) -> None:
    curve = ProbabilityCurve(("faces", "similarity"), (0.5, 2.0), -1.0, "test")
    (found,) = curve.probabilities(np.array([evidence], np.float32), FEATURES)
    logit = 0.5 * evidence[FEATURES.index("faces")] + 2.0 * evidence[FEATURES.index("similarity")] - 1.0
    assert found == pytest.approx(1.0 / (1.0 + math.exp(-logit)), abs=1e-5)


def test_more_evidence_never_makes_less_probable() -> None:
    curve = ProbabilityCurve(("similarity",), (20.0,), -10.0, "test")
    evidence = np.zeros((400, len(FEATURES)), np.float32)
    evidence[:, 0] = np.linspace(-5.0, 5.0, 400)
    probabilities = curve.probabilities(evidence, FEATURES)
    assert np.all(np.diff(probabilities) >= 0.0)
    assert probabilities[0] == pytest.approx(0.0, abs=1e-6)
    assert probabilities[-1] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("extreme", [1e30, -1e30, np.inf, -np.inf])
def test_extreme_evidence_is_no_trouble(extreme: float) -> None:
    evidence = np.full((1, len(FEATURES)), extreme, np.float32)
    (found,) = ProbabilityCurve(("similarity",), (20.0,), 0.0, "test").probabilities(evidence, FEATURES)
    assert found == pytest.approx(float(extreme > 0), abs=1e-6)


def test_nobody_asked_for_gets_no_probability() -> None:
    curve = ProbabilityCurve(("similarity",), (20.0,), 0.0, "test")
    assert curve.probabilities(np.zeros((0, len(FEATURES)), np.float32), FEATURES).shape == (0,)


def test_columns_are_found_by_name_whatever_their_order() -> None:
    curve = ProbabilityCurve(("b", "a"), (1.0, 10.0), 0.0, "test")
    values = np.array([[0.2, 0.0, -0.5]], np.float32)
    assert curve.probabilities(values, ("a", "x", "b"))[0] == pytest.approx(1 / (1 + math.exp(-1.5)), abs=1e-6)


def test_an_unknown_feature_is_refused_by_name() -> None:
    curve = ProbabilityCurve(("similarity", "charm"), (1.0, 1.0), 0.0, "test")
    with pytest.raises(SettingInvalid, match=r"charm.*similarity, margin"):
        curve.check_features(FEATURES)
    ProbabilityCurve(FEATURES, (1.0,) * len(FEATURES), 0.0, "test").check_features(FEATURES)


def corrected(before: tuple[float, ...], after: tuple[float, ...]) -> ProbabilityCurve:
    return ProbabilityCurve(("similarity",), (1.0,), 0.0, "test", before, after)


def logits(*probabilities: float) -> Floats:
    values = np.zeros((len(probabilities), len(FEATURES)), np.float32)
    values[:, 0] = [math.log(one / (1 - one)) for one in probabilities]
    return values


def test_a_correction_says_what_a_probability_means_and_goes_straight_in_between() -> None:
    curve = corrected((0.2, 0.6, 0.8), (0.1, 0.3, 0.9))
    found = curve.probabilities(logits(0.2, 0.4, 0.6, 0.7, 0.8), FEATURES)
    np.testing.assert_allclose(found, (0.1, 0.2, 0.3, 0.6, 0.9), atol=1e-6)


def test_beyond_the_ends_of_a_correction_its_ends_count() -> None:
    found = corrected((0.2, 0.8), (0.1, 0.9)).probabilities(logits(0.001, 0.999), FEATURES)
    np.testing.assert_allclose(found, (0.1, 0.9), atol=1e-6)


@given(
    levels=st.lists(st.floats(0.0, 1.0), min_size=4, max_size=4),
    asked=st.lists(st.floats(0.001, 0.999), min_size=2, max_size=8),
)
def test_no_correction_turns_more_into_less(levels: list[float], asked: list[float]) -> None:
    low, high = sorted(levels[:2]), sorted(levels[2:])
    found = corrected((low[0], low[1]), (high[0], high[1])).probabilities(logits(*sorted(asked)), FEATURES)
    assert np.all(np.diff(found) >= 0.0)
    assert np.all((found >= 0.0) & (found <= 1.0))


@pytest.mark.parametrize(
    ("before", "after"),
    [((0.1,), ()), ((0.1, 0.2), (0.3,)), ((0.2, 0.1), (0.1, 0.2)), ((0.1, 0.2), (0.2, 0.1)), ((math.nan,), (0.1,))],
    ids=["no goal", "a goal too few", "falling from", "falling to", "no number"],
)
def test_a_correction_that_is_no_two_ascending_rows_is_refused(
    before: tuple[float, ...], after: tuple[float, ...]
) -> None:
    with pytest.raises(SettingInvalid, match="curve"):
        corrected(before, after)


@pytest.mark.parametrize("coefficients", [(), (1.0, 2.0), (math.nan,), (math.inf,)])
def test_a_coefficient_too_many_or_none_or_no_number_is_refused(coefficients: tuple[float, ...]) -> None:
    with pytest.raises(SettingInvalid, match="curve"):
        ProbabilityCurve(("similarity",), coefficients, 0.0, "test")


@pytest.mark.parametrize("intercept", [math.nan, math.inf])
def test_an_intercept_that_is_no_number_is_refused(intercept: float) -> None:
    with pytest.raises(SettingInvalid, match="curve"):
        ProbabilityCurve(("similarity",), (1.0,), intercept, "test")


@pytest.mark.parametrize("name", ["cluster_distance", "max_distance", "stranger_distance", "track_distance"])
@pytest.mark.parametrize("value", [0.0, -0.1, 2.1, math.nan])
def test_a_distance_that_no_cosine_has_is_refused_by_name(name: str, value: float) -> None:
    distances = {"cluster_distance": 0.5, "max_distance": 0.5, "stranger_distance": 1.0, name: value}
    with pytest.raises(SettingInvalid, match=name):
        MatchingConstants(**distances)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["named_from", "strict_from", "unsure_from", "unsure_to", "join_from"])
@pytest.mark.parametrize("value", [-0.01, 1.01, math.nan])
def test_a_level_that_no_probability_has_is_refused_by_name(name: str, value: float) -> None:
    levels = {name: value}
    with pytest.raises(SettingInvalid, match=name):
        MatchingConstants(0.5, 0.5, 1.0, **levels)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [-1, 0, 20])
def test_a_crowd_too_small_to_be_compared_with_is_refused(size: int) -> None:
    # The gap is to the 20 nearest others, so a padded gallery needs 21 people (see `evidence.py`).
    with pytest.raises(SettingInvalid, match="crowd_size"):
        MatchingConstants(0.5, 0.5, 1.0, crowd_size=size)
