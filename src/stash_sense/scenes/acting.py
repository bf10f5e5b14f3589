"""A person, a shot and chance -> the role: how the face moves, how it is lit, what hides it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stash_sense.scenes.motion import Motion, Range
from stash_sense.scenes.script import HEIGHTS, Colour, Cover, Look, Role, SceneOptions, Shot, Size

_PLANNED_HEIGHT = 360.0
"""Of the frame that `HEIGHTS` are meant for, pixels; in a larger frame faces are larger."""
_WALKS_IN = 0.06
"""Share of the shots with one person in which that person comes in from the side."""


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """Directs the roles of one scene."""

    options: SceneOptions
    size: Size
    random: np.random.Generator

    def role(self, subject: str, photo: Path, shot: Shot, place: tuple[int, int], *, plain: bool) -> Role:
        """Plan a role.

        Args:
            place: (i, n): the i-th of n people from the left, from 0.
            plain: nothing may hide the face.
        """
        motion = self._motion(place)
        clothes = np.clip(self.random.uniform(20, 190) + self.random.normal(0, 22, 3), 5, 235).astype(np.int64)
        return Role(
            subject=subject,
            photo=photo,
            motion=motion,
            look=self._look(sum(motion.height) / 2.0),
            clothes=_colour(clothes),
            cover=None if plain else self._cover(),
        )

    def _motion(self, place: tuple[int, int]) -> Motion:
        number, count = place
        lane = self.options.width / count
        height = self._heights(lane)
        middle = lane * (number + 0.5) + lane * float(self.random.uniform(-0.12, 0.12))
        drift = lane * float(np.clip(self.random.normal(0.0, 0.12), -0.25, 0.25))
        x = (middle - drift / 2.0, middle + drift / 2.0)
        if count == 1:
            x = self._alone(x, height[0])
        turn = float(np.clip(self.random.normal(0.0, 6.0), -15.0, 15.0))
        if self.random.random() < self.options.turned:
            turn = float(self.random.choice((-1.0, 1.0)) * self.random.uniform(12.0, 25.0))
        yaw = np.clip(self.random.normal(0.0, 15.0, 2), -32.0, 32.0)
        return Motion(
            x=x,
            y=self._heights_of_eyes(height),
            height=height,
            turn=(turn, turn * float(self.random.uniform(0.2, 1.0))),
            yaw=(float(yaw[0]), float(yaw[1])),
            sway=float(self.random.uniform(0.01, 0.07)),
            period=float(self.random.uniform(2.5, 6.0)),
            phase=float(self.random.uniform(0.0, 6.28)),
        )

    def _heights(self, lane: float) -> Range:
        """Choose a height at the start and at the end; heads side by side must fit into their lanes."""
        low, high = (edge * self.options.height / _PLANNED_HEIGHT for edge in HEIGHTS[self.size])
        high = max(low, min(high, 0.78 * lane))
        start = float(self.random.uniform(low, high))
        return start, float(np.clip(start * np.exp(self.random.normal(0.0, 0.15)), low, high))

    def _alone(self, x: Range, height: float) -> Range:
        moved = float(self.random.uniform(-0.18, 0.18)) * self.options.width
        if self.random.random() >= _WALKS_IN:
            return x[0] + moved, x[1] + moved
        outside = -0.5 * height if self.random.random() < 0.5 else self.options.width + 0.5 * height
        return outside, x[1] + moved

    def _heights_of_eyes(self, height: Range) -> Range:
        """Choose how far down the face is: most of the hair stays inside the frame, and so does the chin."""
        y = self.options.height * self.random.uniform(0.33, 0.52) + self.random.normal(0.0, 8.0, 2)
        start, end = (
            float(np.clip(down, 0.70 * tall, self.options.height - 0.58 * tall))
            for down, tall in zip(y, height, strict=True)
        )
        return start, end

    def _look(self, height: float) -> Look:
        random = self.random
        focus = smear = 0.0
        if random.random() < self.options.blurred:
            if random.random() < 0.6:
                focus = float(random.uniform(0.006, 0.024)) * height
            else:
                smear = float(random.uniform(0.02, 0.08)) * height
        tint = np.clip(random.normal(1.0, 0.05, 3), 0.85, 1.15)
        return Look(
            gain=float(np.clip(np.exp(random.normal(0.0, 0.16)), 0.6, 1.5)),
            gamma=float(np.clip(np.exp(random.normal(0.0, 0.15)), 0.7, 1.5)),
            tint=(float(tint[0]), float(tint[1]), float(tint[2])),
            side=float(np.clip(random.normal(0.0, 0.35), -0.8, 0.8)),
            focus=focus,
            smear=smear,
        )

    def _cover(self) -> Cover | None:
        random = self.random
        if random.random() >= self.options.covered:
            return None
        since = float(random.uniform(0.0, 0.5))
        until = since + float(random.uniform(0.25, 0.5))
        if random.random() < 0.5:
            place, reach = (float(random.uniform(-0.3, 0.3)), 0.1), float(random.uniform(0.06, 0.14))
            return Cover("bar", place, reach, since, until, _colour(random.integers(10, 150, 3)))
        aside = float(random.uniform(-0.25, 0.25))
        place, reach = (aside, float(random.uniform(0.22, 0.42))), float(random.uniform(0.15, 0.22))
        return Cover("hand", place, reach, since, until, (0, 0, 0))


def _colour(levels: np.typing.NDArray[np.int64]) -> Colour:
    red, green, blue = (int(level) for level in levels)
    return red, green, blue
