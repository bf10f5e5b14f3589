"""What the user does about recommendations: accept those of unidentified people, dismiss, reopen, undo."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from stash_sense.errors import (
    RecommendationChoiceInvalid,
    RecommendationSettled,
    RecommendationSuperseded,
    RecommendationUnknown,
)
from stash_sense.library.kinds import PERFORMERS, Kind
from stash_sense.library.media import StashId
from stash_sense.library.ports import Library
from stash_sense.library.writing import Change
from stash_sense.recommendations.journal.entry import Intent, Why
from stash_sense.recommendations.journal.planning import plan_change, plan_create, plan_update
from stash_sense.recommendations.journal.store import JournalStore
from stash_sense.recommendations.journal.undoing import Undoing, Undone
from stash_sense.recommendations.journal.values import KINDS, plain
from stash_sense.recommendations.journal.writing import JournalledWriter
from stash_sense.recommendations.recommendation import Recommendation, Status
from stash_sense.recommendations.store import RecommendationStore, Resolution
from stash_sense.recommendations.types import Types
from stash_sense.recommendations.unidentified import SuggestedPerson, UnidentifiedDetails

ACCEPT = "accept"


@dataclass(frozen=True, slots=True)
class Choice:
    """One person of a recommendation who is added.

    Attributes:
        person_id: of the suggestion.
        performer_id: who it is in Stash; None for the one that the suggestion names.
        create: fields of a performer to create for it instead.
        link: makes the performer known at a stash-box, too.
    """

    person_id: str
    performer_id: str | None = None
    create: Mapping[str, Any] | None = None
    link: StashId | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What came of accepting: `performer_ids` were added; none were where it had been accepted before."""

    recommendation: Recommendation
    performer_ids: tuple[str, ...]


class Decisions:
    """Carries out what the user decides.

    Args:
        store: of the recommendations.
        types: of which they can be.
        library: whose writer announces what it writes.
        journal: of what is written.
    """

    def __init__(self, store: RecommendationStore, types: Types, library: Library, journal: JournalStore) -> None:
        self._store = store
        self._types = types
        self._library = library
        self._journal = journal
        self._undoing = Undoing(library, journal)
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def accept(self, id_: int, choices: Sequence[Choice] | None = None, actor: str = "user") -> Accepted:
        """Add the chosen people, all who are in Stash without a choice; one that was accepted already stays so.

        Where Stash refuses in the middle, the recommendation stays pending, and what was written is in the journal.

        Raises:
            RecommendationUnknown, RecommendationUnreadable, RecommendationChoiceInvalid.
            RecommendationSettled: it was dismissed, or resolved by itself.
            StashError: Stash refused, or nobody knows whether it did it.
        """
        lock = self._locks.setdefault(id_, asyncio.Lock())
        async with lock:
            one = await self._one(id_)
            if one.status is Status.RESOLVED and one.action == ACCEPT:
                return Accepted(one, ())
            chosen = self._chosen(one, choices)
            kind = KINDS[one.target.kind]
            why = Why(actor, f"Accepted: {', '.join(person.name for person, _ in chosen)}", one.id)
            writer = JournalledWriter(self._library, self._journal, why)
            performer_ids = tuple([await self._performer(writer, person, choice) for person, choice in chosen])
            outcome = await writer.change_many(kind, [one.target.id], Change(performer_ids=performer_ids))
            for error in outcome.refused.values():
                raise error
            said = {"people": [choice.person_id for _, choice in chosen], "performers": list(performer_ids)}
            written = await asyncio.to_thread(self._journal.group, why.group)
            resolution = Resolution(ACCEPT, said, why.group if written else None)
            resolved = await asyncio.to_thread(self._store.resolve, id_, resolution)
            return Accepted(resolved or one, performer_ids)

    async def plan(self, id_: int, choices: Sequence[Choice] | None = None) -> list[Intent]:
        """Say what `accept` would write; raises as it does. One who is to be created is named "new: NAME"."""
        one = await self._one(id_)
        if one.status is Status.RESOLVED and one.action == ACCEPT:
            return []
        intents: list[Intent] = []
        new, known = [], []
        for person, choice in self._chosen(one, choices):
            if choice.create is not None:
                fields = _fields(choice.create, choice.link)
                intents.append(await plan_create(self._library.reader, PERFORMERS, fields))
                new.append(f"new: {fields.get('name', person.name)}")
                continue
            performer_id = choice.performer_id or person.performer_id or ""
            known.append(performer_id)
            if choice.link is not None:
                fields = await self._linked(performer_id, choice.link)
                update = await plan_update(self._library, PERFORMERS, performer_id, fields)
                intents += [update.intent] if update.intent is not None else []
        change = Change(performer_ids=(*known, *new))
        kind: Kind[Any] = KINDS[one.target.kind]
        return [*intents, *(await plan_change(self._library.reader, kind, [one.target.id], change)).intents]

    async def dismiss(self, id_: int, reason: str = "", *, permanent: bool = False) -> Recommendation:
        """Dismiss one; one that was dismissed stays so, and may become permanently so.

        Raises:
            RecommendationUnknown: there is none.
            RecommendationSettled: it was resolved.
        """
        one = await asyncio.to_thread(self._store.dismiss, id_, reason, permanent=permanent)
        if one is None:
            raise RecommendationUnknown(id=id_)
        if one.status is Status.RESOLVED:
            raise RecommendationSettled(id=id_, status=one.status.value)
        return one

    async def reopen(self, id_: int) -> Recommendation:
        """Make one pending again; what was written stays, see `undo`.

        Raises:
            RecommendationUnknown, RecommendationSuperseded.
        """
        one = await asyncio.to_thread(self._store.reopen, id_)
        if one is None:
            raise RecommendationUnknown(id=id_)
        return one

    async def undo(self, group: str, actor: str = "user", *, dry: bool = False) -> Undone:
        """Undo what was written in a group; when all of it is undone, the recommendation it was for is pending again.

        Raises:
            JournalGroupUnknown: there is none.
            StashError: the library cannot be read.
        """
        undone = await self._undoing.group(group, Why(actor, f"Undone: group {group}"), dry=dry)
        if not dry and not undone.refused:
            await self._reopen_of(await asyncio.to_thread(self._journal.group, group))
        return undone

    async def undo_entry(self, entry_id: int, actor: str = "user", *, dry: bool = False) -> Undone:
        """Undo one write; likewise where it was the last of its group that was not undone.

        Raises:
            JournalError, StashError: see `Undoing.entry`.
        """
        undone = await self._undoing.entry(entry_id, Why(actor, f"Undone: entry {entry_id}"), dry=dry)
        entry = await asyncio.to_thread(self._journal.get, entry_id)
        if entry is not None and not dry:
            await self._reopen_of(await asyncio.to_thread(self._journal.group, entry.group))
        return undone

    async def _reopen_of(self, entries: Sequence[Any]) -> None:
        if not all(entry.undone_by is not None or entry.state == "refused" for entry in entries):
            return
        for id_ in {entry.recommendation_id for entry in entries} - {None}:
            one = await asyncio.to_thread(self._store.get, id_)
            if one is not None and one.group == entries[0].group:
                try:
                    await asyncio.to_thread(self._store.reopen, id_)
                except RecommendationSuperseded:
                    continue  # the newer one stands for it

    async def _one(self, id_: int) -> Recommendation:
        one = await asyncio.to_thread(self._store.get, id_)
        if one is None:
            raise RecommendationUnknown(id=id_)
        if one.status is Status.DISMISSED or one.is_outdated:
            raise RecommendationSettled(id=id_, status=one.status.value)
        return one

    def _chosen(self, one: Recommendation, choices: Sequence[Choice] | None) -> list[tuple[SuggestedPerson, Choice]]:
        details = self._types[one.type].details_of(one)
        if not isinstance(details, UnidentifiedDetails):
            raise RecommendationChoiceInvalid(id=one.id, reason=f"{one.type} is nothing that people are added for")
        people = {person.person_id: person for person in details.people}
        if choices is None:
            choices = [Choice(person.person_id) for person in details.people if person.performer_id is not None]
        if not choices:
            raise RecommendationChoiceInvalid(id=one.id, reason="none of its people is in Stash; say who they are")
        if len({choice.person_id for choice in choices}) < len(choices):
            raise RecommendationChoiceInvalid(id=one.id, reason="somebody is chosen twice")
        for choice in choices:
            if choice.person_id not in people:
                raise RecommendationChoiceInvalid(id=one.id, reason=f"{choice.person_id} is nobody of it")
            person = people[choice.person_id]
            if choice.create is None and not (choice.performer_id or person.performer_id):
                reason = f"{person.name} is not in Stash; create a performer, or say which one it is"
                raise RecommendationChoiceInvalid(id=one.id, reason=reason)
            if choice.create is not None and choice.performer_id is not None:
                reason = f"{person.name} cannot be created and be performer {choice.performer_id}"
                raise RecommendationChoiceInvalid(id=one.id, reason=reason)
        return [(people[choice.person_id], choice) for choice in choices]

    async def _performer(self, writer: JournalledWriter, person: SuggestedPerson, choice: Choice) -> str:
        """Return who is added, after creating or linking."""
        if choice.create is not None:
            return (await writer.create_performer(_fields(choice.create, choice.link))).id
        performer_id = choice.performer_id or person.performer_id or ""
        if choice.link is not None:
            await writer.update(PERFORMERS, performer_id, await self._linked(performer_id, choice.link))
        return performer_id

    async def _linked(self, performer_id: str, link: StashId) -> dict[str, Any]:
        """Return the ids at stash-boxes with one more; another one of the same endpoint gives way."""
        performer = await self._library.reader.one(PERFORMERS, performer_id)
        there = () if performer is None else performer.stash_ids
        kept = [one for one in there if one.endpoint != link.endpoint]
        return {"stash_ids": plain((*kept, link))}


def _fields(create: Mapping[str, Any], link: StashId | None) -> dict[str, Any]:
    return {**create, **({} if link is None else {"stash_ids": [plain(link)]})}
