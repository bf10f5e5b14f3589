"""What is written to a library, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from stash_sense.errors import StashError


class Mode(StrEnum):
    """What is done with the ids given: added to those that are there, taken away, or put in their place."""

    ADD = "ADD"
    REMOVE = "REMOVE"
    SET = "SET"


@dataclass(frozen=True, slots=True)
class Change:
    """One change for many scenes, images or galleries; what is not named stays.

    Attributes:
        performer_ids: performers to add or remove.
        tag_ids: tags, likewise.
        mode: for both.
        organized: whether they count as organised from now on.
    """

    performer_ids: tuple[str, ...] = ()
    tag_ids: tuple[str, ...] = ()
    mode: Mode = Mode.ADD
    organized: bool | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a change for many.

    Attributes:
        done: ids of those that were changed, in the order of the question.
        refused: why, for each of the others. `StashWriteUncertain` means that it may have been changed.
    """

    done: tuple[str, ...]
    refused: Mapping[str, StashError] = field(default_factory=dict)
