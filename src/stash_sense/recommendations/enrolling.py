"""What the user does with performers beside recommendations: create one as a stash-box has it, link, give a picture.

Each is one group of the journal, with what the performer is added to.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stash_sense.library.media import StashId
from stash_sense.library.people import Performer
from stash_sense.library.writing import Change
from stash_sense.recommendations.curating import AtBox
from stash_sense.recommendations.deciding import Decisions
from stash_sense.recommendations.journal.entry import Intent, Why
from stash_sense.recommendations.journal.values import KINDS
from stash_sense.recommendations.journal.writes import Writes
from stash_sense.recommendations.portraits import Box, PortraitOf
from stash_sense.recommendations.recommendation import Target


@dataclass(frozen=True, slots=True)
class Portrait:
    """Where a face is: `t` in seconds from the first frame of a scene, None in an image."""

    target: Target
    t: float | None
    box: Box


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What came of it.

    Attributes:
        id: of the performer in Stash; "new: NAME" in a dry run.
        name: of the performer; empty where it was not asked.
        is_new: whether it was created for this.
        group: of the journal; None where nothing was written.
        notes: sentences about what was left out.
        intents: of a dry run: what would be written.
    """

    id: str
    name: str
    is_new: bool
    group: str | None
    notes: tuple[str, ...] = ()
    intents: tuple[Intent, ...] = ()


async def known_at_box(
    decisions: Decisions, endpoint: str, stash_id: str
) -> tuple[AtBox, dict[str, Any], Performer | None]:
    """Read a performer of a stash-box, the fields it would be created with, and who it is in Stash.

    Raises:
        PerformerNotThere, StashBoxError, StashError.
    """
    at = await decisions.curating.at_box(endpoint, stash_id)
    return at, await decisions.curating.fields_of(at), await decisions.curating.known_as(at.id)


async def create(
    decisions: Decisions,
    who: StashId,
    targets: Sequence[Target],
    actor: str = "user",
    *,
    even_if_named: bool = False,
    dry: bool = False,
) -> Enrolled:
    """Create a performer as a stash-box has it, and add it to targets; one that has its id is taken instead.

    Raises:
        PerformerNamed: Stash has somebody else of that name.
        PerformerNotThere, StashBoxError: the stash-box does not have it.
        StashIdUnknown: a target is not there.
        StashError: Stash refused, or nobody knows whether it did it.
    """
    at = await decisions.curating.at_box(*who)
    await decisions.curating.check_there(targets)
    why = Why(actor, f"Created: {at.performer.name}")

    async def work(writes: Writes) -> Enrolled:
        taken = await decisions.curating.create_from(writes, at, even_if_named=even_if_named)
        await _add(writes, taken.id, targets)
        return Enrolled(taken.id, taken.name, taken.is_new, None, taken.notes)

    return await _done(decisions, why, work, dry)


async def link(
    decisions: Decisions,
    performer_id: str,
    ids: Sequence[StashId],
    targets: Sequence[Target],
    actor: str = "user",
    *,
    fill: bool = False,
    dry: bool = False,
) -> Enrolled:
    """Make a performer known under ids at stash-boxes, and add it to targets.

    Args:
        decisions: through which it is written.
        performer_id: in Stash.
        ids: at stash-boxes.
        targets: of Stash.
        actor: who wants it.
        fill: fill in what is empty in Stash with what the first stash-box has.
        dry: say what would be written, and write nothing.

    Raises:
        StashIdUnknown: the performer or a target is not there.
        PerformerLinked: another performer has one of the ids.
        PerformerNotThere, StashBoxError: the first stash-box does not have it, where `fill` is said.
        StashError: Stash refused, or nobody knows whether it did it.
    """
    at = await decisions.curating.at_box(*ids[0]) if fill else None
    known = ids if at is None else [at.id, *ids[1:]]
    await decisions.curating.check_there(targets)
    why = Why(actor, f"Linked: performer {performer_id}")

    async def work(writes: Writes) -> Enrolled:
        name = await decisions.curating.link(writes, performer_id, known, at)
        await _add(writes, performer_id, targets)
        return Enrolled(performer_id, name, is_new=False, group=None)

    return await _done(decisions, why, work, dry)


async def set_picture(
    decisions: Decisions,
    portrait_of: PortraitOf,
    performer_id: str,
    portrait: Portrait,
    actor: str = "user",
    *,
    over: bool = False,
    dry: bool = False,
) -> Enrolled:
    """Give a performer the picture of a face; `over` one that is there.

    Raises:
        StashIdUnknown: there is no such performer.
        PerformerPictured: it has a picture, and `over` is not said.
        StashSenseError: the picture cannot be cut out.
    """
    place = portrait.target
    jpeg = await asyncio.to_thread(portrait_of, place.kind, place.id, portrait.t, portrait.box)
    why = Why(actor, f"Picture: {place.kind} {place.id}")

    async def work(writes: Writes) -> Enrolled:
        await decisions.curating.set_picture(writes, performer_id, jpeg, replace=over)
        return Enrolled(performer_id, "", is_new=False, group=None)

    return await _done(decisions, why, work, dry)


async def _done(decisions: Decisions, why: Why, work: Callable[[Writes], Awaitable[Enrolled]], dry: bool) -> Enrolled:
    written = await decisions.write(why, work, dry=dry)
    return replace(written.result, group=written.group, intents=written.intents)


async def _add(writes: Writes, performer_id: str, targets: Sequence[Target]) -> None:
    for target in targets:
        outcome = await writes.change(KINDS[target.kind], [target.id], Change(performer_ids=(performer_id,)))
        for error in outcome.refused.values():
            raise error
