import pytest

from stash_sense.library.boxes import address_of
from stash_sense.library.server import StashBoxEndpoint

BOXES = [
    StashBoxEndpoint("StashDB", "https://stashdb.org/graphql", "key", 240),
    StashBoxEndpoint("Mine", "http://127.0.0.1:9998/graphql", "key", 240),
    StashBoxEndpoint("odd", "http://[::1/graphql", "key", 240),
]


@pytest.mark.parametrize(
    ("named", "index"),
    [
        ("https://stashdb.org/graphql", 0),
        ("https://STASHDB.org/graphql/", 0),
        ("stashdb.org", 0),
        (" stashdb ", 0),
        ("127.0.0.1:9998", 1),
        ("mine", 1),
        ("ODD", 2),
    ],
)
def test_a_stash_box_is_named_by_address_domain_or_name(named: str, index: int) -> None:
    assert address_of(named, BOXES) == BOXES[index].endpoint


def test_what_is_none_of_them_stays_as_it_is() -> None:
    assert address_of("elsewhere.example", BOXES) == "elsewhere.example"
