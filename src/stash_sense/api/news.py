"""What happens to jobs, for those who watch: it begins with how each job of the queue is.

Events are in memory, jobs are not: who watched an earlier service and comes back with the number of its last event is
told how all jobs are by now, and then what is new.
"""

import threading

from stash_sense.bootstrap import Services
from stash_sense.jobs.events import EventHub
from stash_sense.jobs.job import ACTIVE
from stash_sense.jobs.queue import MOST_PER_PAGE, JobQueue
from stash_sense.jobs.run import event_of

_LATEST = 100
"""Jobs that are told of at the beginning, the newest, besides all that have not ended."""


class News:
    """The events of one service; may be asked for on any thread that may look at the disk.

    Args:
        services: whose jobs they are about.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._alone = threading.Lock()
        self._has_begun = False

    def hub(self) -> EventHub:
        """Return who tells what happens; the first to ask opens the state.

        Raises:
            StateError, StorageError: it cannot be opened or read.
        """
        queue = self._services.queue
        with self._alone:
            if not self._has_begun:
                _tell_how_jobs_are(queue)
                self._has_begun = True
        return queue.events


def _tell_how_jobs_are(queue: JobQueue) -> None:
    """Tell of the jobs that the queue holds, the oldest first."""
    found = (*queue.page(limit=_LATEST).jobs, *queue.page(limit=MOST_PER_PAGE, statuses=ACTIVE).jobs)
    for _, job in sorted({job.id: job for job in found}.items()):
        if queue.events.latest(job.id) is None:
            queue.events.publish(event_of(job))
