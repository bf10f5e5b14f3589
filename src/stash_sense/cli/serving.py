"""The operation queue as commands reach it: through the service of the data folder, else in this process."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from stash_sense.api.lock import jobs_lock, running_service
from stash_sense.api.token import TokenFile
from stash_sense.bootstrap import Services
from stash_sense.errors import (
    JobLeftBehind,
    JobNotDone,
    JobStopped,
    JobTypeBusy,
    ServiceGone,
    ServiceRunning,
    ServiceUnreachable,
)
from stash_sense.jobs.job import ENDED, WAITING, JobStatus
from stash_sense.kernel.paths import typed_path
from stash_sense.kernel.progress import Progress, ProgressListener

if TYPE_CHECKING:
    from stash_sense.jobs.job import Job
    from stash_sense.jobs.queue import JobQueue

_LOOK = 0.4
"""Seconds between two looks at a job."""

Document = dict[str, Any]


class ServiceClient(Protocol):
    """A running service."""

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """Ask for a document."""

    def send(self, method: str, path: str, document: Mapping[str, Any] | None = None) -> Any:
        """Send a document, or nothing."""


class Jobs(Protocol):
    """The queue, in documents as the service's routes give them."""

    def begin(self) -> bool:
        """See to it that somebody does what waits, and tell whether a service does."""

    def page(self, statuses: Collection[str], limit: int) -> Document:
        """List jobs, newest first."""

    def types(self) -> list[Document]:
        """List the kinds of jobs."""

    def submit(self, kind: str, payload: Mapping[str, Any]) -> Document:
        """Put a job into the queue: `job`, and whether it is `new`."""

    def job(self, job_id: int) -> Document:
        """Tell how a job is."""

    def stop(self, job_id: int) -> Document:
        """Stop a job."""

    def retry(self, job_id: int) -> Document:
        """Put an ended job back into the queue."""


class ServedJobs:
    """`Jobs` of a running service."""

    def __init__(self, service: ServiceClient) -> None:
        self._service = service

    def begin(self) -> bool:
        """The service is at it."""
        return True

    def page(self, statuses: Collection[str], limit: int) -> Document:
        """List jobs, newest first."""
        query: Document = {"limit": limit, **({"status": list(statuses)} if statuses else {})}
        return dict(self._service.get("/queue", query))

    def types(self) -> list[Document]:
        """List the kinds of jobs."""
        return list(self._service.get("/queue/types"))

    def submit(self, kind: str, payload: Mapping[str, Any]) -> Document:
        """Put a job into the queue."""
        document = {"type": kind, "payload": dict(payload), "triggered_by": "cli"}
        return dict(self._service.send("POST", "/queue", document))

    def job(self, job_id: int) -> Document:
        """Tell how a job is."""
        return dict(self._service.get(f"/queue/{job_id}"))

    def stop(self, job_id: int) -> Document:
        """Stop a job."""
        return dict(self._service.send("POST", f"/queue/{job_id}/stop"))

    def retry(self, job_id: int) -> Document:
        """Put an ended job back into the queue."""
        return dict(self._service.send("POST", f"/queue/{job_id}/retry"))


class LocalJobs:
    """`Jobs` of this process, which does them itself while the command waits.

    Args:
        services: of this run.
        held: what is held until the command ends.
    """

    def __init__(self, services: Services, held: ExitStack) -> None:
        self._services = services
        self._queue = services.queue
        self._held = held

    def begin(self) -> bool:
        """Do in this process what waits, until the command ends.

        Raises:
            ServiceRunning: a service has just begun to.
        """
        data_dir, dispatcher = self._services.settings.data_dir, self._services.dispatcher
        if not dispatcher.is_running:
            if not self._held.enter_context(jobs_lock(data_dir, shared=True)):
                raise ServiceRunning(folder=data_dir, pid="unknown", url="it is just starting")
            self._held.callback(dispatcher.stop)
            dispatcher.start()
        return False

    def page(self, statuses: Collection[str], limit: int) -> Document:
        """List jobs, newest first."""
        page = self._queue.page(None, limit, [JobStatus(status) for status in statuses])
        return {"jobs": [_document(job, self._queue) for job in page.jobs], "next": page.next_cursor}

    def types(self) -> list[Document]:
        """List the kinds of jobs."""
        from stash_sense.api.routers.queue import JobTypeDocument

        return [JobTypeDocument.of(kind).model_dump(mode="json") for kind in self._queue.types()]

    def submit(self, kind: str, payload: Mapping[str, Any]) -> Document:
        """Put a job into the queue."""
        job, is_new = self._queue.submit(kind, payload, triggered_by="cli")
        return {"job": self.job(job.id), "new": is_new}

    def job(self, job_id: int) -> Document:
        """Tell how a job is."""
        return _document(self._queue.get(job_id), self._queue)

    def stop(self, job_id: int) -> Document:
        """Stop a job."""
        return _document(self._queue.stop(job_id), self._queue)

    def retry(self, job_id: int) -> Document:
        """Put an ended job back into the queue."""
        return _document(self._queue.retry(job_id), self._queue)


def service_here(services: Services) -> ServiceClient | None:
    """Return the service that runs on the user's data folder; None where none does."""
    record = running_service(services.settings.data_dir)
    if record is None:
        return None
    return services.service_client(record.url, TokenFile.below(services.settings.data_dir).read())


@contextmanager
def jobs_of(services: Services) -> Iterator[Jobs]:
    """Give the queue until the block ends; jobs that this process does are then given back, with their cursors."""
    service = service_here(services)
    if service is not None:
        yield ServedJobs(service)
        return
    with ExitStack() as held:
        yield LocalJobs(services, held)


def done_by_service(
    services: Services, kind: str, payload: Mapping[str, Any], progress: ProgressListener
) -> Document | None:
    """Let a running service do a piece of work, and wait for its result; None where no service runs here.

    Raises:
        ServiceError: the service does not answer, or refuses.
        JobTypeBusy: it is at the same work with something else.
        JobNotDone: the job failed or was stopped.
        Cancelled: the user asked to stop; the job was asked to stop, too.
    """
    service = service_here(services)
    if service is None:
        return None
    jobs = ServedJobs(service)
    return result_of(watched(services, jobs, submitted(jobs, kind, payload)["job"], progress))


def submitted(jobs: Jobs, kind: str, payload: Mapping[str, Any]) -> Document:
    """Put a job into the queue, or find that it is there; `job`, and whether it is `new`.

    Raises:
        ServiceError: the service does not answer, or refuses.
        JobTypeBusy: the one that is there was given something else.
        JobLeftBehind: likewise, and nobody is at it.
    """
    answer = jobs.submit(kind, payload)
    job = answer["job"]
    if not answer["new"] and any(job["payload"].get(name) != value for name, value in payload.items()):
        error = JobLeftBehind if job["deserted"] else JobTypeBusy
        raise error(title=job["title"], job=job["id"])
    return answer


def watched(
    services: Services, jobs: Jobs, job: Document, progress: ProgressListener, *, stops: bool = True
) -> Document:
    """Watch a job until it ends, and return how it ended.

    Args:
        services: of this run.
        jobs: the queue that it is in.
        job: as it was told last.
        progress: told how far it is.
        stops: ask the job to stop when the user stops the command.

    Raises:
        ServiceGone: the service answers no more.
        ServiceError: it refuses.
        JobStopped: the user asked to stop, and the job was asked to.
        Cancelled: the user asked to stop, and the job goes on.
    """
    if job["status"] not in ENDED:
        jobs.begin()
    told = None
    while job["status"] not in ENDED:
        if services.cancel.is_cancelled and stops:
            with _told_where_it_goes_on(job):
                jobs.stop(job["id"])
            raise JobStopped(job=job["id"], title=job["title"])
        services.cancel.raise_if_cancelled()
        report = _report_of(job)
        if report != told:
            progress(report)
            told = report
        time.sleep(_LOOK)
        with _told_where_it_goes_on(job):
            job = jobs.job(job["id"])
    return job


def _report_of(job: Document) -> Progress:
    """Say how far a job is; of one that waits to be tried again, why."""
    if job["status"] in WAITING and job["error_message"]:
        return Progress("waiting to be tried again", job["done"], job["total"], job["error_message"])
    waiting = f"waiting, {job['place']} before it" if job["place"] else state_of(job)
    return Progress(job["phase"] or waiting, job["done"], job["total"], job["message"])


@contextmanager
def _told_where_it_goes_on(job: Document) -> Iterator[None]:
    """Say of a service that went away what becomes of the job."""
    try:
        yield
    except ServiceUnreachable as error:
        told = {"url": error.fields["url"], "reason": error.fields["reason"]}
        raise ServiceGone(**told, job=job["id"], title=job["title"]) from error


def result_of(job: Mapping[str, Any]) -> Document:
    """Return what a job that has ended gave.

    Raises:
        JobNotDone: it failed, or was stopped.
    """
    if job["status"] != JobStatus.COMPLETED:
        ended = "failed" if job["status"] == JobStatus.FAILED else "was cancelled"
        reason = str(job["error_message"] or "somebody stopped it").rstrip(".")
        raise JobNotDone(job=job["id"], title=job["title"], ended=ended, reason=reason)
    return dict(job["result"] or {})


_PLACES = ("folder", "source")
"""Fields that may name a folder, which the service would look for from where it was started itself."""


def payload_of(fields: Collection[str]) -> Document:
    """Read `name=value` fields; a value that is JSON is taken for that, any other for text.

    A folder that is there is named by its whole path.
    """
    payload: Document = {}
    for field in fields:
        name, _, value = field.partition("=")
        try:
            payload[name] = json.loads(value)
        except ValueError:
            payload[name] = for_anybody(value) if name in _PLACES else value
    return payload


def for_anybody(place: str) -> str:
    """Name a folder in a way that does not depend on where one is; what is no folder here stays as it is."""
    folder = typed_path(place.strip()) if place.strip() else None
    return str(folder.absolute()) if folder is not None and folder.is_dir() else place


def state_of(job: Document) -> str:
    """Tell the state of a job; one that a killed service left is not at work, whatever it says of itself."""
    return f"{job['status']} (waits for the service)" if job["deserted"] else str(job["status"])


def _document(job: Job, queue: JobQueue) -> Document:
    """Present a job as the service does."""
    from stash_sense.api.routers.queue import JobDocument

    said = JobDocument.of(job, queue.progress(job.id), queue.place(job.id), deserted=queue.is_deserted(job))
    return said.model_dump(mode="json")
