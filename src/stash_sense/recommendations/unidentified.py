"""The types for scenes, images and galleries in which somebody was recognised who is not tagged there."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from stash_sense.library.kinds import GALLERIES, IMAGES, SCENES
from stash_sense.recommendations.types import Details, RecommendationType

Share = Annotated[float, Field(ge=0.0, le=1.0)]
MOST_MOMENTS = 12
"""Of a person that are kept: enough to judge by."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SeenAt(_Part):
    """Where somebody is seen.

    Attributes:
        t: seconds from the first frame of a scene.
        image_id: the image of a gallery.
        box: left, top, width, height of the face, in pixels of the upright picture.
        face: its number among the faces that are kept of the scene or image, by which its crop is shown.
    """

    t: float | None = None
    image_id: str | None = None
    box: tuple[float, float, float, float]
    face: int | None = None


class OtherCandidate(_Part):
    """Somebody else it may be; `distance` is the cosine distance on the pack's scale."""

    person_id: str
    name: str
    probability: Share
    distance: float


class SuggestedPerson(_Part):
    """Somebody who was recognised and is not tagged.

    Attributes:
        person_id: universal id in the performers database.
        name: as the database has it.
        performer_id: who it is in Stash; None where nobody there is known to be this person.
        endpoint: of the stash-box that knows the person, with `stash_id` there.
        probability: that this is the person.
        distance: cosine distance to the nearest reference, the least of all images for a gallery.
        mean_distance: over the images of a gallery.
        count: frames, or images of a gallery, in which the person is seen.
        seen: some of these, those that show the person best first.
        image_ids: all images of a gallery in which the person is seen.
        others: the next likely ones, best first.
        reference: the nearest reference picture: its address, hash and distance, as far as the database tells.
    """

    person_id: str
    name: str
    performer_id: str | None = None
    endpoint: str | None = None
    stash_id: str | None = None
    probability: Share
    distance: float
    mean_distance: float | None = None
    count: Annotated[int, Field(ge=1)]
    seen: Annotated[tuple[SeenAt, ...], Field(max_length=MOST_MOMENTS)] = ()
    image_ids: tuple[str, ...] = ()
    others: tuple[OtherCandidate, ...] = ()
    reference: dict[str, Any] | None = None


class UnidentifiedDetails(Details):
    """Who was recognised.

    Attributes:
        title: of the scene, image or gallery, or the name of its file.
        pack: id of the model pack.
        database: version of the performers database.
        people: the most probable first.
        unknown: how many more are seen whom the database does not know.
    """

    title: str
    pack: str
    database: str
    people: Annotated[tuple[SuggestedPerson, ...], Field(min_length=1)]
    unknown: int = 0

    def content(self) -> object:
        """Return who they are: another database may find the same ones at another distance."""
        return sorted({person.person_id for person in self.people})


UNIDENTIFIED_SCENE = RecommendationType(
    "unidentified_scene",
    "Unidentified scenes",
    "Somebody is recognised in a scene and not tagged there.",
    SCENES.name,
    UnidentifiedDetails,
)
UNIDENTIFIED_IMAGE = RecommendationType(
    "unidentified_image",
    "Unidentified images",
    "Somebody is recognised in an image and not tagged there.",
    IMAGES.name,
    UnidentifiedDetails,
)
UNIDENTIFIED_GALLERY = RecommendationType(
    "unidentified_gallery",
    "Unidentified galleries",
    "Somebody is recognised in a gallery and not tagged there.",
    GALLERIES.name,
    UnidentifiedDetails,
)
UNIDENTIFIED = (UNIDENTIFIED_SCENE, UNIDENTIFIED_IMAGE, UNIDENTIFIED_GALLERY)
