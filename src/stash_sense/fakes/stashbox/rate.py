"""How often requests are answered, as public servers count them."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

_MINUTE = 60.0


@dataclass
class Rate:
    """Refuses what goes beyond a number of requests in any minute.

    Args:
        per_minute: requests that are answered.
        now: the clock, seconds.
    """

    per_minute: int
    now: Callable[[], float] = time.monotonic
    answered: deque[float] = field(default_factory=deque)

    def wait(self) -> float | None:
        """Seconds until a request would be answered; None: it is, and counts."""
        now = self.now()
        while self.answered and self.answered[0] <= now - _MINUTE:
            self.answered.popleft()
        if len(self.answered) < self.per_minute:
            self.answered.append(now)
            return None
        return self.answered[0] + _MINUTE - now
