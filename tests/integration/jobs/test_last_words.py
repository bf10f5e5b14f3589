from pathlib import Path
from typing import Any

from stash_sense.adapters.store.jobs import SqlJobStore
from stash_sense.adapters.store.store import Store
from stash_sense.jobs.catalogue import JobType, NoPayload
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.job import JobStatus, Slot
from stash_sense.operations.composing import compose


def test_an_ended_job_says_how_far_it_came_also_since_its_last_heartbeat(tmp_path: Path) -> None:
    def run(context: JobContext[NoPayload]) -> dict[str, Any]:
        context.progress("describing", 416, 723)
        return {}

    kind = JobType(name="some", title="Some", what="Says something.", slot=Slot.LIGHT, payload=NoPayload, run=run)
    store = Store.open(tmp_path / "stash_sense.db")
    operations = compose(SqlJobStore(store.engine), [kind])
    job, _ = operations.queue.submit("some")
    with operations.events.watch(0) as watcher:
        operations.dispatcher.start()
        while operations.queue.get(job.id).status is not JobStatus.COMPLETED:
            watcher.wait(5)
    operations.dispatcher.stop()
    ended = SqlJobStore(store.engine).get(job.id)
    assert ended is not None
    assert (ended.phase, ended.items_done, ended.items_total) == ("describing", 416, 723)
    store.close()
