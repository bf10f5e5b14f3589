"""An entry and what is there now -> what brings back what was before; or what somebody has changed since."""

from collections.abc import Mapping
from typing import Any

from stash_sense.errors import JournalFieldChanged, JournalFieldUnknown, JournalTargetUsed
from stash_sense.library.kinds import GALLERIES, IMAGES, PERFORMERS, SCENES, STUDIOS, TAGS, Kind
from stash_sense.library.ports import LibraryReader
from stash_sense.library.reading import Scope
from stash_sense.recommendations.journal.entry import Entry, Intent, Operation, Values
from stash_sense.recommendations.journal.planning import LISTS
from stash_sense.recommendations.journal.settling import changed_ids
from stash_sense.recommendations.journal.values import IMAGE, in_words, is_same, read, whole

_TAGGED: tuple[Kind[Any], ...] = (SCENES, IMAGES, GALLERIES, PERFORMERS, STUDIOS)
_INVERSE = {Operation.ADD: Operation.REMOVE, Operation.REMOVE: Operation.ADD, Operation.UPDATE: Operation.UPDATE}


def inverse(kind: Kind[Any], entry: Entry, entity: Any, instead: Values, uses: Mapping[str, int]) -> Intent:
    """Say what undoes an entry that is done.

    Args:
        kind: of the thing.
        entry: what was written.
        entity: the thing as it is now.
        instead: fields that count instead of those of `entity`; the picture is never of `entity`.
        uses: how many things use one that was created, by the name of their kind.

    Raises:
        JournalFieldChanged: a field is not what was written.
        JournalTargetUsed: what was created is used.
    """
    now = {**_readable(kind, entity, entry.after), **{name: instead[name] for name in entry.after if name in instead}}
    if entry.operation is Operation.CREATE:
        _check_same(kind, entry, now)
        in_use = [f"{number} {name}{'' if number == 1 else 's'}" for name, number in uses.items() if number > 0]
        if in_use:
            raise JournalTargetUsed(entry=entry.id, kind=kind.name, id=entry.target_id, uses=", ".join(in_use))
        return Intent(Operation.DESTROY, kind.name, entry.target_id, whole(entity), {}, undoes=entry.id)
    after = dict(entry.before)
    lists = [name for name in LISTS if name in entry.after and entry.operation is not Operation.UPDATE]
    for name in lists:
        moved = changed_ids(entry, name)
        added = entry.operation is Operation.ADD
        if any((id_ in now[name]) is not added for id_ in moved):
            raise _changed(kind, entry, name, now[name])
        # What others have added or removed since stays.
        after[name] = [id_ for id_ in now[name] if id_ not in moved] if added else [*now[name], *moved]
    _check_same(kind, entry, {name: value for name, value in now.items() if name not in lists})
    return Intent(_INVERSE[entry.operation], kind.name, entry.target_id, now, after, undoes=entry.id)


async def named_uses(reader: LibraryReader, kind: Kind[Any], entity: Any) -> dict[str, int]:
    """Count what uses a performer or tag; markers and groups of scenes are not looked at."""
    if kind.name == PERFORMERS.name:
        return {
            SCENES.name: entity.scene_count,
            IMAGES.name: entity.image_count,
            GALLERIES.name: entity.gallery_count,
        }
    tagged = Scope({TAGS.plural: {"value": [entity.id], "modifier": "INCLUDES"}})
    return {user.name: await reader.count(user, tagged) for user in _TAGGED}


def _readable(kind: Kind[Any], entity: object, fields: Values) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in fields:
        try:
            found |= read(kind, entity, [name]) if name != IMAGE else {}
        except JournalFieldUnknown:
            continue  # of what was created: Stash has it, and does not tell
    return found


def _check_same(kind: Kind[Any], entry: Entry, now: Values) -> None:
    for name, value in now.items():
        wrote = entry.after[name]
        if not is_same(value, wrote):
            raise _changed(kind, entry, name, value)


def _changed(kind: Kind[Any], entry: Entry, name: str, now: object) -> JournalFieldChanged:
    return JournalFieldChanged(
        entry=entry.id,
        field=f"{name.removesuffix('_ids')}s" if name in LISTS else name,
        kind=kind.name,
        id=entry.target_id,
        wrote=in_words(entry.after[name]),
        now=in_words(now),
    )
