"""Performers of Stash: searched for, created as a stash-box has them, linked to it, given a picture."""

from typing import Annotated, Any, Self

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field, model_validator

from stash_sense.api.deciding import Body, StashIdBody, StashNumber, WriteDocument, writes_of
from stash_sense.api.state import ServicesHere
from stash_sense.library.kinds import GALLERIES, IMAGES, SCENES
from stash_sense.library.people import Performer
from stash_sense.recommendations.curating import MOST_FOUND, AtBox
from stash_sense.recommendations.curating import search as found_performers
from stash_sense.recommendations.enrolling import Enrolled, Portrait, create, known_at_box, link, set_picture
from stash_sense.recommendations.recommendation import Target

router = APIRouter(tags=["performers"])


class FoundPerformer(BaseModel):
    """A performer of Stash.

    Attributes:
        image_path: address of the picture at Stash; empty where there is none.
    """

    id: str
    name: str
    disambiguation: str
    alias_list: list[str]
    image_path: str
    scene_count: int
    stash_ids: list[dict[str, str]]

    @classmethod
    def of(cls, one: Performer) -> "FoundPerformer":
        """Present a performer."""
        return cls(
            id=one.id,
            name=one.name,
            disambiguation=one.disambiguation,
            alias_list=list(one.aliases),
            image_path=one.picture,
            scene_count=one.scene_count,
            stash_ids=[found._asdict() for found in one.stash_ids],
        )


class PerformerSearch(Body):
    """What is looked for in names and aliases."""

    query: str = Field(min_length=1, max_length=200)
    limit: int = Field(default=MOST_FOUND, ge=1, le=100)


class FoundPerformers(BaseModel):
    """Those of just that name first."""

    performers: list[FoundPerformer]


class BoxPerformerDocument(BaseModel):
    """A performer of a stash-box.

    Attributes:
        endpoint: address of the stash-box.
        stash_id: there; of one that was merged, that of the one that is left.
        fields: as a performer of Stash would be created.
        images: addresses of pictures, portraits first.
        performer_id: who it is in Stash; null where nobody is.
    """

    endpoint: str
    stash_id: str
    name: str
    fields: dict[str, Any]
    images: list[str]
    scene_count: int | None
    performer_id: str | None


class AddedTo(Body):
    """What of Stash a performer is added to at once; nothing where none is named."""

    scene_id: StashNumber | None = None
    image_id: StashNumber | None = None
    gallery_id: StashNumber | None = None
    dry_run: bool = False

    @property
    def targets(self) -> list[Target]:
        """What was named."""
        named = ((SCENES, self.scene_id), (IMAGES, self.image_id), (GALLERIES, self.gallery_id))
        return [Target(kind.name, id_) for kind, id_ in named if id_ is not None]


class CreatePerformer(AddedTo, StashIdBody):
    """Whom a stash-box has, by its address, domain or name; asked again, the same performer is answered."""

    even_if_named: bool = Field(default=False, description="Create even if Stash has somebody of that name.")


class LinkPerformer(AddedTo):
    """Which performer of Stash is whom at stash-boxes.

    Attributes:
        update_metadata: fill in what is empty in Stash with what the first stash-box has.
    """

    performer_id: StashNumber
    stash_ids: list[StashIdBody] = Field(min_length=1, max_length=10)
    update_metadata: bool = False


class SetPicture(Body):
    """Which face becomes the picture of a performer.

    Attributes:
        t: seconds from the first frame of the scene; without, its cover.
        box: left, top, width, height of the face, in pixels of the upright frame or image.
        replace: put it in the place of the picture that the performer has.
    """

    performer_id: StashNumber
    scene_id: StashNumber | None = None
    image_id: StashNumber | None = None
    t: float | None = Field(default=None, ge=0.0, le=1e6)
    box: tuple[float, float, float, float]
    replace: bool = False
    dry_run: bool = False

    @model_validator(mode="after")
    def _is_of_one(self) -> Self:
        if (self.scene_id is None) is (self.image_id is None):
            raise ValueError("say either scene_id or image_id")
        if self.image_id is not None and self.t is not None:
            raise ValueError("t says where in a scene the face is; an image has no time")
        left, top, width, height = self.box
        if not (0 <= left < 1e5 and 0 <= top < 1e5 and 1 <= width < 1e5 and 1 <= height < 1e5):
            raise ValueError("box has left, top, width and height in pixels")
        return self

    @property
    def portrait(self) -> Portrait:
        """Where the face is."""
        kind, id_ = (SCENES.name, self.scene_id) if self.scene_id is not None else (IMAGES.name, self.image_id)
        return Portrait(Target(kind, id_ or ""), self.t, self.box)


class PerformerAnswer(BaseModel):
    """What came of it.

    Attributes:
        performer_id: in Stash; "new: NAME" in a dry run.
        new: it was created for this.
        group: of the journal, under which all of it can be undone; null where nothing was written.
        notes: sentences about what was left out.
        writes: of a dry run: what would be written.
    """

    dry_run: bool
    success: bool = True
    performer_id: str
    name: str
    new: bool
    group: str | None
    notes: list[str]
    writes: list[WriteDocument]

    @classmethod
    def of(cls, one: Enrolled, *, dry: bool) -> "PerformerAnswer":
        """Present it."""
        return cls(
            dry_run=dry,
            performer_id=one.id,
            name=one.name,
            new=one.is_new,
            group=one.group,
            notes=list(one.notes),
            writes=writes_of(one.intents),
        )


@router.post("/stash/search-performers")
def search_performers(services: ServicesHere, asked: PerformerSearch) -> FoundPerformers:
    """Look for performers of Stash by name or alias."""
    found = services.ask(lambda library: found_performers(library.reader, asked.query, asked.limit))
    return FoundPerformers(performers=[FoundPerformer.of(one) for one in found])


@router.get("/stashbox/performer/{endpoint:path}/{stash_id}")
def stash_box_performer(
    services: ServicesHere,
    endpoint: Annotated[str, Path(max_length=500, description="Address, domain or name of the stash-box.")],
    stash_id: Annotated[str, Path(max_length=100)],
) -> BoxPerformerDocument:
    """Tell what a stash-box has of a performer, and who that is in Stash."""
    at, fields, there = services.decide(lambda decisions: known_at_box(decisions, endpoint, stash_id))
    return _box_performer(at, fields, there)


@router.post("/stash/create-performer")
def create_performer(services: ServicesHere, asked: CreatePerformer) -> PerformerAnswer:
    """Create a performer as a stash-box has it, with its picture, and add it to what is named.

    Where Stash has somebody of that name, this is refused (409, `fields` has who) unless `even_if_named` is said.
    """
    created = services.decide(
        lambda decisions: create(
            decisions, asked.stash_id_there(), asked.targets, even_if_named=asked.even_if_named, dry=asked.dry_run
        )
    )
    return PerformerAnswer.of(created, dry=asked.dry_run)


@router.post("/stash/link-performer")
def link_performer(services: ServicesHere, asked: LinkPerformer) -> PerformerAnswer:
    """Make a performer of Stash known under ids at stash-boxes, and add it to what is named."""
    ids = [one.stash_id_there() for one in asked.stash_ids]
    linked = services.decide(
        lambda decisions: link(
            decisions, asked.performer_id, ids, asked.targets, fill=asked.update_metadata, dry=asked.dry_run
        )
    )
    return PerformerAnswer.of(linked, dry=asked.dry_run)


@router.post("/stash/set-performer-picture")
def set_performer_picture(services: ServicesHere, asked: SetPicture) -> PerformerAnswer:
    """Make a face the picture of a performer who has none, or has another one where `replace` is said."""
    done = services.decide(
        lambda decisions: set_picture(
            decisions,
            services.portrait_of,
            asked.performer_id,
            asked.portrait,
            over=asked.replace,
            dry=asked.dry_run,
        )
    )
    return PerformerAnswer.of(done, dry=asked.dry_run)


def _box_performer(at: AtBox, fields: dict[str, Any], there: Performer | None) -> BoxPerformerDocument:
    return BoxPerformerDocument(
        endpoint=at.endpoint,
        stash_id=at.performer.id,
        name=at.performer.name,
        fields=fields,
        images=[picture.url for picture in at.performer.pictures],
        scene_count=at.performer.scene_count,
        performer_id=None if there is None else there.id,
    )
