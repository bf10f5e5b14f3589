"""Clocks that are set by hand, and queues on real stores."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stash_sense.adapters.store.jobs import SqlJobStore
from stash_sense.adapters.store.store import Store
from stash_sense.jobs.catalogue import Catalogue, JobType, NoPayload
from stash_sense.jobs.clock import Clock
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.dispatcher import Dispatcher
from stash_sense.jobs.events import EventHub
from stash_sense.jobs.job import SLOTS, Job, NewJob, Slot
from stash_sense.jobs.memory import MemoryJobStore
from stash_sense.jobs.queue import JobQueue
from stash_sense.jobs.scheduler import Scheduler

START = 1_795_305_600.0
"""22 November 2026, 00:00 UTC."""
AnyStore = MemoryJobStore | SqlJobStore


class ManualClock(Clock):
    """A machine whose time passes when told to."""

    def __init__(self, wall: float = START) -> None:
        self.wall_now, self.steady_now, self.boot = wall, 1000.0, "first-boot"
        super().__init__()

    @property
    def boot_id(self) -> str:
        return self.boot

    def wall(self) -> float:
        return self.wall_now

    def steady(self) -> float:
        return self.steady_now

    def pass_time(self, seconds: float) -> None:
        self.wall_now += seconds
        self.steady_now += seconds

    def set_wall(self, by: float) -> None:
        """Somebody sets the clock."""
        self.wall_now += by


def new_job(name: str = "look", slot: Slot = Slot.LIGHT, priority: int = 50, **fields: Any) -> NewJob:
    return NewJob(type=name, title=name.title(), slot=slot, priority=priority, **fields)


def kind(
    run: Callable[[JobContext[Any]], Any], name: str = "look", slot: Slot = Slot.LIGHT, **fields: Any
) -> JobType[Any]:
    fields = {"payload": NoPayload, "exclusive": False, **fields}
    return JobType(name=name, title=name.title(), what=f"Does {name}.", slot=slot, run=run, **fields)


@contextmanager
def sql_store(folder: Path, clock: Clock | None = None, lease_seconds: float = 15.0) -> Iterator[SqlJobStore]:
    store = Store.open(folder / "stash_sense.db")
    try:
        yield SqlJobStore(store.engine, clock, lease_seconds)
    finally:
        store.close()


@dataclass
class Service:
    """A queue with its dispatcher, as a process has it."""

    store: AnyStore
    queue: JobQueue
    dispatcher: Dispatcher
    events: EventHub
    scheduler: Scheduler


def service(store: AnyStore, *kinds: JobType[Any], clock: Clock | None = None, **options: Any) -> Service:
    clock, events, catalogue = clock or Clock(), EventHub(), Catalogue(*kinds)
    scheduler = Scheduler(store, catalogue, clock, lambda seconds: seconds / 2)
    options = {"slots": SLOTS, "look_seconds": 0.05, "beat_seconds": 0.2, **options}
    dispatcher = Dispatcher(store, catalogue, events, clock, scheduler=scheduler, **options)
    return Service(
        store, JobQueue(store, catalogue, scheduler, events, clock, dispatcher), dispatcher, events, scheduler
    )


PATIENCE = 60.0
"""Seconds for what takes none on a machine that has nothing else to do."""


def until(holds: Callable[[], Any], what: str = "it never happened", seconds: float = PATIENCE) -> None:
    """Wait for something that another thread or process does."""
    end = time.monotonic() + seconds
    for pause in itertools.chain([0.001] * 50, itertools.repeat(0.01)):
        if holds():
            return
        assert time.monotonic() < end, what
        time.sleep(pause)


def ended(service: Service, job: Job) -> Job:
    until(lambda: service.queue.get(job.id).status.has_ended, f"job {job.id} never ended")
    return service.queue.get(job.id)
