"""What runs beside the requests: begun once the service answers, ended in the other order."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from stash_sense.api.news import News
from stash_sense.bootstrap import Services
from stash_sense.errors import StashSenseError
from stash_sense.resources.idle_check import IdleCheck

_JOBS_SECONDS = 6.0
"""For running jobs to come to their next checkpoint; those that do not are gone on with by whoever comes next."""
_SETTINGS_SECONDS = 2.0
"""Between two looks, each of which takes a millisecond."""
_LOG = logging.getLogger(__name__)

Part = Callable[[Services], AbstractContextManager[object]]


def idle_check(services: Services) -> AbstractContextManager[object]:
    """Unload what nobody has used for long."""
    return IdleCheck(services.resources)


@contextmanager
def following_settings(services: Services, every: float = _SETTINGS_SECONDS) -> Iterator[None]:
    """Apply what other processes set: a command that began before the service did, say."""
    over = threading.Event()

    def follow() -> None:
        trouble = ""
        while not over.wait(every):
            try:
                services.configuration.refresh()
                trouble = ""
            except StashSenseError as error:  # what was known goes on holding
                if str(error) != trouble:
                    trouble = str(error)
                    _LOG.warning("settings cannot be read", extra={"code": error.code, "reason": trouble})

    thread = threading.Thread(target=follow, name="following-settings", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def dispatching(alone: bool, news: News) -> Part:
    """Run jobs.

    Args:
        alone: this process holds the lock of the data folder, so what a killed one left is gone on with at once.
        news: which begin before any job does.
    """

    @contextmanager
    def run(services: Services) -> Iterator[None]:
        news.hub()
        dispatcher = services.dispatcher
        dispatcher.start(alone=alone)
        try:
            yield
        finally:
            for job in dispatcher.stop(_JOBS_SECONDS):
                _LOG.warning("a job came to no checkpoint in time", extra={"job_id": job.id, "job_type": job.type})

    return run


@contextmanager
def following_stash(services: Services) -> Iterator[None]:
    """Ask Stash again and again whether it can be used, and hear what is new there; nothing where none is named.

    What is new is scanned, where the user wants that.
    """
    if not services.stash_is_set:
        yield
        return
    with services.scanning_after_stash(lambda: services.queue), services.follow_stash():
        yield


@contextmanager
def settling_writes(services: Services) -> Iterator[None]:
    """Find out what became of open writes whenever Stash can be used; nothing where none is named."""
    if not services.stash_is_set:
        yield
        return
    with services.settling_writes():
        yield


class Background:
    """Begins and ends parts; from any thread and as often as one likes, each once.

    Args:
        services: of the program.
        parts: what runs, in the order in which it begins. One that cannot begin is logged and left out: the service
            answers all the same, and /health/ready tells what to do about it.
    """

    def __init__(self, services: Services, parts: tuple[Part, ...]) -> None:
        self._services = services
        self._begun = contextlib.ExitStack()
        self._left = list(parts)
        self._beginning = threading.Lock()
        self._alone = threading.Lock()
        self._is_over = False

    def begin(self) -> None:
        """Begin all parts, unless the end has come; returns when they have begun, whoever began them.

        Takes half a second, for libraries are imported.
        """
        with self._beginning:
            while self._left:
                with self._alone:
                    if self._is_over:
                        return
                    part = self._left.pop(0)
                    try:
                        self._begun.enter_context(part(self._services))
                    except StashSenseError as error:
                        told = {"code": error.code, "reason": str(error)}
                        _LOG.error("not everything could be begun", extra=told)
                    except Exception:  # noqa: BLE001 - the outermost edge of a part: the others go on
                        _LOG.exception("not everything could be begun")

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
