"""Undoing what was written, as long as it is still what was written; what undoes is in the journal, too.

A group is undone from its end, so that a performer who was created for it is not used any more when it comes to that.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stash_sense.errors import (
    JournalEntryUnknown,
    JournalError,
    JournalGroupUnknown,
    JournalNotUndoable,
    JournalTargetGone,
    StashError,
    StashSenseError,
)
from stash_sense.library.kinds import Kind
from stash_sense.library.ports import Library
from stash_sense.library.writing import Change, Mode
from stash_sense.recommendations.journal.entry import OPEN, Entry, EntryState, Intent, Operation, Values, Why
from stash_sense.recommendations.journal.inverting import inverse, named_uses
from stash_sense.recommendations.journal.planning import LISTS
from stash_sense.recommendations.journal.settling import settle
from stash_sense.recommendations.journal.store import JournalStore
from stash_sense.recommendations.journal.values import IMAGE, KINDS, cleared, data_address, described, read_picture
from stash_sense.recommendations.journal.writing import Journalling, write_change, write_update

_LISTED = (Operation.ADD, Operation.REMOVE)
_AT_ONCE = 500
_Uses = Counter[tuple[str, str]]


@dataclass
class Undone:
    """What came of undoing.

    Attributes:
        entries: the numbers of those that are undone now, or were before.
        refused: why each of the others is not.
        intents: what was written, or would be.
        group: of the journal, under which that can be undone in turn.
    """

    entries: list[int] = field(default_factory=list)
    refused: dict[int, StashSenseError] = field(default_factory=dict)
    intents: list[Intent] = field(default_factory=list)
    group: str = ""


class Undoing:
    """Undoes entries of a journal.

    Args:
        library: whose writer announces what it writes.
        journal: where the entries are kept.
    """

    def __init__(self, library: Library, journal: JournalStore) -> None:
        self._library = library
        self._journal = journal
        self._one_at_a_time = asyncio.Lock()

    async def entry(self, id_: int, why: Why, *, dry: bool = False) -> Undone:
        """Undo one entry; one that is undone already stays so.

        Args:
            id_: its number.
            why: for whom; its group is that of what undoes.
            dry: say what would be written, and write nothing.

        Raises:
            JournalEntryUnknown: there is none.
            JournalFieldChanged: somebody has changed it since; the error says what, and likewise
            JournalTargetGone, JournalTargetUsed, JournalNotUndoable.
            StashError: the library cannot be read or written.
        """
        async with self._one_at_a_time:
            entry = await asyncio.to_thread(self._journal.get, id_)
            if entry is None:
                raise JournalEntryUnknown(id=id_)
            undone = await self._undo([entry], why, dry)
        for error in undone.refused.values():
            raise error
        return undone

    async def group(self, group: str, why: Why, *, dry: bool = False) -> Undone:
        """Undo what can be undone of a group, and say of each of the others why not.

        Raises:
            JournalGroupUnknown: there is none.
            StashError: the library cannot be read; what was undone before stays so.
        """
        async with self._one_at_a_time:
            entries = await asyncio.to_thread(self._journal.group, group)
            if not entries:
                raise JournalGroupUnknown(group=group)
            return await self._undo(entries, why, dry)

    async def _undo(self, entries: Sequence[Entry], why: Why, dry: bool) -> Undone:
        unsure = [entry for entry in entries if entry.state in OPEN]
        if unsure and not dry:
            known = {entry.id: entry for entry in await settle(self._library, self._journal, unsure)}
            entries = [known.get(entry.id, entry) for entry in entries]
        work = _Work(self._library, self._journal, Journalling(self._journal, why), dry)
        for run in _runs(work.undoable(entries)):
            await work.undo(run)
        return work.undone


class _Work:
    """One undoing."""

    def __init__(self, library: Library, journal: JournalStore, journalling: Journalling, dry: bool) -> None:
        self._library = library
        self._store = journal
        self._journalling = journalling
        self._dry = dry
        self.undone = Undone(group=journalling.group)
        # What a dry run would have written, as if it had.
        self._would_be: dict[tuple[str, str], dict[str, Any]] = {}
        self._freed: _Uses = Counter()

    def undoable(self, entries: Sequence[Entry]) -> list[Entry]:
        """Sort out those that are undone, and those that never can be; the rest, the last one first."""
        left = []
        for entry in reversed(entries):
            reason = _not_undoable(entry)
            if entry.undone_by is not None or (entry.state is EntryState.REFUSED and len(entries) > 1):
                self.undone.entries.append(entry.id)  # of a group, what was never done is as if it were undone
            elif reason:
                self.undone.refused[entry.id] = JournalNotUndoable(entry=entry.id, reason=reason)
            else:
                left.append(entry)
        return left

    async def undo(self, run: Sequence[Entry]) -> None:
        """Undo entries about different things of one kind."""
        kind = KINDS[run[0].kind]
        there = await self._library.reader.by_ids(kind, [entry.target_id for entry in run])
        intents = []
        for entry in run:
            try:
                intents.append(await self._inverse(kind, entry, there.get(entry.target_id)))
            except JournalError as error:
                self.undone.refused[entry.id] = error
        if self._dry:
            for intent in intents:
                self._pretend(intent)
            self._note(intents, {})
            return
        if run[0].operation in _LISTED:
            await self._write_changes(kind, intents)
            return
        for intent in intents:
            try:
                await self._write_one(kind, intent)
            except StashError as error:
                self._note([intent], {intent.target_id: error})
            else:
                self._note([intent], {})

    async def _inverse(self, kind: Kind[Any], entry: Entry, entity: Any) -> Intent:
        if entity is None:
            raise JournalTargetGone(entry=entry.id, kind=kind.name, id=entry.target_id)
        pretended: dict[str, Any] = dict(self._would_be.get((kind.name, entry.target_id), {}))
        if IMAGE in entry.after and entry.operation is Operation.UPDATE and IMAGE not in pretended:
            picture = await read_picture(self._library.media, kind, entity)
            pretended[IMAGE] = None if picture is None else described(picture)
            if picture is not None and not self._dry:
                await asyncio.to_thread(self._store.keep_picture, picture)
        uses: Mapping[str, int] = {}
        if entry.operation is Operation.CREATE:
            uses = await named_uses(self._library.reader, kind, entity)
            uses = {name: number - self._freed[name, entity.id] for name, number in uses.items()}
        return inverse(kind, entry, entity, pretended, uses)

    async def _write_changes(self, kind: Kind[Any], intents: Sequence[Intent]) -> None:
        alike: dict[Change, list[Intent]] = {}
        for intent in intents:
            alike.setdefault(_change_of(intent), []).append(intent)
        for change, group in alike.items():
            try:
                outcome = await write_change(self._library, self._journalling, kind, group, change)
            except StashError as error:
                self._note(group, {intent.target_id: error for intent in group})
            else:
                self._note(group, outcome.refused)

    async def _write_one(self, kind: Kind[Any], intent: Intent) -> None:
        if intent.operation is Operation.DESTROY:
            async with self._journalling.writing([intent]):
                await self._library.writer.destroy(kind, [intent.target_id])
            return
        fields = cleared(intent.after)
        if fields.get(IMAGE):
            digest = intent.after[IMAGE]["sha256"]
            picture = await asyncio.to_thread(self._store.picture, digest)
            if picture is None:
                reason = "the picture that was there before is not kept any more"
                self.undone.refused[intent.undoes or 0] = JournalNotUndoable(entry=intent.undoes, reason=reason)
                return
            fields[IMAGE] = data_address(picture)
        await write_update(self._library, self._journalling, kind, intent, fields)

    def _pretend(self, intent: Intent) -> None:
        self._would_be.setdefault((intent.kind, intent.target_id), {}).update(intent.after)
        if intent.operation is Operation.REMOVE:
            for id_ in _moved(intent, "performer_ids"):
                self._freed[intent.kind, id_] += 1

    def _note(self, intents: Sequence[Intent], refused: Mapping[str, StashSenseError]) -> None:
        for intent in intents:
            entry = intent.undoes or 0
            if intent.target_id in refused:
                self.undone.refused[entry] = refused[intent.target_id]
            elif entry not in self.undone.refused:
                self.undone.entries.append(entry)
                self.undone.intents.append(intent)


def _not_undoable(entry: Entry) -> str:
    if entry.state is EntryState.REFUSED:
        return "nothing of it was written"
    if entry.state in OPEN:
        return "nobody knows whether it was written; look in Stash"
    if entry.operation in (Operation.DESTROY, Operation.MERGE):
        return "Stash cannot bring back what was destroyed or merged"
    return ""


def _runs(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Put together what can be undone at once: lists of different things of one kind, changed in the same way."""
    run: list[Entry] = []
    for entry in entries:
        joins = (
            run
            and entry.operation in _LISTED
            and (entry.operation, entry.kind) == (run[0].operation, run[0].kind)
            and len(run) < _AT_ONCE
            and entry.target_id not in {other.target_id for other in run}
        )
        if run and not joins:
            yield run
            run = []
        run.append(entry)
    if run:
        yield run


def _moved(intent: Intent, name: str) -> tuple[str, ...]:
    before, after = intent.before.get(name, ()), intent.after.get(name, ())
    more, less = (before, after) if intent.operation is Operation.REMOVE else (after, before)
    return tuple(id_ for id_ in more if id_ not in less)


def _change_of(intent: Intent) -> Change:
    """Make the change for many that an intent is a part of."""
    values: Values = intent.after
    return Change(
        **{name: _moved(intent, name) for name in LISTS},
        mode=Mode.REMOVE if intent.operation is Operation.REMOVE else Mode.ADD,
        organized=values.get("organized"),
    )
