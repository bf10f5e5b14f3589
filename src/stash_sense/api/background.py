"""What runs beside the requests: begun once the service answers, ended in the other order."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from stash_sense.bootstrap import Services
from stash_sense.errors import StashSenseError
from stash_sense.resources.idle_check import IdleCheck

_JOBS_SECONDS = 6.0
"""For running jobs to come to their next checkpoint; those that do not are gone on with by whoever comes next."""
_LOG = logging.getLogger(__name__)

Part = Callable[[Services], AbstractContextManager[object]]


def idle_check(services: Services) -> AbstractContextManager[object]:
    """Unload what nobody has used for long."""
    return IdleCheck(services.resources)


def dispatching(alone: bool) -> Part:
    """Run jobs.

    Args:
        alone: this process holds the lock of the data folder, so what a killed one left is gone on with at once.
    """

    @contextmanager
    def run(services: Services) -> Iterator[None]:
        dispatcher = services.dispatcher
        dispatcher.start(alone=alone)
        try:
            yield
        finally:
            for job in dispatcher.stop(_JOBS_SECONDS):
                _LOG.warning("a job came to no checkpoint in time", extra={"job": job.id, "type": job.type})

    return run


class Background:
    """Begins and ends parts; from any thread, each once.

    Args:
        services: of the program.
        parts: what runs, in the order in which it begins. One that cannot begin is logged and left out: the service
            answers all the same, and /health/ready tells what to do about it.
    """

    def __init__(self, services: Services, parts: tuple[Part, ...]) -> None:
        self._services = services
        self._parts = parts
        self._begun = contextlib.ExitStack()
        self._alone = threading.Lock()
        self._is_over = False

    def begin(self) -> None:
        """Begin all parts, unless the end has come; takes half a second, for libraries are imported."""
        for part in self._parts:
            with self._alone:
                if self._is_over:
                    return
                try:
                    self._begun.enter_context(part(self._services))
                except StashSenseError as error:
                    _LOG.error("not everything could be begun", extra={"code": error.code, "reason": str(error)})

    def end(self) -> None:
        """End what was begun, and then all other work; returns when all is over."""
        with self._alone:
            self._is_over = True
            self._begun.close()
        # Not before: a job ends at a checkpoint, and work within it must not break off under it.
        self._services.cancel.cancel()

    def end_soon(self) -> None:
        """Let it end on a thread of its own."""
        threading.Thread(target=self.end, name="ending", daemon=True).start()
