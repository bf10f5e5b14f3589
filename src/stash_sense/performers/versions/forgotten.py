"""`forgotten.json`: the universal ids of people who must not come back, by whatever way."""

from collections.abc import Collection
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stash_sense.errors import ForgottenUnreadable
from stash_sense.files import write_atomically
from stash_sense.performers.ids import universal_id
from stash_sense.performers.lookup import folded
from stash_sense.performers.records import PerformerRecord

_NAME = "forgotten.json"


class _List(BaseModel):
    """Ids only: a list of names would remember the people it is to forget."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: Literal[1] = Field(default=1, alias="schema")
    universal_ids: tuple[str, ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
    """The ids of one person each, of people with several: they come back together."""


def forgotten_ids(library: Path) -> frozenset[str]:
    """Return the universal ids of everybody who was forgotten.

    Args:
        library: the performers folder.

    Raises:
        ForgottenUnreadable: the list is there and cannot be read; to go on would bring people back.
    """
    return frozenset().union(*_people(library))


def forgotten_as(library: Path, who: str) -> str | None:
    """Return the universal id by which somebody is on the list; None for nobody on it.

    Args:
        library: the performers folder.
        who: the id, or what follows the origin in it, in any case: of people of a folder that is their name.

    Raises:
        ForgottenUnreadable: the list cannot be read.
    """
    ids = forgotten_ids(library)
    named = sorted(one for one in ids if folded(one.partition(":")[2]) == folded(who))
    return who if who in ids else next(iter(named), None)


def remember_forgotten(library: Path, ids: Collection[str]) -> None:
    """Add somebody, by all their universal ids; only while alone in the library.

    Raises:
        ForgottenUnreadable: the list cannot be read.
        StorageError: it cannot be written.
    """
    people = _people(library)
    same = [person for person in people if not person.isdisjoint(ids)]
    person = frozenset(ids).union(*same)
    if person not in people:
        _write(library, [other for other in people if other not in same] + [person])


def unforget(library: Path, who: str) -> bool:
    """Let somebody come back with the next build or release; only while alone in the library.

    Args:
        library: the performers folder.
        who: any of their universal ids.

    Returns:
        Whether it was on the list.

    Raises:
        ForgottenUnreadable: the list cannot be read.
        StorageError: it cannot be written.
    """
    people = _people(library)
    others = [person for person in people if who not in person]
    if others != people:
        _write(library, others)
    return others != people


def ids_of(record: PerformerRecord) -> frozenset[str]:
    """Return all universal ids by which somebody is known."""
    return frozenset({record.universal_id, *(universal_id(one.endpoint, one.id) for one in record.stashbox_ids)})


def _people(library: Path) -> list[frozenset[str]]:
    path = library / _NAME
    try:
        said = _List.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return []
    except (OSError, ValidationError) as error:
        raise ForgottenUnreadable(path=path) from error
    return [frozenset({one}) for one in said.universal_ids] + [frozenset(person) for person in said.together]


def _write(library: Path, people: Collection[frozenset[str]]) -> None:
    alone = sorted(one for person in people if len(person) == 1 for one in person)
    together = sorted(tuple(sorted(person)) for person in people if len(person) > 1)
    content = _List(universal_ids=tuple(alone), together=tuple(together)).model_dump_json(by_alias=True, indent=2)
    write_atomically(library / _NAME, content.encode() + b"\n")
