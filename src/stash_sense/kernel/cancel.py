"""A token that long work looks at between steps, so that it stops soon after somebody asks."""

import threading

from stash_sense.errors import Cancelled


class CancelToken:
    """Set once, from any thread or a signal handler; never unset."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask everybody who holds this token to stop."""
        self._event.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody asked to stop."""
        return self._event.is_set()

    def raise_if_cancelled(self) -> None:
        """Leave the current work if somebody asked to stop.

        Raises:
            Cancelled: the token was set.
        """
        if self._event.is_set():
            raise Cancelled
