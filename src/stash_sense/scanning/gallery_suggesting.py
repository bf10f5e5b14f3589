"""The fingerprints of a gallery's images -> who is in the gallery, and who is recommended to be tagged there."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from stash_sense.fingerprints.fingerprint import Fingerprint, FingerprintPerson, Outcome
from stash_sense.identification.galleries import GalleryCount
from stash_sense.identification.library_result import GalleryPerson, IdentifiedItem
from stash_sense.identification.result import NO_CROPS, Alternative, Failure, Identification, NamedPerson, SeenPerson
from stash_sense.library.media import Gallery
from stash_sense.recommendations.recommendation import NewRecommendation
from stash_sense.recommendations.unidentified import (
    MOST_MOMENTS,
    UNIDENTIFIED_GALLERY,
    SeenAt,
    SuggestedPerson,
    UnidentifiedDetails,
)
from stash_sense.scanning.content import title_of
from stash_sense.scanning.suggesting import People, others_of


def people_of(images: Iterable[Fingerprint], frequency: bool, stranger_distance: float) -> tuple[GalleryPerson, ...]:
    """Say who is in a gallery, by the rules by which a gallery is identified.

    Args:
        images: fingerprints of all of them.
        frequency: the mode counts in how many images somebody is, named there or not.
        stranger_distance: what faces of two different people typically measure.
    """
    count = GalleryCount(frequency, stranger_distance, ())
    for one in images:
        count.add(IdentifiedItem(one.item.id, _identification(one)))
    return count.persons()


def gallery_suggestion(
    gallery: Gallery,
    images: Sequence[Fingerprint],
    persons: Sequence[GalleryPerson],
    people: People,
) -> NewRecommendation | None:
    """Recommend that these people are tagged in a gallery; None for nobody.

    Args:
        gallery: as Stash tells it.
        images: fingerprints of all its images.
        persons: who is in it and not tagged there, nor decided about by the user.
        people: who they are in Stash.
    """
    if not persons:
        return None
    by_id = {one.item.id: one for one in images}
    details = UnidentifiedDetails(
        title=title_of(gallery),
        pack=images[0].pack,
        database=images[0].database,
        people=tuple(_suggested(one, by_id, people) for one in persons),
    )
    return UNIDENTIFIED_GALLERY.new(gallery.id, details, max(one.probability for one in persons))


def untagged(persons: Iterable[GalleryPerson], known: Collection[str]) -> list[GalleryPerson]:
    """Return those who are not among the people that are known to be there."""
    return [one for one in persons if one.person_id not in known]


def _suggested(person: GalleryPerson, images: Mapping[str, Fingerprint], people: People) -> SuggestedPerson:
    there = people.of(person.person_id, person.name)
    in_each = [(id_, _in_image(images[id_], person.person_id)) for id_ in person.image_ids]
    own = [(id_, found) for id_, found in in_each if found is not None]
    marked = [(id_, found.marks[0]) for id_, found in own if found.marks]
    return SuggestedPerson(
        person_id=person.person_id,
        name=person.name,
        performer_id=there.performer_id,
        endpoint=there.endpoint,
        stash_id=there.stash_id,
        probability=person.probability,
        distance=person.best_distance,
        mean_distance=person.mean_distance,
        count=len(person.image_ids),
        seen=tuple(SeenAt(image_id=id_, box=mark.box, face=mark.face) for id_, mark in marked[:MOST_MOMENTS]),
        image_ids=person.image_ids,
        others=others_of(own[0][1]) if own else (),
        reference=dict(own[0][1].reference) if own and own[0][1].reference else None,
    )


def _in_image(image: Fingerprint, person_id: str) -> FingerprintPerson | None:
    return next((one for one in image.persons if one.person_id == person_id), None)


def _identification(image: Fingerprint) -> Identification:
    """Say of an image again what was answered, as far as it counts for its gallery."""
    failure = Failure(image.code, image.message) if image.outcome is Outcome.FAILED else None
    likely = image.details.get("likely") or ()
    return Identification(
        image.title,
        image.pack,
        "",
        faces_detected=image.faces,
        persons=tuple(
            NamedPerson((), NO_CROPS, (), one.person_id, one.name, one.confidence, one.distance)
            for one in image.persons
        ),
        unknown=tuple(
            SeenPerson(
                (), NO_CROPS, (Alternative(one["person_id"], one["name"], one["probability"], one["distance"]),)
            )
            for one in likely
        ),
        failure=failure,
    )
