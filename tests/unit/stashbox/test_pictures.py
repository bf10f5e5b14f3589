import pytest

from stash_sense.stashbox.entities import Picture

SERVED = Picture("1b", "https://box.example/images/1b", 1600, 2400)


@pytest.mark.parametrize(("side", "size"), [(1, 300), (300, 300), (301, 600), (1280, 1280)])
def test_a_picture_is_asked_for_in_the_smallest_size_that_will_do(side: int, size: int) -> None:
    smaller = SERVED.sized_for(side)
    assert smaller.url == f"https://box.example/images/1b?size={size}"
    assert (smaller.width, smaller.height) == (round(size * 2 / 3), size)


def test_a_picture_that_is_needed_large_is_asked_for_as_it_is() -> None:
    assert SERVED.sized_for(1281) is SERVED


def test_a_small_picture_is_not_asked_for_in_another_size() -> None:
    small = Picture("1b", "https://box.example/images/1b", 200, 300)
    assert small.sized_for(300) is small


@pytest.mark.parametrize("url", ["https://cdn.example/1b.jpg", "https://box.example/images/1b?token=x"])
def test_a_picture_that_something_else_serves_is_left_as_it_is(url: str) -> None:
    other = Picture("1b", url, 1600, 2400)
    assert other.sized_for(100) is other
