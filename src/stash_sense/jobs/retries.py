"""Which errors may pass by themselves, and how long a job waits before it is tried again."""

from dataclasses import dataclass

from stash_sense.errors import (
    ConnectionLost,
    DeadlinePassed,
    LibraryBusy,
    RateLimitReached,
    ServerBroken,
    ServerUnreachable,
    StashSenseError,
    StateBusy,
    TooManyRequests,
    TooSlow,
    UpdateRunning,
)

PASSING: tuple[type[StashSenseError], ...] = (
    ServerUnreachable,
    ConnectionLost,
    ServerBroken,
    TooManyRequests,
    RateLimitReached,
    TooSlow,
    DeadlinePassed,
    LibraryBusy,
    UpdateRunning,
    StateBusy,
)
"""Errors about the network and about what somebody else is at work on."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How a job is tried again after an error that may pass.

    Attributes:
        max_attempts: failures in a row, without a checkpoint in between, after which it is left failed; 1: no retry.
        first_seconds: before the first retry; each further one waits `factor` times as long, up to `longest_seconds`.
        passing: what is retried.
    """

    max_attempts: int = 5
    first_seconds: float = 10.0
    factor: float = 4.0
    longest_seconds: float = 1800.0
    passing: tuple[type[StashSenseError], ...] = PASSING

    def pause_after(self, error: StashSenseError, failures: int) -> float | None:
        """Seconds until the next try after `failures` failures in a row, this one included; None: no more tries."""
        if not isinstance(error, self.passing) or failures >= self.max_attempts:
            return None
        pause = min(self.first_seconds * self.factor ** (failures - 1), self.longest_seconds)
        told = error.fields.get("wait")  # what a server that was asked too often says
        return max(pause, float(told)) if isinstance(told, int | float) else pause
