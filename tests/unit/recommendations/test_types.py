from typing import Any

import pytest
from pydantic import ValidationError

from stash_sense.errors import RecommendationTypeUnknown
from stash_sense.recommendations.recommendation import content_digest
from stash_sense.recommendations.types import Types
from stash_sense.recommendations.unidentified import (
    MOST_MOMENTS,
    UNIDENTIFIED,
    UNIDENTIFIED_SCENE,
    SeenAt,
    SuggestedPerson,
    UnidentifiedDetails,
)


def person(name: str = "Ada", **fields: Any) -> SuggestedPerson:
    return SuggestedPerson(
        **{"person_id": f"box:{name}", "name": name, "probability": 0.9, "distance": 0.3, "count": 2, **fields}
    )


def details(*people: SuggestedPerson, **fields: Any) -> UnidentifiedDetails:
    return UnidentifiedDetails(**{"title": "T", "pack": "lite", "database": "1", "people": people, **fields})


def test_types_are_found_by_name_and_listed_in_order() -> None:
    types = Types(UNIDENTIFIED)
    assert types["unidentified_image"].target_kind == "image"
    assert [one.name for one in types] == ["unidentified_scene", "unidentified_image", "unidentified_gallery"]
    with pytest.raises(RecommendationTypeUnknown, match="unidentified_gallery"):
        types["duplicate_scene"]


def test_the_same_people_are_the_same_content_whatever_the_figures() -> None:
    one = UNIDENTIFIED_SCENE.new("1", details(person(), person("Bob")), 0.9)
    other = UNIDENTIFIED_SCENE.new("1", details(person("Bob", distance=0.1), person(), database="2"), 0.5)
    third = UNIDENTIFIED_SCENE.new("1", details(person()), 0.9)
    assert one.content == other.content != third.content
    assert one.details["schema"] == 1


def test_a_digest_does_not_hang_on_the_order_of_keys() -> None:
    assert content_digest({"a": 1, "b": "é"}) == content_digest({"b": "é", "a": 1})
    with pytest.raises(ValueError, match="JSON"):
        content_digest(float("nan"))


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan")])
def test_a_confidence_is_a_share(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence"):
        UNIDENTIFIED_SCENE.new("1", details(person()), confidence)


def test_details_are_bounded() -> None:
    seen = tuple(SeenAt(t=1.0, box=(0, 0, 1, 1)) for _ in range(MOST_MOMENTS + 1))
    with pytest.raises(ValidationError):
        person(seen=seen)
    with pytest.raises(ValidationError):
        details()
