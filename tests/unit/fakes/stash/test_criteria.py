from typing import Any

import pytest

from stash_sense.fakes.graphql.engine import Flaw, ResolverError
from stash_sense.fakes.stash import criteria
from stash_sense.fakes.stash.finding import natural, page_of, searched, shuffled


@pytest.mark.parametrize(
    ("value", "modifier", "found", "expected"),
    [
        ("mara%", "EQUALS", "Mara Quill", True),
        ("m_ra", "EQUALS", "Mara", True),
        ("mara", "EQUALS", "Mara Quill", False),
        ("ž", "EQUALS", "Ž", False),
        ("a.b", "EQUALS", "axb", False),
        ("Mara", "NOT_EQUALS", "Otto", True),
        ("Mara", "NOT_EQUALS", None, False),
        ("low high", "INCLUDES", "At high tide", True),
        ('"high low"', "INCLUDES", "high tide, low", False),
        ("low high", "EXCLUDES", "At high tide", False),
        ("low", "EXCLUDES", "At high tide", True),
        ("", "IS_NULL", "  ", True),
        ("", "NOT_NULL", "x", True),
        ("^t[io]de$", "MATCHES_REGEX", "tide", True),
        ("^t", "NOT_MATCHES_REGEX", None, True),
    ],
)
def test_text_is_judged_as_like_does(value: str, modifier: str, found: Any, expected: bool) -> None:
    assert criteria.text({"value": value, "modifier": modifier})(found) is expected


def test_a_list_of_texts_matches_with_one_and_a_negation_with_none() -> None:
    assert criteria.any_text({"value": "b", "modifier": "EQUALS"})(["a", "b"])
    assert not criteria.any_text({"value": "b", "modifier": "NOT_EQUALS"})(["a", "b"])
    assert criteria.any_text({"value": "c", "modifier": "EXCLUDES"})(["a", "b"])
    assert criteria.any_text({"value": "", "modifier": "IS_NULL"})([])


@pytest.mark.parametrize(
    ("modifier", "expected"),
    [
        ("EQUALS", [3]),
        ("NOT_EQUALS", [2, 4, 5]),
        ("GREATER_THAN", [4, 5]),
        ("LESS_THAN", [2]),
        ("BETWEEN", [3, 4]),
        ("NOT_BETWEEN", [2, 5]),
        ("IS_NULL", [None]),
        ("NOT_NULL", [2, 3, 4, 5]),
    ],
)
def test_numbers_are_compared_and_null_is_neither_more_nor_less(modifier: str, expected: list[Any]) -> None:
    claim = criteria.ordered({"value": 3, "value2": 4, "modifier": modifier})
    assert [found for found in (None, 2, 3, 4, 5) if claim(found)] == expected


def test_times_are_compared_as_text_whatever_their_offset() -> None:
    claim = criteria.ordered({"value": "2026-03-02T23:30:00Z", "modifier": "GREATER_THAN"})
    assert claim("2026-03-03T10:00:00+11:00")  # half an hour earlier
    assert not claim("2026-03-02T23:00:00Z")


@pytest.mark.parametrize(
    ("modifier", "expected"),
    [
        ("INCLUDES", [[1], [1, 2], [1, 2, 3]]),
        ("INCLUDES_ALL", [[1, 2], [1, 2, 3]]),
        ("EXCLUDES", [[], [3]]),
        ("EQUALS", [[1, 2]]),
        ("IS_NULL", [[]]),
        ("NOT_NULL", [[1], [1, 2], [1, 2, 3], [3]]),
    ],
)
def test_relations_are_judged_as_sets(modifier: str, expected: list[list[int]]) -> None:
    claim = criteria.members({"value": ["1", "2"], "modifier": modifier})
    assert [found for found in ([], [1], [1, 2], [1, 2, 3], [3]) if claim(found)] == expected


def test_excluded_ids_count_beside_the_others() -> None:
    claim = criteria.members({"value": ["1"], "modifier": "INCLUDES", "excludes": ["2"]})
    assert claim([1])
    assert not claim([1, 2])


def test_stash_ids_are_judged_within_their_endpoint() -> None:
    own = [{"endpoint": "one", "stash_id": "a"}, {"endpoint": "two", "stash_id": "b"}]
    assert criteria.stash_id({"endpoint": "one", "stash_id": "a", "modifier": "EQUALS"})(own)
    assert not criteria.stash_id({"endpoint": "two", "stash_id": "a", "modifier": "EQUALS"})(own)
    assert criteria.stash_id({"endpoint": "three", "modifier": "IS_NULL"})(own)
    assert criteria.stash_id({"modifier": "NOT_NULL"})(own)
    assert criteria.stash_ids({"endpoint": "two", "stash_ids": ["b", "c"], "modifier": "EQUALS"})(own)


def test_custom_fields_are_compared_as_text() -> None:
    found = {"shoe": 39, "hat": "M"}
    assert criteria.custom_fields([{"field": "shoe", "value": ["39"], "modifier": "EQUALS"}])(found)
    assert criteria.custom_fields([{"field": "glove", "modifier": "IS_NULL"}])(found)
    both: list[Any] = [
        {"field": "hat", "value": ["M"], "modifier": "EQUALS"},
        {"field": "shoe", "modifier": "IS_NULL"},
    ]
    assert not criteria.custom_fields(both)(found)


def test_hashes_are_near_by_their_bits() -> None:
    near = criteria.hash_distance({"value": "f0", "modifier": "EQUALS", "distance": 1})
    assert near(["f1"])
    assert not near(["ff"])
    assert not near([])
    with pytest.raises(ResolverError, match="invalid syntax"):
        criteria.hash_distance({"value": "soul", "modifier": "EQUALS"})


def test_what_is_not_simulated_raises() -> None:
    for judge in (criteria.text, criteria.ordered, criteria.members, criteria.stash_ids):
        with pytest.raises(Flaw):
            judge({"value": [], "modifier": "SOMEHOW"})


def test_pages_begin_with_one_and_less_than_none_is_all() -> None:
    rows: list[dict[str, Any]] = [{"id": number} for number in range(1, 31)]
    sizes = {size: len(page_of(rows, {"per_page": size})) for size in (None, 0, 7, -1, -2)}
    assert sizes == {None: 25, 0: 0, 7: 7, -1: 30, -2: 30}
    for page, first in ((None, 1), (0, 1), (1, 1), (2, 8)):
        assert page_of(rows, {"page": page, "per_page": 7})[0]["id"] == first
    assert page_of(rows, {"page": 9, "per_page": 7}) == []


def test_text_is_sorted_by_its_numbers_and_without_case() -> None:
    assert sorted(["b10", "B9", "a"], key=natural) == ["a", "B9", "b10"]


def test_a_search_wants_every_word_and_none_that_is_struck_out() -> None:
    row = {"title": "High tide at noon"}
    for words, expected in (
        ("tide high", True),
        ("tide -noon", False),
        ('"tide high"', False),
        ("low", False),
        ('-"low tide" noon', True),
    ):
        assert searched(words, lambda row: [row["title"]])(row) is expected


def test_the_same_seed_is_the_same_order() -> None:
    rows: list[dict[str, Any]] = [{"id": number} for number in range(1, 50)]
    orders = {seed: [row["id"] for row in sorted(rows, key=shuffled(seed))] for seed in (1, 2)}
    turned = rows[1:] + rows[:1]
    assert orders[1] == [row["id"] for row in sorted(turned, key=shuffled(1))]
    assert orders[1] != orders[2] != sorted(orders[2])
