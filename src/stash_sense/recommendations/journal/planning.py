"""A write -> what it would change, with what that is now; nothing is written here, so it is the dry run, too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from stash_sense.errors import JournalFieldUnknown, StashIdUnknown
from stash_sense.library.kinds import Kind, Pictured
from stash_sense.library.ports import Library, LibraryReader
from stash_sense.library.server import Picture
from stash_sense.library.writing import Change, Mode
from stash_sense.recommendations.journal.entry import Intent, Operation, Values
from stash_sense.recommendations.journal.values import (
    IMAGE,
    described,
    differing,
    plain,
    read,
    read_picture,
    sent_picture,
    whole,
)

T = TypeVar("T")
PicturedT = TypeVar("PicturedT", bound=Pictured)
_OPERATIONS = {Mode.ADD: Operation.ADD, Mode.REMOVE: Operation.REMOVE, Mode.SET: Operation.UPDATE}
LISTS = ("performer_ids", "tag_ids")
EXISTING = "existing"


@dataclass(frozen=True, slots=True)
class ChangePlan:
    """What a change for many would do.

    Attributes:
        intents: of those that would be changed.
        already: ids of those that are as they shall be.
        missing: ids of those that are not there.
    """

    intents: tuple[Intent, ...]
    already: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UpdatePlan(Generic[T]):
    """What an update would do: `intent` is None where all fields are as they shall be.

    Attributes:
        now: what is to be changed.
        picture: the one that would be replaced.
    """

    now: T
    intent: Intent | None
    picture: Picture | None = None


async def plan_change(reader: LibraryReader, kind: Kind[PicturedT], ids: Sequence[str], change: Change) -> ChangePlan:
    """Read those that are to be changed, and say what would become of each."""
    wanted = list(dict.fromkeys(ids))
    there = await reader.by_ids(kind, wanted)
    intents, already = [], []
    for id_ in wanted:
        if id_ not in there:
            continue
        now, after = {}, {}
        for field, value in _changed(there[id_], change).items():
            now[field], after[field] = plain(getattr(there[id_], field)), value
        different = differing(after, now)
        if not different:
            already.append(id_)
            continue
        before, then = {field: now[field] for field in different}, {field: after[field] for field in different}
        intents.append(Intent(_OPERATIONS[change.mode], kind.name, id_, before, then))
    return ChangePlan(tuple(intents), tuple(already), tuple(id_ for id_ in wanted if id_ not in there))


async def plan_update(library: Library, kind: Kind[T], id_: str, fields: Mapping[str, Any]) -> UpdatePlan[T]:
    """Read what is to be changed, and say what would become of it.

    Raises:
        StashIdUnknown: it is not there.
        JournalFieldUnknown, JournalPictureTooLarge: what is there could not be brought back.
    """
    now = await library.reader.one(kind, id_)
    if now is None:
        raise StashIdUnknown(address=library.address, kind=kind.name, id=id_)
    written = [field for field in fields if field != IMAGE]
    before, after = read(kind, now, written), {field: plain(fields[field]) for field in written}
    picture = None
    if IMAGE in fields:
        picture = await read_picture(library.media, kind, now)
        before[IMAGE] = None if picture is None else described(picture)
        after[IMAGE] = sent_picture(fields[IMAGE])
    different = differing(after, before)
    if not different:
        return UpdatePlan(now, None)
    before, after = {field: before[field] for field in different}, {field: after[field] for field in different}
    return UpdatePlan(now, Intent(Operation.UPDATE, kind.name, id_, before, after), picture)


async def plan_create(reader: LibraryReader, kind: Kind[Any], fields: Mapping[str, Any]) -> Intent:
    """Say what would be created, and who has that name already."""
    existing = await reader.named(kind, str(fields.get("name", "")).strip())
    after = {name: sent_picture(value) if name == IMAGE else plain(value) for name, value in fields.items()}
    return Intent(Operation.CREATE, kind.name, "", {EXISTING: [one.id for one in existing]}, after)


async def plan_destroy(reader: LibraryReader, kind: Kind[Any], ids: Sequence[str]) -> list[Intent]:
    """Say what would be destroyed; those that are not there are left out."""
    there = await reader.by_ids(kind, ids)
    return [Intent(Operation.DESTROY, kind.name, id_, whole(one), {}) for id_, one in there.items()]


async def plan_merge(
    reader: LibraryReader, kind: Kind[Any], sources: Sequence[str], destination: str
) -> list[Intent]:
    """Say what would be merged into what; those that are not there are left out."""
    there = await reader.by_ids(kind, [*sources, destination])
    return [
        Intent(
            Operation.MERGE,
            kind.name,
            id_,
            whole(one),
            {"from": list(sources)} if id_ == destination else {"into": destination},
        )
        for id_, one in there.items()
    ]


def made(kind: Kind[Any], entity: object, intent: Intent) -> Values:
    """Return what Stash made of the fields that were written; those that cannot be read are as they were meant."""
    after = dict(intent.after)
    for field in after:
        if field == IMAGE:
            continue
        try:
            after |= read(kind, entity, [field])
        except JournalFieldUnknown:
            continue
    return after


def _changed(entity: Pictured, change: Change) -> dict[str, Any]:
    after: dict[str, Any] = {} if change.organized is None else {"organized": change.organized}
    for field in LISTS:
        ids: tuple[str, ...] = getattr(change, field)
        if ids:
            after[field] = list(_changed_ids(getattr(entity, field), ids, change.mode))
    return after


def _changed_ids(now: Sequence[str], ids: Sequence[str], mode: Mode) -> Sequence[str]:
    if mode is Mode.SET:
        return tuple(dict.fromkeys(ids))
    if mode is Mode.REMOVE:
        return [id_ for id_ in now if id_ not in ids]
    return tuple(dict.fromkeys((*now, *ids)))
