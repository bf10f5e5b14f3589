import itertools
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stash_sense.configuration.values import BoolType, ChoiceType, IntType, TextType, ValueType

WHOLE, SWITCH = IntType(10, 200), BoolType()
CHOICE, TEXT = ChoiceType(("template", "clustered_frequency")), TextType(5)
NEVER: tuple[Any, ...] = (None, [], {}, b"x", math.nan)
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.lists(st.integers()),
    st.dictionaries(st.text(), st.text()),
)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (WHOLE, 10),
        (WHOLE, 200),
        (SWITCH, True),
        (SWITCH, False),
        (CHOICE, "template"),
        (TEXT, "größe"),
    ],
)
def test_a_value_in_range_stays_as_it_is(kind: ValueType, value: Any) -> None:
    assert kind.check(value) == value
    assert type(kind.check(value)) is type(value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *itertools.product((WHOLE, SWITCH, CHOICE, TEXT), NEVER),
        *((WHOLE, wrong) for wrong in (9, 201, True, 60.0, "60", 10**400, math.inf)),
        *((SWITCH, wrong) for wrong in (0, 1, "true")),
        *((CHOICE, wrong) for wrong in ("", "Template", "template\n", 0)),
        *((TEXT, wrong) for wrong in ("", "longer", "a\nb", "\x1b[1m", 5)),
    ],
)
def test_another_type_or_a_value_out_of_range_is_refused_with_what_is_allowed(kind: ValueType, value: Any) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        kind.check(value)
    assert str(caught.value) == kind.allowed


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (WHOLE, " 60 ", 60),
        (WHOLE, "+60", 60),
        (SWITCH, "Yes", True),
        (SWITCH, "0", False),
        (SWITCH, "OFF", False),
        (CHOICE, " template ", "template"),
        (TEXT, "a b", "a b"),
    ],
)
def test_a_text_means_what_a_person_would_think(kind: ValueType, text: str, value: object) -> None:
    assert kind.parse(text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *((WHOLE, text) for text in ("", "many", "60.0", "1_0", "٦٠", "0x20", "9" * 5000, "nan")),
        *((SWITCH, text) for text in ("", "maybe", "2")),
        (CHOICE, "magic"),
    ],
)
def test_a_text_that_means_nothing_is_refused(kind: ValueType, text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        kind.parse(text)


@given(ANYTHING)
def test_whatever_is_given_is_a_value_in_range_or_refused(value: object) -> None:
    for kind in (WHOLE, SWITCH, CHOICE, TEXT):
        try:
            checked = kind.check(value)
        except ValueError:
            continue
        assert kind.check(checked) == checked == value
        assert not isinstance(value, bool) or kind is SWITCH


@given(st.text())
def test_whatever_text_is_given_is_a_value_in_range_or_refused(text: str) -> None:
    for kind in (WHOLE, SWITCH, CHOICE, TEXT):
        try:
            value = kind.parse(text)
        except ValueError:
            continue
        assert kind.check(value) == value
