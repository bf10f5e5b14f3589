from stash_sense.library.media import ImageFile
from stash_sense.performers.building.promising import Candidate, most_promising


def image(number: int, group: str, side: int = 1000) -> Candidate:
    file = ImageFile(str(number), f"/{group}/{number}.jpg", 1000, side, side * 2, False, ())
    return Candidate(str(number), file, "", group)


def chosen(images: list[Candidate], most: int) -> list[int]:
    return [one.number for one in most_promising(images, most)]


def test_where_there_are_few_all_are_taken() -> None:
    assert chosen([image(1, "a"), image(2, "a")], 2) == [1, 2]


def test_every_gallery_gives_one_before_any_gives_a_second_the_latest_first() -> None:
    images = [image(1, "a"), image(2, "a"), image(3, "a"), image(4, "b"), image(5, "c"), image(6, "c")]
    assert chosen(images, 4) == [6, 4, 3, 5]


def test_of_a_gallery_the_larger_pictures_come_first_up_to_a_size() -> None:
    assert chosen([image(1, "a", 300), image(2, "a", 4000), image(3, "a", 1300), image(4, "a", 200)], 3) == [3, 2, 1]


def test_a_new_gallery_takes_the_place_of_one_picture() -> None:
    images = [image(number, f"g{number % 7}") for number in range(60)]
    before, after = set(chosen(images, 20)), set(chosen([*images, image(60, "new")], 20))
    assert len(before & after) == 19
