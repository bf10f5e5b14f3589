"""pydantic's errors in plain words."""

import math
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from stash_sense.kernel.refusals import refusal


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=5)
    most: int = Field(default=3, ge=1, lt=10)
    share: float = Field(default=0.5, gt=0, le=1, allow_inf_nan=False)
    whole: bool = False
    mode: Literal["fast", "slow"] = "fast"
    people: Annotated[list[str], Field(max_length=1)] = []
    inner: Inner = Inner()
    words: Annotated[str, Field(min_length=3)] = "abc"

    @field_validator("words")
    @classmethod
    def _check(cls, words: str) -> str:
        if " " in words:
            raise ValueError("it must be one word")
        return words


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"name": None}, "it must be text"),
        ({"name": ""}, "it must have a character or more"),
        ({"name": "longer"}, "it may have 5 characters at most"),
        ({"most": "many"}, "it must be a whole number"),
        ({"most": 1.5}, "it must be a whole number"),
        ({"most": []}, "it must be a whole number"),
        ({"most": 0}, "it must be 1 or more"),
        ({"most": 10}, "it must be less than 10"),
        ({"share": "all"}, "it must be a number"),
        ({"share": math.nan}, "it must be a number"),
        ({"share": 0}, "it must be more than 0.0"),
        ({"share": 2}, "it must be 1.0 or less"),
        ({"whole": "perhaps"}, "it must be true or false"),
        ({"whole": []}, "it must be true or false"),
        ({"mode": "secret"}, "it must be fast or slow"),
        ({"people": "Ada"}, "it must be a list"),
        ({"people": ["Ada", "Bea"]}, "it may have 1 entries at most"),
        ({"inner": 3}, "it must be an object"),
        ({"words": "a b"}, "it must be one word"),
        ({"words": "a"}, "it must have 3 characters or more"),
        ({"colour": "secret"}, "there is no such field"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_in_words_without_being_told(given: dict[str, Any], reason: str) -> None:
    assert refused({"name": "Ada", **given}) == reason


def test_what_is_missing_is_needed() -> None:
    assert refused({}) == "it is needed"


def test_a_field_that_is_none_is_refused_with_those_that_are() -> None:
    with pytest.raises(ValidationError) as caught:
        Inner.model_validate({"colour": "red"})
    (fault,) = caught.value.errors()
    assert refusal(fault, ["folder", "pack"]) == "there is no such field; there are: folder, pack"
    assert refusal(fault, []) == "there is no such field; there is none at all"


def test_text_that_is_no_json_is_told_so() -> None:
    with pytest.raises(ValidationError) as caught:
        Asked.model_validate_json("{")
    # pydantic's own word for it; FastAPI has another one.
    assert refusal({**caught.value.errors()[0], "type": "json_invalid"}) == "it is no JSON"


def refused(given: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        Asked.model_validate(given)
    (fault,) = caught.value.errors()
    return refusal(fault)
