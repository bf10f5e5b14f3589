"""The journal of what was written to Stash: reading it, and undoing."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from stash_sense.api.deciding import GROUP, Body, EntryDocument, EntryPage, UndoneDocument
from stash_sense.api.state import ServicesHere
from stash_sense.errors import JournalCursorInvalid, JournalEntryUnknown
from stash_sense.recommendations.journal.store import JournalQuery

router = APIRouter(prefix="/journal", tags=["journal"])

MOST_ON_A_PAGE = 500
_MOST_DIGITS = 18
EntryId = Annotated[int, Path(ge=0, lt=2**53, description="The entry.")]
GroupName = Annotated[str, Path(pattern=GROUP, description="Of what was written together.")]


class UndoBody(Body):
    """Whether only to say what would be written."""

    dry_run: bool = False


_DO = UndoBody()


@router.get("")
def list_journal(
    services: ServicesHere,
    group: Annotated[str | None, Query(pattern=GROUP, description="Only what was written together.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ON_A_PAGE)] = 50,
    cursor: Annotated[str | None, Query(max_length=20, description="`next` of the page before.")] = None,
) -> EntryPage:
    """List what was written to Stash, newest first."""
    found = services.journal.page(JournalQuery(_before(cursor), group or "", limit + 1))
    items = [EntryDocument.of(entry) for entry in found[:limit]]
    return EntryPage(items=items, next=str(items[-1].id) if len(found) > limit else None)


@router.get("/{entry_id}")
def get_entry(services: ServicesHere, entry_id: EntryId) -> EntryDocument:
    """Tell what was written to one thing, and what was there before."""
    entry = services.journal.get(entry_id)
    if entry is None:
        raise JournalEntryUnknown(id=entry_id)
    return EntryDocument.of(entry)


@router.post("/{entry_id}/undo")
def undo_entry(services: ServicesHere, entry_id: EntryId, asked: UndoBody = _DO) -> UndoneDocument:
    """Undo one write, unless what it wrote was changed since (409, which says what it is now)."""
    undone = services.decide(lambda decisions: decisions.undo_entry(entry_id, dry=asked.dry_run))
    return UndoneDocument.of(undone, dry=asked.dry_run)


@router.post("/groups/{group}/undo")
def undo_group(services: ServicesHere, group: GroupName, asked: UndoBody = _DO) -> UndoneDocument:
    """Undo what can be undone of what was written together, and say of each of the others why not."""
    undone = services.decide(lambda decisions: decisions.undo(group, dry=asked.dry_run))
    return UndoneDocument.of(undone, dry=asked.dry_run)


def _before(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= _MOST_DIGITS):
        raise JournalCursorInvalid(cursor=cursor)
    return int(cursor)
