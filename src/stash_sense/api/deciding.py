"""Recommendations, and what is written to Stash for them, as documents; commands give the same."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from stash_sense.api.crop_links import CropLinks
from stash_sense.errors import StashSenseError
from stash_sense.library.kinds import IMAGES
from stash_sense.library.media import StashId
from stash_sense.recommendations.deciding import Accepted
from stash_sense.recommendations.journal.entry import Entry, EntryState, Intent, Operation
from stash_sense.recommendations.journal.undoing import Undone
from stash_sense.recommendations.recommendation import Recommendation, Status, Target
from stash_sense.recommendations.types import RecommendationType

MOST_AT_ONCE = 100
"""Recommendations that are decided about in one request: each takes Stash some tens of milliseconds."""
Number = Annotated[int, Field(ge=0, lt=2**53)]
"""As large as a number may be that every reader of JSON reads alike."""
StashNumber = Annotated[str, Field(min_length=1, max_length=18, pattern="^[0-9]+$")]
GROUP = "^[A-Za-z0-9-]{1,64}$"
"""A group of the journal."""


class Body(BaseModel):
    """What is sent."""

    model_config = ConfigDict(extra="forbid")


class StashIdBody(Body):
    """Who somebody is at a stash-box: its address, domain or name, and the id there."""

    endpoint: str = Field(min_length=1, max_length=500)
    stash_id: str = Field(min_length=1, max_length=100)

    def stash_id_there(self) -> StashId:
        """Return it."""
        return StashId(self.endpoint, self.stash_id)


class Trouble(BaseModel):
    """Why something was not done; `fields` tells, where others are in the way, their names by their ids."""

    code: str
    message: str
    fields: dict[str, str] | None = None

    @classmethod
    def of(cls, error: StashSenseError) -> "Trouble":
        """Present an error."""
        faults = error.fields.get("faults")
        return cls(code=error.code, message=str(error), fields=faults if isinstance(faults, dict) else None)


class RecommendationDocument(BaseModel):
    """One recommendation.

    Attributes:
        details: what it says; its shape depends on the type, see /recommendations/types. Where a face is kept, `crop`
            beside it is a link to its picture that opens without the token for ten minutes.
        permanent: of a dismissal: nothing of this type is ever said about the target again.
        action: what resolved it; "outdated" where it went away by itself.
        group: of the journal, with what was written; of a pending one with what was begun.
    """

    id: int
    type: str
    status: Status
    target_type: str
    target_id: str
    details: dict[str, Any]
    confidence: float
    permanent: bool
    reason: str
    action: str | None
    action_details: dict[str, Any] | None
    group: str | None
    created_at: datetime
    updated_at: datetime
    resolved_at: datetime | None

    @classmethod
    def of(cls, one: Recommendation, links: CropLinks | None = None) -> "RecommendationDocument":
        """Present a recommendation; with `links` its faces can be seen."""
        details = {name: value for name, value in one.details.items() if name != "schema"}
        return cls(
            id=one.id,
            type=one.type,
            status=one.status,
            target_type=one.target.kind,
            target_id=one.target.id,
            details=details if links is None or "people" not in details else _with_crops(details, one.target, links),
            confidence=one.confidence,
            permanent=one.permanent,
            reason=one.reason,
            action=one.action,
            action_details=None if one.action_details is None else dict(one.action_details),
            group=one.group,
            created_at=one.created_at,
            updated_at=one.updated_at,
            resolved_at=one.resolved_at,
        )


class RecommendationPage(BaseModel):
    """A page of recommendations; `next` is the cursor of the page after it."""

    items: list[RecommendationDocument]
    next: str | None


class CountsDocument(BaseModel):
    """How many there are of each type and state, and of each state altogether."""

    types: dict[str, dict[Status, int]]
    all: dict[Status, int]


class TypeDocument(BaseModel):
    """A type of recommendations; `details` is the JSON schema of what it says."""

    name: str
    title: str
    what: str
    target_type: str
    details: dict[str, Any]

    @classmethod
    def of(cls, one: RecommendationType) -> "TypeDocument":
        """Present a type."""
        schema = one.details.model_json_schema()
        return cls(name=one.name, title=one.title, what=one.what, target_type=one.target_kind, details=schema)


class WriteDocument(BaseModel):
    """What would be written to one thing of Stash, or was: its fields before and after."""

    operation: Operation
    kind: str
    target_id: str
    before: dict[str, Any]
    after: dict[str, Any]

    @classmethod
    def of(cls, one: Intent | Entry) -> "WriteDocument":
        """Present a write."""
        return cls(
            operation=one.operation,
            kind=one.kind,
            target_id=one.target_id,
            before=dict(one.before),
            after=dict(one.after),
        )


def writes_of(intents: Iterable[Intent | Entry]) -> list[WriteDocument]:
    """Present writes."""
    return [WriteDocument.of(one) for one in intents]


class EntryDocument(WriteDocument):
    """An entry of the journal of writes.

    Attributes:
        state: intended (under way), done, refused (nothing of it happened) or uncertain.
        actor: who wanted it: user, or a type of job.
        undoes: the entry that this one undid; `undone_by`: the one that undid this.
    """

    id: int
    group: str
    state: EntryState
    actor: str
    reason: str
    recommendation_id: int | None
    undoes: int | None
    undone_by: int | None
    error_code: str | None
    error_message: str | None
    created_at: datetime
    settled_at: datetime | None

    @classmethod
    def of(cls, one: Intent | Entry) -> "EntryDocument":
        """Present an entry."""
        if not isinstance(one, Entry):
            raise TypeError("an intent is no entry yet")
        return cls(
            **WriteDocument.of(one).model_dump(),
            id=one.id,
            group=one.group,
            state=one.state,
            actor=one.actor,
            reason=one.reason,
            recommendation_id=one.recommendation_id,
            undoes=one.undoes,
            undone_by=one.undone_by,
            error_code=one.error_code,
            error_message=one.error_message,
            created_at=one.created_at,
            settled_at=one.settled_at,
        )


class EntryPage(BaseModel):
    """A page of the journal, newest first; `next` is the cursor of the page after it."""

    items: list[EntryDocument]
    next: str | None


class AcceptedDocument(BaseModel):
    """What came of accepting one.

    Attributes:
        performer_ids: who was added; nobody where it had been accepted before.
        notes: sentences about what was left out.
        writes: of a dry run: what would be written.
    """

    dry_run: bool
    recommendation: RecommendationDocument
    performer_ids: list[str]
    notes: list[str]
    writes: list[WriteDocument]

    @classmethod
    def of(cls, accepted: Accepted, *, dry: bool) -> "AcceptedDocument":
        """Present it."""
        return cls(
            dry_run=dry,
            recommendation=RecommendationDocument.of(accepted.recommendation),
            performer_ids=list(accepted.performer_ids),
            notes=list(accepted.notes),
            writes=writes_of(accepted.intents),
        )


class DecidedDocument(BaseModel):
    """What came of deciding about one of many; `error` where nothing did."""

    id: int
    status: Status | None = None
    performer_ids: list[str] = []
    notes: list[str] = []
    writes: list[WriteDocument] = []
    error: Trouble | None = None


class ManyDocument(BaseModel):
    """What came of deciding about many.

    Attributes:
        group: of the journal, under which all of it is undone; send it along to go on in the same group. Null where
            nothing was written.
        done: how many; `refused` the others.
        next: cursor of those that are still to be decided about, where a type was named; null when there are none.
    """

    dry_run: bool
    group: str | None
    items: list[DecidedDocument]
    done: int
    refused: int
    next: str | None = None

    @classmethod
    def of(
        cls, items: list[DecidedDocument], *, dry: bool, group: str | None, following: str | None
    ) -> "ManyDocument":
        """Count what came of each."""
        refused = sum(1 for one in items if one.error is not None)
        done = len(items) - refused
        return cls(dry_run=dry, group=group, items=items, done=done, refused=refused, next=following)


class RefusedUndo(Trouble):
    """Why an entry was not undone."""

    entry: int


class UndoneDocument(BaseModel):
    """What came of undoing.

    Attributes:
        undone: the entries that are undone now, or were before.
        refused: why each of the others is not.
        writes: what was written for it, or would be.
        group: under which the undoing is in the journal, and can be undone in turn; null where nothing was written.
    """

    dry_run: bool
    undone: list[int]
    refused: list[RefusedUndo]
    writes: list[WriteDocument]
    group: str | None

    @classmethod
    def of(cls, undone: Undone, *, dry: bool) -> "UndoneDocument":
        """Present it."""
        refused = [
            RefusedUndo(entry=entry, **Trouble.of(error).model_dump())
            for entry, error in sorted(undone.refused.items())
        ]
        return cls(
            dry_run=dry,
            undone=sorted(undone.entries),
            refused=refused,
            writes=writes_of(undone.intents),
            group=undone.group if undone.intents and not dry else None,
        )


def _with_crops(details: dict[str, Any], target: Target, links: CropLinks) -> dict[str, Any]:
    """Add a link to each face of the people; an image of a gallery keeps its own faces."""

    def linked(seen: Mapping[str, Any]) -> dict[str, Any]:
        image = seen.get("image_id")
        kind, id_ = target if image is None else (IMAGES.name, image)
        return {**seen, "crop": links.of(kind, id_, seen.get("face"))}

    people = [{**person, "seen": [linked(one) for one in person.get("seen", ())]} for person in details["people"]]
    return {**details, "people": people}
