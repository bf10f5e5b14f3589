"""What is asked of a store of jobs, in few words."""

from typing import Any

from tests.queue_files import AnyStore, new_job

from stash_sense.jobs.job import SLOTS, Job, JobStatus, Slot
from stash_sense.jobs.store import Outcome

DONE = Outcome(JobStatus.COMPLETED, result={"found": 3})
KINDS = ["look", "fetch", "detect", "tidy"]


def put(store: AnyStore, name: str = "look", **fields: Any) -> Job:
    job, is_new = store.submit(new_job(name, **fields))
    assert is_new
    return job


def claim(store: AnyStore, owner: str = "me", **limits: int) -> Job | None:
    return store.claim(owner, {**SLOTS, **{Slot(name): most for name, most in limits.items()}}, KINDS)


def claimed(store: AnyStore, owner: str = "me") -> Job:
    job = claim(store, owner)
    assert job is not None
    return job


def got(store: AnyStore, job: Job) -> Job:
    found = store.get(job.id)
    assert found is not None
    return found
