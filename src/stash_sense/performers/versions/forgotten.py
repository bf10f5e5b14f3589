"""`forgotten.json`: the universal ids of people who must not come back, by whatever way."""

from collections.abc import Collection
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stash_sense.errors import ForgottenUnreadable
from stash_sense.files import write_atomically
from stash_sense.performers.ids import universal_id
from stash_sense.performers.records import PerformerRecord

_NAME = "forgotten.json"


class _List(BaseModel):
    """Ids only: a list of names would remember the people it is to forget."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: Literal[1] = Field(default=1, alias="schema")
    universal_ids: tuple[str, ...] = ()


def forgotten_ids(library: Path) -> frozenset[str]:
    """Return the universal ids of everybody who was forgotten.

    Args:
        library: the performers folder.

    Raises:
        ForgottenUnreadable: the list is there and cannot be read; to go on would bring people back.
    """
    path = library / _NAME
    try:
        return frozenset(_List.model_validate_json(path.read_bytes()).universal_ids)
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValidationError) as error:
        raise ForgottenUnreadable(path=path) from error


def remember_forgotten(library: Path, ids: Collection[str]) -> None:
    """Add somebody, by all their universal ids; only while alone in the library.

    Raises:
        ForgottenUnreadable: the list cannot be read.
        StorageError: it cannot be written.
    """
    _write(library, forgotten_ids(library) | set(ids))


def unforget(library: Path, who: str) -> bool:
    """Let somebody come back with the next build or release; only while alone in the library.

    Args:
        library: the performers folder.
        who: a universal id.

    Returns:
        Whether it was on the list.

    Raises:
        ForgottenUnreadable: the list cannot be read.
        StorageError: it cannot be written.
    """
    ids = forgotten_ids(library)
    if who in ids:
        _write(library, ids - {who})
    return who in ids


def ids_of(record: PerformerRecord) -> frozenset[str]:
    """Return all universal ids by which somebody is known."""
    return frozenset({record.universal_id, *(universal_id(one.endpoint, one.id) for one in record.stashbox_ids)})


def _write(library: Path, ids: Collection[str]) -> None:
    content = _List(universal_ids=tuple(sorted(ids))).model_dump_json(by_alias=True, indent=2)
    write_atomically(library / _NAME, content.encode() + b"\n")
