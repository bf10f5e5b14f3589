"""What a job sees of the queue while it runs: what it was given, where to go on, and whom to tell."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from stash_sense.jobs.store import Checkpoint, Report
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress

P = TypeVar("P", bound=BaseModel)


class JobContext(Generic[P]):
    """The way from a job to its queue; used on the job's thread, or on threads that it waits for.

    Args:
        job_id: number of the job.
        payload: what it was given, checked.
        cursor: what its last checkpoint kept, by an earlier run or, of an incremental kind, an earlier job; None at
            the beginning.
        report: how far the last checkpoint was.
        counters: what it had counted then.
        cancel: set when it has to stop; hand it to what takes long.
        tell: hears how far it is.
        save: keeps a checkpoint; raises Cancelled when the job has to stop.
    """

    def __init__(
        self,
        job_id: int,
        payload: P,
        cursor: Any = None,
        report: Report | None = None,
        counters: Mapping[str, int] | None = None,
        cancel: CancelToken | None = None,
        tell: Callable[[Report], None] = lambda report: None,
        save: Callable[[Checkpoint], None] = lambda checkpoint: None,
    ) -> None:
        self.job_id = job_id
        self.payload = payload
        self.cursor = cursor
        self.counters = dict(counters or {})
        self.cancel = cancel or CancelToken()
        self._report = report or Report()
        self._tell = tell
        self._save = save

    @property
    def report(self) -> Report:
        """How far the job last said it is."""
        return self._report

    def progress(self, phase: str, done: int, total: int | None = None, message: str = "") -> None:
        """Say how far the job is, as often as it likes; nothing is written for it."""
        self._report = Report(phase, done, total, message)
        self._tell(self._report)

    def listen(self, progress: Progress) -> None:
        """The same for work that reports in the kernel's words: a `ProgressListener`."""
        self.progress(progress.stage, progress.done, progress.total, progress.note)

    def checkpoint(
        self,
        cursor: Any,
        *,
        phase: str | None = None,
        done: int | None = None,
        total: int | None = None,
        **counters: int,
    ) -> None:
        """Keep where to go on from; it is on the disk when this returns. Belongs after each batch.

        Each one costs a flush of the disk, so batches of less than a tenth of a second are too small.

        Args:
            cursor: JSON value.
            phase, done, total: how far the job is, as for `progress`; left as they were where not given.
            **counters: what the job counts, added to what it counted before under other names.

        Raises:
            Cancelled: the job has to stop; the cursor was kept, unless the job was forced to stop before.
            StorageError: it could not be kept, again and again.
            StateError: the same.
        """
        before = self._report
        self._report = Report(
            before.phase if phase is None else phase,
            before.done if done is None else done,
            before.total if total is None else total,
            before.message,
        )
        self.counters.update(counters)
        self._save(Checkpoint(cursor, self._report, dict(self.counters)))
        self.cursor = cursor
        self._tell(self._report)
