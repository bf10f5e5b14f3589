"""Recommendations: what there is to decide, and deciding it."""

from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Path, Query
from pydantic import Field, model_validator

from stash_sense.api.crop_links import LinksHere
from stash_sense.api.deciding import (
    GROUP,
    MOST_AT_ONCE,
    AcceptedDocument,
    Body,
    CountsDocument,
    DecidedDocument,
    ManyDocument,
    Number,
    RecommendationDocument,
    RecommendationPage,
    StashIdBody,
    StashNumber,
    Trouble,
    TypeDocument,
    writes_of,
)
from stash_sense.api.state import ServicesHere
from stash_sense.bootstrap import Services
from stash_sense.errors import (
    RecommendationError,
    RecommendationListingInvalid,
    RecommendationUnknown,
    StashSenseError,
)
from stash_sense.recommendations import dismissing
from stash_sense.recommendations.choosing import Choice
from stash_sense.recommendations.deciding import Accepted
from stash_sense.recommendations.journal.entry import new_group
from stash_sense.recommendations.journal.store import JournalQuery
from stash_sense.recommendations.listing import MOST_ON_A_PAGE, read_page
from stash_sense.recommendations.recommendation import Status, Target
from stash_sense.recommendations.store import PageQuery, Sort

router = APIRouter(prefix="/recommendations", tags=["recommendations"])

RecommendationId = Annotated[int, Path(ge=0, lt=2**53, description="The recommendation.")]
TypeName = Annotated[str, Field(max_length=64)]
Reason = Annotated[str, Field(max_length=1000)]
_KINDS = Literal["scene", "image", "gallery", "performer", "studio", "tag"]


class ChoiceBody(Body):
    """One person who is added.

    Attributes:
        person_id: of the recommendation.
        performer_id: who it is in Stash; without, the one that the recommendation names.
        create: fields of a performer to create for it, as Stash takes them.
        create_from_stashbox: create the performer as the stash-box has it; one that has its id is taken instead.
        even_if_named: create even if Stash has somebody of that name.
        link: an id at a stash-box that the performer gets.
        portrait: give a performer without a picture that of the person's best face.
    """

    person_id: str = Field(min_length=1, max_length=400)
    performer_id: StashNumber | None = None
    create: dict[str, Any] | None = Field(default=None, max_length=50)
    create_from_stashbox: bool = False
    even_if_named: bool = False
    link: StashIdBody | None = None
    portrait: bool = False

    def choice(self) -> Choice:
        """Return what was chosen."""
        link = None if self.link is None else self.link.stash_id_there()
        return Choice(**{**dict(self), "link": link})


class AcceptBody(Body):
    """Who is added; without choices everybody who is in Stash already."""

    choices: list[ChoiceBody] | None = Field(default=None, max_length=MOST_AT_ONCE)
    images: bool = Field(default=True, description="Of a gallery: add people also to the images they are seen in.")
    dry_run: bool = False


class DismissBody(Body):
    """Why, and whether nothing of its type shall ever be said about the target again."""

    reason: Reason = ""
    permanent: bool = False


class ManyBody(Body):
    """Which ones: by their ids, or all pending ones of a type."""

    ids: list[Number] | None = Field(default=None, min_length=1, max_length=MOST_AT_ONCE)
    type: TypeName | None = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.ids is None) is (self.type is None):
            raise ValueError("say either ids or type")
        return self


class AcceptManyBody(ManyBody):
    """Which ones are accepted as they are, some at a time where a type is named.

    Attributes:
        least_confidence: of a type: those below it are left as they are.
        limit: of a type: how many are looked at in one request.
        cursor: of a type: `next` of the answer before.
        group: of the journal: that of the answer before, so that all of it is undone together.
    """

    images: bool = True
    least_confidence: float = Field(default=0.0, ge=0.0, le=1.0)
    limit: int = Field(default=MOST_AT_ONCE, ge=1, le=MOST_AT_ONCE)
    cursor: str | None = Field(default=None, max_length=200)
    group: str | None = Field(default=None, pattern=GROUP)
    dry_run: bool = False


class DismissManyBody(ManyBody, DismissBody):
    """Which ones are dismissed, and why."""


_EVERYBODY = AcceptBody()
_JUST_SO = DismissBody()


@router.get("")
def list_recommendations(
    services: ServicesHere,
    links: LinksHere,
    status: Annotated[list[Status] | None, Query(description="Only those in these states.")] = None,
    type_: Annotated[list[str] | None, Query(alias="type", description="Only those of these types.")] = None,
    target_type: Annotated[_KINDS | None, Query(description="With target_id: only those about this.")] = None,
    target_id: Annotated[str | None, Query(max_length=100)] = None,
    sort: Sort = Sort.NEWEST,
    limit: Annotated[int, Query(ge=1, le=MOST_ON_A_PAGE)] = 25,
    cursor: Annotated[str | None, Query(max_length=200, description="`next` of the page before.")] = None,
) -> RecommendationPage:
    """List recommendations; without `status` those of all states."""
    target = None
    if target_type is not None and target_id is not None:
        target = Target(target_type, target_id)
    elif target_type is not None or target_id is not None:
        raise RecommendationListingInvalid(reason="target_type and target_id belong together")
    types = [services.recommendation_types[name].name for name in type_ or ()]
    query = PageQuery(status or (), types, target, sort, limit=limit)
    page = read_page(services.recommendations, query, cursor)
    return RecommendationPage(items=[RecommendationDocument.of(one, links) for one in page.items], next=page.next)


@router.get("/counts")
def count_recommendations(services: ServicesHere) -> CountsDocument:
    """Count the recommendations of each type and state."""
    counts = services.recommendations.counts()
    none = dict.fromkeys(Status, 0)
    types = {one.name: dict(counts.get(one.name, none)) for one in services.recommendation_types}
    types |= {name: dict(numbers) for name, numbers in counts.items()}
    every = {status: sum(numbers[status] for numbers in types.values()) for status in Status}
    return CountsDocument(types=types, all=every)


@router.get("/types")
def recommendation_types(services: ServicesHere) -> list[TypeDocument]:
    """List the types of recommendations, and what each says."""
    return [TypeDocument.of(one) for one in services.recommendation_types]


@router.get("/{recommendation_id}")
def get_recommendation(
    services: ServicesHere, links: LinksHere, recommendation_id: RecommendationId
) -> RecommendationDocument:
    """Tell what one says, and what became of it."""
    one = services.recommendations.get(recommendation_id)
    if one is None:
        raise RecommendationUnknown(id=recommendation_id)
    return RecommendationDocument.of(one, links)


@router.post("/accept")
def accept_many(services: ServicesHere, asked: AcceptManyBody) -> ManyDocument:
    """Accept many as they are, and say of each what came of it; all of it is one group of the journal."""
    ids, following = asked.ids or [], None
    if asked.type is not None:
        named = services.recommendation_types[asked.type].name
        query = PageQuery([Status.PENDING], [named], sort=Sort.OLDEST, limit=asked.limit)
        page = read_page(services.recommendations, query, asked.cursor)
        ids = [one.id for one in page.items if one.confidence >= asked.least_confidence]
        following = page.next
    group = asked.group or new_group()
    told = services.decide(
        lambda decisions: decisions.accept_many(ids, images=asked.images, group=group, dry=asked.dry_run)
    )
    items = [_decided(id_, result) for id_, result in told.items()]
    is_written = not asked.dry_run and bool(services.journal.page(JournalQuery(group=group, limit=1)))
    return ManyDocument.of(items, dry=asked.dry_run, group=group if is_written else None, following=following)


@router.post("/dismiss")
def dismiss_many(services: ServicesHere, asked: DismissManyBody) -> ManyDocument:
    """Dismiss many: some by their ids, or all pending ones of a type at once, of which only the number is told."""
    store = services.recommendations
    if asked.type is not None:
        named = services.recommendation_types[asked.type].name
        number = store.dismiss_pending(named, asked.reason, permanent=asked.permanent)
        return ManyDocument(dry_run=False, group=None, items=[], done=number, refused=0)
    items = [_dismissed(services, id_, asked) for id_ in dict.fromkeys(asked.ids or ())]
    return ManyDocument.of(items, dry=False, group=None, following=None)


@router.post("/{recommendation_id}/accept")
def accept(
    services: ServicesHere, recommendation_id: RecommendationId, asked: AcceptBody = _EVERYBODY
) -> AcceptedDocument:
    """Add the people that are chosen; with `dry_run` say what would be written, and write nothing."""
    choices = None if asked.choices is None else [one.choice() for one in asked.choices]
    accepted = services.decide(
        lambda decisions: decisions.accept(recommendation_id, choices, images=asked.images, dry=asked.dry_run)
    )
    return AcceptedDocument.of(accepted, dry=asked.dry_run)


@router.post("/{recommendation_id}/dismiss")
def dismiss(
    services: ServicesHere, recommendation_id: RecommendationId, asked: DismissBody = _JUST_SO
) -> RecommendationDocument:
    """Dismiss one; it does not come back unless it says something else, and never where that is permanent."""
    store = services.recommendations
    return RecommendationDocument.of(
        dismissing.dismiss(store, recommendation_id, asked.reason, permanent=asked.permanent)
    )


@router.post("/{recommendation_id}/reopen")
def reopen(services: ServicesHere, recommendation_id: RecommendationId) -> RecommendationDocument:
    """Make one pending again; what was written for it stays, see /journal."""
    return RecommendationDocument.of(dismissing.reopen(services.recommendations, recommendation_id))


def _decided(id_: int, result: Accepted | StashSenseError) -> DecidedDocument:
    if isinstance(result, StashSenseError):
        return DecidedDocument(id=id_, error=Trouble.of(result))
    return DecidedDocument(
        id=id_,
        status=result.recommendation.status,
        performer_ids=list(result.performer_ids),
        notes=list(result.notes),
        writes=writes_of(result.intents),
    )


def _dismissed(services: Services, id_: int, asked: DismissBody) -> DecidedDocument:
    try:
        one = dismissing.dismiss(services.recommendations, id_, asked.reason, permanent=asked.permanent)
    except RecommendationError as error:
        return DecidedDocument(id=id_, error=Trouble.of(error))
    return DecidedDocument(id=id_, status=one.status)
