"""What the journal holds: one entry for each thing of the library that a write changes."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

Values = Mapping[str, Any]
"""Fields by the names under which they are written, as JSON values."""


class Operation(StrEnum):
    """What a write does to one thing."""

    ADD = "add"
    """Performers or tags to those that are there; `after` has all of them."""
    REMOVE = "remove"
    """Performers or tags from those that are there; `after` has the rest."""
    UPDATE = "update"
    """Fields are put in the place of what they were."""
    CREATE = "create"
    """`before` has the ids of those that had the name already: "existing"."""
    DESTROY = "destroy"
    """`before` has all that was known of it."""
    MERGE = "merge"
    """Into the one that `after` names under "into"; of that one, with what is not known before."""


class EntryState(StrEnum):
    """What is known of a write."""

    INTENDED = "intended"
    """It is under way; or the process ended meanwhile."""
    DONE = "done"
    REFUSED = "refused"
    """Nothing of it happened."""
    UNCERTAIN = "uncertain"
    """Nobody knows."""


OPEN = frozenset({EntryState.INTENDED, EntryState.UNCERTAIN})


def new_group() -> str:
    """Return a name for writes that belong together."""
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class Why:
    """For whom and what something is written.

    Attributes:
        actor: who wants it: "user", or the name of a job's type.
        reason: in words.
        recommendation_id: which recommendation was accepted.
        group: writes that belong together, and are undone together.
    """

    actor: str
    reason: str = ""
    recommendation_id: int | None = None
    group: str = field(default_factory=new_group)


@dataclass(frozen=True, slots=True)
class Intent:
    """What is to be written to one thing.

    Attributes:
        operation: which.
        kind: name of the `library.kinds.Kind`.
        target_id: empty for what is to be created.
        before: what the fields that change are.
        after: what they shall be.
        undoes: the entry that this undoes.
    """

    operation: Operation
    kind: str
    target_id: str
    before: Values
    after: Values
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What was written, or meant to be.

    Attributes:
        id: its number; later ones are higher.
        after: of a write that is done: what Stash made of it.
        undone_by: the entry that undid it.
        error_code: why it is refused or uncertain, with `error_message`.
        settled_at: when its state became known.
    """

    id: int
    group: str
    operation: Operation
    kind: str
    target_id: str
    before: Values
    after: Values
    state: EntryState
    actor: str
    reason: str
    recommendation_id: int | None
    undoes: int | None
    undone_by: int | None
    error_code: str | None
    error_message: str | None
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an entry; None leaves `target_id` and `after` as they are."""

    entry_id: int
    state: EntryState
    target_id: str | None = None
    after: Values | None = None
    error_code: str | None = None
    error_message: str | None = None
