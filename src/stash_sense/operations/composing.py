"""The operation queue, put together: every kind of job, a store, a dispatcher, and who hears what happens."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from stash_sense.jobs.catalogue import Catalogue, JobType
from stash_sense.jobs.clock import Clock
from stash_sense.jobs.dispatcher import Dispatcher
from stash_sense.jobs.events import EventHub
from stash_sense.jobs.queue import JobQueue
from stash_sense.jobs.scheduler import Scheduler
from stash_sense.jobs.schedules import ScheduleStore
from stash_sense.jobs.store import JobStore


@dataclass(frozen=True, slots=True)
class Operations:
    """A queue and what runs it."""

    queue: JobQueue
    dispatcher: Dispatcher
    catalogue: Catalogue
    events: EventHub


class QueueStore(JobStore, ScheduleStore, Protocol):
    """Where jobs and their schedules are kept."""


def compose(store: QueueStore, kinds: Iterable[JobType[Any]], clock: Clock | None = None) -> Operations:
    """Put a queue together; nothing runs before its dispatcher is started.

    Args:
        store: where jobs and schedules are kept.
        kinds: of jobs.
        clock: the machine's clocks.
    """
    clock = clock or Clock()
    catalogue = Catalogue(*kinds)
    events = EventHub(clock.steady, clock.wall)
    scheduler = Scheduler(store, catalogue, clock)
    dispatcher = Dispatcher(store, catalogue, events, clock, scheduler=scheduler, tidy=lambda: queue.prune())
    queue = JobQueue(store, catalogue, scheduler, events, clock, dispatcher)
    return Operations(queue, dispatcher, catalogue, events)
