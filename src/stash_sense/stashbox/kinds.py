"""The kinds of things that a stash-box holds, for questions that are the same for all of them."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from stash_sense.stashbox.entities import Performer, Scene, Studio, Tag

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """One kind; `name` in the singular, `plural` of it."""

    name: str
    plural: str


PERFORMERS: Kind[Performer] = Kind("performer", "performers")
SCENES: Kind[Scene] = Kind("scene", "scenes")
STUDIOS: Kind[Studio] = Kind("studio", "studios")
TAGS: Kind[Tag] = Kind("tag", "tags")
