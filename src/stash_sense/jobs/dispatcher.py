"""The dispatcher: claims jobs as slots come free, keeps them alive, and lets them go.

One thread looks after everything that is short; each job has a thread of its own. It acts when it is told that
something changed; it also looks by itself every second, for what no event tells: time that has passed, and what other
processes do to the same store.
"""

import logging
import os
import secrets
import threading
from collections.abc import Callable, Mapping

from stash_sense.errors import StashSenseError
from stash_sense.jobs.catalogue import Catalogue
from stash_sense.jobs.clock import Clock
from stash_sense.jobs.events import EventHub
from stash_sense.jobs.job import AT_WORK, SLOTS, Claim, Job, JobStatus, Slot
from stash_sense.jobs.run import CHECKPOINT_PATIENCE, Run, event_of
from stash_sense.jobs.scheduler import Scheduler
from stash_sense.jobs.store import LEASE_SECONDS, JobStore

LOOK_SECONDS = 1.0
"""How often it looks by itself; a stop that another process asks for takes effect within this."""
BEAT_SECONDS = LEASE_SECONDS / 3
"""How often leases are renewed, and how far jobs are is written."""
TIDY_SECONDS = 6 * 3600.0
"""How often what the history need not keep is removed."""
_LONGEST_TROUBLE = 10.0
"""Seconds between two tries while the store cannot be used."""
_LOG = logging.getLogger(__name__)


class Dispatcher:
    """Runs the jobs of a store from `start` to `stop`.

    Args:
        store: where jobs are kept; other processes may have dispatchers on it.
        catalogue: the kinds of jobs that are run; others are left alone.
        events: who hears what happens.
        clock: the machine's clocks.
        slots: how many jobs of each kind run at once, over all processes.
        scheduler: starts jobs by the clock; None: nobody does.
        tidy: removes what the history need not keep.
        look_seconds, beat_seconds: see LOOK_SECONDS, BEAT_SECONDS.
        patience: seconds that a job waits for a checkpoint to be written before it fails.
    """

    def __init__(
        self,
        store: JobStore,
        catalogue: Catalogue,
        events: EventHub,
        clock: Clock,
        slots: Mapping[Slot, int] = SLOTS,
        scheduler: Scheduler | None = None,
        tidy: Callable[[], object] = lambda: None,
        look_seconds: float = LOOK_SECONDS,
        beat_seconds: float = BEAT_SECONDS,
        patience: float = CHECKPOINT_PATIENCE,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._events = events
        self._clock = clock
        self._slots = dict(slots)
        self._scheduler = scheduler
        self._tidy = tidy
        self._look_seconds = look_seconds
        self._beat_seconds = beat_seconds
        self._patience = patience
        self.owner = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._changed = threading.Condition()
        self._is_woken = False
        self._is_closing = False
        self._has_to_end = False
        self._alone = False
        self._runs: dict[Claim, Run] = {}
        self._thread: threading.Thread | None = None
        self._looked = self._beaten = self._tidied = float("-inf")
        self._trouble = ""

    @property
    def is_running(self) -> bool:
        """Whether it runs jobs."""
        return self._thread is not None and not self._is_closing

    @property
    def trouble(self) -> str:
        """Why no jobs are run at the moment, in the user's words; empty while all is well."""
        return self._trouble

    @property
    def slots(self) -> Mapping[Slot, int]:
        """How many jobs of each kind run at once."""
        with self._changed:
            return dict(self._slots)

    def set_slots(self, slots: Mapping[Slot, int]) -> None:
        """Change how many jobs of some kinds run at once, from now on; what runs goes on."""
        with self._changed:
            self._slots.update(slots)
        self.wake()

    def start(self, *, alone: bool = False) -> None:
        """Begin, unless it has begun.

        Args:
            alone: the caller knows that no other dispatcher is on this store, because it holds a lock: jobs that a
                killed process left are gone on with at once, not when their leases run out.
        """
        if self._thread is not None:
            return
        self._is_closing = self._has_to_end = False
        self._alone = alone
        self._looked = self._beaten = float("-inf")
        self._thread = threading.Thread(target=self._dispatch, name="job-dispatcher", daemon=True)
        self._thread.start()

    def stop(self, grace: float = 10.0) -> list[Job]:
        """End: nothing more is claimed, running jobs go back into the queue at their next checkpoint.

        Gives the jobs that did not come to one within `grace` seconds. Their threads go on to it and end there if
        the process lives that long; else their leases run out, and whoever comes next goes on from their last
        checkpoint.
        """
        if self._thread is None:
            return []
        with self._changed:
            self._is_closing = True
            runs = list(self._runs.values())
            for run in runs:
                run.give_back()
            self._changed.notify_all()
            in_time = self._changed.wait_for(lambda: not self._runs, grace)
            self._has_to_end = True
            self._changed.notify_all()
        self._thread.join()
        self._thread = None
        with self._changed:
            # A job that was just being claimed when this was called has begun meanwhile, to be given back at once.
            runs += [run for run in self._runs.values() if run not in runs]
            if in_time:
                self._changed.wait_for(lambda: not self._runs, grace)
            left = list(self._runs.values())
        for run in left:
            run.hurry()
        # A thread that has said it is done ends right after.
        for run in runs:
            if run not in left:
                run.join(grace)
        return [run.job for run in left]

    def wake(self) -> None:
        """Something changed: look now."""
        with self._changed:
            self._is_woken = True
            self._changed.notify_all()

    def notice(self, job: Job) -> None:
        """A job was changed by this process: act on it now."""
        if job.owner == self.owner:
            self._heed({job.claim: job}, whole=False)
        self.wake()

    def _dispatch(self) -> None:
        pause = self._look_seconds
        while True:
            with self._changed:
                if self._has_to_end or (self._is_closing and not self._runs):
                    return
                self._is_woken = False
            try:
                self._turn()
                if self._trouble:
                    _LOG.warning("the operation queue goes on")
                self._trouble, pause = "", self._look_seconds
            except Exception as error:  # noqa: BLE001 - the queue outlives whatever its store says
                self._note(error)
                pause = min(pause * 2, _LONGEST_TROUBLE)
            with self._changed:
                self._changed.wait_for(lambda: self._is_woken or self._has_to_end, pause)

    def _turn(self) -> None:
        """Do all that is to be done now."""
        now = self._clock.steady()
        if now - self._looked >= self._look_seconds:
            if self._runs:
                self._heed({job.claim: job for job in self._store.owned(self.owner)}, whole=True)
            if now - self._beaten >= self._beat_seconds:
                self._beat()
                self._beaten = now
            if self._scheduler is not None and not self._is_closing:
                for job in self._scheduler.run_due():
                    self._events.publish(event_of(job))
            if now - self._tidied >= TIDY_SECONDS:
                self._tidied = now
                self._tidy()
            self._looked = now
        while self._claim():
            pass

    def _beat(self) -> None:
        with self._changed:
            reports = {claim: run.report for claim, run in self._runs.items()}
        if reports:
            self._store.heartbeat(self.owner, reports)
        for job in self._store.take_over(self.owner, alone=self._alone):
            if job.status is JobStatus.QUEUED:
                told = {"job_id": job.id}
                _LOG.warning(
                    "job %d (%s) is gone on with: another process had begun it", job.id, job.type, extra=told
                )
            self._events.publish(event_of(job))
        self._alone = False

    def _claim(self) -> bool:
        """Take one job and begin it; False: there is none, or no slot for it."""
        with self._changed:
            if self._is_closing:
                return False
            slots = dict(self._slots)
        job = self._store.claim(self.owner, slots, self._catalogue.names)
        if job is None:
            return False
        job_type = self._catalogue.get(job.type)
        run = Run(job, job_type, self._store, self._events, self._clock, self._has_ended, self._patience)
        with self._changed:
            self._runs[run.claim] = run
            if self._is_closing:
                run.give_back()
        run.start()
        return True

    def _has_ended(self, run: Run) -> None:
        with self._changed:
            self._runs.pop(run.claim, None)
            self._is_woken = True
            self._changed.notify_all()

    def _heed(self, owned: Mapping[Claim, Job], *, whole: bool) -> None:
        """Stop the runs that were asked to, and abandon those that were ended from outside.

        Args:
            owned: jobs as they are written.
            whole: whether these are all that this dispatcher owns, so that another run is nobody's.
        """
        with self._changed:
            runs = dict(self._runs)
        for claim, run in runs.items():
            job = owned.get(claim)
            if job is None:
                if whole and claim in self._runs:
                    run.abandon()
            elif job.status not in AT_WORK:
                run.abandon()
            elif job.status is JobStatus.STOPPING:
                run.stop()

    def _note(self, error: Exception) -> None:
        message = str(error) if isinstance(error, StashSenseError) else f"{type(error).__name__}: {error}"
        if message != self._trouble:
            known = isinstance(error, StashSenseError)
            _LOG.error("the operation queue waits: %s", message, exc_info=None if known else error)
        self._trouble = message
