"""A store that cannot be written for a while, or not at all."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.queue_files import ended, kind, service, sql_store, until

from stash_sense.errors import NotWritable, StashSenseError, StateBusy, StateDamaged
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.job import JobStatus


class Troubled:
    """A store between a dispatcher and the real one, some of whose methods fail while told to."""

    def __init__(self, store: Any, *methods: str) -> None:
        self.store, self.methods = store, methods
        self.error: StashSenseError | None = None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        real: Callable[..., Any] = getattr(self.store, name)
        if name not in self.methods:
            return real

        def may_fail(*arguments: object, **options: object) -> Any:
            if self.error is not None:
                raise self.error
            return real(*arguments, **options)

        return may_fail


def read_only(folder: Path) -> StashSenseError:
    return NotWritable(path=folder / "stash_sense.db", reason="attempt to write a readonly database")


def test_a_dispatcher_outlives_whatever_its_store_says(tmp_path: Path) -> None:
    with sql_store(tmp_path) as real:
        store: Any = Troubled(real, "claim", "take_over")
        one = service(store, kind(lambda context: {}))
        store.error = read_only(tmp_path)
        one.dispatcher.start()
        job, _ = one.queue.submit("look")
        until(lambda: "readonly" in one.queue.status().trouble)
        store.error = StateDamaged(path="x", reason="malformed", backups="y")
        until(lambda: "damaged" in one.queue.status().trouble)
        assert one.queue.get(job.id).status is JobStatus.QUEUED
        store.error = None
        assert ended(one, job).status is JobStatus.COMPLETED
        until(lambda: not one.queue.status().trouble)
        one.dispatcher.stop()


def test_a_job_whose_checkpoint_is_not_written_in_time_fails_and_says_why(tmp_path: Path) -> None:
    def keep(context: JobContext[Any]) -> None:
        context.checkpoint(1)

    with sql_store(tmp_path) as real:
        store: Any = Troubled(real, "checkpoint")
        store.error = read_only(tmp_path)
        one = service(store, kind(keep), patience=0.3)
        one.dispatcher.start()
        job, _ = one.queue.submit("look")
        failed = ended(one, job)
        assert (failed.status, failed.error_code, failed.cursor) == (JobStatus.FAILED, "not_writable", None)
        one.dispatcher.stop()


def test_a_job_that_waits_for_its_checkpoint_can_be_stopped(tmp_path: Path) -> None:
    def keep(context: JobContext[Any]) -> None:
        context.checkpoint(1)

    with sql_store(tmp_path) as real:
        store: Any = Troubled(real, "checkpoint")
        store.error = StateBusy(path="x", reason="database is locked")
        one = service(store, kind(keep))
        one.dispatcher.start()
        job, _ = one.queue.submit("look")
        until(lambda: one.queue.progress(job.id).message.startswith("Waits: "))
        one.queue.stop(job.id)
        assert ended(one, job).status is JobStatus.CANCELLED
        one.dispatcher.stop()


@pytest.mark.parametrize("mended", [True, False])
def test_an_end_that_cannot_be_written_is_written_later_or_the_job_is_done_again(
    tmp_path: Path, mended: bool
) -> None:
    runs: list[int] = []
    with sql_store(tmp_path) as real:
        store: Any = Troubled(real, "finish")
        store.error = read_only(tmp_path)
        one = service(store, kind(lambda context: runs.append(1)))
        one.dispatcher.start()
        job, _ = one.queue.submit("look")
        until(lambda: one.queue.progress(job.id).message.startswith("Waits: "))
        if mended:
            store.error = None
            assert ended(one, job).status is JobStatus.COMPLETED
            one.dispatcher.stop()
        else:
            assert [left.id for left in one.dispatcher.stop(grace=0.1)] == [job.id]
            other = service(real, kind(lambda context: runs.append(2)))
            other.dispatcher.start(alone=True)
            assert ended(other, job).status is JobStatus.COMPLETED
            other.dispatcher.stop()
    assert runs == ([1] if mended else [1, 2])
