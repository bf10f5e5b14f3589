"""What is to be looked at: where its frames may be had, and a picture that shows it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from stash_sense.media.address import Address


class FramesFrom(StrEnum):
    """Where the frames of what is in Stash come from."""

    FILE = "file"
    STREAM = "stream"
    SPRITES = "sprites"


@dataclass(frozen=True, slots=True)
class SpriteSheet:
    """The sprites of a video on a server: their WebVTT, the sheet, and the video's seconds, None where not known."""

    cues: Address
    sheet: Address
    duration: float | None

    def __str__(self) -> str:
        return str(self.cues)


Place = Path | Address | SpriteSheet


@dataclass(frozen=True, slots=True)
class Subject:
    """One video or picture.

    Attributes:
        source: what the answer calls it.
        places: where its frames may be had, at least one; the first that gives frames is looked at.
        cover: a picture that shows it and counts as one more frame of a video.
        tagged: row numbers of the people who are tagged in it already.
    """

    source: str
    places: tuple[Place, ...]
    cover: Address | None = None
    tagged: frozenset[int] = frozenset()

    @property
    def name(self) -> str:
        """What it is called while it is worked on."""
        first = self.places[0]
        return self.source if str(first) != self.source or isinstance(first, SpriteSheet) else first.name
