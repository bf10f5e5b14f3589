"""Two clocks: the wall's, which people read and somebody may set, and one that only grows, for leases and waiting."""

import time
from functools import cache
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Clock:
    """The machine's clocks.

    Leases are counted on the one that only grows: seconds since the machine's start, its sleep included, the same in
    all its processes; `boot_id` tells one start from another.
    """

    def __init__(self) -> None:
        self._begun_wall = self.wall()
        self._begun = self.steady()

    @property
    def boot_id(self) -> str:
        """Which start of the machine this is; empty where the system does not tell."""
        return _boot_id()

    def wall(self) -> float:
        """Seconds since 1970, as the machine believes; jumps when somebody sets the clock."""
        return time.time()

    def steady(self) -> float:
        """Seconds since the machine's start; never goes back, never jumps."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()

    def queue_time(self) -> float:
        """Seconds since 1970 by the wall's clock when this was made; later jumps of that clock leave it alone."""
        return self._begun_wall + self.steady() - self._begun


@cache
def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""
