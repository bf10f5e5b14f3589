"""What happens in a scene, as data: its shots, and who plays in them, how they move and what they look like."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from stash_sense.scenes.motion import Motion

Size: TypeAlias = Literal["large", "medium", "small"]
ShotKind: TypeAlias = Literal["place", "title", "credits"]
Colour: TypeAlias = tuple[int, int, int]

HEIGHTS: Mapping[Size, tuple[float, float]] = {"large": (110, 220), "medium": (70, 150), "small": (50, 85)}
"""How high the faces of a scene are, pixels of their detected boxes."""


@dataclass(frozen=True, slots=True)
class SceneOptions:
    """What scenes are like; the defaults are a small web video.

    Attributes:
        width, height: pixels, even.
        rate: frames per second.
        seconds: shortest and longest scene.
        shots: fewest and most shots of a scene.
        sizes: how often the faces of a scene are of each size.
        turned: share of appearances in which a head is held aslant by up to 25 degrees.
        blurred: share of appearances out of focus or smeared by motion.
        covered: share of appearances in which something hides part of the face for a while.
    """

    width: int = 640
    height: int = 360
    rate: int = 25
    seconds: tuple[float, float] = (20.0, 40.0)
    shots: tuple[int, int] = (5, 9)
    sizes: Mapping[Size, float] = field(default_factory=lambda: {"large": 0.40, "medium": 0.35, "small": 0.25})
    turned: float = 0.12
    blurred: float = 0.30
    covered: float = 0.15


@dataclass(frozen=True, slots=True)
class Look:
    """How a face is lit and seen, fixed for an appearance.

    Attributes:
        gain, gamma: of the light; 1 leaves it as it is.
        tint: (red, green, blue) factors.
        side: -1 to 1, how much darker the right (positive) or left cheek is.
        focus: radius of the blur, pixels of the frame.
        smear: length of motion blur to the side, pixels of the frame.
    """

    gain: float = 1.0
    gamma: float = 1.0
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    side: float = 0.0
    focus: float = 0.0
    smear: float = 0.0


@dataclass(frozen=True, slots=True)
class Cover:
    """Something that hides part of a face for a while.

    Attributes:
        kind: a bar stands upright before the face, a hand is held to it.
        place: (x, y) of its middle from the middle of the face, in face heights.
        reach: half its width, in face heights.
        since, until: share of the shot.
        colour: of a bar; a hand has the colour of the face.
    """

    kind: Literal["bar", "hand"]
    place: tuple[float, float]
    reach: float
    since: float
    until: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Role:
    """One person in one shot, played by one photograph."""

    subject: str
    photo: Path
    motion: Motion
    look: Look
    clothes: Colour
    cover: Cover | None = None


@dataclass(frozen=True, slots=True)
class Shot:
    """A stretch between two cuts.

    Attributes:
        kind: whether it shows a place (with or without people), a title, or credits that scroll.
        start: number of its first frame.
        frames: how many there are.
        fade: how many of its first frames are mixed with the last of the shot before.
        light: brightness of the place.
        seed: of what the place looks like, or of the words.
        roles: those behind come first.
    """

    kind: ShotKind
    start: int
    frames: int
    fade: int
    light: float
    seed: int
    roles: tuple[Role, ...] = ()


@dataclass(frozen=True, slots=True)
class SceneScript:
    """A whole scene.

    Attributes:
        seed: that it was planned with.
        options: what it is like.
        size: of the faces in it.
        people, strangers: names of those who play in it.
        shots: in order; where one fades in, it starts before the one before has ended.
        crf: of the encoder; higher is worse.
        keyframes: most frames from one keyframe to the next.
        noise: standard deviation of the sensor's noise, grey levels.
    """

    seed: int
    options: SceneOptions
    size: Size
    people: tuple[str, ...]
    strangers: tuple[str, ...]
    shots: tuple[Shot, ...]
    crf: int
    keyframes: int
    noise: float

    @property
    def frames(self) -> int:
        """How many frames it has."""
        return self.shots[-1].start + self.shots[-1].frames
