"""What the user does about recommendations that writes to Stash: accepting them, undoing it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from stash_sense.errors import (
    CurationError,
    JournalError,
    RecommendationError,
    RecommendationPartlyAccepted,
    RecommendationSettled,
    RecommendationSuperseded,
    RecommendationUnknown,
    StashError,
    StashIdUnknown,
    StashReferenceUnknown,
    StashRefused,
    StashSenseError,
    WritingBusy,
)
from stash_sense.library.ports import Library
from stash_sense.recommendations.accepting import Accepting
from stash_sense.recommendations.choosing import Choice, Chosen, chosen_of, left_out
from stash_sense.recommendations.curating import Curating
from stash_sense.recommendations.journal.entry import Entry, EntryState, Intent, Why, new_group
from stash_sense.recommendations.journal.store import JournalQuery, JournalStore
from stash_sense.recommendations.journal.turn import Turn
from stash_sense.recommendations.journal.undoing import Undoing, Undone
from stash_sense.recommendations.journal.writes import JournalledWrites, RehearsedWrites, Writes
from stash_sense.recommendations.recommendation import Recommendation, Status
from stash_sense.recommendations.store import RecommendationStore, Resolution
from stash_sense.recommendations.types import Types

T = TypeVar("T")
ACCEPT = "accept"
_OF_ONE = (RecommendationError, CurationError, JournalError, StashIdUnknown, StashReferenceUnknown, StashRefused)
"""Errors that say nothing about the other ones of many."""
_LAST_ENTRIES = 50
"""Of a group, among which are those of the recommendation that was written for last."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What came of accepting.

    Attributes:
        recommendation: as it is now.
        performer_ids: who was added; nobody where it had been accepted before.
        notes: sentences about what was left out.
        intents: of a dry run: what would be written.
    """

    recommendation: Recommendation
    performer_ids: tuple[str, ...]
    notes: tuple[str, ...] = ()
    intents: tuple[Intent, ...] = ()


@dataclass(frozen=True, slots=True)
class Written(Generic[T]):
    """What was done.

    Attributes:
        result: what it gave.
        group: of the journal; None where nothing was written.
        intents: of a dry run: what would be written.
    """

    result: T
    group: str | None
    intents: tuple[Intent, ...] = ()


class Decisions:
    """Carries out what the user decides; lives on one event loop.

    Args:
        store: of the recommendations.
        types: of which they can be.
        library: whose writer announces what it writes.
        journal: of what is written.
        turn: whoever writes has it.
        curating: creates and links performers.
        accepting: adds people.
    """

    def __init__(
        self,
        store: RecommendationStore,
        types: Types,
        library: Library,
        journal: JournalStore,
        turn: Turn,
        curating: Curating,
        accepting: Accepting,
    ) -> None:
        self._store = store
        self._types = types
        self._library = library
        self._journal = journal
        self._turn = turn
        self._accepting = accepting
        self._undoing = Undoing(library, journal)
        self.curating = curating

    async def accept(
        self,
        id_: int,
        choices: Sequence[Choice] | None = None,
        actor: str = "user",
        *,
        images: bool = True,
        group: str | None = None,
        dry: bool = False,
    ) -> Accepted:
        """Add the chosen people, all who are in Stash without a choice; one that was accepted already stays so.

        Where Stash refuses in the middle, the recommendation stays pending, and names the group of the journal with
        what was written; accepted again, it goes on in that group.

        Args:
            id_: of the recommendation.
            choices: whom, and as whom.
            actor: who wants it.
            images: add people also to the images of a gallery in which they are seen.
            group: of the journal, for what is accepted together, where the recommendation has none yet.
            dry: say what would be written, and write nothing. One who is to be created is named "new: NAME".

        Raises:
            RecommendationUnknown, RecommendationUnreadable, RecommendationChoiceInvalid.
            RecommendationSettled: it was dismissed, or resolved by itself.
            CurationError: a performer is not created or linked, as another one has the name or the id.
            StashBoxError: the stash-box cannot be asked.
            StashError: Stash refused, or nobody knows whether it did it.
            RecommendationPartlyAccepted: likewise, after something else was written.
        """
        one = await self._one(id_)
        if _is_accepted(one):
            return _as_accepted(one, choices)
        chosen = self._chosen(one, choices)
        prepared = await self._accepting.prepare(one, chosen)
        prepared.notes += left_out(self._types[one.type].details_of(one), choices)
        if dry:
            rehearsed = RehearsedWrites(self._library)
            ids = await self._accepting.carry_out(rehearsed, one.target, chosen, prepared, images=images)
            return Accepted(one, ids, tuple(prepared.notes), tuple(rehearsed.intents))
        async with self._turn.taken():
            one = await self._one(id_)
            if _is_accepted(one):
                return _as_accepted(one, choices)
            chosen = self._chosen(one, choices)
            names = ", ".join(person.name for person, _ in chosen)
            why = Why(actor, f"Accepted: {names}", one.id, one.group or group or new_group())
            await asyncio.to_thread(self._store.note_group, one.id, why.group)
            writes = JournalledWrites(self._library, self._journal, why)
            try:
                ids = await self._accepting.carry_out(writes, one.target, chosen, prepared, images=images)
            except StashSenseError as error:
                if await self._is_partly_written(why):
                    raise RecommendationPartlyAccepted(id=one.id, group=why.group, reason=str(error)) from error
                raise
            people = {"people": [choice.person_id for _, choice in chosen], "performers": list(ids)}
            resolution = Resolution(ACCEPT, people, why.group if one.group or await self._wrote(why) else None)
            resolved = await asyncio.to_thread(self._store.resolve, id_, resolution)
        return Accepted(resolved or one, ids, tuple(prepared.notes))

    async def accept_many(
        self, ids: Sequence[int], actor: str = "user", *, images: bool = True, group: str = "", dry: bool = False
    ) -> dict[int, Accepted | StashSenseError]:
        """Accept several as they are, one group in the journal, and say of each what came of it.

        After an error that says that nothing can be written to Stash, the others are not tried.
        """
        group = group or new_group()
        told: dict[int, Accepted | StashSenseError] = {}
        broken: StashSenseError | None = None
        for id_ in dict.fromkeys(ids):
            if broken is not None:
                told[id_] = broken
                continue
            try:
                told[id_] = await self.accept(id_, None, actor, images=images, group=group, dry=dry)
            except (StashError, *_OF_ONE) as error:
                told[id_] = error
                cause = error.__cause__ if isinstance(error, RecommendationPartlyAccepted) else error
                if isinstance(cause, WritingBusy) or (
                    isinstance(cause, StashError) and not isinstance(cause, _OF_ONE)
                ):
                    broken = cause
        return told

    async def write(self, why: Why, work: Callable[[Writes], Awaitable[T]], *, dry: bool = False) -> Written[T]:
        """Do something else that writes, such as creating a performer; `dry` writes nothing.

        Raises:
            StashError: as what is done.
        """
        if dry:
            rehearsed = RehearsedWrites(self._library)
            return Written(await work(rehearsed), None, tuple(rehearsed.intents))
        async with self._turn.taken():
            result = await work(JournalledWrites(self._library, self._journal, why))
            return Written(result, why.group if await self._wrote(why) else None)

    async def undo(self, group: str, actor: str = "user", *, dry: bool = False) -> Undone:
        """Undo what was written in a group; a recommendation of which all is undone is pending again.

        Raises:
            JournalGroupUnknown: there is none.
            StashError: the library cannot be read.
        """
        why = Why(actor, f"Undone: group {group}")
        if dry:
            return await self._undoing.group(group, why, dry=True)
        async with self._turn.taken():
            undone = await self._undoing.group(group, why)
            await self._reopen_of(await asyncio.to_thread(self._journal.group, group))
        return undone

    async def undo_entry(self, entry_id: int, actor: str = "user", *, dry: bool = False) -> Undone:
        """Undo one write; likewise where it was the last of its recommendation that was not undone.

        Raises:
            JournalError, StashError: see `Undoing.entry`.
        """
        why = Why(actor, f"Undone: entry {entry_id}")
        if dry:
            return await self._undoing.entry(entry_id, why, dry=True)
        async with self._turn.taken():
            undone = await self._undoing.entry(entry_id, why)
            entry = await asyncio.to_thread(self._journal.get, entry_id)
            if entry is not None:
                await self._reopen_of(await asyncio.to_thread(self._journal.group, entry.group))
        return undone

    async def settle(self) -> list[Entry]:
        """Find out what became of writes of which nobody knows; for the start, and for when Stash is there again.

        Raises:
            StashError: it cannot be asked.
            WritingBusy: another process writes.
        """
        return await self._turn.settle()

    async def undisturbed(self, work: Callable[[], T]) -> T:
        """Do something on a thread while nobody writes, such as removing what is old of the journal.

        Raises:
            WritingBusy: another process writes.
        """
        async with self._turn.alone():
            return await asyncio.to_thread(work)

    async def _wrote(self, why: Why) -> bool:
        """Whether anything was written for a recommendation; it was the last one of its group to be written for."""
        last = await asyncio.to_thread(self._journal.page, JournalQuery(group=why.group, limit=1))
        return any(entry.recommendation_id == why.recommendation_id for entry in last)

    async def _is_partly_written(self, why: Why) -> bool:
        last = await asyncio.to_thread(self._journal.page, JournalQuery(group=why.group, limit=_LAST_ENTRIES))
        return any(
            entry.recommendation_id == why.recommendation_id and entry.state is EntryState.DONE
            for entry in last
            if entry.undone_by is None
        )

    async def _reopen_of(self, entries: Sequence[Entry]) -> None:
        kept = {entry.recommendation_id for entry in entries if not _is_undone(entry)}
        for id_ in {entry.recommendation_id for entry in entries} - kept:
            if id_ is None:
                continue
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

    def _chosen(self, one: Recommendation, choices: Sequence[Choice] | None) -> Chosen:
        return chosen_of(one, self._types[one.type].details_of(one), choices)


def _of_all(error: StashSenseError) -> StashSenseError | None:
    """Return the error that the other ones of many would meet, too; None where there is none."""
    cause = error.__cause__ if isinstance(error, RecommendationPartlyAccepted) else error
    if isinstance(cause, WritingBusy):
        return cause
    return cause if isinstance(cause, StashError) and not isinstance(cause, _OF_ONE) else None


def _is_accepted(one: Recommendation) -> bool:
    return one.status is Status.RESOLVED and one.action == ACCEPT


def _as_accepted(one: Recommendation, choices: Sequence[Choice] | None) -> Accepted:
    """Answer that it was accepted before, unless others are chosen now."""
    people = (one.action_details or {}).get("people", ())
    if any(choice.person_id not in people for choice in choices or ()):
        raise RecommendationSettled(id=one.id, status="accepted")
    return Accepted(one, ())


def _is_undone(entry: Entry) -> bool:
    return entry.undone_by is not None or entry.state is EntryState.REFUSED
