from pathlib import Path

import pytest

from stash_sense.errors import StashBoxUnknown
from stash_sense.library.server import StashBoxEndpoint
from stash_sense.performers.building.wanted import Wanted, endpoint_of

BOXES = [
    StashBoxEndpoint("Mine", "https://box.example:8443/graphql", "key", 240),
    StashBoxEndpoint("stashdb.org", "https://other.example/graphql", "key", 240),
    StashBoxEndpoint("SDB", "https://stashdb.org/graphql", "key", 240),
]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://box.example:8443/graphql", "https://box.example:8443/graphql"),
        ("https://box.example:8443/graphql/", "https://box.example:8443/graphql"),
        ("box.example:8443", "https://box.example:8443/graphql"),
        ("mine", "https://box.example:8443/graphql"),
        ("stashdb", "https://stashdb.org/graphql"),
        ("StashDB.org", "https://stashdb.org/graphql"),
        ("sdb", "https://stashdb.org/graphql"),
    ],
)
def test_an_endpoint_is_meant_by_its_address_its_domain_or_its_name(text: str, address: str) -> None:
    assert endpoint_of(text, BOXES).endpoint == address


def test_one_that_is_not_set_up_is_said() -> None:
    with pytest.raises(StashBoxUnknown, match="fansdb"):
        endpoint_of("fansdb", BOXES)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Wanted(), "folder"),
        (Wanted(stash=True, mine=True), "mine"),
        (Wanted(Path("people"), images=False), "images"),
    ],
)
def test_what_makes_no_sense_is_said(wanted: Wanted, field: str) -> None:
    assert wanted.problem is not None
    assert wanted.problem[0] == field


def test_several_sources_can_be_wanted_at_once() -> None:
    assert Wanted(Path("people"), stash=True, boxes=("stashdb",), mine=True, images=False).problem is None
