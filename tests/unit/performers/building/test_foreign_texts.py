import pytest

from stash_sense.performers.building.foreign_texts import (
    date_of,
    height_of,
    stashbox_ids_of,
    text_of,
    texts_of,
    urls_of,
    year_of,
)


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ("Ann", "Ann"),
        ("  Ann\tOf\r\nThe \x00 End ", "Ann Of The   End"),
        ("", None),
        (" \n", None),
        ("lone \ud800 half", "lone \ufffd half"),
        ("x" * 5000, "x" * 1000),
    ],
)
def test_a_text_is_one_printable_line(said: str, taken: str | None) -> None:
    assert text_of(said) == taken


def test_lists_hold_what_says_something_once() -> None:
    assert texts_of(["Annie", "", "Annie", " An "]) == ("Annie", "An")
    assert urls_of(["https://a.org/b", "javascript:alert(1)", "ann", "http:///", "HTTP://a.org"]) == (
        "https://a.org/b",
        "HTTP://a.org",
    )


@pytest.mark.parametrize("said", ["1980", "1980-01", "1980-02-29"])
def test_dates_may_lack_day_and_month(said: str) -> None:
    assert date_of(said) == said


@pytest.mark.parametrize("said", ["", "yesterday", "1981-02-29", "1980-1-1", "0000", "1980-01-02T00:00"])
def test_what_is_no_date_is_not_said(said: str) -> None:
    assert date_of(said) is None


def test_numbers_that_nobody_can_have_are_not_said() -> None:
    assert (height_of(170), height_of(17), height_of(None)) == (170, None, None)
    assert (year_of(2001), year_of("2001-05"), year_of("2001"), year_of("soon"), year_of(3)) == (
        *(2001, 2001, 2001),
        *(None, None),
    )


def test_the_endpoint_by_which_people_are_named_comes_first() -> None:
    ids = stashbox_ids_of(
        [
            ("https://other.example/graphql", "o"),
            ("https://fansdb.cc/graphql", "f"),
            ("https://name:secret@StashDB.org/graphql", "s"),
            ("https://stashdb.org/graphql", "s"),
            ("https://theporndb.net/graphql", "t"),
            ("nowhere", "n"),
            ("https://stashdb.org/graphql", "bad\nid"),
        ]
    )
    assert [(one.endpoint, one.id) for one in ids] == [
        ("stashdb.org", "s"),
        ("theporndb.net", "t"),
        ("fansdb.cc", "f"),
        ("other.example", "o"),
    ]
