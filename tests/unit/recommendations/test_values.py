import pytest

from stash_sense.library.media import StashId
from stash_sense.library.server import Picture
from stash_sense.recommendations.journal.values import (
    cleared,
    data_address,
    described,
    differing,
    is_same,
    plain,
    sent_picture,
)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (["1", "2"], ["2", "1"], True),
        (["1"], ["1", "1"], False),
        ([{"endpoint": "e", "stash_id": "s"}], (StashId("e", "s"),), True),
        (None, "", True),
        ("", None, True),
        (0, None, False),
        (False, None, False),
        ("a", "A", False),
        ({"sha256": "x", "type": "image/png"}, {"sha256": "x", "type": "image/jpeg"}, True),
        ({"sha256": "x"}, {"sha256": "y"}, False),
        ({"sha256": "x"}, None, False),
        ({"address": "a"}, {"sha256": "y"}, False),
    ],
)
def test_values_that_mean_the_same_are_the_same(one: object, other: object, same: bool) -> None:
    assert is_same(one, other) is same
    assert is_same(other, one) is same


def test_the_fields_that_differ_are_named() -> None:
    assert differing({"a": 1, "b": "", "c": [1]}, {"a": 2, "b": None, "c": [1], "d": 5}) == ["a"]


def test_an_empty_text_is_written_back_as_null() -> None:
    assert cleared({"gender": "", "name": "x", "rating100": 0, "tag_ids": []}) == {
        "gender": None,
        "name": "x",
        "rating100": 0,
        "tag_ids": [],
    }


def test_a_picture_is_described_without_itself() -> None:
    picture = Picture(b"some bytes", "image/png")
    assert sent_picture(data_address(picture)) == described(picture)
    assert "some bytes" not in str(described(picture))


@pytest.mark.parametrize("address", ["https://example.org/a.jpg", "data:image/png;base64,!", "data:image/png,x"])
def test_a_picture_from_elsewhere_is_its_address(address: str) -> None:
    assert sent_picture(address) in ({"address": address}, described(Picture(b"", "image/png")))


def test_no_picture_is_none() -> None:
    assert sent_picture(None) is sent_picture("") is None


def test_what_json_does_not_know_becomes_text() -> None:
    assert plain({1: (StashId("e", "s"), {"x"} - {"x"})}) == {"1": [{"endpoint": "e", "stash_id": "s"}, "set()"]}
