"""One run of a job, on a thread of its own: what it may write, how it is stopped, how it ends."""

import json
import logging
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from stash_sense.errors import Cancelled, JobFault, StashSenseError, StateBusy, StorageError
from stash_sense.jobs.catalogue import JobType
from stash_sense.jobs.clock import Clock
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.events import EventHub, ProgressEvent
from stash_sense.jobs.job import AT_WORK, Job, JobStatus, in_short
from stash_sense.jobs.pace import Pace
from stash_sense.jobs.store import Checkpoint, JobStore, Outcome, Report
from stash_sense.kernel.cancel import CancelToken

T = TypeVar("T")

_AFTER_THE_END = 2.0
"""Seconds after which a job is gone on with whose program was about to end, should it run on all the same."""
_LOG = logging.getLogger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
"""Seconds between two tries to write what the store does not take."""
CHECKPOINT_PATIENCE = 60.0
"""Seconds that a job waits for a checkpoint to be written before it fails."""
TROUBLE = (StorageError, StateBusy)
"""What a store that cannot be written says, and may stop saying."""


class Run:
    """A claimed job at work.

    Args:
        job: as it was claimed.
        job_type: its kind.
        store: where it is written.
        events: who hears of it.
        clock: the machine's clocks.
        ended: called at the very end, on the run's thread.
        patience: seconds that a checkpoint may wait for the store.
    """

    def __init__(
        self,
        job: Job,
        job_type: JobType[Any],
        store: JobStore,
        events: EventHub,
        clock: Clock,
        ended: Callable[["Run"], None],
        patience: float = CHECKPOINT_PATIENCE,
    ) -> None:
        self.job = job
        self.claim = job.claim
        self.report = Report(job.phase, job.items_done, job.items_total)
        self._type = job_type
        self._store = store
        self._events = events
        self._clock = clock
        self._ended = ended
        self._patience = patience
        self._pace = Pace(clock.steady)
        self._cancel = CancelToken()
        self._closing = False
        self._hurry = threading.Event()
        self._status = JobStatus.RUNNING
        # A daemon: a thread that was abandoned, or does not come to its next checkpoint, does not hold up the end
        # of the program.
        self._thread = threading.Thread(target=self._work, name=f"job-{job.id}-{job.type}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self, timeout: float) -> bool:
        """Wait for the end; whether it came within `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def stop(self) -> None:
        """The user asked: end at the next checkpoint."""
        self._status = JobStatus.STOPPING
        self._cancel.cancel()

    def abandon(self) -> None:
        """The run was ended from outside, forced or taken over: the store and the watchers no longer heed it."""
        self._cancel.cancel()

    def give_back(self) -> None:
        """The program ends: stop at the next checkpoint, and go back into the queue."""
        self._closing = True
        self._cancel.cancel()

    def hurry(self) -> None:
        """Wait for the store no longer."""
        self._hurry.set()

    def tell(self, report: Report) -> None:
        """Publish how far the job is."""
        self.report = report
        rate = self._pace.rate(report)
        self._events.publish(
            ProgressEvent(
                id=0,
                job_id=self.job.id,
                type=self.job.type,
                status=self._status,
                attempt=self.claim.attempt,
                phase=report.phase,
                done=report.done,
                total=report.total,
                rate=rate,
                eta_seconds=self._pace.eta(report, rate),
                message=report.message,
            )
        )

    def _work(self) -> None:
        try:
            self.tell(self.report)
            self._log(logging.INFO, "begins" if self.job.attempts == 1 else "goes on")
            outcome = self._outcome()
            if self.report.phase:  # what it said since the last heartbeat or checkpoint
                last = {self.claim: self.report}
                self._insist(lambda: self._store.heartbeat(self.claim.owner, last), None)
            job = self._insist(lambda: self._store.finish(self.claim, outcome), None)
            self._log_end(job)
            if job is not None:
                self._events.publish(event_of(job))
        except TROUBLE as error:
            # Its lease runs out; whoever comes next goes on from the last checkpoint.
            _LOG.error("job %d: its end cannot be written: %s", self.job.id, error)
        except Exception:  # noqa: BLE001 - the outermost edge of a job
            _LOG.exception("job %d: its end cannot be written", self.job.id)
        finally:
            self._ended(self)

    def _log_end(self, job: Job | None) -> None:
        if job is None:
            self._log(logging.INFO, "was ended from outside before it came to its next checkpoint")
        elif job.status is JobStatus.COMPLETED:
            told = in_short(job.result or {})
            self._log(logging.INFO, f"is done: {told}" if told else "is done")
        elif job.status is JobStatus.FAILED:
            self._log(logging.ERROR, f"failed: {job.error_message}")
        elif job.status is JobStatus.PENDING:
            self._log(logging.WARNING, f"failed and will be tried again: {job.error_message}")
        elif job.status is JobStatus.CANCELLED:
            self._log(logging.INFO, "was stopped")
        else:
            self._log(logging.INFO, "was given back, to be gone on with")

    def _log(self, level: int, said: str) -> None:
        _LOG.log(level, "job %d (%s) %s", self.job.id, self.job.type, said, extra={"job_id": self.job.id})

    def _outcome(self) -> Outcome:
        """Do the work; whatever happens is told by the outcome."""
        try:
            context = JobContext(
                self.job.id,
                self._type.read(self.job.payload),
                self.job.cursor,
                self.report,
                self.job.counters,
                self._cancel,
                self.tell,
                self._save,
            )
            result = dict(self._type.run(context) or {})
            json.dumps(result)  # what cannot be kept is the job's fault, not the store's
            return Outcome(JobStatus.COMPLETED, result=result)
        except Cancelled:
            if self._closing:
                return Outcome(JobStatus.QUEUED)
            if self._cancel.is_cancelled:
                return Outcome(JobStatus.CANCELLED)
            # The program is about to end, and has stopped what the job called: that does not stop it for good.
            return Outcome(JobStatus.PENDING, not_before=self._clock.wall() + _AFTER_THE_END)
        except StashSenseError as error:
            return self._failed(error)
        except Exception as error:  # noqa: BLE001 - the outermost edge of a job
            _LOG.exception("job %d (%s) met a fault", self.job.id, self.job.type)
            reason = str(error) or type(error).__name__
            return self._failed(JobFault(title=self.job.title, reason=reason))

    def _failed(self, error: StashSenseError) -> Outcome:
        failures = self.job.failures + 1
        pause = self._type.retries.pause_after(error, failures)
        return Outcome(
            JobStatus.FAILED if pause is None else JobStatus.PENDING,
            error_code=error.code,
            error_message=str(error),
            not_before=None if pause is None else self._clock.wall() + pause,
            failed=True,
        )

    def _save(self, checkpoint: Checkpoint) -> None:
        job = self._insist(lambda: self._store.checkpoint(self.claim, checkpoint), self._patience)
        if job is None or job.status not in AT_WORK:
            self.abandon()
            raise Cancelled
        self.job = job
        if job.status is JobStatus.STOPPING:
            self.stop()
        self._cancel.raise_if_cancelled()

    def _insist(self, write: Callable[[], T], patience: float | None) -> T:
        """Try until the store takes it, or until told to hurry; with a limit of seconds until asked to stop, too."""
        end = None if patience is None else self._clock.steady() + patience
        pause = FIRST_PAUSE
        while True:
            try:
                return write()
            except TROUBLE as error:
                if self._hurry.is_set() or (end is not None and self._clock.steady() + pause > end):
                    raise
                if end is not None and self._cancel.is_cancelled:
                    raise Cancelled from error
                self.tell(Report(self.report.phase, self.report.done, self.report.total, f"Waits: {error}"))
                self._hurry.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)


def event_of(job: Job) -> ProgressEvent:
    """What can be told of a job as it is written."""
    return ProgressEvent(
        id=0,
        job_id=job.id,
        type=job.type,
        status=job.status,
        attempt=job.attempts,
        phase=job.phase,
        done=job.items_done,
        total=job.items_total,
        message=job.error_message or "",
    )
