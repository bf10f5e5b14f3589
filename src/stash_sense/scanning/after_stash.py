"""Stash has looked for new files -> a scan of what is new, where the user wants that."""

import logging
import threading
from collections.abc import Callable
from enum import Enum, auto

from stash_sense.connection.news import ListeningBegan, ScanFinished, StashNews
from stash_sense.errors import StashSenseError

_LOG = logging.getLogger(__name__)
_AGAIN = 30.0
"""Seconds after which is tried again while another scan runs, which may have passed what is new."""


class Submitted(Enum):
    """What came of asking for a scan."""

    QUEUED = auto()
    """It begins later than now."""
    BUSY = auto()
    """Another one is at work."""


class AfterStash:
    """Hears that Stash has looked for new files; a listener of `connection.news.Newsroom`.

    What was new while nobody listened is scanned when the listening begins.

    Args:
        is_on: whether the user wants it; may wait.
        submit: puts a scan of what is new into the queue; may wait.
        again: seconds until it is tried again.
    """

    def __init__(self, is_on: Callable[[], bool], submit: Callable[[], Submitted], again: float = _AGAIN) -> None:
        self._is_on = is_on
        self._submit = submit
        self._again = again
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._has_begun = False

    def hear(self, news: StashNews) -> None:
        """Hear what is new; returns at once."""
        if isinstance(news, ListeningBegan):
            is_first, self._has_begun = not self._has_begun, True
        else:
            is_first = False
        if is_first or isinstance(news, ScanFinished):
            with self._lock:
                if self._over.is_set():
                    return
                self._news.set()
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name="after-stash", daemon=True)
                    self._thread.start()

    def close(self) -> None:
        """End; what was heard and not yet submitted is found by the next scan."""
        with self._lock:
            self._over.set()
            self._news.set()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while True:
            self._news.wait()
            if self._over.is_set():
                return
            self._news.clear()
            while not self._over.is_set():
                try:
                    if not self._is_on() or self._submit() is Submitted.QUEUED:
                        break
                except StashSenseError as error:
                    told = {"code": error.code, "reason": str(error)}
                    _LOG.warning("what is new in Stash cannot be scanned", extra=told)
                    break
                self._over.wait(self._again)
