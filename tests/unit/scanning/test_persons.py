"""Somebody who was recognised, as a fingerprint keeps them."""

from stash_sense.identification.reasons import Reference
from stash_sense.identification.result import NO_CROPS, Alternative, NamedPerson, Sighting
from stash_sense.performers.records import ReferencePicture
from stash_sense.scanning.persons import person_of

BOX = (1.0, 2.0, 30.0, 40.0)


def sighting(face: int, t: float | None = 1.0) -> Sighting:
    return Sighting(t, BOX, face)


def ada(
    *sightings: Sighting, pictured: tuple[Sighting, ...] = (), picture: ReferencePicture | None = None
) -> NamedPerson:
    references = () if picture is None else (Reference(0.25, picture),)
    return NamedPerson(
        sightings,
        NO_CROPS,
        (Alternative("x:bob", "Bob", 0.2, 0.6),),
        "x:ada",
        "Ada",
        0.9,
        0.3,
        references=references,
        pictured=pictured,
    )


def test_faces_and_frames_are_counted_of_all_that_were_seen() -> None:
    found = person_of(ada(sighting(0, 1.0), sighting(1, 1.0), sighting(5, 4.0)), {}, 6)
    assert (found.face_count, found.frame_count, found.proportion) == (3, 2, 0.5)
    assert (found.marks, found.reference) == ((), None)
    assert [one.name for one in found.rivals] == ["Bob"]


def test_marks_are_of_faces_that_are_kept_those_with_pictures_first_each_once_and_twelve_at_most() -> None:
    seen = tuple(sighting(face, float(face)) for face in range(40))
    number_of = {face: face // 2 for face in range(0, 40, 2)}
    found = person_of(ada(*seen, pictured=(seen[30], seen[6], seen[7])), number_of, 40)
    assert [mark.face for mark in found.marks] == [15, 3, 0, 1, 2, 4, 5, 6, 7, 8, 9, 10]
    assert (found.marks[0].t, found.marks[0].box) == (30.0, BOX)


def test_the_nearest_reference_is_kept_as_json() -> None:
    picture = ReferencePicture(source="stashdb.org", url="https://stashdb.org/images/a", sha256="ab")
    found = person_of(ada(sighting(0), picture=picture), {0: 0}, 1)
    assert found.reference is not None
    assert (found.reference["url"], found.reference["distance"]) == (picture.url, 0.25)
