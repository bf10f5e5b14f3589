"""Finding out what became of writes of which nobody knows, by reading what is there."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from stash_sense.errors import JournalPictureTooLarge
from stash_sense.library.kinds import Kind
from stash_sense.library.ports import Library
from stash_sense.recommendations.journal.entry import Entry, EntryState, Operation, Values, Verdict
from stash_sense.recommendations.journal.planning import EXISTING, LISTS
from stash_sense.recommendations.journal.store import JournalStore
from stash_sense.recommendations.journal.values import (
    IMAGE,
    KINDS,
    MOST_KEPT_BYTES,
    described,
    is_same,
    read,
    read_picture,
)

UNKNOWN = "unknown"
"""The error code of an entry that was looked at in vain."""
_NOT_WRITTEN = ("not_written", "It is not in Stash: it was never written, or taken back at once.")
_NEITHER = [True, False]
"""Perhaps: it was written and changed since, or is a picture that Stash has fetched from an address."""
_UNKNOWN = (UNKNOWN, "What is in Stash is neither what was there before nor what was written.")


async def settle(library: Library, journal: JournalStore, entries: Sequence[Entry] | None = None) -> list[Entry]:
    """Settle open entries, and give all of them as they are now; some may still be uncertain.

    For the start of the program, before anything is written: what is under way has open entries, too.

    Args:
        library: is only read.
        journal: theirs.
        entries: only these; all without.

    Raises:
        StashError: the library cannot be read; entries that were settled before stay so.
    """
    waiting = await asyncio.to_thread(journal.unsettled) if entries is None else entries
    settled: list[Entry] = []
    for kind in KINDS.values():
        mine = [entry for entry in waiting if entry.kind == kind.name]
        if not mine:
            continue
        ids = {entry.target_id for entry in mine} | {id_ for entry in mine for id_ in entry.after.get("from", ())}
        there = await library.reader.by_ids(kind, sorted(ids - {""}))
        verdicts = [await _verdict(library, entry, there) for entry in mine]
        settled += await asyncio.to_thread(journal.settle, verdicts)
    return settled


async def _verdict(library: Library, entry: Entry, there: Mapping[str, Any]) -> Verdict:
    kind = KINDS[entry.kind]
    if entry.operation is Operation.CREATE:
        named = await library.reader.named(kind, str(entry.after.get("name", "")).strip())
        new = [one.id for one in named if one.id not in entry.before[EXISTING]]
        return _said(entry, [True] if len(new) == 1 else [True, False] if new else [False], *new[:1])
    if entry.operation is Operation.DESTROY:
        return _said(entry, [entry.target_id not in there])
    if entry.operation is Operation.MERGE:
        return _said(entry, [id_ not in there for id_ in entry.after.get("from", (entry.target_id,))])
    if entry.target_id not in there:
        return _said(entry, [True, False])
    entity = there[entry.target_id]
    now = read(kind, entity, [field for field in entry.after if field != IMAGE])
    if IMAGE in entry.after:
        now[IMAGE] = await _picture(library, kind, entity)
    if all(is_same(now[field], entry.before[field]) for field in now):
        return _said(entry, [False])
    return _said(entry, [taken for field in now for taken in _taken(entry, field, now)])


def changed_ids(entry: Entry, field: str) -> tuple[str, ...]:
    """Return the ids that an entry has added to a list, or removed from it."""
    less, more = entry.before[field], entry.after[field]
    if entry.operation is Operation.REMOVE:
        less, more = more, less
    return tuple(id_ for id_ in more if id_ not in less)


async def _picture(library: Library, kind: Kind[Any], entity: object) -> Values | None:
    try:
        picture = await read_picture(library.media, kind, entity)
    except JournalPictureTooLarge:
        return {"bytes": MOST_KEPT_BYTES}  # none that we have written or kept
    return None if picture is None else described(picture)


def _taken(entry: Entry, field: str, now: Values) -> list[bool]:
    """Say of each part of a field whether it is as it was written."""
    if field in LISTS and entry.operation in (Operation.ADD, Operation.REMOVE):
        added = entry.operation is Operation.ADD
        return [(id_ in now[field]) is added for id_ in changed_ids(entry, field)]
    if is_same(now[field], entry.after[field]):
        return [True]
    return [False] if is_same(now[field], entry.before[field]) else _NEITHER


def _said(entry: Entry, taken: Sequence[bool], target_id: str | None = None) -> Verdict:
    """Judge by which parts of a write are there."""
    if all(taken):
        return Verdict(entry.id, EntryState.DONE, target_id)
    state, (code, message) = (EntryState.UNCERTAIN, _UNKNOWN) if any(taken) else (EntryState.REFUSED, _NOT_WRITTEN)
    return Verdict(entry.id, state, error_code=code, error_message=message)
