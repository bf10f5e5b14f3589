import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stash_sense.errors import SettingInvalid
from stash_sense.recognition.curve import ProbabilityCurve
from stash_sense.recognition.evidence import FEATURES
from stash_sense.recognition.spec import MatchingConstants

numbers = st.floats(-3.0, 3.0, width=32)


@given(evidence=st.lists(numbers, min_size=4, max_size=4))
def test_a_probability_is_the_logistic_of_the_named_features(evidence: list[float]) -> None:
    curve = ProbabilityCurve(("faces", "similarity"), (0.5, 2.0), -1.0, "test")
    (found,) = curve.probabilities(np.array([evidence], np.float32))
    logit = 0.5 * evidence[FEATURES.index("faces")] + 2.0 * evidence[FEATURES.index("similarity")] - 1.0
    assert found == pytest.approx(1.0 / (1.0 + math.exp(-logit)), abs=1e-5)


def test_more_evidence_never_makes_less_probable() -> None:
    curve = ProbabilityCurve(("similarity",), (20.0,), -10.0, "test")
    evidence = np.zeros((400, len(FEATURES)), np.float32)
    evidence[:, 0] = np.linspace(-5.0, 5.0, 400)
    probabilities = curve.probabilities(evidence)
    assert np.all(np.diff(probabilities) >= 0.0)
    assert probabilities[0] == pytest.approx(0.0, abs=1e-6)
    assert probabilities[-1] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("extreme", [1e30, -1e30, np.inf, -np.inf])
def test_extreme_evidence_is_no_trouble(extreme: float) -> None:
    evidence = np.full((1, len(FEATURES)), extreme, np.float32)
    (found,) = ProbabilityCurve(("similarity",), (20.0,), 0.0, "test").probabilities(evidence)
    assert found == pytest.approx(float(extreme > 0), abs=1e-6)


def test_nobody_asked_for_gets_no_probability() -> None:
    curve = ProbabilityCurve(("similarity",), (20.0,), 0.0, "test")
    assert curve.probabilities(np.zeros((0, len(FEATURES)), np.float32)).shape == (0,)


def test_an_unknown_feature_is_refused_by_name() -> None:
    with pytest.raises(SettingInvalid, match=r"charm.*similarity, margin"):
        ProbabilityCurve(("similarity", "charm"), (1.0, 1.0), 0.0, "test")


@pytest.mark.parametrize("coefficients", [(), (1.0, 2.0), (math.nan,), (math.inf,)])
def test_a_coefficient_too_many_or_none_or_no_number_is_refused(coefficients: tuple[float, ...]) -> None:
    with pytest.raises(SettingInvalid, match="curve"):
        ProbabilityCurve(("similarity",), coefficients, 0.0, "test")


@pytest.mark.parametrize("intercept", [math.nan, math.inf])
def test_an_intercept_that_is_no_number_is_refused(intercept: float) -> None:
    with pytest.raises(SettingInvalid, match="curve"):
        ProbabilityCurve(("similarity",), (1.0,), intercept, "test")


@pytest.mark.parametrize("name", ["cluster_distance", "max_distance", "stranger_distance"])
@pytest.mark.parametrize("value", [0.0, -0.1, 2.1, math.nan])
def test_a_distance_that_no_cosine_has_is_refused_by_name(name: str, value: float) -> None:
    distances = {"cluster_distance": 0.5, "max_distance": 0.5, "stranger_distance": 1.0, name: value}
    with pytest.raises(SettingInvalid, match=name):
        MatchingConstants(**distances)  # type: ignore[arg-type]
