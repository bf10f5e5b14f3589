"""Jobs: a queue that a thread works off one by one, what is told of them, and those that start them."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from stash_sense.fakes.stash.fields import Arguments, Context, mutation, query
from stash_sense.fakes.stash.rows import Row
from stash_sense.fakes.stash.state import number

_REMEMBERED = 10
"""Finished jobs that findJob still knows."""

Step = tuple[str | None, float | None]
"""What a job does next, and how far it is, from 0 to 1, None if nobody knows."""


@dataclass
class Job:
    """One job; `steps` does its work, a step at a time."""

    row: Row
    steps: Callable[[], Iterator[Step]]
    stopping: threading.Event = field(default_factory=threading.Event)


class Jobs:
    """The queue.

    Args:
        now: the present time as Stash writes it.
        pause: seconds that a step takes; a test gives 0, or waits for `go_on`.

    Attributes:
        go_on: cleared by a test to hold the running job before its next step.
    """

    def __init__(self, now: Callable[[], str], pause: float = 0.01) -> None:
        self._now = now
        self._pause = pause
        self.go_on = threading.Event()
        self.go_on.set()
        self._waiting: deque[Job] = deque()
        self._finished: deque[Job] = deque(maxlen=_REMEMBERED)
        self._changed = threading.Condition()
        self._last_id = 0
        self._listeners: dict[asyncio.Queue[tuple[str, Any]], asyncio.AbstractEventLoop] = {}
        self._closed = False
        self._thread: threading.Thread | None = None

    def add(self, description: str, steps: Callable[[], Iterator[Step]]) -> str:
        """Queue a job, and return its id."""
        with self._changed:
            self._last_id += 1
            row = {
                "id": self._last_id,
                "status": "READY",
                "subTasks": None,
                "description": description,
                "progress": 0.0,
                "startTime": None,
                "endTime": None,
                "addTime": self._now(),
                "error": None,
            }
            self._waiting.append(Job(row, steps))
            self.tell("jobsSubscribe", {"type": "ADD", "job": dict(row)})
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="simulated jobs", daemon=True)
                self._thread.start()
            self._changed.notify_all()
            return str(self._last_id)

    def queued(self) -> list[Row]:
        """Return the jobs that wait or run."""
        with self._changed:
            return [dict(job.row) for job in self._waiting]

    def find(self, job_id: int) -> Row | None:
        """Return a job, None for one that is unknown or forgotten."""
        with self._changed:
            return next((dict(job.row) for job in (*self._waiting, *self._finished) if job.row["id"] == job_id), None)

    def stop(self, job_id: int) -> None:
        """Ask a job to stop; an unknown one is passed over."""
        with self._changed:
            job = next((job for job in self._waiting if job.row["id"] == job_id), None)
            if job is None:
                return
            job.stopping.set()
            if job.row["status"] == "READY":
                self._end(job, "CANCELLED")
            elif job.row["status"] == "RUNNING":
                self._update(job, status="STOPPING")
                self._changed.notify_all()

    def close(self) -> None:
        """End the thread, whatever it is at."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self.go_on.set()
        if self._thread is not None:
            self._thread.join(20)

    @property
    def listeners(self) -> int:
        """How many subscriptions there are."""
        return len(self._listeners)

    def tell(self, name: str, told: Any) -> None:
        """Tell all subscribers what happened, under the name of the subscription."""
        for queue, loop in list(self._listeners.items()):
            if not loop.is_closed():
                loop.call_soon_threadsafe(queue.put_nowait, (name, told))

    async def events(self, name: str) -> AsyncIterator[Any]:
        """Return what happens from now on, of one subscription."""
        queue: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self._listeners[queue] = asyncio.get_running_loop()
        try:
            while True:
                kind, told = await queue.get()
                if kind == name:
                    yield told
        finally:
            del self._listeners[queue]

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._waiting)
                if self._closed:
                    return
                job = self._waiting[0]
                self._update(job, status="RUNNING", startTime=self._now())
            try:
                self._run(job)
            except Exception as error:  # noqa: BLE001 - the edge of a job: it fails, and the next one begins
                self._end(job, "FAILED", error=f"{type(error).__name__}: {error}")
            else:
                self._end(job, "CANCELLED" if job.stopping.is_set() else "FINISHED")

    def _run(self, job: Job) -> None:
        for doing, progress in job.steps():
            self._update(job, subTasks=[doing] if doing else None, progress=progress)
            with self._changed:
                self._changed.wait_for(lambda: self._closed or job.stopping.is_set(), self._pause)
            self.go_on.wait()
            if job.stopping.is_set() or self._closed:
                break

    def _end(self, job: Job, status: str, error: str | None = None) -> None:
        with self._changed:
            progress = 1.0 if status == "FINISHED" else job.row["progress"]
            job.row.update(status=status, subTasks=None, progress=progress, endTime=self._now(), error=error)
            self._waiting.remove(job)
            self._finished.append(job)
            self.tell("jobsSubscribe", {"type": "REMOVE", "job": dict(job.row)})

    def _update(self, job: Job, **columns: Any) -> None:
        with self._changed:
            job.row.update(columns)
            self.tell("jobsSubscribe", {"type": "UPDATE", "job": dict(job.row)})


@query("jobQueue")
def job_queue(context: Context, _arguments: Arguments) -> list[Row] | None:
    """Jobs that wait or run; none is null."""
    return context.server.jobs.queued() or None


@query("findJob")
def find_job(context: Context, arguments: Arguments) -> Row | None:
    """One job, for as long as it is remembered."""
    found: Row | None = context.server.jobs.find(number(arguments["input"]["id"]))
    return found


@mutation("stopJob", writes=False)
def stop_job(context: Context, arguments: Arguments) -> bool:
    """Ask a job to stop; true of any."""
    context.server.jobs.stop(number(arguments["job_id"]))
    return True


@mutation("metadataScan", writes=False)
def scan(context: Context, arguments: Arguments) -> str:
    """Look for new files."""
    server = context.server
    return str(server.jobs.add("Scanning...", lambda: server.scanning(arguments["input"])))


@mutation("metadataGenerate", writes=False)
def generate(context: Context, arguments: Arguments) -> str:
    """Make what is derived from files: sprites, phashes, previews."""
    server = context.server
    return str(server.jobs.add("Generating...", lambda: server.generating(arguments["input"])))


def _events_of(name: str) -> Callable[[Any, Mapping[str, Any]], AsyncIterator[Any]]:
    return lambda context, _arguments: context.server.jobs.events(name)


SOURCES = {name: _events_of(name) for name in ("jobsSubscribe", "scanCompleteSubscribe")}
"""Of subscriptions, by field name."""
