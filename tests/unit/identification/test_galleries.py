"""Who is in a gallery, from who is in its images."""

from stash_sense.identification.galleries import GalleryCount
from stash_sense.identification.library_result import IdentifiedItem
from stash_sense.identification.result import (
    NO_CROPS,
    Alternative,
    Failure,
    Identification,
    NamedPerson,
    SeenPerson,
    Sighting,
)

SEEN = (Sighting(None, (1.0, 2.0, 3.0, 4.0)),)


def named(name: str, distance: float, probability: float = 0.9) -> NamedPerson:
    return NamedPerson(SEEN, NO_CROPS, (), f"id-{name}", name, probability, distance)


def unnamed(name: str, distance: float) -> SeenPerson:
    others = (Alternative(f"id-{name}", name, 0.2, distance), Alternative("id-Other", "Other", 0.1, 0.1))
    return SeenPerson(SEEN, NO_CROPS, others)


def image(number: int, *people: SeenPerson) -> IdentifiedItem:
    persons = tuple(person for person in people if isinstance(person, NamedPerson))
    unknown = tuple(person for person in people if not isinstance(person, NamedPerson))
    found = Identification(f"image {number}", "p", "m", faces_detected=len(people), persons=persons, unknown=unknown)
    return IdentifiedItem(str(number), found)


def counted(*images: IdentifiedItem, frequency: bool = False, stranger_distance: float = 1.0) -> GalleryCount:
    count = GalleryCount(frequency, stranger_distance, ["id-Ann"])
    for one in images:
        count.add(one)
    return count


def test_people_are_grouped_over_the_images_those_in_most_first() -> None:
    count = counted(
        image(1, named("Ann", 0.3), named("Ben", 0.1)),
        image(2, named("Ann", 0.1, 0.99)),
        image(3, named("Ann", 0.2), unnamed("Cid", 0.01)),
    )
    ann, ben = count.persons()
    assert (ann.person_id, ann.name, ann.tagged, ann.image_ids) == ("id-Ann", "Ann", True, ("2", "3", "1"))
    assert (ann.best_distance, round(ann.mean_distance, 6), ann.probability) == (0.1, 0.2, 0.99)
    assert (ben.image_ids, ben.tagged) == (("1",), False)
    assert (count.images, count.faces) == (3, 5)


def test_somebody_twice_in_an_image_is_in_one_image() -> None:
    (ann,) = counted(image(1, named("Ann", 0.3), named("Ann", 0.2))).persons()
    assert (ann.image_ids, ann.best_distance, ann.mean_distance) == (("1",), 0.2, 0.2)


def test_by_frequency_two_images_are_enough_or_one_that_is_very_near() -> None:
    images = [
        image(1, unnamed("Twice", 0.7), unnamed("Once", 0.4), unnamed("Near", 0.39)),
        image(2, unnamed("Twice", 0.6)),
    ]
    assert [person.name for person in counted(*images, frequency=True).persons()] == ["Twice", "Near"]
    assert counted(*images).persons() == ()


def test_what_is_very_near_is_so_on_the_scale_of_the_pack() -> None:
    images = [image(1, unnamed("Near", 0.29), unnamed("Far", 0.31))]
    found = counted(*images, frequency=True, stranger_distance=0.75).persons()
    assert [person.name for person in found] == ["Near"]


def test_an_image_that_failed_counts_nowhere() -> None:
    failed = IdentifiedItem("1", Identification("image 1", "p", "m", failure=Failure("code", "why")))
    count = counted(failed)
    assert (count.images, count.faces, count.persons()) == (0, 0, ())
