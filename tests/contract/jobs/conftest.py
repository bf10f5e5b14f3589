"""Every store of jobs, on a clock that is set by hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.queue_files import AnyStore, ManualClock, sql_store

from stash_sense.jobs.memory import MemoryJobStore


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Iterator[AnyStore]:
    if request.param == "memory":
        yield MemoryJobStore(clock)
    else:
        with sql_store(tmp_path, clock) as store:
            yield store
