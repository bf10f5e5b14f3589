"""What identifying scenes, images and galleries of Stash gives."""

from dataclasses import dataclass

from stash_sense.identification.result import Identification, TaggedPerformer
from stash_sense.recognition.face_finder import FoundFaces


@dataclass(frozen=True, slots=True, eq=False)
class IdentifiedItem:
    """A scene or an image.

    Attributes:
        id: in Stash.
        result: who is in it, with what belongs to Stash.
        found: its faces, with their vectors; None where no frames were had.
    """

    id: str
    result: Identification
    found: FoundFaces | None = None


@dataclass(frozen=True, slots=True)
class GalleryPerson:
    """Somebody in a gallery.

    Attributes:
        person_id: of the people who can be recognised.
        name: likewise.
        best_distance: smallest cosine distance of an image, on the pack's scale.
        mean_distance: of all the images.
        probability: the largest of an image; that the person is in that image.
        image_ids: the images, by rising distance.
        tagged: whether this person is tagged in the gallery or in one of the images.
    """

    person_id: str
    name: str
    best_distance: float
    mean_distance: float
    probability: float
    image_ids: tuple[str, ...]
    tagged: bool


@dataclass(frozen=True, slots=True)
class IdentifiedGallery:
    """The answer for a gallery.

    Attributes:
        id: in Stash.
        total_images: that are in it.
        images_processed: that could be looked at.
        faces_detected: in all of these.
        persons: who is in it, those in most images first.
        performers: who is tagged in it or in an image of it.
    """

    id: str
    total_images: int
    images_processed: int
    faces_detected: int
    persons: tuple[GalleryPerson, ...]
    performers: tuple[TaggedPerformer, ...]
