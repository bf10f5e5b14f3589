"""The kinds of things that a library holds, for questions that are the same for all of them."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from stash_sense.library.media import Gallery, Image, Scene
from stash_sense.library.people import Performer, Studio, Tag

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """One kind; `name` in the singular, `plural` of it."""

    name: str
    plural: str


SCENES: Kind[Scene] = Kind("scene", "scenes")
IMAGES: Kind[Image] = Kind("image", "images")
GALLERIES: Kind[Gallery] = Kind("gallery", "galleries")
PERFORMERS: Kind[Performer] = Kind("performer", "performers")
STUDIOS: Kind[Studio] = Kind("studio", "studios")
TAGS: Kind[Tag] = Kind("tag", "tags")

Pictured = Scene | Image | Gallery
"""What performers and tags can be added to in one step for many."""
