"""Which moments of a video to look at."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stash_sense.errors import SettingInvalid
from stash_sense.kernel.limits import MAX_FRAMES, MIN_FRAMES

_EVERY = 3
"""Of so many moments, one is looked at in the first pass: 20 of 60."""


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    """Evenly spaced moments between two fractions of the duration.

    Attributes:
        num_frames: how many moments, 10 to 200; a budget, a shorter video has fewer frames.
        start: where the first moment lies, as a fraction of the duration (titles come before).
        end: where the last moment lies, as a fraction of the duration (credits come after).
    """

    num_frames: int = 60
    start: float = 0.05
    end: float = 0.95

    def __post_init__(self) -> None:
        if not MIN_FRAMES <= self.num_frames <= MAX_FRAMES:
            reason = f"it must be from {MIN_FRAMES} to {MAX_FRAMES}"
            raise SettingInvalid(name="num_frames", value=self.num_frames, reason=reason)
        if not 0.0 <= self.start < self.end <= 1.0:
            value = f"{self.start} to {self.end}"
            raise SettingInvalid(
                name="the sampled part", value=value, reason="it must lie between 0 and 1, start before end"
            )

    def targets(self, duration: float) -> NDArray[np.float64]:
        """Seconds to look at, ascending.

        Args:
            duration: seconds; zero, negative or not finite means that only the first frame is certain to exist.
        """
        if not math.isfinite(duration) or duration <= 0.0:
            return np.zeros(1)
        return np.linspace(self.start * duration, self.end * duration, self.num_frames)

    def passes(self, duration: float) -> tuple[NDArray[np.float64], ...]:
        """The targets in the order to look at them: every third, then the others, which some videos do not need.

        A plan of which a third would be less than the fewest frames there may be, 10, has one pass.

        Args:
            duration: as of `targets`.

        Returns:
            One or two arrays of seconds, each ascending, each target in one of them.
        """
        targets = self.targets(duration)
        if len(targets) < _EVERY * MIN_FRAMES:
            return (targets,)
        early = np.arange(len(targets)) % _EVERY == 1  # the middle one of three, so that both ends are as near
        return targets[early], targets[~early]
